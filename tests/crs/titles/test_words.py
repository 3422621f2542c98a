"""Words are folded and keep their places in the text."""

import unicodedata

import pytest

from crs.titles.words import fold, unescaped, words_of


@pytest.mark.parametrize(("text", "folded"), [
    ("Amélie", "amelie"), ("SMØRREBRØD", "smorrebrod"), ("Ｂｉｇ", "big"), ("Straße", "strasse"),
    ("Schindler’s", "schindlers"), ("Spider\u00adman", "spiderman"), ("Мой", "мои"),
    ("がんばれ", "がんばれ"), (unicodedata.normalize("NFD", "기생충"), "기생충"),
])  # fmt: skip
def test_letters_are_compared_without_case_and_accents(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(("text", "words"), [
    ("Spider-Man: Far", ["spider", "man", "far"]),
    ("Ocean's 11", ["oceans", "11"]),
    ("Butch & Sundance", ["butch", "and", "sundance"]),
    ("七人の侍 x", ["七", "人", "の", "侍", "x"]),
    ("WALL·E _it_", ["wall", "e", "it"]),
    ("...", []),
])  # fmt: skip
def test_words_of_a_text(text, words):
    assert [word.folded for word in words_of(text)] == words


def test_a_word_stands_where_it_stood():
    text = "we saw Ame\u0301lie’s room"
    assert [text[w.start : w.end] for w in words_of(text)] == [
        "we",
        "saw",
        "Ame\u0301lie’s",
        "room",
    ]


def test_entities_are_read_and_places_are_those_of_the_original():
    text = "a &lt; Am&eacute;lie &#38; x"
    plain, places = unescaped(text)
    assert plain == "a < Amélie & x" and len(places) == len(plain) + 1
    start = plain.index("Amélie")
    assert text[places[start] : places[start + len("Amélie")]] == "Am&eacute;lie"
    assert unescaped("AT&T; none") == ("AT&T; none", unescaped("AT&T; none")[1])
    assert unescaped("R&B") == ("R&B", None)
