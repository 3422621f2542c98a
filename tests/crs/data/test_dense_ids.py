import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.dense_ids import alike, dense, numbered
from tests.contracts.tiny import quick


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["10", "9", "2"], ["2", "9", "10"]),
        (["10", "9", "02"], ["02", "10", "9"]),
        (["b", "a", "10"], ["10", "a", "b"]),
        (["٣", "1"], ["1", "٣"]),
        (["10", "9", "-1"], ["-1", "10", "9"]),
        (["9" * 30, "1" * 31, "5"], ["5", "9" * 30, "1" * 31]),
        (["10", "9", "1\n"], ["1\n", "10", "9"]),
        (["\U0001f600", "\uffff", "é", "z"], ["z", "é", "\uffff", "\U0001f600"]),
        ([], []),
    ],
)
def test_dense_ids_follow_numbers_or_text(names, ordered):
    assert dense(names * 2) == {name: i for i, name in enumerate(ordered, 1)}


@quick
@given(st.lists(st.text(min_size=1), min_size=1))
def test_dense_ids_are_1_to_n(names):
    found = dense(names)
    assert sorted(found.values()) == list(range(1, len(set(names)) + 1))
    assert list(found) == sorted(set(names)) or all(map(str.isdecimal, names))


@quick
@given(st.lists(st.text(min_size=1), min_size=1))
def test_rows_have_the_numbers_of_their_ids(names):
    """Categories without a row have none."""
    column = pd.Series([*names, "gone"], dtype="category")
    ids, number = numbered(column[:-1])
    assert dict(zip(ids, range(1, len(ids) + 1), strict=True)) == dense(names)
    assert ids[np.asarray(number) - 1].tolist() == names


def test_numbers_are_numbered_as_their_texts():
    numbers = pd.Series([10, 9, 10, -1], dtype="category")
    for column in (numbers[:3], numbers):
        ids, number = numbered(column)
        names, places = numbered(column.astype("str").astype("category"))
        assert ids.tolist() == names.tolist() and number.tolist() == places.tolist()


def test_ids_that_differ_in_blanks_or_a_point_and_a_zero_are_alike():
    ids = pd.Index(["22", "22.0", "a", "b", "b ", "c.0", "d"])
    assert alike(ids).tolist() == [True, True, False, True, True, False, False]
