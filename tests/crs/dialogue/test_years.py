"""Years as people say them, and which are left of a calendar from 1900 to 2026."""

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.replies import years_text
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.years import span, union
from tests.contracts.tiny import quick

RULES = Rules(["-", "Comedy", "Drama"])
FIRST, LAST = 1900, 2026
CALENDAR = torch.arange(FIRST, LAST + 1)
FACTS = Facts(torch.zeros(1, 3), CALENDAR, torch.tensor([len(CALENDAR)]))


def left(*said):
    """First and last years of the spans that may be after these utterances; and None where items
    of unknown year may be."""
    wishes = Wishes.none(FACTS, 1)
    for text in said:
        wishes.hear([0], [RULES.utterance(text, True)])
    kept = [(year, year) for year in CALENDAR[wishes.years[0, :-1]].tolist()]
    spans = union(*(year for pair in kept for year in pair))
    return (*spans, *([None] if wishes.years[0, -1] else []))


@pytest.mark.parametrize(("said", "years"), [
    ("80s or 90s", (1980, 1999)),
    ("in 1999 or 2000", (1999, 2000)),
    ("60s, 70s or 80s", (1960, 1989)),
    ("60s, 70s, or 80s", (1960, 1989)),
    ("the 60s, the 70s or the 80s", (1960, 1989)),
    ("the 60s, the 70s and the 80s", (1960, 1989)),
    ("1999, 2000, 2001", (1999, 2001)),
    ("80s/90s", (1980, 1999)),
    ("either 1999 or 2001", (1999, 1999, 2001, 2001)),
    ("in 1999 or in 2003", (1999, 1999, 2003, 2003)),
    ("from the 60s or the eighties", (1960, 1969, 1980, 1989)),
    ("before 1970 or after 2000", (FIRST, 1969, 2001, LAST)),
    ("between 1960 and 1970 or between 1990 and 1995", (1960, 1970, 1990, 1995)),
    ("a comedy from the 80s or a drama from the 90s", (1980, 1999)),
    ("not from the 80s or 2000s", (FIRST, 1979, 1990, 1999, 2010, LAST, None)),
])  # fmt: skip
def test_years_with_or_between_them_may_all_be(said, years):
    assert left(said) == years


@pytest.mark.parametrize("said", [
    "1990–1995", "1990—1995", "1990 - 1995", "1990-1995", "1990 – 1995", "1990‑1995", "1990-95",
    "from 1990 to 95", "from 1990 until 1995", "1990 to 1995", "1990 through 1995",
    "between 1990 and 1995", "between '90 and '95", "between ’90 and ’95", "'90-'95", "1995-1990",
    "between 1990 & 1995", "from 1990 up to 1995", "from 1990 to no later than 1995", "1990 to '95",
    "at least 1990, at most 1995", "no earlier than 1990 and no later than 1995",
])  # fmt: skip
def test_a_dash_and_words_like_it_make_a_span(said):
    assert left(f"a comedy, {said}, please") == (1990, 1995)


@pytest.mark.parametrize("said", [
    "80s and 90s", "80s & 90s", "80-90s", "80s-90s", "the eighties–nineties", "1980s to 1990s",
    "from the late 80s to the early 90s", "'80s and '90s", "the 80's and 90's",
    "the 80s & the 90s", "mid-80s to mid-90s",
])  # fmt: skip
def test_decades_make_spans_too(said):
    assert left(said) == (1980, 1999)


@pytest.mark.parametrize("said", [
    "up to 1990", "up until 1990", "until 1990", "up to and including 1990", "no later than 1990",
    "not later than 1990", "at most 1990", "1990 or earlier", "1990 or older", "1990 or before",
    "1990 at the latest", "in or before 1990", "<= 1990", "before 1991", "before '91",
    "prior to 1991", "older than 1991", "less than 1991", "lower than the year 1991", "under 1991",
    "below 1991", "1990 or less", "1990 or under",
])  # fmt: skip
def test_upper_limits(said):
    assert left(f"a drama, {said}.") == (FIRST, 1990)


