"""Words are found by their misspellings."""

import pytest

from crs.titles.typos import Typos, distance

WORDS = ["fiction", "redemption", "matrix", "heat", "schindlers", "inception"]


@pytest.mark.parametrize(("typed", "meant"), [
    ("ficton", "fiction"), ("redemtion", "redemption"), ("matirx", "matrix"),
    ("mattrix", "matrix"), ("inceptoin", "inception"), ("hezt", "heat"),
    ("schindlesr", "schindlers"),
    ("seat", None), ("matter", None), ("hot", None), ("zzzz", None), ("m4trix", None),
])  # fmt: skip
def test_the_nearest_word(typed, meant):
    assert Typos(WORDS).nearest(typed) == meant


@pytest.mark.parametrize(("a", "b", "slips"), [
    ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "axc", 1), ("abcd", "badc", 2),
    ("abc", "xyz", 3), ("a", "abcdef", 3),
])  # fmt: skip
def test_slips_between_words(a, b, slips):
    assert distance(a, b, 2) == distance(b, a, 2) == min(slips, 3)
