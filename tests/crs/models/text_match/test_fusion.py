"""Weights are those that do best on validation, and nothing else is looked at."""

import json
from itertools import product

import pytest
import torch

from crs.data.cases import Cases, cases_of
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.text_match import fusion
from crs.models.text_match.fusion import grid_ndcg
from crs.models.text_match.scorers import SUMS, WeightedSum, parts_of
from crs.nn.sequential import States, load_encoder
from crs.stages.fusion import Fusion
from crs.testing.histories import sequences
from tests.contracts.scorers import Fixed
from tests.contracts.tiny import config, made, other

SETTINGS = config().fusion


def by_ranking(model, cases):
    """NDCG@10 as the tables have it."""
    found = ranks(
        model.queries(cases), model.catalogue(), cases.target, cases.excluded,
        n_items=cases.sequences.n_items,
    )  # fmt: skip
    return means(found.numpy())["ndcg@10"]


def test_a_grid_by_hand():
    """Target 3; item 1 is seen. Scores 3 + w · (0, 1, 2): item 3 is first from w = 2 on."""
    data = sequences([1, 3], items=3)
    case = Cases(data, torch.tensor([1]), torch.tensor([1]))
    parts = [Fixed(9.0, 8.0, 3.0, 2.0), Fixed(0.0, 0.0, 0.0, 1.0)]
    found = grid_ndcg(parts, [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)], case)
    assert found == pytest.approx([0.6309, 0.7565, 1.0], abs=1e-4)  # ranks 2, 1.5, 1


def test_the_grid_is_what_the_ranking_says(word_inputs, monkeypatch):
    parts = list(parts_of(word_inputs, States(load_encoder(word_inputs["pretrain"]))).values())
    cases = cases_of(word_inputs, "valid")
    grid = [(1.0, 0.5, 20.0), (1.0, 4.0, 2.0)]
    wanted = [by_ranking(WeightedSum(parts, weights), cases) for weights in grid]
    monkeypatch.setattr(fusion, "CHUNK_FLOATS", 7 * cases.sequences.n_items)
    assert grid_ndcg(parts, grid, cases) == pytest.approx(wanted)


def test_the_best_of_the_grid_is_chosen(word_inputs):
    chosen = word_inputs["fusion"].load("weights.json")
    assert set(chosen) == set(SUMS) and chosen == word_inputs["fusion"].summary["chosen"]
    parts = parts_of(word_inputs, States(load_encoder(word_inputs["pretrain"])))
    three = [parts[name] for name in SUMS["encoder + attributes + text match"]]
    grid = [(1.0, *pair) for pair in product(SETTINGS.attributes, SETTINGS.text)]
    found = grid_ndcg(three, grid, cases_of(word_inputs, "valid"))
    best = chosen["encoder + attributes + text match"]
    assert best["ndcg@10"] == max(found)
    assert tuple(best["weights"].values()) == grid[found.index(max(found))][1:]


def test_test_is_not_looked_at(word_inputs, tmp_path):
    """Without a test case at all the same weights are chosen."""
    said = word_inputs["simulate"].load("utterances.parquet")
    said.loc[said["split"] == "test", "dropped"] = True
    blind = other(word_inputs["simulate"], tmp_path / "simulate")
    said.to_parquet(blind.path / "utterances.parquet", index=False)
    found = made(fusion, SETTINGS, word_inputs | {"simulate": blind}, tmp_path / "fusion")
    assert found.load("weights.json") == word_inputs["fusion"].load("weights.json")


def test_the_same_weights_every_time(word_inputs, tmp_path):
    again = made(fusion, SETTINGS, word_inputs, tmp_path / "fusion")
    wanted = (word_inputs["fusion"].path / "weights.json").read_text()
    assert json.loads((again.path / "weights.json").read_text()) == json.loads(wanted)


def test_an_empty_grid_is_refused():
    assert "fusion.text=[]" in next(Fusion([], [1.0]).problems())
