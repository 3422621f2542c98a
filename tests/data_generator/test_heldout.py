"""The held-out user: what the rule-based user says, in phrases that training never heard."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.catalogue import synonyms_file
from crs.dialogue.rule_understanding import Rules
from crs.errors import UserError
from crs.stages.controls import phrases_file
from data_generator import heldout, rules
from data_generator.heldout import HeldOutUser, Phrases, decade
from data_generator.items import Item, item_table
from data_generator.rules import RuleUser
from tests.contracts.tiny import config, context, quick, spoken

PHRASES = Phrases.read(phrases_file("movies"))
SAID = [
    *(a for said in PHRASES.adjectives.values() for a in said),
    *(c for said in PHRASES.clauses.values() for c in said),
    *PHRASES.nouns,
    *heldout.DECADES.values(),
]
FORMS = (
    *heldout.FRAMES, *heldout.CLAUSE, *heldout.DECADE, *heldout.BOUNDS, *heldout.NEAR,
    *heldout.EXACT, *heldout.DESCRIBED, *heldout.REFUSED, *heldout.OPEN, *heldout.AFTER,
)  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return spoken(tmp_path_factory.mktemp("heldout"))


@pytest.fixture(scope="module")
def training(inputs):
    frame = inputs["simulate"].load("utterances.parquet")
    return " | ".join(frame[frame["split"] != "test"]["text"].str.lower())


def user(inputs, refuses=False, **changed):
    settings = config(*(f"simulator.{key}={value}" for key, value in changed.items())).simulator
    return HeldOutUser(settings, inputs["dataset"], context(), PHRASES, refuses)


def test_no_held_out_phrase_is_in_a_training_text(training):
    assert [said for said in SAID if re.search(rf"\b{re.escape(said)}s?\b", training)] == []


def test_no_frame_of_a_held_out_text_is_that_of_a_training_text(training):
    """The words between two gaps of a form, where they are two or more."""
    parts = [part.strip(" ,;.?!").lower() for form in FORMS for part in re.split(r"\{\w+\}", form)]
    phrases = {part for part in parts if len(part.split()) > 1}
    assert len(phrases) > 25
    assert [part for part in phrases if re.search(rf"\b{re.escape(part)}\b", training)] == []


def test_no_phrase_has_the_name_of_an_attribute(inputs):
    """Of none: not of its own, and not of another's."""
    plain = Rules(["", *PHRASES.adjectives])
    named = {
        said for said in SAID if plain.utterance(f"Is there a {said} film?", True).requirements
    }
    assert named <= set(heldout.DECADES.values())


def test_what_the_rules_understand_of_the_phrases():
    """docs/controls.md has these numbers."""
    names = ["", *PHRASES.adjectives]
    tabled = Rules(names, synonyms=synonyms_file("movies").read_text("utf-8"))
    read = []
    for number, name in enumerate(names[1:], 1):
        texts = [f"Is there a {said} film?" for said in PHRASES.adjectives[name]]
        texts += [f"Is there a film {said}?" for said in PHRASES.clauses[name]]
        for text in texts:
            asked = tabled.utterance(text, True).requirements
            read.append((text, [(one.attribute, one.wanted) for one in asked] == [(number, True)]))
    assert (sum(right for _, right in read), len(read)) == (11, 88)


def test_the_conditions_are_those_of_the_case_s_own_text(inputs):
    frame = inputs["simulate"].load("utterances.parquet")
    frame = frame[frame["split"] == "test"]
    found = user(inputs).say(frame, 0)
    assert [x.attributes for x in found] == [list(cell) for cell in frame["attributes"]]
    dated = frame["text"].str.contains(r"\d{4}").tolist()
    assert [years_of(x.text) != [] for x in found] == dated


def years_of(text):
    """The spans of years that a held-out text names."""
    decades = {words: first for first, words in heldout.DECADES.items()}
    spans = [(first, first + 9) for words, first in decades.items() if f"the {words}" in text]
    numbers = [int(number) for number in re.findall(r"\b\d{4}\b", text)]
    if len(numbers) == 2:
        return [*spans, (numbers[0], numbers[1])]
    slack = 0 if "dated" in text or "whose year is" in text else 2
    return [*spans, *((year - slack, year + slack) for year in numbers)]


names = st.lists(st.integers(1, len(PHRASES.adjectives)), unique=True, max_size=5)


@quick
@given(st.none() | st.integers(1900, 2029), names, st.integers(0, 999))
def test_all_that_is_said_holds_without_noise(inputs, year, attributes, seed):
    speaker = user(inputs, refuses=True, noise=0)
    speaker.names = ["", *PHRASES.adjectives]
    speaker.sayable = set(range(1, len(speaker.names)))
    found = speaker.utterance(np.random.default_rng(seed), Item("Zanzibar", year, attributes))
    assert set(found.attributes) <= set(attributes)
    assert len(found.refused) == 1 and not set(found.refused) & set(attributes)
    assert all(first <= year <= last for first, last in years_of(found.text))
    assert any(p in found.text for p in said_of(speaker.names[found.refused[0]]))
    for attribute in found.attributes:
        assert any(p in found.text for p in said_of(speaker.names[attribute]))


def said_of(name):
    return (*PHRASES.adjectives[name], *PHRASES.clauses[name])


def test_a_case_is_said_alike_each_time_and_anew_at_each_attempt(inputs):
    frame = inputs["simulate"].load("utterances.parquet").tail(20)
    texts = [[x.text for x in user(inputs).say(frame, attempt)] for attempt in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]


def test_an_attribute_without_a_phrase_is_not_said(inputs):
    speaker = user(inputs)
    speaker.sayable = set()
    frame = inputs["simulate"].load("utterances.parquet").tail(50)
    assert all(x.attributes == [] and "{" not in x.text for x in speaker.say(frame, 0))


def test_the_rules_say_the_same_conditions_as_before(inputs):
    """`wish` draws what `speak` says."""
    item = next(item for item in item_table(inputs["dataset"])[1:] if len(item.attributes) > 1)
    for seed in range(20):
        asked = rules.wish(np.random.default_rng(seed), item, 15, 0.5)
        said = rules.speak(np.random.default_rng(seed), item, ["x"] * 15, "movie", 0.5)
        assert sorted(asked.attributes) == said.attributes
    assert isinstance(user(inputs), RuleUser)


@pytest.mark.parametrize(
    "line", ["Horror: scary", "Horror: | that scares", "noun: a | b", "nothing", "noun:"]
)
def test_a_line_that_is_no_phrase_is_refused(tmp_path, line):
    (file := tmp_path / "mine.txt").write_text(f"# mine\nnoun: film\n{line}\n")
    with pytest.raises(UserError, match=r"line 3 of mine\.txt is .*adjectives \| clauses"):
        Phrases.read(file)


def test_a_table_without_nouns_is_refused(tmp_path):
    (file := tmp_path / "mine.txt").write_text("Horror: scary | that scares\n")
    with pytest.raises(UserError, match="no line `noun: words`"):
        Phrases.read(file)


def test_decades_are_words():
    assert [decade(year) for year in (1999, 2004, 1850)] == [
        "nineties", "two-thousands", "decade that began in 1850"]  # fmt: skip
