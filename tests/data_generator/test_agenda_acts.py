from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.state import EARLIEST, LATEST
from data_generator.agenda_acts import ANYTHING, Act, Agenda, Constraint, years_about
from data_generator.items import Item
from tests.contracts.tiny import config, quick

NAMES = ["", "comedy", "drama", "war", "horror", "western"]
ITEMS = [
    Item("", None, []),
    Item("Zanzibar Nights", 1994, [1, 2], "Two brothers look for gold in the hills."),
    Item("Other", 1950, [3]),
    Item("Third", None, [3, 4]),
    Item("Fourth", 2014, [1, 2, 3]),
]
FILM = ITEMS[1]
SIMULATOR = config().simulator


def played(item=FILM, turns=6, seed=0, shown=ITEMS[2:], **changes):
    """The acts of each turn, and the agenda behind them."""
    settings = replace(SIMULATOR, **changes)
    rng = np.random.default_rng(seed)
    agenda = Agenda(rng, item, NAMES, settings)
    return [agenda.turn(rng, shown if turn else []) for turn in range(turns)], agenda


def several(**changes):
    return [played(seed=seed, **changes)[0] for seed in range(40)]


def stands(turns):
    """What is asked for and what is refused, after all these acts."""
    asked, refused = [], []
    for act in (act for acts in turns for act in acts):
        if act.kind == "refuse":
            refused.append(act.what)
            continue
        asked = [one for one in asked if one != act.old] + [act.what]
    return [one for one in asked if one != ANYTHING], refused


items = st.builds(
    Item,
    st.just("Zanzibar Nights"),
    st.none() | st.integers(1920, 2020),
    st.lists(st.integers(1, 5), unique=True, max_size=5),
    st.sampled_from(["", FILM.description]),
)
shares = st.floats(0, 1)


@quick
@given(items, st.integers(0, 999), st.integers(1, 7), shares, shares, st.integers(1, 4))
def test_all_that_stands_is_true_of_the_target(item, seed, turns, mistake, change, disclosures):
    """But for a mistake of the last turn, which the next one would correct."""
    acts, agenda = played(
        item, turns, seed, mistake=mistake, change_of_mind=change, disclosures=disclosures
    )
    asked, refused = stands(acts)
    false = [one for one in asked if not one.holds(item)]
    assert false == ([agenda.owed.old] if agenda.owed else [])
    assert not any(one.holds(item) for one in refused)
    assert all(1 <= len(said) <= disclosures for said in acts)


@quick
@given(items, st.integers(0, 999), shares)
def test_a_mistake_is_corrected_first_thing_in_the_next_turn(item, seed, mistake):
    acts, _ = played(item, seed=seed, mistake=mistake)
    for now, following in pairwise(acts):
        false = [a.what for a in now if a.kind == "disclose" and not a.what.holds(item)]
        assert len(false) <= 1
        corrections = [a for a in following if a.kind == "correct"]
        assert [a.old for a in corrections] == false
        assert following[: len(corrections)] == corrections
        assert all(a.what.holds(item) and not a.old.holds(item) for a in corrections)


def test_without_mistakes_and_changes_the_goal_is_said_once_and_then_again():
    for acts in several(mistake=0, change_of_mind=0, shown=[]):
        flat = [act for said in acts for act in said]
        goal = [act.what for act in flat if act.kind == "disclose"]
        assert len(set(goal)) == len(goal) == 4
        assert {one.attribute for one in goal} == {0, 1, 2}
        assert all(a.kind == "repeat" and a.what in goal for a in flat[len(goal) :])


def test_what_is_dropped_is_not_said_again():
    changes = 0
    for acts in several(change_of_mind=1, mistake=0, turns=8):
        flat = [act for said in acts for act in said]
        for place, act in enumerate(flat):
            if act.old != ANYTHING:
                assert act.kind in ("drop", "replace")
                assert act.old in [a.what for a in flat[:place]]
                assert act.old not in [a.what for a in flat[place:]]
                assert (act.kind == "replace") == (act.what != ANYTHING)
                changes += 1
    assert changes > 40


def test_who_does_not_care_about_the_year_calls_nothing_too_old():
    for acts in several(change_of_mind=1, mistake=0, turns=8):
        flat = [act for said in acts for act in said]
        careless = [p for p, act in enumerate(flat) if act.kind == "drop" and act.old.years]
        if careless:
            assert not any(a.kind == "refuse" and a.what.years for a in flat[careless[0] :])


def test_what_the_shown_items_have_and_the_target_lacks_is_refused_once_with_their_places():
    reasons = set()
    for acts in several(mistake=0):
        refused = [act for said in acts for act in said if act.kind == "refuse"]
        assert len({act.what for act in refused}) == len(refused)
        reasons |= {(act.what, act.places) for act in refused}
    assert reasons == {
        (Constraint(3), (0, 1, 2)),
        (Constraint(4), (1,)),
        (Constraint(years=(EARLIEST, 1989)), (0,)),
        (Constraint(years=(2000, LATEST)), (2,)),
    }


def test_nothing_is_refused_of_a_list_that_has_only_what_the_target_has():
    acts = several(shown=[Item("Fifth", 1991, [1])])
    assert not any(act.kind == "refuse" for turns in acts for said in turns for act in said)


@pytest.mark.parametrize("patience", [1, 2, 5, 6])
def test_patience_is_drawn_from_half_of_the_setting_to_all_of_it(patience):
    drawn = {played(seed=seed, patience=patience)[1].patience for seed in range(60)}
    assert drawn == set(range((patience + 1) // 2, patience + 1))


def test_nothing_known_of_the_target_is_asked_in_the_open():
    acts, _ = played(Item("T", None, []), mistake=1, change_of_mind=1, shown=[])
    assert acts == [[Act("disclose")]] * 6


def test_an_attribute_that_names_the_target_is_never_said():
    names = [*NAMES[:2], "zydeco", *NAMES[3:]]
    rng = np.random.default_rng(0)
    agenda = Agenda(rng, Item("Zydeco", None, [1, 2]), names, config().simulator)
    said = {a.what.attribute for _ in range(9) for a in agenda.turn(rng, ITEMS[1:])}
    assert 1 in said and 2 not in said


@quick
@given(st.integers(0, 999), st.integers(1900, 2025))
def test_years_have_the_year(seed, year):
    first, last = years_about(np.random.default_rng(seed), year)
    assert first <= year <= last
