"""What of all that was said still holds, as a list of requirements."""

from collections.abc import Iterable
from dataclasses import replace

from crs.dialogue.state import EARLIEST, LATEST, Requirement

ANY_YEAR = Requirement(years=(EARLIEST, LATEST))


def standing(said: Iterable[Requirement]) -> list[Requirement]:
    """The requirements that no later one overrides or takes back.

    Args:
        said: oldest first.
    """
    found: list[Requirement] = []
    for one in said:
        if one.any_year:
            found = [other for other in found if not other.years]
        elif one.taken_back:
            found = [left for other in found if (left := without(other, one))]
        elif one.attribute or one.items:
            found = [left for other in found if (left := without(other, one))] + [one]
        else:
            found.append(one)
    return found


def without(one: Requirement, newer: Requirement) -> Requirement | None:
    """What is left of a requirement beside a newer one of the same thing."""
    if newer.attribute and one.attribute == newer.attribute:
        return None
    if newer.attribute in one.either:
        left = tuple(a for a in one.either if a != newer.attribute)
        if newer.wanted and not newer.taken_back:
            return None  # it is decided
        return replace(one, either=left) if len(left) > 1 else Requirement(left[0])
    if newer.either and one.either == newer.either:
        return None
    if newer.items and set(one.items) & set(newer.items):
        return None
    return one


def taken_back(standing_: Iterable[Requirement]) -> list[Requirement]:
    """What takes these requirements back."""
    found = []
    for one in standing_:
        if one.years:
            found.append(ANY_YEAR)
        elif one.either:
            found += [Requirement(a, taken_back=True) for a in one.either]
        else:
            found.append(replace(one, wanted=True, hard=True, taken_back=True))
    return list(dict.fromkeys(found))
