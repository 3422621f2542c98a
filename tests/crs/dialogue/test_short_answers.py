"""Short answers say what they mean; other words stay as they are."""

import pytest

from crs.dialogue.questions import DECADE, NOTHING
from crs.dialogue.short_answers import short_answer
from crs.dialogue.state import EARLIEST, LATEST

NAMES = ["", "Comedy", "Pop/Rock", "R&B"]


@pytest.mark.parametrize(("text", "question", "wanted", "rest"), [
    ("yes", 1, True, ""),
    ("Yes, please!", 1, True, ""),
    ("yes i do", 3, True, ""),
    ("sure thing", 3, True, ""),
    ("sure, but no horror", 2, True, "but no horror"),
    ("yes and drama", 1, True, "and drama"),
    ("yes - but no horror", 1, True, "but no horror"),
    ("no", 1, False, ""),
    ("no thanks", 2, False, ""),
    ("No, I don't.", 2, False, ""),
    ("no way", 2, False, ""),
    ("no, rather not", 2, False, ""),
    ("nope. something from the 90s", 1, False, "something from the 90s"),
    ("no, anything else", 1, False, "anything else"),
])  # fmt: skip
def test_yes_and_no_are_about_what_was_asked_whatever_its_name(text, question, wanted, rest):
    answer = short_answer(text, question, NAMES)
    [asked] = answer.understood.requirements
    assert (asked.attribute, asked.wanted, asked.hard, answer.rest) == (
        question,
        wanted,
        True,
        rest,
    )
    name = NAMES[question].lower()
    assert answer.said == (f"{name}, please" if wanted else f"no {name}")


@pytest.mark.parametrize("text", ["doesn't matter", "I don't mind", "any", "skip", "I do not care"])
def test_no_preference_says_nothing_of_an_attribute_and_any_year_of_the_decade(text):
    nothing = short_answer(text, 1, NAMES)
    assert (nothing.understood.requirements, nothing.said, nothing.rest) == ((), "", "")
    [asked] = short_answer(text, DECADE, NAMES).understood.requirements
    assert asked.years == (EARLIEST, LATEST)


def test_no_decade_is_as_good_as_any():
    answer = short_answer("no, a comedy", DECADE, NAMES)
    [asked] = answer.understood.requirements
    assert (asked.years, answer.rest) == ((EARLIEST, LATEST), "a comedy")


@pytest.mark.parametrize(("text", "question"), [
    ("no horror", 1), ("no", NOTHING), ("yes", NOTHING), ("yes", DECADE), ("the nineties", DECADE),
    ("anything with robots", 1), ("nothing with comedy", 1), ("", 1),
    ("anything but horror", 1), ("anything but horror or war", DECADE),
    ("No, not those.", 1), ("no, none of these", 1), ("no, I have seen those", 1),
])  # fmt: skip
def test_other_words_and_words_about_the_list_are_no_short_answer(text, question):
    assert short_answer(text, question, NAMES) is None
