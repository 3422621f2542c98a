"""What of a text was not understood, in words."""

from crs.dialogue.attribute_names import one_slip
from crs.dialogue.meanings import Meanings
from crs.dialogue.replies import foreign, note
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.years import COMPARES
from crs.titles.everyday import frequent


def unread(
    text: str, understood: bool, rules: Rules | None, meanings: Meanings | None, reads: bool
) -> str:
    """What of a text was not understood, in a sentence; empty if nothing is to say.

    Args:
        understood: whether anything was.
        rules: who read it; None if a language model did.
        meanings: of the attributes, to offer what is near.
        reads: whether the recommender reads words, whatever they are.
    """
    if rules is None or foreign(text):
        return note(text, {}, [], understood, reads)
    if understood:
        return note(text, {}, others(text, rules), understood, reads)
    return note(text, near(text, rules, meanings), [], understood, reads)


def near(text: str, rules: Rules, meanings: Meanings | None) -> dict[str, str]:
    """Words of a text that no rule knows, each with the attribute that may be meant."""
    found = dict(rules.unknown(text))
    if meanings:
        found |= meanings.offered(word for word in rules.telling(text) if word not in found)
    return {word: name.lower() for word, name in found.items()}


def others(text: str, rules: Rules) -> list[str]:
    """Words of a text that no rule knows, those that everybody says or misspells left out."""
    told = [word for word in rules.telling(text) if word not in COMPARES]
    return [word for word in told if not any(slipped(word, one) for one in frequent())]


def slipped(word: str, meant: str) -> bool:
    """Whether a word is one slip from another one of more than three letters."""
    return len(meant) > 3 and abs(len(word) - len(meant)) < 2 and one_slip(word, meant)
