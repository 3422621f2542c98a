"""The ways in which a title is said."""

import pytest

from crs.titles.names import short_forms, spellings, spoken, title_and_year


def said(ways):
    return {" ".join(words) for words in ways}


@pytest.mark.parametrize(("title", "names"), [
    ("Usual Suspects, The (1995)", {"the usual suspects", "usual suspects"}),
    ("Seven (Se7en) (1995)", {"seven", "se7en", "seven se7en"}),
    ("Haine, La (Hate, The)", {"la haine", "haine", "the hate", "hate", "haine la hate the"}),
    ("Léon &amp; I", {"leon and i"}),
])  # fmt: skip
def test_spellings_of_the_whole(title, names):
    assert said(spellings(title)) == names


@pytest.mark.parametrize(("title", "names"), [
    ("Borat: Cultural Learnings (2006)", {"borat", "cultural learnings"}),
    ("Star Wars: Episode IV - A New Hope (1977)",
     {"star wars", "star wars episode iv", "star wars a new hope", "a new hope", "new hope"}),
    ("Crouching Tiger, Hidden Dragon (2000)", {"crouching tiger"}),
    ("Godfather: Part II, The (1974)", {"the godfather", "godfather"}),
    ("E.T. the Extra-Terrestrial (1982)", {"e t"}),
    ("In the Heat of the Night", set()), ("Lord of War", set()), ("Trick or Treat", set()),
    ("Best of the Best", set()), ("Heat", set()), ("", set()),
])  # fmt: skip
def test_short_forms(title, names):
    assert said(short_forms(title)) == names


def test_the_year_is_no_part_of_the_title():
    assert title_and_year("Toy Story (1995) (V)") == ("Toy Story", 1995)
    assert title_and_year(" 1984 ") == ("1984", None)


@pytest.mark.parametrize(("shown", "written"), [
    ("Usual Suspects, The (1995)", "The Usual Suspects (1995)"),
    ("Godfather: Part II, The (1974)", "The Godfather: Part II (1974)"),
    ("Good, The Bad and The Ugly, The (1966)", "The Good, The Bad and The Ugly (1966)"),
    ("Horseman on the Roof, The (Hussard sur le toit, Le) (1995)",
     "The Horseman on the Roof (Le Hussard sur le toit) (1995)"),
    ("Enfer, L' (1994)", "L'Enfer (1994)"), ("Postino, Il", "Il Postino"),
    ("Paris, Texas (1984)", "Paris, Texas (1984)"), ("Toy Story (1995)", "Toy Story (1995)"),
])  # fmt: skip
def test_a_title_is_written_with_its_article_in_front(shown, written):
    assert spoken(shown) == written
