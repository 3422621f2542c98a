"""A hundred utterances that were written after the rules, by someone who had not seen them."""

import json
from collections import Counter
from pathlib import Path

from tests.crs.dialogue.test_utterances import ROWS, reading

UNSEEN = list(
    map(json.loads, (Path(__file__).parent / "unseen.jsonl").read_text("utf-8").splitlines())
)
EXACT = 92
"""As the rules read them when the table was written; no rule was changed for one of them."""


def test_they_are_of_the_same_kinds_and_none_is_in_the_other_table():
    assert len({row["text"] for row in UNSEEN}) == len(UNSEEN) == 100
    assert not {row["text"] for row in UNSEEN} & {row["text"] for row in ROWS}
    kinds = Counter(row["kind"] for row in UNSEEN)
    assert set(kinds) == {row["kind"] for row in ROWS} and min(kinds.values()) >= 16


def test_rules_read_so_many_exactly():
    exact = sum(reading([*row["before"], row["text"]]) == row["reading"] for row in UNSEEN)
    assert exact >= EXACT
