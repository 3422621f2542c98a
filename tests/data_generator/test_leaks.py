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


@pytest.mark.parametrize(("title", "text"), [
    ("Amélie (2001)", "the one with Amelie"), ("Amélie (2001)", "was it Ame\u0301lie"),
    ("Amélie (2001)", "Am&eacute;lie!"), ("Fight Club (1999)", "Ｆｉｇｈｔ Ｃｌｕｂ"),
    ("千と千尋の神隠し (2001)", "たしか千と千尋の神隠しだった"),
    ("기생충 (2019)", "기생충을 찾아요"),
    ("Spider-Man (2002)", "a spiderman film"), ("Spider-Man (2002)", "spider man"),
    ("Fast & Furious (2009)", "fast &amp; furious"), ("Toy Story (1995)", "ToyStory"),
    ("Borat: Cultural Learnings of America (2006)", "do you have borat"),
    ("Star Wars: Episode IV - A New Hope (1977)", "the first star wars"),
    ("Rocky II (1979)", "rocky 2 of course"), ("Ocean's Eleven (2001)", "oceans 11"),
    ("Heat (1995)", "I mean Heat"), ("Heat (1995)", "something like heat"),
    ("Scary Movie (2000)", "a scary movie"),
])  # fmt: skip
def test_other_forms_of_a_title(title, text):
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


TITLES = [
    "Up (2009)", "It (2017)", "Her (2013)", "Heat (1995)", "Big (1988)", "Speed (1994)",
    "Alien (1979)", "Aliens (1986)", "Kids (1995)", "Crash (2004)", "Seven (1995)", "War (2007)",
    "Horror (2015)", "Action (1980)", "Drama (2010)", "Twister (1996)", "2012 (2009)",
    "1917 (2019)", "M (1931)", "Hero (2002)", "Home Alone (1990)", "Die Hard (1988)",
    "Toy Story (1995)",
    "Star Wars (1977)", "True Lies (1994)", "Scary Movie (2000)", "Thing, The (1982)",
    "In the Heat of the Night (1967)", "Before Sunrise (1995)", "Good Will Hunting (1997)",
    "Love Actually (2003)", "Game, The (1997)", "Psycho (1960)", "Scream (1996)", "Ghost (1990)",
    "Halloween (1978)", "Fargo (1996)", "Rocky (1976)", "Titanic (1997)", "Signs (2002)",
    "Eternal Sunshine of the Spotless Mind (2004)", "Matrix, The (1999)", "Notebook, The (2004)",
    "Lord of War (2005)", "Last Action Hero (1993)", "Fight Club (1999)", "Room (2015)",
]  # fmt: skip
INNOCENT = [
    "I'm looking for a comedy that came out in 2012.",
    "some horror from about 1979, please",
    "it is up to you",
    "can you help her find it?",
    "a big war drama with a lot of action",
    "something to watch with the kids this weekend",
    "not too much speed, rather quiet",
    "an alien invasion, or ghosts",
    "a psycho killer on Halloween night",
    "seven or eight of them",
    "the game was rained off, so we stay in",
    "a thing with cars that crash",
    "I was alone at home last night and want to laugh",
    "two heroes at the end of the world",
    "turn up the heat",
    "people scream and run",
    "good actors who hunt for treasure",
    "a story about a toy maker",
    "a star in a war zone",
    "stories that are true and no lies",
    "it dies hard, that habit of mine",
    "no signs of magic",
    "love, actually not too much of it",
    "anything before the sunrise of sound film",
    "make it short and funny",
    "Any ideas for a thriller? I have some time this weekend.",
    "a fight in a club of dancers",
    "one that takes place in a single room",
    "My friends and I want romance mixed with mystery.",
    "something in the heat of summer",
    "I feel like action at the moment.",
    "What is up tonight?",
    "a rocky road to fame",
    "written in a notebook",
    "from the 1990s, by a woman",
    "I would be happy with some drama.",
    "hello",
    "thanks, not those",
    "Surprise me.",
    "a wish of m. and n.",
    "black and white, and slow",
    "an hour and a half at most",
]


def test_few_texts_that_name_no_title_are_taken_for_one():
    """One in two hundred pairs of a title and a text at most."""
    alarms = [(title, text) for title in TITLES for text in INNOCENT if leak(title, text)]
    assert len(alarms) <= len(TITLES) * len(INNOCENT) / 200, alarms


def test_words_in_other_places_are_no_title():
    assert leak("Casino Royale", "a casino that is royale and casino") is None


title = st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=1, max_size=4)


@quick
@given(title, st.text("xyz ", max_size=20), st.text("xyz ", max_size=20))
def test_a_title_within_any_text_is_found(words, before, after):
    name = " ".join(words)
    assume(not is_everyday(tuple(words)))
    assert leak(name, f"{before} {name.upper()}, {after}") == "exact"
