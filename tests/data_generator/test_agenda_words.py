import re
from string import Formatter

import numpy as np
import pytest

from crs.dialogue.state import EARLIEST, LATEST
from data_generator import agenda_words, rules
from data_generator.agenda_acts import Act, Constraint
from data_generator.agenda_words import word

NAMES = ["", "comedy", "action"]
COMEDY, ACTION = Constraint(1), Constraint(2)
NINETIES = Constraint(years=(1990, 1999))


def texts(*acts, shown=0):
    return {word(np.random.default_rng(i), acts, NAMES, "song", shown) for i in range(300)}


def phrases(module):
    found = [value for value in vars(module).values() if isinstance(value, tuple)]
    return [text for value in found for text in value if isinstance(text, str)]


def skeleton(phrase):
    """The words of a phrase without its parts."""
    return "".join(text for text, *_ in Formatter().parse(phrase)).strip(" ,.!?").lower()


def test_the_phrases_are_not_those_of_the_rules():
    own, others = (
        {text for text in map(skeleton, phrases(module)) if len(text.split()) > 2}
        for module in (agenda_words, rules)
    )
    assert len(own) > 40 and len(others) > 10 and not own & others


@pytest.mark.parametrize(
    ("acts", "many", "named"),
    [
        ([Act("disclose", COMEDY)], 30, "comedy"),
        ([Act("disclose", NINETIES)], 30, "1990s"),
        ([Act("disclose", COMEDY), Act("disclose", NINETIES)], 100, "1990s"),
        ([Act("disclose", COMEDY), Act("disclose", ACTION)], 100, "action"),
        ([Act("disclose", Constraint(about="two brothers"))], 10, "two brothers"),
        ([Act("repeat", COMEDY)], 50, "comedy"),
        ([Act("correct", COMEDY, ACTION)], 10, "comedy"),
        ([Act("replace", COMEDY, ACTION)], 10, "comedy"),
        ([Act("drop", old=ACTION)], 10, "action"),
        ([Act("drop", old=NINETIES)], 10, "year"),
    ],
)
def test_an_act_is_said_in_many_ways(acts, many, named):
    found = texts(*acts)
    assert len(found) >= many
    assert all(named in text.lower() for text in found)
    assert not any(re.search(r"[{}]|  |\ba action|\.\.", text) for text in found)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        ((1990, 1999), {"1990"}),
        ((1991, 1997), {"1991", "1997"}),
        ((1991, LATEST), {"1991"}),
        ((EARLIEST, 1997), {"1997"}),
        ((1994, 1994), {"1994"}),
    ],
)
def test_years_are_said_as_they_are(years, said):
    for text in texts(Act("disclose", Constraint(years=years))):
        assert set(re.findall(r"\d{4}", text)) == said


def test_a_refusal_says_of_what():
    some, everything = Act("refuse", ACTION, places=(1, 2)), Act("refuse", ACTION, places=(0, 1, 2))
    assert all("action" in text.lower() for text in texts(some, shown=3))
    assert not texts(some, shown=3) & texts(everything, shown=3)
    assert any("Number 2" in text for text in texts(some, shown=3))


@pytest.mark.parametrize(("years", "limit"), [((EARLIEST, 1989), "1990"), ((2000, LATEST), "1999")])
def test_too_old_and_too_new_give_the_year_from_which_it_is(years, limit):
    found = texts(Act("refuse", Constraint(years=years), places=(4,)), shown=5)
    kind = "new" if years[0] else "old"
    assert any(f"too {kind}" in text.lower() for text in found)
    assert {year for text in found for year in re.findall(r"\d{4}", text)} == {limit}


def test_who_speaks_first_greets_and_who_answers_reacts():
    first, later = texts(Act("disclose", COMEDY)), texts(Act("disclose", COMEDY), shown=5)
    assert any(text.startswith("Good evening. ") for text in first)
    assert not any(text.startswith("Nope. ") for text in first)
    assert any(text.startswith("Nope. ") for text in later)
    assert not any(text.startswith("Good evening. ") for text in later)
