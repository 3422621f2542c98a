"""Dialogues to read: Markdown that shows titles and words of strangers, and obeys none."""

import json

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from crs.escape import terminal
from multi_turn.report import to_read
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
