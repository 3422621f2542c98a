import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crs.titles.everyday import is_everyday
from data_generator.leaks import leak
from tests.contracts.tiny import quick


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Toy Story", "I want Toy Story!"),
        ("Toy Story", "have you seen TOY  STORY, the film?"),
        ("Usual Suspects, The", "is it The Usual Suspects"),
        ("Usual Suspects, The", "something like usual suspects"),
        ("The Matrix", "the one they call Matrix"),
        ("Beautiful Mind, A", "I heard of a beautiful mind"),
        ("Boot, Das", "Das Boot, please"),
        ("Seven (Se7en)", "a film like Seven"),
        ("Seven (Se7en)", "a film like Se7en"),
        ("City of Lost Children, The (Cité des enfants perdus, La)", "city of lost children"),
        ("City of Lost Children, The (Cité des enfants perdus, La)", "La Cité des enfants perdus"),
        ("Up (Là-haut) (2009)", "one called là haut"),
        ("Amélie", "I liked amélie"),
        ("Schindler's List", "what about schindler s list"),
        ("Star Wars: Episode IV - A New Hope", "star wars episode iv a new hope"),
    ],
)
def test_exact(title, text):
    assert leak(title, text) == "exact"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("The Godfather", "who plays the godfathers"),
        ("Pulp Fiction", "a pulp fictions film"),
        ("Schindler's List", "was it Schindlers Listt or so"),
        ("Terminator", "like Terminater"),
    ],
)
def test_fuzzy(title, text):
    assert leak(title, text) == "fuzzy"


def test_exact_goes_before_fuzzy():
    assert leak("Terminator", "terminater, I mean terminator") == "exact"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Toy Story", "a story about a toy"),
        ("Toy Story", "a toy with a story"),
        ("Up", "what is up tonight"),
        ("M", "I am a fan"),
        ("It", "can you find it"),
        ("Heat", "a heated debate"),
        ("The Matrix", "something with mathematics"),
        ("Usual Suspects, The", "the usual, please"),
        ("", "anything"),
        ("(500)", "five hundred"),
        ("Toy Story (1995)", "something of 1995"),
        ("Up (Là-haut) (2009)", "what is up in 2009"),
        ("Long Title of Many Words", "too short"),
        ("Toy Story", ""),
    ],
)
def test_no_leak(title, text):
    assert leak(title, text) is None


def test_words_in_other_places_are_no_title():
    assert leak("Casino Royale", "a casino that is royale and casino") is None


title = st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=1, max_size=4)


@quick
@given(title, st.text("xyz ", max_size=20), st.text("xyz ", max_size=20))
def test_a_title_within_any_text_is_found(words, before, after):
    name = " ".join(words)
    assume(not is_everyday(tuple(words)))
    assert leak(name, f"{before} {name.upper()}, {after}") == "exact"
