"""Answers of a model, good and bad, as requirements."""

import json
from types import SimpleNamespace

import pytest

from crs.dialogue.catalogue import Catalogue
from crs.dialogue.llm_understanding import ModelReads, closed, parsed, transcript
from crs.dialogue.state import Requirement, Talk, Turn
from crs.llm.request import Answer

NAMES = ["", "Comedy", "Drama", "Film-Noir"]
TITLES = ["", "One", "Two"]
GOOD = {
    "wanted": ["Comedy"], "refused": ["film noir"], "preferred": ["drama"],
    "first_year": 1990, "last_year": 1999, "intents": "Something light.",
}  # fmt: skip


def reader(*answers):
    """A model that gives these answers, and what it was asked."""
    asked = []

    def ask(requests):
        asked.extend(requests)
        return [Answer(text) for text in answers]

    prompt = "a $noun of $attributes: $dialogue"
    found = ModelReads(Catalogue(NAMES, TITLES), "song", prompt, SimpleNamespace(ask=ask))
    return found, asked


def read(answer, said="some drama"):
    model, _ = reader(answer)
    return model.read([Talk(1, 1, 1, [Turn(said)])])[0], dict(+model.counts)


def test_hard_and_soft_requirements_and_the_intents():
    found, counts = read(json.dumps(GOOD))
    assert found.text == "Something light."
    assert found.requirements == (
        Requirement(1), Requirement(3, wanted=False), Requirement(2, hard=False),
        Requirement(years=(1990, 1999)),
    )  # fmt: skip
    assert counts == {"answers": 1}


@pytest.mark.parametrize("text", [
    "```json\n" + json.dumps(GOOD) + "\n```",
    "Sure! Here it is: " + json.dumps(GOOD) + " Anything else?",
    json.dumps(GOOD).replace('["Comedy"]', '["Comedy",]'),
    json.dumps(GOOD)[:-1],
])  # fmt: skip
def test_what_can_be_repaired_is(text):
    found, counts = read(text)
    assert found == read(json.dumps(GOOD))[0]
    assert counts == {"answers": 1, "repaired": 1}


@pytest.mark.parametrize("text", [None, "", "I would like a drama.", "[1, 2]", '{"wanted": "x"}',
                                  '{"wanted": {"a": 1}}'])  # fmt: skip
def test_what_cannot_is_read_by_the_rules(text):
    found, counts = read(text)
    assert found.requirements == (Requirement(2),) and found.text == "some drama"
    assert counts == {"answers": 1, "fallen_back": 1}


def test_an_answer_that_breaks_off_gives_what_it_has():
    cut = json.dumps(GOOD).partition(', "last_year"')[0]
    found, _ = read(cut)
    assert found.requirements[:2] == (Requirement(1), Requirement(3, wanted=False))
    assert found.text == "some drama"  # no intents: the person's own words


@pytest.mark.parametrize(("broken", "whole"), [
    ('{"a": [1, 2', {"a": [1, 2]}),
    ('{"a": "b', {"a": "b"}),
    ('{"a": {"b": [', {"a": {"b": []}}),
    ('{"a": 1, "b"', {"a": 1}),
    ('{"a": 1, "b":', {"a": 1}),
    ('{"a": 1,', {"a": 1}),
])  # fmt: skip
def test_json_that_breaks_off_is_closed(broken, whole):
    assert json.loads(closed(broken)) == whole
    assert parsed(broken) == (whole, True)


def test_attributes_that_the_catalogue_lacks_are_counted():
    found, counts = read(json.dumps(GOOD | {"wanted": ["Opera", 7, "Comedy"]}))
    assert [one.attribute for one in found.requirements if one.hard and one.wanted] == [1, 0]
    assert counts["unknown_attributes"] == 2


@pytest.mark.parametrize(("first", "last", "span"), [
    (1990, None, (1990, 9999)), (None, 1980, (0, 1980)), (1990, 1980, None), ("1990", True, None),
    (None, None, None),
])  # fmt: skip
def test_years(first, last, span):
    found, _ = read(json.dumps(GOOD | {"first_year": first, "last_year": last}))
    years = [one.years for one in found.requirements if one.years]
    assert years == ([span] if span else [])


def test_it_is_shown_the_catalogue_and_the_whole_dialogue():
    model, asked = reader(json.dumps(GOOD))
    talk = Talk(1, 1, 1, [Turn("a comedy", [2, 1]), Turn("no")])
    model.read([talk])
    told = "Person: a comedy\nAssistant: Two; One\nPerson: no"
    assert asked[0].messages == (("user", f"a song of Comedy, Drama, Film-Noir: {told}"),)
    assert json.loads(asked[0].schema)["required"][0] == "wanted"
    assert transcript(talk, TITLES).count("\n") == 2


def test_all_that_was_asked_in_a_dialogue():
    model, asked = reader("", "")
    turns = [Turn("a comedy", [2, 1]), Turn("no", [1])]
    model.read([Talk(1, 1, 1, [Turn("a comedy")]), Talk(1, 1, 1, [turns[0], Turn("no")])])
    assert model.asked([Talk(1, 1, 1, turns)]) == asked
