"""The stage `evaluate`: its tables, and what they are made of."""

import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from crs.data.cases import ROW, Cases, case_sets
from crs.data.sequences import Sequences
from crs.errors import NotFiniteError
from crs.evaluation import evaluate, scoring
from crs.evaluation.metrics import RANK_METRICS, metric, per_case
from crs.evaluation.results import COLUMNS
from crs.evaluation.scoring import shuffled_texts
from crs.stages.evaluation import Evaluate
from crs.testing.histories import sequences
from tests.contracts.scorers import OPTIONS, OWN, Fixed, Oracle
from tests.contracts.tiny import context, dataset, made


def test_the_table_has_its_columns_and_labels(long):
    assert list(long.columns) == COLUMNS
    constant = long[["dataset", "model", "protocol", "seed"]].drop_duplicates()
    assert constant.to_numpy().tolist() == [["tiny (generated)", "toy", "full", 3]]
    assert set(long["metric"]) == {"hr", "ndcg", "mrr", "coverage", "novelty", "diversity"}
    assert set(long["k"]) == {5, 10}
    assert set(long["split"]) == {"valid", "test"}
    assert set(long["fingerprint"]) == {"0" * 16}
    assert not long[long["metric"] != "coverage"].isna().any().any()
    whole = long[long["metric"] == "coverage"]
    assert not whole["value"].isna().any() and whole[["low", "high"]].isna().all().all()


def test_one_row_a_figure(long):
    key = ["scorer", "split", "slice", "metric", "k"]
    assert not long.duplicated(key).any()
    assert len(long) == (4 + 1) * 2 * 6 * 2


def test_a_new_metric_of_ranks_is_one_function(inputs, tmp_path, monkeypatch):
    """It stands in the results, the printed table and the summary, which are what W&B gets."""
    monkeypatch.setitem(RANK_METRICS, "top", None)  # taken out again after the test

    @metric(RANK_METRICS, "TOP", "[r = 1]", "nobody")
    def top(ranks, k):
        """Share of cases whose target is first."""
        return (ranks == 1).astype(float)

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(
        scorers=lambda found: {"toy": Oracle(30, 1.0)}))  # fmt: skip
    summary = evaluate.run(Evaluate("toy", 3, OPTIONS, OWN), inputs, tmp_path, context())
    long = pd.read_parquet(tmp_path / "results.parquet")
    assert (long[long["metric"] == "top"]["value"] == 1.0).all()
    assert "TOP@10" in (tmp_path / "results.md").read_text()
    assert summary["top@10"] == 1.0


def test_texts_are_shuffled_for_those_who_see_them(long):
    slices = long.groupby("scorer")["slice"].agg(lambda x: set(x.unique())).to_dict()
    assert slices == {
        "popularity": {"all"}, "toy half": {"all"}, "other": {"all"},
        "toy text": {"all", "texts shuffled"},
    }  # fmt: skip


def test_a_scorer_of_texts_falls_when_they_are_shuffled(long):
    part = long[(long["scorer"] == "toy text") & (long["metric"] == "ndcg")]
    means = part.groupby("slice")["value"].mean()
    assert means["all"] == 1.0 and means["texts shuffled"] < 0.5


def test_each_scorer_says_what_it_sees(long):
    sees = long.drop_duplicates("scorer").set_index("scorer")["sees"].to_dict()
    assert sees == {
        "popularity": "nothing", "toy half": "history", "toy text": "history + text",
        "other": "history",
    }  # fmt: skip


def test_figures_are_means_over_the_ranks_and_lie_in_their_intervals(result, long):
    found = result.load("ranks.parquet")
    for (scorer, split, part), group in found.groupby(["scorer", "split", "slice"]):
        rows = long[(long["scorer"] == scorer) & (long["split"] == split)
                    & (long["slice"] == part)]  # fmt: skip
        values = per_case(group["rank"].to_numpy(), [5, 10])
        for row in rows[rows["metric"].isin(RANK_METRICS)].itertuples():
            assert row.value == pytest.approx(values[row.metric, row.k].mean())
            assert row.low <= row.value <= row.high and row.cases == len(group)


def test_ranks_are_those_of_the_targets(result, inputs):
    found = result.load("ranks.parquet")
    data = Sequences.of(inputs["dataset"])
    user, cut = (torch.tensor(found[name].to_numpy(copy=True)) for name in ("user", "cut"))
    assert data.at(user, cut).tolist() == found["target"].tolist()


