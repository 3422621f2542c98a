"""What the system says: what it has understood, and the items."""

from collections.abc import Iterable
from typing import Any

from crs.dialogue.state import EARLIEST, LATEST


def years_text(*years: int) -> str:
    """Spans of years, first and last of each, in words."""
    spans = zip(years[::2], years[1::2], strict=True)
    return " or ".join(span_text(first, last) for first, last in spans)


def span_text(first: int, last: int) -> str:
    """A span of years in words."""
    if first <= EARLIEST and last >= LATEST:
        return "from any year"
    if first == last:
        return f"from {first}"
    if first <= EARLIEST:
        return f"until {last}"
    return f"since {first}" if last >= LATEST else f"from {first} to {last}"


def asked_text(requirement: dict[str, Any], attributes: list[str]) -> str:
    """One requirement, a plain dictionary, in words: `comedy`, `no horror`, `maybe from 1990`."""
    about = (
        attributes[requirement["attribute"]].lower()
        if requirement["attribute"]
        else years_text(*requirement["years"])
    )
    no = "" if requirement["wanted"] else ("not " if requirement["years"] else "no ")
    return ("" if requirement["hard"] else "maybe ") + no + about


def reply(
    requirements: list[dict[str, Any]],
    shown: Iterable[int],
    titles: list[str],
    attributes: list[str],
) -> str:
    """A turn of the system: Markdown, if the names are.

    Args:
        requirements: of the newest utterance.
        shown: item ids.
        titles, attributes: names by id, in the language of the place where the turn is shown.
    """
    asked = ", ".join(asked_text(one, attributes) for one in requirements)
    opening = f"Understood: {asked}." if asked else "How about these?"
    return "\n".join([opening, "", *(f"{n}. {titles[i]}" for n, i in enumerate(shown, 1))])
