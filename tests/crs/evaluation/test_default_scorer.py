"""Which scorer stands for the model, and its tests against the others."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from crs.data.cases import Cases
from crs.evaluation import scoring
from crs.evaluation.evaluate import comparisons, default_scorer
from crs.testing.histories import sequences
from tests.contracts.scorers import OPTIONS


def test_the_default_is_the_best_own_scorer(result):
    assert result.summary["default_scorer"] == "toy text"
    assert result.summary["ndcg@10"] == 1.0


def test_the_default_is_tested_against_all_others(result):
    tests = result.load("tests.parquet")
    assert set(tests["scorer"]) == {"toy text"}
    assert set(tests["against"]) == {"popularity", "toy half", "other"}
    equal = tests[tests["against"] == "other"]
    assert (equal["difference"] == 0).all() and (equal["p_holm"] == 1).all()
    assert (tests["p_holm"] >= tests["p"]).all()
    assert tests["difference"].between(tests["low"], tests["high"]).all()


def long_of(**scores):
    """A long table of NDCG@10 of each scorer on validation and test."""
    rows = [
        {"split": split, "scorer": name, "slice": "all", "metric": "ndcg", "k": 10, "value": v}
        for name, pair in scores.items() for split, v in zip(("valid", "test"), pair, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("split", ascending=False)


TOYS = ["toy_a", "toy_b"]


def who(**sees):
    return {name: SimpleNamespace(sees=what) for name, what in sees.items()}


def test_the_default_scorer_is_chosen_on_validation():
    long = long_of(popularity=(0.9, 0.9), toy_a=(0.2, 0.8), toy_b=(0.3, 0.1))
    scorers = who(popularity="nothing", toy_a="history", toy_b="history")
    assert default_scorer(long, TOYS, scorers) == "toy_b"


def test_a_scorer_of_texts_goes_before_one_without():
    long = long_of(toy_a=(0.9, 0.9), toy_b=(0.3, 0.1))
    assert default_scorer(long, TOYS, who(toy_a="history", toy_b="history + text")) == "toy_b"


def test_a_context_is_no_text_of_the_utterance():
    long = long_of(toy_a=(0.1, 0.1), toy_b=(0.2, 0.2))
    assert default_scorer(long, TOYS, who(toy_a="context", toy_b="history")) == "toy_b"


def test_a_model_of_two_words_knows_its_scorer():
    long = long_of(**{"popularity": (0.9, 0.9), "attribute filter": (0.2, 0.8)})
    scorers = who(**{"popularity": "nothing", "attribute filter": "attributes"})
    assert default_scorer(long, ["attribute filter"], scorers) == "attribute filter"


def test_popularity_is_its_own_scorer():
    long = long_of(popularity=(0.9, 0.9))
    assert default_scorer(long, "popularity", who(popularity="nothing")) == "popularity"


def test_no_other_scorer_no_test():
    data = sequences([1, 2, 3, 4])
    cases = Cases(data, torch.tensor([1]), torch.tensor([3]))
    alone = scoring.Ranked("toy", "all", np.ones(1), cases, "full")
    assert comparisons([alone], "toy", OPTIONS).empty


def test_each_slice_is_compared_by_itself():
    """Cases 1 and 2 differ by HR@1 = 1, case 3 (the slice `late`) by 0."""
    data = sequences([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    late = {"late": torch.tensor([False, False, True])}
    cases = Cases(data, torch.arange(1, 4), torch.full((3,), 3), slices=late)
    good, poor = (
        scoring.Ranked(name, "all", np.array(found), cases, "full")
        for name, found in (("good", [1.0, 1.0, 1.0]), ("poor", [9.0, 9.0, 1.0]))
    )
    tests = comparisons([good, poor], "good", replace(OPTIONS, ks=[1]))
    found = tests[tests["metric"] == "hr"].set_index("slice")
    assert found["difference"].to_dict() == {"all": pytest.approx(2 / 3), "late": 0.0}
    assert found.loc["late", ["low", "high"]].tolist() == [0.0, 0.0]
    assert found.loc["all", "low"] < 2 / 3 < found.loc["all", "high"]