def test_shuffling_moves_texts_and_nothing_else(inputs):
    cases = case_sets(inputs, "test")["all"]
    mixed = shuffled_texts(cases, 1)
    assert torch.equal(mixed.row, cases.row) and torch.equal(mixed.cut, cases.cut)
    assert not torch.equal(mixed.text, cases.text)
    assert sorted(mixed.text[:, 0].tolist()) == sorted(cases.text[:, 0].tolist())
    assert torch.equal(shuffled_texts(cases, 1).text, mixed.text)
    # Words move with their vectors.
    place = {row: number for number, row in enumerate(cases.dialogue[ROW].tolist())}
    order = [place[row] for row in mixed.dialogue[ROW].tolist()]
    assert torch.equal(cases.text[order], mixed.text)


@pytest.fixture(scope="module")
def repeating(tmp_path_factory):
    """`evaluate` of popularity on data in which users take items again."""
    root = tmp_path_factory.mktemp("repeating")
    inputs = {"dataset": dataset(root, "dataset.duplicates=keep")}
    return made(evaluate, Evaluate("popularity", 3, OPTIONS), inputs, root / "evaluate")


def test_repeating_the_newest_stands_beside_where_users_take_items_again(repeating, long):
    found = repeating.load("results.parquet")
    assert set(found["scorer"]) == {"popularity", "repeat newest"}
    assert set(found["slice"]) == {"all", "repeats", "no_repeats"}
    assert "repeat newest" not in set(long["scorer"])
    part = found[(found["scorer"] == "repeat newest") & (found["slice"] == "no_repeats")]
    assert part[part["metric"] == "hr"]["value"].max() < 0.2  # by ties alone
    text = (repeating.path / "results.md").read_text()
    assert re.search(r"Users take items again here: \d+\.\d% of the training .*every case", text)
    assert "| repeats " in text and "| no_repeats " in text


def test_scores_that_are_not_finite_name_the_scorer(inputs, tmp_path, monkeypatch):
    scorers = {"toy": Fixed(*[torch.nan] * 31)}
    monkeypatch.setitem(
        sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=lambda _: scorers)
    )
    with pytest.raises(NotFiniteError, match="scorer toy: a score is not finite"):
        made(evaluate, Evaluate("toy", 3, OPTIONS, OWN), inputs, tmp_path)


def test_a_slice_is_scored_over_its_cases_and_intervals_resample_clusters():
    """Ranks 1, 2, 1, 4; HR@1 is 1/2 over all and 1 where the mask holds (cases 1 and 3). Two
    clusters with hits (1, 0) and (1, 0): each resample has a mean of 1/2, so the interval of the
    whole has no width; resampling single cases would give it some."""
    data = sequences([1, 2], [1, 2], [1, 2], [1, 2])
    mask = torch.tensor([True, False, True, False])
    cases = Cases(
        data, torch.arange(1, 5), torch.ones(4, dtype=torch.long),
        slices={"marked": mask, "none": torch.zeros(4, dtype=torch.bool)},
        cluster=torch.tensor([7, 7, 9, 9]),
    )  # fmt: skip
    found = scoring.Ranked("toy", "all", np.array([1.0, 2.0, 1.0, 4.0]), cases, "full")
    long = evaluate.table([found], replace(OPTIONS, ks=[1]))
    first = long[(long["metric"] == "hr") & (long["k"] == 1)].set_index("slice")
    assert first["value"].to_dict() == {"all": 0.5, "marked": 1.0}
    assert first["cases"].to_dict() == {"all": 4, "marked": 2}
    assert (first.loc["all", "low"], first.loc["all", "high"]) == (0.5, 0.5)


def test_a_mean_is_over_the_cases_that_define_it():
    values = {("a", 1): np.array([1.0, np.nan, 3.0]), ("b", 1): np.array([1.0, 2.0, 3.0]),
              ("c", 1): np.full(3, np.nan)}  # fmt: skip
    found = evaluate.summarised(values, np.arange(3), OPTIONS)
    assert {name: (row[0], row[3]) for name, row in found.items()} == {
        ("a", 1): (2.0, 2), ("b", 1): (2.0, 3)
    }  # fmt: skip
    assert 1.0 <= found["a", 1][1] <= found["a", 1][2] <= 3.0
