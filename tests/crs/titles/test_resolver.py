"""Titles are found as people type them, and where people name them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.titles import Titles
from crs.titles.names import spoken
from tests.contracts.tiny import quick

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


MORE = [
    "Borat: Cultural Learnings of America for Make Benefit Glorious Nation of Kazakhstan (2006)",
    "Rocky (1976)", "Rocky II (1979)", "Ocean's Eleven (2001)", "Spider-Man (2002)",
    "WALL·E (2008)", "Crouching Tiger, Hidden Dragon (2000)", "101 Dalmatians (1996)",
    "Malcolm X (1992)", "Big (1988)", "Her (2013)", "It (2017)", "기생충 (2019)", "Superman (1978)",
    "Willy Wonka &amp; the Chocolate Factory (1971)", "E.T. the Extra-Terrestrial (1982)",
    "Lord of the Rings: The Two Towers, The (2002)", "Thing, The (1982)", "Scary Movie (2000)",
    "Lord of the Rings: The Return of the King, The (2003)", "Horror (2015)", "Home Alone (1990)",
    "Shawshank Redemption, The (1994)", "Pulp Fiction (1994)", "2012 (2009)", "Hero (2002)",
]  # fmt: skip
LARGE = [*SHOWN, *MORE]
TITLES = Titles(LARGE)


@pytest.fixture(scope="module")
def large() -> Titles:
    return TITLES


@pytest.mark.parametrize(("typed", "begins"), [
    ("borat", "Borat"), ("crouching tiger", "Crouching"), ("a new hope", "Star"), ("ET", "E.T."),
    ("star wars 4", "Star"), ("star wars a new hope", "Star"), ("willy wonka", "Willy"),
    ("rocky 2", "Rocky II"), ("rocky two", "Rocky II"), ("Rocky II", "Rocky II"),
    ("rocky 1", "Rocky (1976)"), ("oceans 11", "Ocean"), ("godfather part two", "Godfather: "),
    ("the godfather 2", "Godfather: "), ("one hundred and one dalmatians", "101"),
    ("spiderman", "Spider"), ("spider man", "Spider"), ("super man", "Superman"),
    ("walle", "WALL"), ("wall-e", "WALL"), ("toystory", "Toy Story (1995)"),
    ("Ｔｈｅ　Ｍａｔｒｉｘ", "Matrix, The"), ("Am&eacute;lie", "Amélie"),
    ("Ame\u0301lie", "Amélie"),
    ("willy wonka and the chocolate factory", "Willy"), ("기생충", "기생충"),
    ("千と千尋の神隠し", "千と千尋"), ("matirx", "Matrix, The"), ("the godfater", "Godfather, The"),
    ("die hrd", "Die Hard"), ("shawshank redemtion", "Shawshank"), ("pulp ficton", "Pulp"),
    ("king kong from 1976", "King Kong (1976)"), ("matrix reload", "Matrix Reloaded"),
])  # fmt: skip
def test_a_title_is_found_in_other_forms(large, typed, begins):
    (place,) = large.find(typed)
    assert LARGE[place].startswith(begins)


def test_of_several_titles_the_best_known_is_first():
    shown = ["King Kong (1933)", "King Kong (1976)", "King Kong (2005)"]
    assert Titles(shown, [1, 5, 3]).find("king kong") == [1, 2, 0]
    assert Titles(shown).find("king kong") == [0, 1, 2]
    assert Titles(shown, [1, 5, 3]).mentions("like King Kong")[0].places == (1, 2, 0)


def named(titles, text):
    return [(text[one.start : one.end], LARGE[one.places[0]]) for one in titles.mentions(text)]


@pytest.mark.parametrize(("text", "span", "begins"), [
    ("something like the Matrix, please", "the Matrix", "Matrix, The"),
    ("more like blade runner 2049", "blade runner 2049", "Blade Runner 2049"),
    ("2001: a space odyssey was slow", "2001: a space odyssey", "2001"),
    ("we saw king kong (1976) again", "king kong (1976)", "King Kong (1976)"),
    ("I loved King Kong from 1933", "King Kong from 1933", "King Kong (1933)"),
    ("the 1976 King Kong", "1976 King Kong", "King Kong (1976)"),
    ("I saw Up yesterday", "Up", "Up"), ("I loved It", "It", "It"),
    ("a clown as in “It”", "It", "It"), ("a movie called it", "it", "It"),
    ("something like big", "big", "Big"), ("have you seen heat?", "heat", "Heat"),
    ("heat (1995)", "heat (1995)", "Heat"), ("similar to hero", "hero", "Hero"),
    ("Am&eacute;lie &amp; more", "Am&eacute;lie", "Amélie"), ("loved 「Her」", "Her", "Her"),
    ("spidermann was great", "spidermann", "Spider"), ("loved pulp ficton", "pulp ficton", "Pulp"),
    ("godfather part two is it", "godfather part two", "Godfather: "),
    ("私は千と千尋の神隠しが好き", "千と千尋の神隠し", "千と千尋"),
    ("기생충을 좋아해요", "기생충", "기생충"), ("home, Home Alone that is", "Home Alone", "Home"),
    ("a disaster like 2012", "2012", "2012"), ("my favourite film is seven", "seven", "Seven"),
    ("Heat is what I mean", "Heat", "Heat"), ("LIKE THE MATRIX!", "THE MATRIX", "Matrix, The"),
])  # fmt: skip
def test_a_title_is_named_in_a_sentence(large, text, span, begins):
    ((words, title),) = named(large, text)
    assert words == span and title.startswith(begins)


@pytest.mark.parametrize("text", ["shorter please", "something shorter", "a funnier one", "bigger"])
def test_a_word_that_compares_is_no_misspelt_title(text):
    named = Titles(["The Shooter (1995)", "Funnies (1990)", "Biggie (2000)", "Titanic (1997)"])
    assert named.mentions(text) == []
    assert [one.places for one in named.mentions("a film like Titanik")] == [(3,)]


@pytest.mark.parametrize(("text", "expected"), [
    ("I love heat, borat and toy story", ["heat", "borat", "toy story"]),
    ("I hate heat, big and toy story", ["heat", "big", "toy story"]),
    ("my favorites are Heat and Borat", ["Heat", "Borat"]),
    ("my favorites are heat and borat", ["borat"]),
    ("I love big, Borat and Toy Story", ["big", "Borat", "Toy Story"]),
    ("I love big cities and Borat", ["Borat"]),
    ("I like horror, borat", ["borat"]),
    ("I love it, borat", ["borat"]),
    ("in the heat, borat", ["borat"]),
])  # fmt: skip
def test_an_everyday_word_begins_a_list_of_titles_behind_a_word_of_taste(large, text, expected):
    assert [one for one, _ in named(large, text)] == expected


def test_titles_that_are_listed(large):
    assert [one for one, _ in named(large, "like fargo, toy story, heat and big")] == [
        "toy story", "heat", "big",
    ]  # fmt: skip


def test_a_short_form_of_several_titles_means_them_all(large):
    (mention,) = large.mentions("I liked Lord of the Rings")
    assert {LARGE[place][:24] for place in mention.places} == {
        "Lord of the Rings: The T",
        "Lord of the Rings: The R",
    }


def test_a_misspelt_title_is_marked(large):
    assert [m.exact for m in large.mentions("like pulp ficton or pulp fiction")] == [False, True]


@pytest.mark.parametrize("text", [
    "what's up", "is it good", "Big explosions please", "a big heat wave", "from 2001", "in 2012",
    "it's a scary movie night", "I would like seven comedies", "the thing is, I am bored",
    "in the heat of the moment", "I like horror", "Horror, please", "I was home alone all day",
    "movies like horror", "seen it", "loved her in that", "no heroes", "like big action scenes",
    "to get her attention", "&amp;", "", "   ", "?!",
])  # fmt: skip
def test_everyday_words_are_no_title(large, text):
    assert named(large, text) == []


@quick
@given(
    st.sampled_from([t for t in LARGE if "&" not in t]),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_case_and_accents_change_nothing(title, change):
    found = TITLES.find(title)
    assert [LARGE[place] for place in found] == [title]
    accented = unicodedata.normalize("NFD", change(title)).replace("o", "o\u0308")
    assert TITLES.find(accented) == found


@quick
@given(st.text(max_size=40), st.sampled_from(LARGE), st.text(max_size=40))
def test_mentions_lie_within_the_text_and_apart(before, title, after):
    text = f"{before} {title} {after}"
    at = 0
    for mention in TITLES.mentions(text):
        assert at <= mention.start < mention.end <= len(text) and mention.places
        at = mention.end


@pytest.mark.parametrize("shown", [one for one in SHOWN if len(one) > 10])
def test_a_title_as_it_is_shown_is_named_whole(titles, shown):
    for written in (shown, spoken(shown)):
        text = f"more like {written}, please"
        [mention] = titles.mentions(text)
        assert text[mention.start : mention.end] == written
        assert [SHOWN[place] for place in mention.places] == [shown]
