"""The same cases with other texts: what `evaluate` makes of them."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from crs.data.cases import ALL, ROW, Cases, case_sets, control_cases
from crs.evaluation import evaluate
from crs.evaluation.controls import about_controls, by_noise, fallen
from crs.evaluation.scoring import Ranked
from crs.models.attribute_filter.scorers import scorers
from crs.stages.controls import STAGE
from crs.stages.evaluation import Evaluate
from crs.testing.histories import sequences
from data_generator import controls
from tests.contracts.scorers import OPTIONS, OWN, Oracle
from tests.contracts.tiny import config, made, spoken
from text2embedding import embed
from text2embedding.hashed import Hashed

ASKED = "controls.texts=[heldout,refusals]", "controls.noise=[0,0.1,0.5]"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The tables of tiny, its texts, and other texts of its test cases."""
    root = tmp_path_factory.mktemp("told")
    found, settings = spoken(root), config("embedder=hashed", "embedder.dim=32", *ASKED)
    found["controls"] = made(controls, STAGE.settings(settings), found, root / "controls" / "tiny")
    stage = SimpleNamespace(run=embed.run_controls)
    found["embed_controls"] = made(stage, settings.embedder, found, root / "vectors" / "tiny")
    return found


@pytest.fixture(scope="module")
def evaluated(told, tmp_path_factory):
    """`evaluate` of the attribute filter, and of one who knows the targets."""

    def known(found):
        return {**scorers(found), "toy": Oracle(30, 0.5)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=known))
        folder = tmp_path_factory.mktemp("evaluated") / "evaluate"
        return made(evaluate, Evaluate("toy", 3, OPTIONS, OWN), told, folder)


def test_cases_are_the_same_and_texts_are_others(told):
    own, found = case_sets(told, "test")[ALL], control_cases(told)
    assert list(found) == ["held-out wording", "held-out wording, a refusal",
                           "noise=0", "noise=0.1", "noise=0.5"]  # fmt: skip
    for part in found.values():
        assert torch.equal(part.row, own.row) and torch.equal(part.cut, own.cut)
        assert torch.equal(part.target, own.target)
    said = [own.words[row] for row in own.dialogue[ROW].tolist()]
    again = found["noise=0.1"]
    assert [again.words[row] for row in again.dialogue[ROW].tolist()] == said
    assert torch.equal(again.text, own.text) and torch.equal(again.known, own.known)
    assert not torch.equal(found["held-out wording"].text, own.text)


def test_words_and_vectors_are_those_of_one_text(told):
    for part in control_cases(told).values():
        texts = [part.words[row] for row in part.dialogue[ROW].tolist()]
        wanted = torch.from_numpy(Hashed(32).encode(texts))
        torch.testing.assert_close(part.text, wanted, atol=1e-3, rtol=0)


def test_what_is_refused_is_known(told):
    found = control_cases(told)
    refused = found["held-out wording, a refusal"].refused
    assert (refused.sum(1) == 1).all() and not found["held-out wording"].refused.any()


def test_each_scorer_has_each_slice_on_test_and_no_shuffled_one_of_them(evaluated):
    long = evaluated.load("results.parquet")
    slices = long.groupby(["split", "scorer"])["slice"].agg(lambda x: set(x.unique())).to_dict()
    other = {"held-out wording", "held-out wording, a refusal", "noise=0", "noise=0.1", "noise=0.5"}
    for (split, _), found in slices.items():
        assert found == ({"all"} | other if split == "test" else {"all"})


def test_who_hears_nothing_does_not_fall_and_noise_costs_who_does(evaluated):
    falls = evaluated.load("falls.parquet")
    falls = falls[(falls["metric"] == "ndcg") & (falls["k"] == 10)].set_index(["scorer", "slice"])
    assert (falls.loc[["popularity", "toy"], ["fall", "low", "high"]] == 0).all(axis=None)
    heard = falls.loc["attribute filter"]["fall"]
    assert heard["held-out wording"] == 0 == heard["noise=0.1"]  # it is told the attributes
    assert heard["noise=0"] < 0 < heard["noise=0.5"]
    assert (falls["own"] - falls["other"]).to_numpy() == pytest.approx(falls["fall"].to_numpy())
    long = evaluated.load("results.parquet")
    long = long[(long["split"] == "test") & (long["metric"] == "ndcg") & (long["k"] == 10)]
    values = long.set_index(["scorer", "slice"])["value"]
    assert falls["other"].to_dict() == pytest.approx(values[falls.index].to_dict())


def test_the_report_has_a_row_a_scorer_and_a_curve(evaluated):
    text = (evaluated.path / "results.md").read_text()
    assert "| NDCG@10, held-out wording " in text and "| NDCG@10, by noise" in text
    assert "nothing was trained or chosen on them" in text
    assert "| noise=0.5" not in text  # a column of the curve and no row of slices
    assert (evaluated.path / "noise.png").stat().st_size > 0


def test_without_controls_there_is_nothing_of_them(result):
    assert not (result.path / "falls.parquet").exists()
    assert not (result.path / "noise.png").exists()


def test_a_case_without_another_text_counts_in_neither_mean():
    """Own ranks 1, 1, 4 and other ranks 2, 8 of the first and the last: HR@1 falls from 1/2 to 0,
    HR@5 from 1 to 1/2."""
    data = sequences([1, 2], [1, 2], [1, 2])
    own = Cases(data, torch.arange(1, 4), torch.ones(3, dtype=torch.long))
    ranks = np.array([1.0, 1.0, 4.0]), np.array([2.0, 8.0])
    some = own[torch.tensor([0, 2])]
    found = [
        Ranked("toy", ALL, ranks[0], own, "full"),
        Ranked("toy", "plot", ranks[1], some, "full"),
    ]
    falls = fallen(found, ["plot"], replace(OPTIONS, ks=[1, 5])).set_index(["metric", "k"])
    assert falls.loc[("hr", 1), ["own", "other", "fall", "cases"]].tolist() == [0.5, 0.0, 0.5, 2]
    assert falls.loc[("hr", 5), ["own", "other", "fall", "cases"]].tolist() == [1.0, 0.5, 0.5, 2]


def test_one_level_of_noise_is_no_curve(tmp_path):
    row = {"scorer": "toy", "metric": "ndcg", "k": 10, "value": 0.5, "low": 0.4, "high": 0.6}
    one, two = ({**row, "slice": f"noise={level}"} for level in (0.1, 0.5))
    by_noise(pd.DataFrame([one]), tmp_path / "one.png", "toy")
    by_noise(pd.DataFrame([one, two]), tmp_path / "two.png", "toy")
    assert [file.name for file in tmp_path.iterdir()] == ["two.png"]


def test_levels_stand_in_the_order_in_which_they_were_asked_for():
    rows = [
        ("toy", f"noise={level}", "ndcg", 10, 0.5, value, 0.5 - value, 0.0, 0.0, 9)
        for level, value in (("0.5", 0.25), ("0", 0.5))
    ]
    columns = ["scorer", "slice", "metric", "k", "own", "other", "fall", "low", "high", "cases"]
    lines = "\n".join(about_controls(pd.DataFrame(rows, columns=columns)))
    assert "| NDCG@10, by noise | 0.5    | 0      |" in lines
    assert "| toy               | 0.2500 | 0.5000 |" in lines


def test_a_result_without_a_text_has_no_controls(told):
    assert control_cases({name: told[name] for name in ("dataset", "simulate")}) == {}
    silent = control_cases({name: told[name] for name in ("dataset", "simulate", "controls")})
    assert all(part.text is None for part in silent.values())
