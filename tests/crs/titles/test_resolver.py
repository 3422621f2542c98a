"""Titles are found as people type them."""

import pytest

from crs.titles import Titles

SHOWN = [
    "Toy Story (1995)", "Toy Story 2 (1999)", "Matrix, The (1999)", "Matrix Reloaded, The (2003)",
    "Godfather, The (1972)", "Godfather: Part II, The (1974)", "Heat (1995)",
    "In the Heat of the Night (1967)", "Star Wars: Episode IV - A New Hope (1977)",
    "2001: A Space Odyssey (1968)", "Blade Runner 2049 (2017)", "Blade Runner (1982)",
    "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
    "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)", "Seven (a.k.a. Se7en) (1995)",
    "M (1931)", "Up (2009)", "King Kong (1933)", "King Kong (1976)", "Die Hard (1988)",
    "(500) Days of Summer (2009)", "1984 (Nineteen Eighty-Four) (1984)", "Boot, Das (1981)",
    "千と千尋の神隠し (2001)", "Schindler's List (1993)", "Smørrebrød", "Hard (2003)",
]  # fmt: skip


@pytest.fixture(scope="module")
def titles() -> Titles:
    return Titles(SHOWN)


@pytest.mark.parametrize(("typed", "meant"), [
    ("The Matrix", "Matrix, The (1999)"),
    ("matrix", "Matrix, The (1999)"),
    ("the matrix (1999)", "Matrix, The (1999)"),
    ("Matrix, The", "Matrix, The (1999)"),
    ("The Godfather", "Godfather, The (1972)"),
    ("Toy Story", "Toy Story (1995)"),
    ("heat", "Heat (1995)"),
    ("Amelie", "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)"),
    ("le fabuleux destin d’amelie poulain", "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)"),
    ("The Good, the Bad and the Ugly",
     "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)"),
    ("se7en", "Seven (a.k.a. Se7en) (1995)"),
    ("m", "M (1931)"),
    ("Up", "Up (2009)"),
    ("king kong (1976)", "King Kong (1976)"),
    ("King Kong 1933", "King Kong (1933)"),
    ("die hard", "Die Hard (1988)"),
    ("hard", "Hard (2003)"),
    ("500 days of summer", "(500) Days of Summer (2009)"),
    ("Days of Summer", "(500) Days of Summer (2009)"),
    ("1984", "1984 (Nineteen Eighty-Four) (1984)"),
    ("nineteen eighty four", "1984 (Nineteen Eighty-Four) (1984)"),
    ("das boot", "Boot, Das (1981)"),
    ("Blade Runner", "Blade Runner (1982)"),
    ("star wars", "Star Wars: Episode IV - A New Hope (1977)"),
    ("2001: a space odyssey", "2001: A Space Odyssey (1968)"),
    ("千と千尋の神隠し", "千と千尋の神隠し (2001)"),
    ("schindlers list", "Schindler's List (1993)"),
    ("smorrebrod", "Smørrebrød"),
])  # fmt: skip
def test_a_title_is_found_as_it_is_typed(titles, typed, meant):
    assert [SHOWN[place] for place in titles.find(typed)] == [meant]


@pytest.mark.parametrize("title", SHOWN)
def test_every_title_means_itself(titles, title):
    assert [SHOWN[place] for place in titles.find(title.upper())] == [title]


@pytest.mark.parametrize(("typed", "many"), [
    ("king kong", 2), ("story", 2), ("runner blade", 2), ("zzzz", 0), ("heat (1996)", 0),
])  # fmt: skip
def test_what_means_several_titles_or_none_is_no_title(titles, typed, many):
    assert len(titles.find(typed)) == many


def test_words_are_found_anywhere_without_regard_to_accents(titles):
    assert [SHOWN[place] for place in titles.containing("POULAIN amelie")] == [SHOWN[13]]
