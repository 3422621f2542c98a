"""What people say every day, and what is read of it."""

import pytest

from tests.crs.dialogue.test_utterances import reading

TITANIC, FARGO = "Titanic (1997)", "Fargo (1996)"


@pytest.mark.parametrize("text", [
    "I've seen Titanic and didn't like it", "I saw Titanic and hated it",
    "I saw Titanic but I didn't like it", "I watched Titanic, it was boring",
    "I have seen Titanic. I didn't like it.", "I saw Titanic and it was terrible",
    "I've seen Titanic, not my thing", "I thought I would like Titanic but I hated it",
    "I saw Titanic, it wasn't good", "I saw Titanic and it bored me",
])  # fmt: skip
def test_a_title_takes_what_is_said_of_it_afterwards(text):
    assert reading([text]) == {"disliked": [TITANIC]}


@pytest.mark.parametrize("text", [
    "I've seen Titanic and loved it", "I liked Titanic but it was too long",
    "I loved Titanic, it was not boring", "I like Titanic",
])  # fmt: skip
def test_a_title_that_was_liked_stays_liked(text):
    assert reading([text]) == {"liked": [TITANIC]}


def test_what_is_said_of_two_titles_is_of_both():
    assert reading(["I saw Fargo and Titanic and didn't like them"]) == {
        "disliked": [FARGO, TITANIC],
    }  # fmt: skip


@pytest.mark.parametrize(("text", "read"), [
    ("without too much drama", {"not": ["Drama"]}),
    ("I don't want too much drama", {"not": ["Drama"]}),
    ("nothing with too much violence or war", {"not": ["War"]}),
    ("a romance without too many action scenes", {"must": ["Romance"], "not": ["Action"]}),
    ("a thriller that isn't too much horror", {"must": ["Thriller"], "not": ["Horror"]}),
    ("I can never get too much drama", {"must": ["Drama"]}),
    ("a not too long comedy", {"must": ["Comedy"]}),
    ("a not very long thriller", {"must": ["Thriller"]}),
    ("a not-too-serious drama", {"must": ["Drama"]}),
    ("a non-violent action movie", {"must": ["Action"]}),
    ("a non horror movie", {"not": ["Horror"]}),
    ("a not horror movie", {"not": ["Horror"]}),
    ("it must not be a comedy", {"not": ["Comedy"]}),
    ("it mustn't be a comedy", {"not": ["Comedy"]}),
    ("it need not be horror", {}),
    ("I'm scared of horror movies", {"not": ["Horror"]}),
    ("my daughter is afraid of horror", {"not": ["Horror"]}),
])  # fmt: skip
def test_refusals_that_are_not_plain(text, read):
    assert reading([text]) == read
