import pandas as pd

from scripts.refresh_controls import BEGIN, END, FILE, document

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
