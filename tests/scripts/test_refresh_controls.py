import pandas as pd
import pytest
from scipy.stats import t

from scripts.refresh_controls import BEGIN, END, FILE, document, over_seeds

COLUMNS = ["scorer", "slice", "metric", "k", "own", "other", "fall", "low", "high", "cases"]
FALLS = pd.DataFrame(
    [("toy", "held-out wording", "ndcg", 10, 0.5, 0.2, 0.3, 0.25, 0.35, 9)], columns=COLUMNS
)


def test_the_tables_stand_between_the_marks_and_the_rest_stays():
    once = document(f"before\n{BEGIN}\nold\n{END}\nafter\n", FALLS)
    assert once.startswith("before\n") and once.endswith(f"{END}\nafter\n")
    assert "| toy " in once and "+0.3000 [+0.2500, +0.3500]" in once and "old" not in once
    assert document(once, FALLS) == once


def test_the_page_has_the_marks():
    text = FILE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1


def test_several_seeds_are_averaged_with_the_interval_of_student():
    seeds = [FALLS.assign(own=0.5 + fall, fall=0.3 + fall) for fall in (-0.1, 0.0, 0.1)]
    row = over_seeds(seeds).iloc[0]
    assert row[["own", "other", "fall"]].tolist() == pytest.approx([0.5, 0.2, 0.3])
    half = t.ppf(0.975, 2) * 0.1 / 3**0.5
    assert (row["low"], row["high"]) == pytest.approx((0.3 - half, 0.3 + half))
    assert over_seeds([FALLS]) is FALLS


def test_seeds_of_other_cases_are_refused():
    with pytest.raises(ValueError, match="other scorers, texts or cases"):
        over_seeds([FALLS, FALLS.assign(cases=8)])
