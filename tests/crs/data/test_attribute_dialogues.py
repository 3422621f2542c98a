import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.data.attribute_dialogues import (
    ATTRIBUTE,
    COLUMNS,
    REFUSED,
    Turns,
    bit_sets,
    id_lists,
    members_of,
    numbered,
    remaining,
)
from tests.contracts.tiny import quick

MEMBERS = np.array([
    [0, 0, 0, 0],
    [0, 1, 1, 0],
    [0, 1, 0, 0],
    [0, 1, 1, 1],
    [0, 0, 1, 0],
], dtype=bool)  # fmt: skip
"""Four items with three attributes."""


def frame(*turns):
    """Turns (dialogue, user, cut, attribute or refused items) as rows of the table."""
    rows, count = [], {}
    for dialogue, user, cut, what in turns:
        count[dialogue] = count.get(dialogue, 0) + 1
        said = isinstance(what, int)
        rows.append(("train", dialogue, user, cut, count[dialogue], ATTRIBUTE if said else REFUSED,
                     what if said else 0, [] if said else what, 0))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


TWO = frame((7, 1, 3, 2), (7, 1, 3, [4]), (7, 1, 3, 1), (7, 1, 3, [1, 2]), (9, 2, 5, 3))


@quick
@given(st.integers(0, 200), st.integers(0, 3))
def test_bits_keep_their_members(size, seed):
    members = np.random.default_rng(seed).random((3, size)) < 0.5
    assert np.array_equal(members_of(bit_sets(members), size), members)
    assert np.array_equal(members_of(bit_sets(np.asfortranarray(members)), size), members)


@quick
@given(st.lists(st.sets(st.integers(1, 9)), max_size=5))
def test_lists_of_ids_are_ascending_with_zeros_behind(rows):
    members = torch.zeros(len(rows), 10)
    for row, ids in enumerate(rows):
        members[row, list(ids)] = 1.0
    found = id_lists(members)
    assert found.shape == (len(rows), max([1, *map(len, rows)]))
    for row, ids in zip(found.tolist(), rows, strict=True):
        assert row == sorted(ids) + [0] * (len(row) - len(ids))


def test_padding_is_no_id():
    assert id_lists(torch.tensor([[1.0, 0.0, 1.0]])).tolist() == [[2]]


def test_turns_know_what_was_accepted_and_refused_by_then():
    turns = Turns.of(TWO)
    assert turns.user.tolist() == [1, 2] and turns.cut.tolist() == [3, 5]
    assert turns.name.tolist() == [7, 9] and turns.row.tolist() == [0, 0, 0, 0, 1]
    assert turns.asked(slice(None)).tolist() == [[2, 0], [2, 0], [2, 1], [2, 1], [3, 0]]
    assert turns.refusals(slice(None)).tolist() == [
        [0, 0, 0], [4, 0, 0], [4, 0, 0], [4, 1, 2], [0, 0, 0]
    ]  # fmt: skip
    assert turns.asked(torch.tensor([4, 2])).tolist() == [[3, 0], [2, 1]]


def test_two_refused_items_are_no_attribute():
    """A released reader tells turns by the length of a list; ours has their kind."""
    turns = Turns.of(frame((0, 1, 3, [4, 2])))
    assert turns.accepted.tolist() == [0] and turns.refusals(slice(None)).tolist() == [[4, 2]]


def test_turns_of_some_dialogues():
    row, turn = Turns.of(TWO).turns_of(torch.tensor([1, 0, 1]))
    assert row.tolist() == [0, 1, 1, 1, 1, 2] and turn.tolist() == [4, 0, 1, 2, 3, 4]


def test_remaining_by_hand():
    """Attribute 2 leaves items 1, 3 and 4; 4 is refused; attribute 1 keeps 1 and 3; both are then
    refused. The second dialogue begins with the whole catalogue: attribute 3 leaves item 3."""
    turns = frame((7, 1, 3, 2), (7, 1, 3, [4]), (7, 1, 3, 1), (7, 1, 3, [1, 3]), (9, 2, 5, 3))
    assert remaining(turns, MEMBERS).tolist() == [3, 2, 2, 0, 1]


def test_raw_dialogues_get_the_ids_of_the_tables():
    interactions = pd.DataFrame({"user": [1, 1, 1, 2], "item": [2, 1, 3, 1]})
    raw = TWO.assign(user="u", target="c", attribute="x", items=[[], ["a", "gone"], [], [], []])
    raw.loc[4, ["user", "target"]] = "v", "c"
    found = numbered(raw, interactions, {"u": 1, "v": 2}, {"a": 1, "b": 2, "c": 3}, {"x": 5})
    assert list(found.columns) == COLUMNS
    assert found["cut"].tolist() == [2, 2, 2, 2], "the second user has no such target any more"
    assert found["items"].tolist() == [[], [1], [], []]
    assert found["attribute"].tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize("missing", ["user", "target"])
def test_dialogues_of_what_was_filtered_away_go_too(missing):
    interactions = pd.DataFrame({"user": [1], "item": [1]})
    raw = TWO.assign(**{"user": "u", "target": "a", missing: "gone"})
    assert numbered(raw, interactions, {"u": 1}, {"a": 1}, {}).empty
