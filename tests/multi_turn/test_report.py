"""Dialogues to read: Markdown that shows titles and words of strangers, and obeys none."""

import json

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from crs.escape import terminal
from multi_turn.metrics import arm_rows
from multi_turn.report import effect, to_read
from tests.contracts.tiny import config
from tests.fakes.titles import HOSTILE, ORDINARY

WISH = {"attribute": 1, "wanted": True, "years": None, "hard": True}


@pytest.mark.parametrize("title", [*HOSTILE, *ORDINARY])
def test_nothing_of_a_title_is_markdown(title):
    log = pd.DataFrame([{
        "scorer": "x", "case": 0, "user": 1, "target": 1, "turn": turn, "said": title,
        "success": False, "requirements": json.dumps([WISH]), "shown": [1, 2],
    } for turn in (1, 2)])  # fmt: skip
    text = to_read(log, "x", ["", title, "Heat"], ["", title])
    tokens = MarkdownIt().parse(text)
    kinds = {token.type for part in tokens for token in [part, *(part.children or [])]}
    assert kinds <= {
        f"{block}_{end}"
        for end in ("open", "close")
        for block in ("heading", "paragraph", "ordered_list", "list_item", "strong")
    } | {"inline", "text"}
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2"]
    shown = "".join("".join(c.content for c in t.children) for t in tokens if t.type == "inline")
    # In the heading, twice said, understood (in small letters) and recommended.
    plain = " ".join(terminal(title).lower().split())
    assert " ".join(shown.lower().split()).count(plain) == 7
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize(("questions", "turns"), [([7, 7, 0, 0], [2]), ([7] * 4, []),
                                                  ([0, 7, 7, 0], [1, 2])])  # fmt: skip
def test_turns_in_which_all_are_asked_have_no_effect(questions, turns):
    """Two dialogues of two turns; in a turn that asks nothing is listed."""
    settings = config("multi_turn.turns=2", "multi_turn.questions=instead").multi_turn
    log = pd.DataFrame({
        "scorer": "x", "case": [0, 1] * 2, "turn": [1, 1, 2, 2], "question": questions,
        "before": 4.0, "after": 2.0, "broken": 0.0, "embedded": False, "nearest": float("nan"),
        "success": False,
    })  # fmt: skip
    long = pd.DataFrame(arm_rows("x", log, np.array([1, 2]), settings))
    found = effect(long, "x", settings)
    assert (found["turn"].tolist() if turns else []) == turns and len(found) == len(turns)
