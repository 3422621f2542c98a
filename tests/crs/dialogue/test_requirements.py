from dataclasses import replace

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.state import Requirement, Understood
from tests.contracts.tiny import artifact, quick

YEARS = [1990, 1995, None, 2001]
HAS = [{1}, {1, 2}, {2}, set()]
FACTS = Facts(
    torch.tensor([[0.0, 0, 0]] + [[0.0, 1 in has, 2 in has] for has in HAS]),
    torch.arange(1990, 2002),
    torch.tensor([12, 0, 5, 12, 11]),
)


def said(*requirements):
    return Understood("", requirements)


def broken(*utterances):
    """Violations of items 1 to 4 after these utterances."""
    wishes = Wishes.none(FACTS, 1)
    for understood in utterances:
        wishes.hear([0], [understood])
    return wishes.violations()[0, 1:].tolist()


WANT_1, WANT_2, NOT_1 = Requirement(1), Requirement(2), Requirement(1, wanted=False)
NINETIES = Requirement(years=(1990, 1999))


@pytest.mark.parametrize(("utterances", "expected"), [
    ([], [0, 0, 0, 0]),
    ([said(WANT_1)], [0, 0, 1, 1]),
    ([said(WANT_1, WANT_2)], [1, 0, 1, 2]),
    ([said(NOT_1)], [1, 1, 0, 0]),
    ([said(WANT_1), said(NOT_1)], [1, 1, 0, 0]),
    ([said(NOT_1), said(WANT_1)], [0, 0, 1, 1]),
    ([said(NINETIES)], [0, 0, 1, 1]),
    ([said(NINETIES, WANT_2)], [1, 0, 1, 2]),
    ([said(Requirement(1, hard=False), Requirement(years=(1990, 1990), hard=False))], [0, 0, 0, 0]),
    ([said(WANT_1), said(Requirement(1, hard=False))], [0, 0, 0, 0]),
])  # fmt: skip
def test_violations_worked_by_hand(utterances, expected):
    assert broken(*utterances) == expected


def test_years_are_narrowed_and_the_newest_word_holds_if_none_is_left():
    nineties, early = said(NINETIES), said(Requirement(years=(0, 1992)))
    assert broken(nineties, early) == [0, 1, 1, 1]
    assert broken(nineties, said(Requirement(years=(2000, 9999)))) == [1, 1, 1, 0]


def test_spans_that_may_both_be_are_one_requirement():
    either = Requirement(years=(1990, 1991, 2001, 2001))
    assert broken(said(either)) == [0, 1, 1, 0]
    assert broken(said(replace(either, wanted=False))) == [1, 0, 0, 1]
    assert broken(said(either), said(NINETIES)) == [0, 1, 1, 1]


@pytest.mark.parametrize("hard", [True, False])
def test_any_year_takes_back_what_was_said_of_years(hard):
    assert broken(said(NINETIES), said(Requirement(years=(0, 9999), hard=hard))) == [0, 0, 0, 0]


def test_a_refused_span_leaves_the_others_and_the_unknown():
    not_nineties = said(Requirement(years=(1990, 1999), wanted=False))
    assert broken(not_nineties) == [1, 1, 0, 0]
    assert broken(said(NINETIES), said(Requirement(years=(0, 1990), wanted=False))) == [1, 0, 1, 1]


@quick
@given(st.lists(st.lists(
    st.builds(Requirement, st.integers(1, 2), st.none(), st.booleans(), st.booleans())
    | st.builds(Requirement, st.just(0), st.sampled_from([(1990, 1994), (1995, 2001), (0, 9999)]),
                st.just(True), st.booleans()), max_size=3), max_size=4))  # fmt: skip
def test_violations_are_what_a_reader_would_count(utterances):
    latest = {r.attribute: r for one in utterances for r in one if r.attribute}
    years = set(range(1990, 2002))
    dated = False
    for one in utterances:
        for r in one:
            if r.years == (0, 9999):  # any year
                years, dated = set(range(1990, 2002)), False
            elif r.years and r.hard:
                span = set(range(r.years[0], r.years[1] + 1))
                years, dated = (years & span) or (set(range(1990, 2002)) & span), True
    expected = [
        sum(r.hard and r.wanted != (r.attribute in has) for r in latest.values())
        + (dated and year not in years)
        for has, year in zip(HAS, YEARS, strict=True)
    ]
    assert broken(*(said(*one) for one in utterances)) == expected


def test_dialogues_do_not_mix():
    wishes = Wishes.none(FACTS, 3)
    wishes.hear([2, 0], [said(WANT_1), said(NOT_1)])
    assert wishes.wanted[:, 1].tolist() == [0, 0, 1] and wishes.refused[:, 1].tolist() == [1, 0, 0]
    assert torch.equal(wishes[1:].violations(), wishes.violations()[1:])


def test_facts_come_from_the_tables(tmp_path):
    items = pd.DataFrame({"item": [1, 2, 3], "attributes": [[2], [], [1, 2]],
                          "year": pd.array([1999, None, 1997], dtype="Int64")})  # fmt: skip
    facts = Facts.of(artifact(tmp_path / "a", {"attributes": 2}, items=items))
    assert facts.calendar.tolist() == [1997, 1998, 1999]
    assert facts.place.tolist() == [3, 2, 3, 0]
    assert facts.matrix.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 1]]


def test_a_catalogue_without_years_keeps_every_year(tmp_path):
    items = pd.DataFrame(
        {"item": [1], "attributes": [[1]], "year": pd.array([None], dtype="Int64")}
    )
    facts = Facts.of(artifact(tmp_path / "a", {"attributes": 1}, items=items))
    wishes = Wishes.none(facts, 1)
    assert wishes.violations().tolist() == [[0, 0]]
    wishes.hear([0], [said(NINETIES)])
    assert wishes.violations()[0, 1] == 1


EITHER = Requirement(either=(1, 2))


@pytest.mark.parametrize(("utterances", "expected"), [
    ([said(EITHER)], [0, 0, 0, 1]),
    ([said(EITHER, EITHER)], [0, 0, 0, 1]),
    ([said(EITHER), said(WANT_1)], [0, 0, 1, 1]),
    ([said(EITHER), said(NOT_1)], [2, 1, 0, 1]),
    ([said(EITHER), said(Requirement(1, taken_back=True))], [1, 0, 0, 1]),
    ([said(NOT_1), said(EITHER)], [0, 0, 0, 1]),
    ([said(WANT_1), said(Requirement(1, taken_back=True))], [0, 0, 0, 0]),
])  # fmt: skip
def test_one_of_a_group_is_enough(utterances, expected):
    assert broken(*utterances) == expected


def test_titles_are_liked_disliked_unclear_or_none_of_it():
    wishes = Wishes.none(FACTS, 2)
    wishes.hear([1], [said(Requirement(items=(3,)), Requirement(items=(2,), wanted=False))])
    wishes.hear([1], [said(Requirement(items=(1, 4)))])
    assert (wishes.liked, wishes.disliked) == ([[], [3]], [[], [2]])
    assert wishes[1:].unclear == [[(1, 4)]]
    wishes.hear([1], [said(Requirement(items=(4,)), Requirement(items=(3,), taken_back=True))])
    assert (wishes.liked[1], wishes.unclear[1]) == ([4], [])
