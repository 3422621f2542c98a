"""Numbers are the same in digits, words and Roman numerals."""

import pytest

from crs.titles.numbers import in_digits
from crs.titles.words import words_of


@pytest.mark.parametrize(("text", "counted"), [
    ("rocky two", "rocky 2"), ("rocky iii", "rocky 3"), ("rocky xiv", "rocky 14"),
    ("se7en", "7"), ("twelve monkeys", "12 monkeys"), ("twenty-one grams", "21 grams"),
    ("one hundred and one dogs", "101 dogs"), ("three hundred", "300"),
    ("nineteen eighty four", "1984"), ("godfather part ii", "godfather 2"),
    ("kill bill vol. 1", "kill bill 1"), ("part one", "part 1"), ("world part i", "world 1"),
    ("x men", "x men"), ("i am", "i am"), ("so can i", "so can i"), ("mix vivid", "mix vivid"),
])  # fmt: skip
def test_numbers_in_digits(text, counted):
    assert " ".join(word.folded for word in in_digits(words_of(text))) == counted


def test_a_number_of_several_words_has_all_their_characters():
    text = "like godfather part two please"
    word = in_digits(words_of(text))[2]
    assert text[word.start : word.end] == "part two"
