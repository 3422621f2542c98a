import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.parsing.attribute_cells import check_separator, listed, names_in, unified
from crs.data.parsing.raw import BadRows
from crs.errors import UserError


@pytest.mark.parametrize(
    "cell",
    [
        "['A b', 'C']", '["A b", "C"]', "['A b' 'C']", "['A b'\n 'C']", '("A b", "C")',
        "[{'id': 16, 'name': 'A b'}, {'id': 1, 'name': 'C'}]", '[{"name": "A b"}, {"name": "C"}]',
        "['A b', None, 'C']", " ['A b', 'C'] ", "A b|C", "A  b | C|", ["A b", "C"],
        np.array(["A b", "C"]), ("A b", None, "C"),
    ],
)  # fmt: skip
def test_a_cell_holds_names(cell):
    assert names_in(cell, "|") == ["A b", "C"]


@pytest.mark.parametrize("cell", [None, float("nan"), "", "[]", [], "|"])
def test_a_cell_may_hold_none(cell):
    assert names_in(cell, "|") == []


@pytest.mark.parametrize(
    "cell",
    [
        "[Rec]",
        "(500) Days",
        "{",
        "[1, [2]]",
        "[__import__('os')]",
        '[{"id": 28, "genre": "Action"}]',
    ],
)
def test_brackets_alone_make_no_list(cell):
    assert listed(cell) is None and names_in(cell, "|") == [cell]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)))
def test_what_python_writes_is_read_back(names):
    assert listed(repr(names)) == names


@given(st.text("[]{}()'\",: ab01", max_size=40))
def test_no_cell_is_an_error(cell):
    names_in(cell, "|")


def test_no_separator_makes_each_cell_one_name():
    assert names_in("Action, Drama|War", None) == ["Action, Drama|War"]


@pytest.mark.parametrize("cell", ["Action, Drama", "Action;Drama", "Action/Drama"])
def test_a_separator_that_no_cell_has_is_refused_where_another_is(cell):
    with pytest.raises(UserError, match=rf"attribute_separator='{cell[6]}'") as told:
        check_separator(pd.Series([cell, "War", None]), "|", "genres")
    assert cell in str(told.value) and "genres" in str(told.value)


@pytest.mark.parametrize("cell", ["Action,Drama", "Action, Drama"])
def test_words_with_commas_are_refused_where_blanks_separate(cell):
    with pytest.raises(UserError, match="attribute_separator=','"):
        check_separator(pd.Series([cell, "War Action"]), " ", "class")


@pytest.mark.parametrize(
    ("cells", "separator"),
    [(["A|B", "C, D"], "|"), (["A", "B"], "|"), (["A, B"], None), ([None, ["A, B"]], "|"),
     (["['A, B']"], "|"), (["A/B C"], " "), ([7, 8], "|")],
)  # fmt: skip
def test_a_separator_that_fits_is_not_refused(cells, separator):
    check_separator(pd.Series(cells, dtype=object), separator, "genres")


def test_one_attribute_has_one_spelling():
    faults = BadRows()
    cells = [["Comedy", "hip-hop"], ["comedy", "Hip Hop"], ["Comedy", "Hip Hop", "Hip-Hop"]]
    assert unified(cells, "genres", faults) == [["Comedy", "Hip Hop"]] * 3
    (one,) = faults.noticed
    assert one.rows == 3 and "genres" in one.what and one.first == "'Hip-Hop', read as 'Hip Hop'"


@pytest.mark.parametrize("word", ["(no genres listed)", "Unknown", "N/A", "NaN", r"\N", "None"])
def test_a_word_for_none_is_none(word):
    faults = BadRows()
    assert unified([[word], ["War", word]], "genres", faults) == [[], ["War"]]
    assert [(one.rows, one.first) for one in faults.noticed] == [(2, repr(word))]
