"""Tokens of a decoder as people write them."""

import pytest

from crs.chat.sentences import Writing
from crs.data.parsing.mentions import words

TOLD = ["I like Netflix , and so does Ann .", "So do I . It is on Netflix , I think .",
        "i think NETFLIX is fine . Hello , will it be ?", "Hanks !"]  # fmt: skip
WRITING = Writing([text.split() for text in TOLD])


@pytest.mark.parametrize(("tokens", "text"), [
    ("hello ! it 's on netflix , i do n't know .", "Hello! It's on Netflix, I don't know."),
    ("what about sci - fi ( or drama ) ?", "What about sci-fi (or drama)?"),
    ("well . . . maybe . yes", "Well... maybe. Yes"),
    ("[1] is it . [2] 's fine and [ 3 ]", "[1] is it. [2]'s fine and [ 3 ]"),
    ("好看 。 你 看 [1] 吗 ？ a b", "好看。你看 [1] 吗？a b"), ("", ""), (". yes", ". Yes"),
    ("so does ann", "So does Ann"),
])  # fmt: skip
def test_spaces_and_capitals_are_those_that_people_write(tokens, text):
    assert WRITING.sentences(tokens.split()) == text


@pytest.mark.parametrize("text", [
    "Well, it's fine. I think so, don't you?", "Sci-fi (or drama) and/or both!", "$ is #",
])  # fmt: skip
def test_what_was_taken_apart_is_put_together(text):
    small = [word.lower() if word != "I" else word for word in words(text)]
    assert WRITING.sentences(small) == text.replace("$ ", "$")


def test_capitals_inside_of_sentences_are_names_and_first_words_say_nothing():
    assert WRITING.capitals == {"netflix": "Netflix", "i": "I", "ann": "Ann"}
    assert {"will", "so", "think"} <= WRITING.small and "hanks" not in WRITING.small
