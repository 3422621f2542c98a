"""What a word means that no table has, by a text encoder."""

import numpy as np
import pytest

from crs.dialogue.catalogue import Catalogue, synonyms_file
from crs.dialogue.meanings import NEAR, SAME, Meanings, RulesByMeaning
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Talk, Turn

NAMES = ["", "Horror", "War"]
ANGLES = {
    "Horror": 0.0,
    "War": 90.0,
    "creepy": 20.0,
    "gruesomely": 80.0,
    "breakfast": 200.0,
    "grim": -52.0,
}


def encode(texts):
    """Vectors that stand at the angles of the table; their length says nothing."""
    turned = np.radians([ANGLES[text] for text in texts])
    return 3 * np.stack([np.cos(turned), np.sin(turned)], axis=1)


def test_only_what_is_near_is_offered():
    meanings = Meanings(NAMES, encode)
    assert meanings.offered(["creepy", "breakfast", "gruesomely"]) == [
        ("creepy", "Horror"), ("gruesomely", "War"),
    ]  # fmt: skip
    assert [round(cosine, 2) for *_, cosine in meanings.nearest(["creepy", "breakfast"])] == [
        0.94, -0.34,
    ]  # fmt: skip
    assert 0 < NEAR < 1 and meanings.offered([]) == [] == Meanings([""], encode).offered(["creepy"])


def test_words_that_are_known_or_said_of_anything_are_not_compared():
    rules = Rules(NAMES, ["", "Jaws (1975)"], synonyms_file("movies").read_text("utf-8"))
    said = "please no horror, I want a creepy and scary film like Jaws from the 90s"
    assert rules.telling(said) == ["creepy"]


@pytest.fixture
def reader():
    return RulesByMeaning(Catalogue(NAMES, ["", "Jaws (1975)"]), Meanings(NAMES, encode))


def asked(reader, *said):
    talk = Talk(0, 0, 0, [Turn(text) for text in said])
    return [(one.attribute, one.wanted) for one in reader.read([talk])[0].requirements]


@pytest.mark.parametrize(("said", "read"), [
    ("a creepy film", [(1, True)]),
    ("nothing creepy, please", [(1, False)]),
    ("gruesomely, but no horror", [(2, True), (1, False)]),
    ("breakfast", []),
    ("grim", []),
])  # fmt: skip
def test_a_word_that_is_near_enough_is_the_attribute_in_its_own_scope(reader, said, read):
    assert NEAR < SAME
    assert asked(reader, said) == read


def test_what_was_read_before_changes_no_reading(reader):
    alone = RulesByMeaning(Catalogue(NAMES, ["", "Jaws (1975)"]), Meanings(NAMES, encode))
    for said in ("a creepy film", "breakfast with gruesomely"):
        asked(reader, said)
    assert asked(reader, "creepy gruesomely") == asked(alone, "creepy gruesomely")


def test_a_word_is_compared_once():
    calls = []

    def counted(texts):
        calls.append(list(texts))
        return encode(texts)

    reader = RulesByMeaning(Catalogue(NAMES, [""]), Meanings(NAMES, counted))
    for _ in range(2):
        asked(reader, "a creepy film", "no gruesomely")
    assert calls == [["creepy", "gruesomely"], ["Horror", "War"]]
