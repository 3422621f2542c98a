import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_generator.items import Item, Utterance
from data_generator.leaks import leak
from data_generator.rules import described, speak, year_phrase
from tests.contracts.tiny import quick

NAMES = ["", "comedy", "drama", "war", "horror", "western"]
TEXT = "Zanzibar Nights opens by a quiet harbour. Two brothers look for gold in the hills."
FILM = Item("Zanzibar Nights", 1994, [1, 2])


def said(item=FILM, noise=0.0, seed=0, noun="movie"):
    return speak(np.random.default_rng(seed), item, NAMES, noun, noise)


def year_of(text):
    match = re.search(r"\b(\d{4})(s?)\b", text)
    return (int(match[1]), bool(match[2])) if match else None


def conditions(utterance):
    text = utterance.text
    years = len(re.findall(r"\d{4}", text))
    return len(utterance.attributes) + years + ("lines:" in text or "where:" in text)


def false_conditions(utterance, item):
    """How many of the attributes and the year do not hold."""
    wrong = len(set(utterance.attributes) - set(item.attributes))
    if year := year_of(utterance.text):
        value, decade = year
        wrong += value != item.year // 10 * 10 if decade else abs(value - item.year) > 2
    return wrong


items = st.builds(
    Item,
    st.just("Zanzibar Nights"),
    st.none() | st.integers(1920, 2020),
    st.lists(st.integers(1, 5), unique=True, max_size=5),
    st.sampled_from(["", TEXT]),
)


@quick
@given(items, st.floats(0, 1), st.integers(0, 999))
def test_fewer_than_three_conditions_are_said(item, noise, seed):
    assert conditions(said(item, noise, seed)) <= 2


@quick
@given(items, st.floats(0, 1), st.integers(0, 999))
def test_the_title_is_never_said(item, noise, seed):
    assert leak(item.title, said(item, noise, seed).text) is None


@quick
@given(items, st.floats(0, 1), st.integers(0, 999))
def test_the_attributes_listed_are_the_ones_in_the_text(item, noise, seed):
    utterance = said(item, noise, seed)
    text = utterance.text.replace(TEXT.lower(), "")
    for number, name in enumerate(NAMES[1:], 1):
        assert (name in text) == (number in utterance.attributes)
    assert utterance.attributes == sorted(utterance.attributes)


@quick
@given(items, st.integers(0, 999))
def test_without_noise_every_condition_holds(item, seed):
    assert false_conditions(said(item, 0.0, seed), item) == 0


@quick
@given(items, st.floats(0, 1), st.integers(0, 999))
def test_at_most_one_condition_is_false(item, noise, seed):
    assert false_conditions(said(item, noise, seed), item) <= 1


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
@pytest.mark.parametrize(
    "item", [FILM, Item("T", 1994, [1]), Item("T", None, [1, 2, 3]), Item("T", 1960, [])]
)
def test_so_many_utterances_have_a_false_condition_as_noise_says(item, noise):
    share = np.mean([false_conditions(said(item, noise, seed), item) for seed in range(1500)])
    assert share == pytest.approx(noise, abs=0.035)


def test_an_item_with_every_attribute_has_none_that_is_false():
    item = Item("T", None, [1, 2, 3, 4, 5])
    assert all(false_conditions(said(item, 1.0, seed), item) == 0 for seed in range(50))


def test_the_same_generator_says_the_same():
    assert said(seed=3) == said(seed=3)
    assert len({said(seed=seed).text for seed in range(50)}) > 30


def test_an_item_of_which_nothing_is_known_is_asked_for_in_the_open():
    utterance = said(Item("T", None, []), noise=1.0)
    assert utterance == Utterance(utterance.text, []) and conditions(utterance) == 0
    assert "movie" in utterance.text


def test_the_noun_is_that_of_the_data():
    assert any("song" in said(noun="song", seed=seed).text for seed in range(20))
    assert not any("movie" in said(noun="song", seed=seed).text for seed in range(200))


def test_nothing_is_left_to_fill_in():
    texts = [said(Item("T", 1994, [1, 2], TEXT), 0.5, seed).text for seed in range(300)]
    assert not any("{" in text or "}" in text or "  " in text for text in texts)


def test_a_description_gives_a_few_words_and_no_title():
    rng = np.random.default_rng(0)
    found = {described(rng, Item("Zanzibar Nights", None, [], TEXT)) for _ in range(30)}
    assert found == {"two brothers look for gold in the hills"}
    long = Item("T", None, [], " ".join(["word"] * 40))
    assert len(described(rng, long).split()) == 12
    assert described(rng, Item("Zanzibar Nights", None, [], TEXT.split(".")[0])) is None


def test_years_are_mostly_decades():
    rng = np.random.default_rng(0)
    found = [year_of(year_phrase(rng, 1994)) for _ in range(2000)]
    assert np.mean([decade for _, decade in found]) == pytest.approx(0.6, abs=0.04)
    assert {value for value, decade in found if decade} == {1990}
    assert {value for value, decade in found if not decade} == {1992, 1993, 1994, 1995, 1996}
