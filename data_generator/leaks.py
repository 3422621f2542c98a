"""The leak audit: does an utterance name its target? Exact and fuzzy title matches."""

import re
from difflib import SequenceMatcher
from functools import lru_cache

from crs.titles import names

FUZZY = 0.85
"""Similarity of the title to a run of as many words, from which on it counts as named."""
MIN_LETTERS = 4
"""Titles shorter than this (`M`, `Up`) match ordinary words by chance and are not counted."""


@lru_cache(maxsize=1 << 16)
def names_of_title(title: str) -> tuple[tuple[str, ...], ...]:
    """The names an item goes by, each as lower-case words.

    As in crs/titles.py, with a leading English article dropped as people drop it.
    """
    found = []
    for name in names(title):
        words = re.findall(r"\w+", name)
        words = words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words
        if len(" ".join(words)) >= MIN_LETTERS:
            found.append(tuple(words))
    return tuple(found)


def leak(title: str, text: str) -> str | None:
    """`exact` if the text has a name of the item in a row, `fuzzy` if nearly, else None."""
    words = re.findall(r"\w+", text.lower())
    near = None
    for name in names_of_title(title):
        joined = " ".join(name)
        for i in range(len(words) - len(name) + 1):
            run = " ".join(words[i : i + len(name)])
            if run == joined:
                return "exact"
            matcher = SequenceMatcher(None, run, joined, autojunk=False)
            if matcher.real_quick_ratio() >= FUZZY and matcher.quick_ratio() >= FUZZY:
                near = near or ("fuzzy" if matcher.ratio() >= FUZZY else None)
    return near
