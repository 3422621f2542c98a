"""Years that are asked for and refused, and older and newer."""

import pytest
import torch

from crs.chat.explanations import answer
from crs.dialogue.requirements import Facts


def test_refused_years_are_told_without_a_span(talk):
    assert talk.say("not from the 1980s").asked == ["not from 1980 to 1989"]


@pytest.mark.parametrize("scorer", ["popularity", "latentcrs linear"])
@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("something from 2024", "from 2024"),
        ("from the 1920s", "from 1920 to 1929"),
    ],
)
def test_years_outside_of_the_catalogue_are_kept_and_told(said, asked, scorer, system, monkeypatch):
    monkeypatch.setattr(system, "scorer", scorer)
    talk = system.talk([])
    reply = talk.say(said)
    assert reply.asked == [asked] and len(reply.items) == 5
    assert not reply.kept and reply.match == [f"not {asked}"] * 5
    assert "None has all you asked for; these lack least." in answer(reply, system.titles)
    assert "the movies here are from " in reply.note or "items here are from " in reply.note
    later = talk.say("a drama from the 1970s")  # the newest years hold
    assert later.asked == ["drama", "from 1970 to 1979"] and later.kept


def test_years_of_a_catalogue_that_has_none_are_told(system, monkeypatch):
    facts = system.facts
    nowhere = torch.zeros_like(facts.place)
    monkeypatch.setattr(system, "facts", Facts(facts.matrix, torch.arange(0), nowhere))
    reply = system.talk([]).say("a drama from the 1990s")
    assert reply.asked == ["drama", "from 1990 to 1999"] and not reply.kept


def test_years_that_have_those_of_before_widen_them(talk):
    assert talk.say("from 1995").asked == ["from 1995"]
    assert talk.say("the nineties").asked == ["from 1990 to 1999"]
    assert talk.say("since 1995").asked == ["from 1995 to 1999"]


def test_older_and_newer_do_not_add_up(talk, system):
    years = system.items.set_index("item")["year"]
    talk.say("a drama")
    older = talk.say("older")
    middle = sorted(years[older.items])[2]
    assert talk.say("something newer").asked == ["drama", f"since {middle + 1}"]
    assert talk.say("old movies").asked[1].startswith("until ")


@pytest.mark.parametrize("text", [
    "I'm too old for a drama", "I am an old man", "an old favourite of mine is a drama",
    "I'm rather old", "how old is it?", "a drama with an old friend", "a 12-year-old and a drama",
    "a drama, nothing too old", "I am old enough for a drama",
])  # fmt: skip
def test_old_that_is_of_a_person_or_too_much_asks_for_no_years(talk, text):
    talk.say("a thriller")
    assert not any(char.isdigit() for char in " ".join(talk.say(text).asked))


@pytest.mark.parametrize("text", ["old movies", "an old drama", "something old", "I like old ones"])
def test_old_of_items_asks_for_years(talk, text):
    talk.say("a drama")
    assert talk.say(text).asked[1].startswith("until ")
