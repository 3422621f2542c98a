"""What is asked for, in words, and what an item lacks of it."""

import pytest
import torch

from crs.dialogue.asked_for import is_asked, lacking, outside, so_far, years_so_far
from crs.dialogue.replies import asked_text
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.state import EARLIEST, LATEST, Requirement, Understood

NAMES = ["", "Comedy", "Drama", "War"]
TITLES = ["", "A (1980)", "B (1990)", "C (1999)"]


@pytest.fixture
def wishes():
    matrix = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]).float()
    return Wishes.none(Facts(matrix, torch.arange(1980, 2000), torch.tensor([20, 0, 10, 19])), 1)


def heard(wishes, *asked):
    """The wishes after these requirements, and what was said last of years."""
    wishes.hear([0], [Understood("", asked)])
    return next((one for one in reversed(asked) if one.years), None)


def test_nothing_is_asked(wishes):
    assert not is_asked(wishes) and so_far(wishes, None, NAMES, TITLES) == []
    heard(wishes, Requirement(items=(1,)))
    assert not is_asked(wishes)  # a title that is liked must not hold
    assert so_far(wishes, None, NAMES, TITLES) == ["like A (1980)"]
    assert so_far(wishes, None, NAMES, TITLES, {1}) == []


def test_what_an_item_lacks_is_named(wishes):
    years = heard(wishes, Requirement(3, wanted=False), Requirement(either=(1, 2)),
                  Requirement(years=(1980, 1989)))  # fmt: skip
    assert is_asked(wishes) and lacking(1, wishes, years, NAMES) == []
    assert lacking(2, wishes, years, NAMES) == ["not from 1980 to 1989"]
    assert lacking(3, wishes, years, NAMES) == [
        "with war", "without comedy or drama", "not from 1980 to 1989",
    ]  # fmt: skip
    heard(wishes, Requirement(2))
    assert lacking(1, wishes, years, NAMES) == ["without drama"]


@pytest.mark.parametrize(("spans", "words"), [
    ([(1990, 1999)], "from 1990 to 1999"), ([(1995, 2010)], "from 1995 to 2010"),
    ([(EARLIEST, 1985)], "until 1985"), ([(1985, LATEST), (EARLIEST, 1990)], "from 1985 to 1990"),
    ([(1985, LATEST), (1980, 1999)], "since 1985"), ([(2020, 2029)], "from 2020 to 2029"),
    ([(EARLIEST, LATEST)], ""), ([(1970, 2005)], ""),
])  # fmt: skip
def test_years_are_told_as_they_were_said_unless_others_narrow_them(wishes, spans, words):
    newest = heard(wishes, *(Requirement(years=span) for span in spans))
    assert years_so_far(wishes, newest) == words


def test_years_that_are_out_are_told(wishes):
    newest = heard(wishes, Requirement(years=(1985, 1989), wanted=False))
    assert years_so_far(wishes, newest) == "not from 1985 to 1989"
    newest = heard(
        wishes, Requirement(years=(1991, LATEST)), Requirement(years=(1995, 1995), wanted=False)
    )
    assert years_so_far(wishes, newest) == "from 1991 to 1994 or since 1996"
    out = [(1992, 1992), (1994, 1994), (1997, 1997)]
    newest = heard(wishes, *(Requirement(years=span, wanted=False) for span in out))
    assert years_so_far(wishes, newest) == "not all years"


@pytest.mark.parametrize(("spans", "words"), [
    ((EARLIEST, 1984), "not before 1985"), ((1990, LATEST), "not after 1989"),
    ((1985, 1989), "not from 1985 to 1989"), ((1985, 1985), "not from 1985"),
    ((EARLIEST, 1984, 1990, LATEST), "not before 1985 or after 1989"),
])  # fmt: skip
def test_years_that_may_not_be_are_told_by_where_they_end(spans, words):
    refused = {"years": spans, "attribute": 0, "wanted": False, "hard": True}
    assert asked_text(refused, ()) == words


def test_years_outside_of_the_catalogue_are_told(wishes):
    calendar = wishes.facts.calendar
    assert outside([Requirement(years=(2020, 2020))], calendar, "film") == (
        "the films here are from 1980 to 1999"
    )
    assert outside([Requirement(years=(1995, 2020))], calendar, "film") == ""
    assert outside([Requirement(years=(2020, 2020))], torch.arange(0), "film") == ""
