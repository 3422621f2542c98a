"""Titles within what is said."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from crs.dialogue.clauses import Find
from crs.titles import fold, spellings, title_and_year

CUED = re.compile(r"(?:\blike |[\"“]|\bmovie |\bfilm is )$")
YEAR_BEHIND = re.compile(r"\s*(?:\(|(?:the )?(?:one )?(?:from|of)? ?)((?:18|19|20)\d\d)\)?(?!\d)")
COMMON = set("up it her big speed heat seven jaws alien aliens 1917 2012 300".split())


class TitleMention(NamedTuple):
    """Where a text names titles, and the places of those that it may mean."""

    start: int
    end: int
    places: tuple[int, ...]


def none(text: str) -> list[TitleMention]:
    """No title is known."""
    return []


def finder(titles: Sequence[str]) -> Find:
    """Finds titles in texts.

    Args:
        titles: by id, titles[0] unused.
    """
    return mentions_of(list(titles[1:])) if titles else none


def mentions_of(titles: list[str]) -> Find:
    """Whole titles and their beginnings before a colon, word by word, the longest first."""
    known: dict[tuple[str, ...], set[int]] = {}
    for place, title in enumerate(titles):
        said = set(spellings(title)) | set(spellings(title_and_year(title)[0].split(":")[0]))
        for spelling in filter(None, said):
            known.setdefault(spelling, set()).add(place)
    longest = max(map(len, known), default=0)
    years = [title_and_year(title)[1] for title in titles]

    def find(text: str) -> list[TitleMention]:
        tokens = [(fold(m[0]), m.start(), m.end()) for m in re.finditer(r"[\w'’]+", text)]
        found: list[TitleMention] = []
        place = 0
        while place < len(tokens):
            for length in range(min(longest, len(tokens) - place), 0, -1):
                said = tuple(word for word, *_ in tokens[place : place + length])
                start, end = tokens[place][1], tokens[place + length - 1][2]
                if said in known and (
                    length > 1
                    or (said[0] not in COMMON and len(said[0]) > 4)
                    or CUED.search(text[max(0, start - 10) : start])
                    or (text[start].isupper() and text[:start].strip()[-1:].isalnum())
                ):
                    places = tuple(sorted(known[said]))
                    if (dated := YEAR_BEHIND.match(text, end)) and (
                        one := [p for p in places if years[p] == int(dated[1])]
                    ):
                        places, end = tuple(one), dated.end()
                    found.append(TitleMention(start, end, places))
                    while place < len(tokens) and tokens[place][1] < end:
                        place += 1
                    break
            else:
                place += 1
        return found

    return find
