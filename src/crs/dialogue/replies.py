"""What the system says: what it has understood, and the items."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from crs.dialogue.questions import DECADE, NOTHING
from crs.dialogue.state import EARLIEST, LATEST


def years_text(*years: int, wanted: bool = True) -> str:
    """Spans of years, first and last of each, in words; those that may not be stand behind `not`:
    `before 1985 or from 1990 to 1994`."""
    spans = zip(years[::2], years[1::2], strict=True)
    return " or ".join(span_text(first, last, wanted) for first, last in spans)


def span_text(first: int, last: int, wanted: bool) -> str:
    """A span of years in words."""
    if first <= EARLIEST and last >= LATEST:
        return "from any year"
    if first == last:
        return f"from {first}"
    if first <= EARLIEST:
        return f"until {last}" if wanted else f"before {last + 1}"
    if last >= LATEST:
        return f"since {first}" if wanted else f"after {first - 1}"
    return f"from {first} to {last}"


def asked_text(
    requirement: dict[str, Any], attributes: Sequence[str], titles: Sequence[str] = ()
) -> str:
    """One requirement, a plain dictionary, in words: `comedy`, `no horror`, `maybe from 1990`.

    Args:
        attributes, titles: names by id; without titles an item goes by its number.
    """
    if requirement.get("items"):
        return items_text(requirement, titles)
    if requirement["attribute"]:
        about = attributes[requirement["attribute"]].lower()
    elif requirement.get("either"):
        about = " or ".join(attributes[one].lower() for one in requirement["either"])
    else:
        about = years_text(*requirement["years"], wanted=requirement["wanted"])
    if requirement.get("taken_back"):
        return f"{about} taken back"
    no = "" if requirement["wanted"] else ("not " if requirement["years"] else "no ")
    return ("" if requirement["hard"] else "maybe ") + no + about


def items_text(requirement: dict[str, Any], titles: Sequence[str]) -> str:
    """A title that is liked or disliked, in words; one that may be several asks which."""
    named = [
        titles[item] if item < len(titles) else f"item {item}" for item in requirement["items"]
    ]
    if requirement.get("taken_back"):
        return f"{' or '.join(named)} taken back"
    if len(named) > 1:
        return f"which one: {' or '.join(named)}?"
    return f"like {named[0]}" if requirement["wanted"] else f"not {named[0]}"


def question_text(question: int, attributes: Sequence[str]) -> str:
    """A question in words; empty if nothing is asked.

    Args:
        question: the id of an attribute, `DECADE`, or `NOTHING`.
        attributes: names by id.
    """
    if question == DECADE:
        return "From which decade should it be?"
    return f"Do you want {attributes[question].lower()}?" if question else ""


def reply(
    requirements: list[dict[str, Any]],
    shown: Sequence[int],
    titles: list[str],
    attributes: list[str],
    question: int = NOTHING,
) -> str:
    """A turn of the system: Markdown, if the names are.

    Args:
        requirements: of the newest utterance.
        shown: item ids.
        titles, attributes: names by id, in the language of the place where the turn is shown.
        question: what is asked beside the items or instead of them.
    """
    asked = ", ".join(asked_text(one, attributes, titles) for one in requirements)
    opening = f"Understood: {asked}." if asked else ("How about these?" if len(shown) else "")
    items = "\n".join(f"{n}. {titles[i]}" for n, i in enumerate(shown, 1))
    return "\n\n".join(filter(None, [opening, items, question_text(question, attributes)]))


def note(
    text: str, near: Mapping[str, str], others: Sequence[str], understood: bool, reads: bool
) -> str:
    """What was not understood, in a sentence; empty if nothing is to say.

    Args:
        text: what was said.
        near: words that no rule knows, each with the name that is nearest.
        others: further words that no rule knows.
        understood: whether anything was.
        reads: whether the model reads words, whatever they are.
    """
    if foreign(text):
        rest = "what you wrote is for the model alone" if reads else "nothing of it was understood"
        return f"the rules read English; {rest}"
    if near:
        words = [f"{word} (do you mean {name}?)" for word, name in near.items()]
        return f"not understood: {', '.join(words)}"
    if others:
        words = [f"“{word}”" for word in others]
        return f"{', '.join(words)}: {'for the model alone' if reads else 'not understood'}"
    if understood:
        return ""
    if reads:
        return "no attribute, year or title that I know is in that; the model alone reads the words"
    return "I did not understand that; name an attribute, a year or a title"


def foreign(text: str) -> bool:
    """Whether most letters of a text are of another script than the Latin one."""
    letters = [letter for letter in text if letter.isalpha()]
    others = sum("LATIN" not in unicodedata.name(letter, "") for letter in letters)
    return 2 * others > len(letters)
