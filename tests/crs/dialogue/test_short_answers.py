"""Short answers become sentences that the rules read; other words stay as they are."""

import pytest

from crs.dialogue.questions import DECADE, NOTHING
from crs.dialogue.short_answers import whole_sentence

NAMES = ["", "Comedy", "Drama"]
SHOWN = ["Toy Story (1995)", "Heat (1995)"]


@pytest.mark.parametrize(("text", "question", "meant"), [
    ("yes", 1, "comedy, please"),
    ("Yes, please!", 1, "comedy, please"),
    ("sure, but no horror", 2, "drama, please. but no horror"),
    ("no", 1, "no comedy"),
    ("no thanks", 2, "no drama"),
    ("nope. something from the 90s", 1, "no comedy. something from the 90s"),
    ("no horror", 1, "no horror"),
    ("no", NOTHING, "no"),
    ("yes", NOTHING, "yes"),
    ("yes", DECADE, "yes"),
    ("the nineties", DECADE, "the nineties"),
    ("any", DECADE, "any year is fine"),
    ("I don't mind", DECADE, "any year is fine"),
    ("doesn't matter", 1, ""),
    ("don't care, something quiet", 1, "something quiet"),
    ("anything with robots", 1, "anything with robots"),
    ("nothing with comedy", 1, "nothing with comedy"),
    ("more like 2", NOTHING, "like Heat (1995)"),
    ("less like #1, please", 1, "not like Toy Story (1995), please"),
    ("more like 7", NOTHING, "more like 7"),
    ("more like 2 friends", NOTHING, "more like 2 friends"),
    ("", 1, ""),
])  # fmt: skip
def test_short_answers(text, question, meant):
    assert whole_sentence(text, question, NAMES, SHOWN) == meant
