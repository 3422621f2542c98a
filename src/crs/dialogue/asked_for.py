"""What is asked for so far, in words, and what an item lacks of it."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

import torch

from crs.dialogue.replies import asked_text, years_text
from crs.dialogue.requirements import Wishes
from crs.dialogue.state import EARLIEST, LATEST, Requirement

SPANS = 3
"""So many spans of years are told in words."""


def so_far(
    wishes: Wishes,
    years: Requirement | None,
    attributes: Sequence[str],
    titles: Sequence[str],
    had: Collection[int] = (),
) -> list[str]:
    """What is asked for by now, in words.

    Args:
        wishes: of one dialogue.
        years: what was said last of years.
        attributes, titles: names by id.
        had: items that joined the history and were not said to be liked.
    """
    found = []
    for prefix, part in (("", wishes.wanted), ("no ", wishes.refused)):
        for attribute in part[0].nonzero()[:, 0].tolist():
            maybe = "" if wishes.hard[0, attribute] else "maybe "
            found.append(f"{maybe}{prefix}{attributes[attribute].lower()}")
    found += [either_text(group, attributes) for group in wishes.either[0]]
    found += [f"like {titles[item]}" for item in wishes.liked[0] if item not in had]
    found += [f"not {titles[item]}" for item in wishes.disliked[0]]
    return [*found, *filter(None, [years_so_far(wishes, years)])]


def in_words(
    asked: Requirement, seen: bool, attributes: Sequence[str], titles: Sequence[str]
) -> str:
    """A requirement in words.

    Args:
        seen: it names a title that the person had, and says no more of it.
    """
    if seen:
        return f"you have had {titles[asked.items[0]]}"
    return asked_text(asdict(asked), attributes, titles)


def either_text(group: Sequence[int], attributes: Sequence[str]) -> str:
    """Attributes of which one is enough, in words."""
    return " or ".join(attributes[one].lower() for one in group)


def years_so_far(wishes: Wishes, newest: Requirement | None) -> str:
    """The years that may be, in words; empty if all may.

    As they were said last, if nothing that was said before narrows them.
    """
    may, calendar = wishes.years[0, :-1], wishes.facts.calendar
    if newest and torch.equal(may, within(newest, calendar)):
        return asked_text(asdict(newest), ()) if not may.all() or not len(may) else ""
    if may.all():
        return ""
    spans = runs(may, calendar)
    return years_text(*spans) if len(spans) <= 2 * SPANS else "not all years"


def runs(may: torch.Tensor, calendar: torch.Tensor) -> list[int]:
    """The first and the last year of each run of the calendar's years that may be; open where the
    calendar begins or ends."""
    edges = torch.diff(may.int(), prepend=torch.zeros(1), append=torch.zeros(1)).nonzero()[:, 0]
    firsts, lasts = edges[::2].tolist(), (edges[1::2] - 1).tolist()
    found = []
    for first, last in zip(firsts, lasts, strict=True):
        found.append(int(calendar[first]) if first else EARLIEST)
        found.append(int(calendar[last]) if last < len(calendar) - 1 else LATEST)
    return found


def within(years: Requirement, calendar: torch.Tensor) -> torch.Tensor:
    """Which years of a calendar a requirement alone leaves."""
    inside = torch.zeros(len(calendar), dtype=torch.bool)
    for first, last in years.spans:
        inside |= (calendar >= first) & (calendar <= last)
    return inside if years.wanted else ~inside


def widens(asked: Requirement, wishes: Wishes) -> bool:
    """Whether years have all of those that may be by now: beside them they would say nothing, so
    they are meant in their place."""
    may = wishes.years[0]
    if not (asked.years and asked.wanted and asked.hard) or may.all() or not may.any():
        return False
    return not (may[:-1] & ~within(asked, wishes.facts.calendar)).any()


def lacking(
    item: int, wishes: Wishes, years: Requirement | None, attributes: Sequence[str]
) -> list[str]:
    """What an item lacks of what must hold: `without romance`, `with horror`, `not from 1981`."""
    has = wishes.facts.matrix[item] > 0
    must = (wishes.hard * wishes.wanted)[0] > 0
    never = (wishes.hard * wishes.refused)[0] > 0
    missing = (must & ~has).nonzero()[:, 0].tolist()
    found = [f"without {attributes[one].lower()}" for one in missing]
    too_much = (never & has).nonzero()[:, 0].tolist()
    found += [f"with {attributes[one].lower()}" for one in too_much]
    groups = [group for group in wishes.either[0] if not has[list(group)].any()]
    found += [f"without {either_text(group, attributes)}" for group in groups]
    if not wishes.years[0, wishes.facts.place[item]]:
        words = years_so_far(wishes, years)
        found.append(words.removeprefix("not ") if words.startswith("not ") else f"not {words}")
    return found


def is_asked(wishes: Wishes) -> bool:
    """Whether anything must hold."""
    return bool(wishes.hard.any() or wishes.either[0] or not wishes.years.all())


def outside(asked: Sequence[Requirement], calendar: torch.Tensor, noun: str) -> str:
    """Which years the catalogue has, if others are asked for, in words.

    Args:
        noun: what an item is called.
    """
    spans = [one for one in asked if one.years and one.wanted and one.hard]
    if not len(calendar) or all(within(one, calendar).any() for one in spans):
        return ""
    return f"the {noun}s here are from {int(calendar[0])} to {int(calendar[-1])}"
