from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from crs.data.cases import ROW, Cases, cases_of
from crs.data.contexts import Contexts, Ragged
from crs.models.c2crs.build import inform
from crs.models.c2crs.networks import C2CRS
from crs.models.c2crs.scorers import C2CRSScorer, scorers
from crs.testing import RecommenderContract
from crs.testing.histories import sequences
from tests.crs.models.c2crs.conftest import small, source

WORDS = 9


def contexts_of(data):
    """A context for each (user, cut): the items before it, one word each, one review."""
    bounds = data.offsets[1:].tolist()
    rows = [data.items[a:b].tolist() for a, b in pairwise(bounds)]
    known = [row[:-1] for row in rows]
    tokens = torch.zeros(len(rows), 12, dtype=torch.long)
    entities = torch.zeros(len(rows), 12, dtype=torch.long)
    for i, row in enumerate(known):
        tokens[i, 0] = 1
        tokens[i, 1 : len(row) + 1] = torch.tensor([4 + x % 5 for x in row])
        distinct = list(dict.fromkeys(row))
        entities[i, : len(distinct)] = torch.tensor(distinct)
    offsets = torch.zeros(len(rows) + 1, dtype=torch.long)
    nothing = Ragged(torch.zeros(0, 2, dtype=torch.long), offsets)
    reviews = torch.zeros(len(rows), 1, dtype=torch.long)
    reviews[::2] = 1
    return Contexts(
        tokens, entities, nothing, reviews, torch.tensor([[0, 0], [5, 6]]), torch.tensor([0, 1]),
        torch.zeros(len(rows), 3, dtype=torch.long), torch.zeros(len(rows), dtype=torch.long),
        [str(i) for i in range(WORDS)], torch.zeros(WORDS),
    )  # fmt: skip


def network(n, views="graph", said=0):
    torch.manual_seed(0)
    edges = np.array([[i, i % n + 1, i % 2] for i in range(1, n + 1)]).T
    model = C2CRS(edges, n + 2, 2, n, WORDS, 8, 2, 8, 1, 2, 8, 0.0, 12, views, 4, said)
    if said:
        torch.nn.init.normal_(model.graph.project)
        model.graph.said[1:] = torch.randn(n + 2, said)
    inform(model, torch.arange(n + 1))
    if views == "all":
        torch.nn.init.normal_(model.fusion.weight)
    return model.eval().requires_grad_(False)


class TestC2CRS(RecommenderContract):
    views, said = "graph", 0

    def recommender(self, sequences):
        model = network(sequences.n_items, self.views, self.said)
        return C2CRSScorer(model, contexts_of(sequences), "context")

    def cases(self, sequences):
        cases = super().cases(sequences)
        return replace(cases, dialogue={ROW: cases.row - 1})


class TestAllViews(TestC2CRS):
    views = "all"


class TestEntitiesWithWords(TestC2CRS):
    said = 6


def test_cases_without_contexts_are_told():
    data = sequences([1, 2, 3, 4, 5])
    scorer = C2CRSScorer(network(5), contexts_of(data), "context")
    with pytest.raises(ValueError, match="needs cases with contexts"):
        scorer.queries(Cases(data, torch.tensor([1]), torch.tensor([4])))


def test_a_score_is_the_equation(tmp_path):
    inputs = source(tmp_path, "redial")
    contexts, cases = Contexts.of(inputs["contexts"]), cases_of(inputs, "test")
    from crs.models.c2crs.build import build

    torch.manual_seed(1)
    model = build(small().c2crs, inputs)[0].eval().requires_grad_(False)
    scorer = C2CRSScorer(model, contexts, "context")
    items, bias = scorer.catalogue()
    scores = scorer.queries(cases) @ items.T + bias
    h = model.graph()
    for case, row in enumerate(cases.dialogue[ROW].tolist()):
        mentioned = contexts.entities[row][contexts.entities[row] > 0]
        q = model.pool["graph"](h[mentioned][None], torch.ones(1, len(mentioned), dtype=torch.bool))
        torch.testing.assert_close(scores[case], (h[:4] @ q[0]) + model.bias[:4])


def test_the_table_has_baselines_and_both_trainings(finished):
    kind, inputs = finished
    names = list(scorers({n: found for n, found in inputs.items() if n != "warmup"}))
    repeats = [] if kind == "tiny" else ["repeat context"]
    assert names == ["popularity", *repeats, "no pre-training", "c2crs"]
    long = inputs["evaluate"].load("results.parquet")
    assert set(long["scorer"]) == set(names)
    slices = {"all"} if kind == "tiny" else {"all", "no_repeats"}
    assert set(long["slice"]) == slices
    assert inputs["evaluate"].summary["default_scorer"] == "c2crs"


def test_repeating_the_context_finds_repeats_alone(finished):
    kind, inputs = finished
    if kind == "tiny":
        return
    long = inputs["evaluate"].load("results.parquet")
    one = long.query("scorer == 'repeat context' and split == 'test' and metric == 'hr' and k == 1")
    one = one.set_index("slice")["value"]
    assert one["no_repeats"] == 0
    text = (inputs["evaluate"].path / "results.md").read_text()
    assert "without the cases whose item the context has named" in text


def test_intervals_resample_dialogues(finished):
    kind, inputs = finished
    found = inputs["evaluate"].load("ranks.parquet")
    part = found[(found["split"] == "test") & (found["scorer"] == "c2crs")]
    assert part["cluster"].nunique() == (60 if kind == "tiny" else 2)
    assert len(part) > part["cluster"].nunique() or kind == "tiny"
