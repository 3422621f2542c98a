"""What is offered for a word that no rule knows, by a text encoder."""

import numpy as np

from crs.dialogue.catalogue import synonyms_file
from crs.dialogue.meanings import NEAR, Meanings
from crs.dialogue.rule_understanding import Rules

NAMES = ["", "Horror", "War"]
ANGLES = {"Horror": 0.0, "War": 90.0, "creepy": 20.0, "soldiers": 80.0, "breakfast": 200.0}


def encode(texts):
    """Vectors that stand at the angles of the table; their length says nothing."""
    turned = np.radians([ANGLES[text] for text in texts])
    return 3 * np.stack([np.cos(turned), np.sin(turned)], axis=1)


def test_only_what_is_near_is_offered():
    meanings = Meanings(NAMES, encode)
    assert meanings.offered(["creepy", "breakfast", "soldiers"]) == [
        ("creepy", "Horror"), ("soldiers", "War"),
    ]  # fmt: skip
    assert [round(cosine, 2) for *_, cosine in meanings.nearest(["creepy", "breakfast"])] == [
        0.94, -0.34,
    ]  # fmt: skip
    assert 0 < NEAR < 1 and meanings.offered([]) == [] == Meanings([""], encode).offered(["creepy"])


def test_words_that_are_known_or_said_of_anything_are_not_compared():
    rules = Rules(NAMES, ["", "Jaws (1975)"], synonyms_file("movies").read_text("utf-8"))
    said = "please no horror, I want a creepy and scary film like Jaws from the 90s"
    assert rules.telling(said) == ["creepy"]
