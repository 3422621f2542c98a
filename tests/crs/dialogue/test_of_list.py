"""Words about the list that is shown."""

import pytest

from crs.dialogue.of_list import ALL_REFUSED, ONLY_REFUSED, OTHERS, only_seen, with_titles

SHOWN = ["Toy Story (1995)", "Heat (1995)", "Fargo (1996)"]


@pytest.mark.parametrize(("text", "meant"), [
    ("more like 2", "like Heat (1995)"),
    ("less like #1, please", "not like Toy Story (1995), please"),
    ("more like 2 and 3", "like Heat (1995). like Fargo (1996)"),
    ("more like 7", "more like 7"),
    ("more like 2 and 7", "more like 2 and 7"),
    ("more like 2 friends", "more like 2 friends"),
    ("more like 2 but from the 80s", "like Heat (1995) but from the 80s"),
    ("2", "like Heat (1995)"),
    ("1, 3", "like Toy Story (1995). like Fargo (1996)"),
    ("the second one", "like Heat (1995)"),
    ("I like the first one", "like Toy Story (1995)"),
    ("I'll take number 3, please", "like Fargo (1996)"),
    ("the last one looks good!", "like Fargo (1996)"),
    ("I like that one", "like Toy Story (1995)"),
    ("not 2", "not like Heat (1995)"),
    ("I don't like the third", "not like Fargo (1996)"),
    ("2 looks boring", "not like Heat (1995)"),
    ("I have already seen 1 and 2", "I have seen Toy Story (1995). I have seen Heat (1995)"),
    ("seen it", "I have seen Toy Story (1995)"),
    *((text, text) for text in (
        "a comedy", "1995", "7", "not 7", "it", "that", "I have 2 kids", "I want 3 movies",
        "not 2 hours long", "I like the first Matrix", "the last decade",
    )),
])  # fmt: skip
def test_numbers_of_the_list_are_its_titles(text, meant):
    assert with_titles(text, SHOWN) == meant


def test_without_a_list_nothing_is_meant():
    assert with_titles("I like the last one", []) == "I like the last one"
    assert with_titles("seen it", []) == "seen it"


@pytest.mark.parametrize("text", [
    "more", "next", "others please", "what else?", "show me more", "show me 10", "something else",
    "and what else do you have?", "surprise me", "next page", "other titles", "some other ones",
])  # fmt: skip
def test_others_are_asked_for(text):
    assert OTHERS.fullmatch(text)


@pytest.mark.parametrize("text", [
    "2", "1995", "more comedy", "something else with robots", "more like 2", "another comedy",
    "the next generation", "show me a drama",
])  # fmt: skip
def test_a_wish_asks_for_no_others(text):
    assert not OTHERS.fullmatch(text)


@pytest.mark.parametrize(("text", "only"), [
    ("none of these", True), ("No, not those.", True), ("I don't like any of these", True),
    ("I have seen all of them", True), ("I've already seen these", True),
    ("None of these. A drama", False), ("not these, something newer", False),
])  # fmt: skip
def test_the_whole_list_is_refused(text, only):
    assert ALL_REFUSED.search(text) and bool(ONLY_REFUSED.fullmatch(text)) == only


@pytest.mark.parametrize("text", ["no horror", "I like these", "those were the days"])
def test_the_list_stays(text):
    assert not ALL_REFUSED.search(text)


def test_what_was_seen_may_be_liked_too():
    assert only_seen("I have seen Fargo") and not only_seen("I have seen Fargo and loved it")
    assert not only_seen("something like Fargo")
