"""The table and the chart that people read."""

from dataclasses import replace

import pandas as pd
import pytest

from crs.data.cases import ALL
from crs.evaluation import report
from crs.evaluation.results import SHUFFLED
from tests.contracts.scorers import OPTIONS


def test_the_report_says_what_the_figures_are_worth(result):
    text = (result.path / "results.md").read_text()
    assert "### toy on tiny (generated)" in text
    assert "Generated data" in text and "Titles leaked in 25.00% (exact)" in text
    long = result.load("results.parquet")
    part = long[(long["split"] == "test") & (long["scorer"] == "toy text")]
    part = part[(part["metric"] == "ndcg") & (part["k"] == 10)].set_index("slice")["value"]
    mixed, whole = part[SHUFFLED], part[ALL]
    assert (
        f"toy text has NDCG@10 {mixed:.4f} instead of {whole:.4f} (drop {whole - mixed:.4f})"
    ) in text
    assert (result.path / "ndcg.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("permutations", "compared", "least"), [(99, 9, "0.0900"), (9, 20, "1.0000"), (9999, 9, "")]
)
def test_so_few_sign_flips_that_nothing_can_be_shown_are_told(permutations, compared, least):
    told = report.few_flips(replace(OPTIONS, permutations=permutations), compared)
    assert (f"no p can be below {least}," in told) if least else told == ""


def test_slices_beside_all_get_a_table_of_their_own():
    rows = [{"split": "test", "metric": "ndcg", "k": 10, "slice": part, "cases": count,
             "scorer": scorer, "value": value}
            for part, count, scorer, value in (
                ("all", 9, "a", 0.1), ("attributes=1", 5, "a", 0.25), ("attributes=1", 5, "b", 0.5),
                ("texts shuffled", 9, "a", 0.0))]  # fmt: skip
    found = report.by_slice(pd.DataFrame(rows))
    assert found.to_dict("records") == [
        {"slice": "attributes=1", "cases": 5, "a": "0.2500", "b": "0.5000"}
    ]


def figures(**columns):
    """NDCG@10 of each scorer on a split."""
    frame = pd.DataFrame({"metric": "ndcg", "k": 10, "slice": "all"} | columns)
    return frame.assign(low=frame["value"], high=frame["value"])


def test_a_scorer_of_items_alone_is_grey(tmp_path, monkeypatch):
    """Those of C2-CRS: `repeat context` sees items, whatever its name says."""
    drawn = {}
    monkeypatch.setattr("matplotlib.axes.Axes.barh", lambda self, names, values, color, **more:
                        drawn.update(zip(names, color, strict=True)))  # fmt: skip
    sees = ["nothing", "items of the context", "entities of the context", "context",
            "history + text", "attributes of the utterance"]  # fmt: skip
    report.chart(figures(split="test", scorer=sees, sees=sees, value=0.5), tmp_path / "a.png", "a")
    grey = drawn["nothing"]
    assert [one for one in sees if drawn[one] == grey] == ["nothing", "items of the context"]


def test_the_table_says_which_dialogues_were_simulated():
    counts = {"train": 12345, "valid": 5, "test": 6}
    own = report.about_dialogues(counts | {"own": ["test", "valid"]})
    assert "12,345 for training simulated, 5 for validation released, 6 for test released" in own
    assert "about earlier items of the users' histories" in own
    whole = report.about_dialogues(counts | {"own": ["test", "train", "valid"]})
    assert "12,345 for training released" in whole and "earlier items" not in whole


def test_the_table_says_which_weights_were_chosen():
    chosen = {"a + b": {"weights": {"b": 20.0, "c": 0.5}, "ndcg@10": 0.25}}
    assert report.about_weights({"chosen": chosen}) == (
        "Weights chosen by NDCG@10 on validation, 1 for the encoder: a + b has 20 for b, 0.5 for c "
        "(0.2500 there)."
    )


def against_two(difference: float, p: float) -> pd.DataFrame:
    """The tests of a model against popularity, far behind, and against `b`."""
    row = {"scorer": "a", "slice": "all", "metric": "ndcg", "k": 10}
    far = {"against": "popularity", "difference": 0.5, "p_holm": 0.001}
    return pd.DataFrame([row | far, row | {"against": "b", "difference": difference, "p_holm": p}])


@pytest.mark.parametrize(
    ("difference", "p", "said"),
    [
        (0.02, 0.01, "a leads b by 0.0200 (p 0.0100)"),
        (-0.02, 0.01, "b leads a by 0.0200 (p 0.0100)"),
        (0.02, 0.2, "a and b are not told apart"),
    ],
)
def test_the_title_of_the_chart_says_what_the_test_says(difference, p, said):
    assert report.finding(against_two(difference, p), 0.95) == said


def test_one_scorer_alone_leads_nobody():
    assert report.finding(against_two(0.1, 0.1).iloc[:0], 0.95) == ""
