import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_generator.leaks import leak, names_of_title
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


def test_the_article_is_turned_round_and_dropped():
    assert names_of_title("Usual Suspects, The (1995)") == (("usual", "suspects"),)
    assert names_of_title("Boot, Das") == (("das", "boot"),)
    assert names_of_title("Them") == (("them",),)


def test_what_stands_in_brackets_is_a_name_unless_it_is_a_year():
    assert names_of_title("Seven (Se7en) (1995)") == (("seven",), ("se7en",))
    assert names_of_title("Haine, La (Hate, The)") == (("la", "haine"), ("hate",))


def test_short_names_are_not_counted():
    assert names_of_title("The") == names_of_title("Up (It)") == names_of_title("") == ()


title = st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=1, max_size=4)


@quick
@given(title, st.text("xyz ", max_size=20), st.text("xyz ", max_size=20))
def test_a_title_within_any_text_is_found(words, before, after):
    name = " ".join(words)
    found = leak(name, f"{before} {name.upper()}, {after}")
    dropped = len(words) > 1 and words[0] in ("the", "a", "an")
    assert found == ("exact" if len(" ".join(words[dropped:])) >= 4 else None)