@pytest.mark.parametrize("said", [
    "at least 1990", "at least from 1990", "no older than 1990", "not earlier than 1990", "1990+",
    "1990 +", "90s+", "1990 or later", "1990 or newer", "1990 or more recent", "1990 and up",
    "1990 and later", "1990 onwards", "from 1990 on", "since 1990", "starting in 1990", ">= 1990",
    "1990 at the earliest", "the nineties or later", "1990 to today", "1990 – present",
    "in or after 1990", "between 1990 and now",
    "after 1989", "newer than 1989", "post '89", "any year after 1989", "more than 1989",
    "greater than 1989", "over 1989", "above 1989", "1990 or more", "1990 and over",
])  # fmt: skip
def test_lower_limits(said):
    assert left(f"a drama, {said}.") == (1990, LAST)


@pytest.mark.parametrize("said", ["from 1994 on DVD", "1994 on netflix please", "in 1994"])
def test_a_year_before_on_something_is_that_year(said):
    assert left(f"a drama {said}") == (1994, 1994)


@pytest.mark.parametrize("said", [
    "any year is fine", "Any year will do", "the year doesn't matter", "the year does not matter",
    "I don't care about the year", "I don't care which year", "I don't mind the year", "no matter "
    "the year", "regardless of the decade", "from any era", "perhaps any decade", "all years are "
    "fine", "no particular year", "the year isn't important", "forget the year", "whatever year",
    "it doesn't matter which year", "the release date does not matter", "no year preference",
    "drop the year",
])  # fmt: skip
def test_any_year_takes_the_wish_back(said):
    assert left("from the 90s", said) == left() == (FIRST, LAST, None)
    assert left("from the 90s", f"{said}. From the 80s") == (1980, 1989)


@pytest.mark.parametrize(("said", "years"), [
    ("any year before 1990", (FIRST, 1989)),
    ("any year but 1990", (FIRST, 1989, 1991, LAST, None)),
    ("after 1990 and before 2000", (1991, 1999)),
    ("the 90s, up to 1995", (1990, 1995)),
    ("comedy or drama from the 90s", (1990, 1999)),
    ("from 1994 or so", (1992, 1996)),
    ("1994 or thereabouts", (1992, 1996)),
    ("in '05", (2005, 2005)),
    ("nothing over 1990", (FIRST, 1990, None)),
    ("no more than 1990", (FIRST, 1990, None)),
    ("nothing under 1990", (1990, LAST, None)),
    ("not less than 1990", (1990, LAST, None)),
    ("what about 1994", (1994, 1994)),
    ("take 1999 over 2000", (1999, 1999)),
    ("the turn of the century", (1998, 2002)),
    ("before the turn of the millennium", (FIRST, 1999)),
    ("the 80s and over the top", (1980, 1989)),
    ("from the last decade, less than 20 years old", (FIRST, LAST, None)),
    ("from 2001-09-11", (2001, 2001)),
    ("a period drama that I see all year", (FIRST, LAST, None)),
    ("rock 'n' roll, 90 minutes or 95", (FIRST, LAST, None)),
])  # fmt: skip
def test_what_is_like_it_means_what_it_means(said, years):
    assert left(said) == years


LIMITS = {"{}": (0, 0), "since {}": (0, 99), "until {}": (-99, 0), "around {}": (-2, 2)}


@quick
@given(st.sampled_from(sorted(product(LIMITS, LIMITS))), st.integers(1930, 1990),
       st.integers(1930, 1990))  # fmt: skip
def test_or_leaves_what_either_leaves(forms, one, two):
    first, second = (form.format(year) for form, year in zip(forms, (one, two), strict=True))
    apart = [set(range(one + LIMITS[forms[0]][0], one + LIMITS[forms[0]][1] + 1)),
             set(range(two + LIMITS[forms[1]][0], two + LIMITS[forms[1]][1] + 1))]  # fmt: skip
    found = left(f"a drama {first} or {second}")
    pairs = zip(found[::2], found[1::2], strict=False)
    kept = {year for pair in pairs if None not in pair for year in range(pair[0], pair[1] + 1)}
    inside = range(1930, 1991)
    assert kept & set(inside) == (apart[0] | apart[1]) & set(inside)


def test_a_word_that_names_no_year_has_no_span():
    with pytest.raises(ValueError, match="'drama' names no year"):
        span(["drama"], 0)


def test_years_in_words():
    assert years_text(1960, 1969, 1999, 1999) == "from 1960 to 1969 or from 1999"
    assert years_text(0, 9999) == "from any year"
