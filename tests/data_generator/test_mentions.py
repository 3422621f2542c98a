from hypothesis import given
from hypothesis import strategies as st

from data_generator.mentions import Mentions
from tests.contracts.tiny import quick

NAMES = ["", "Comedy", "Film-Noir", "Sci-Fi", "Children's", "War", "Documentary"]


def of(text):
    return [NAMES[i] for i in Mentions(NAMES).of(text)]


def test_names_are_found_as_whole_words_in_any_case():
    assert of("A COMEDY or a sci-fi, or film noir!") == ["Comedy", "Film-Noir", "Sci-Fi"]
    assert of("A warm comedian in Warsaw.") == []


def test_plurals_are_found():
    assert of("I like comedies and documentaries; wars, too.") == ["Comedy", "War", "Documentary"]


def test_a_name_of_two_words_is_found_as_both_together():
    assert of("A film about noir things, for children's sake.") == ["Children's"]


def test_nothing_is_named_by_nothing():
    assert of("") == of("?!") == [] and Mentions([""]).of("a comedy") == []


@quick
@given(st.lists(st.sampled_from(NAMES[1:]), unique=True))
def test_what_is_named_is_found_and_no_more(names):
    assert sorted(of("I want " + " and ".join(names))) == sorted(names)
