"""Words that everybody says about anything, most frequent first, so that a title made of them is
named only where something else says so.

The list has words of English that texts have more often in lower case than as a name. It was made
from the vocabulary of a language model, which has the frequent words first, and counts of letters'
case in public texts.
"""

import re
from functools import cache
from importlib.resources import files

GENRES = frozenset((
    "action", "adventure", "animation", "biography", "children", "childrens", "comedy", "crime",
    "documentary", "drama", "family", "fantasy", "history", "horror", "music", "musical",
    "mystery", "news", "noir", "romance", "scifi", "short", "sport", "thriller", "war", "western",
))  # fmt: skip
"""Kinds of works: a wish for one of them is no title of this name."""
WORKS = frozenset(("movie", "movies", "film", "films", "show", "book", "album", "music"))
"""What a wish is for, after any word that says of which kind."""
STOP, FREQUENT = 150, 1500
"""How many of the words are of grammar alone, and how many are frequent."""


@cache
def ranked() -> tuple[str, ...]:
    """The words, most frequent first."""
    return tuple(files("crs.titles").joinpath("everyday.txt").read_text("utf-8").split())


@cache
def everyday() -> frozenset[str]:
    """All of the words."""
    return frozenset(ranked())


@cache
def frequent() -> frozenset[str]:
    """The frequent ones among them."""
    return frozenset(ranked()[:FREQUENT])


@cache
def stop() -> frozenset[str]:
    """Those that have no meaning of their own."""
    return frozenset(ranked()[:STOP])


def compared(word: str) -> list[str]:
    """Words that a comparative or superlative may be of: `short` of `shorter`, `big` of `bigger`;
    none if it ends as neither."""
    stem = re.sub("(?:er|est)$", "", word)
    if stem == word or len(stem) < 3:
        return []
    found = [stem, f"{stem}e"]
    found += [f"{stem[:-1]}y"] if stem.endswith("i") else []
    return found + ([stem[:-1]] if stem[-1] == stem[-2] else [])


def is_everyday(name: tuple[str, ...]) -> bool:
    """Whether these words in a text may be no title at all.

    One word is, if it is on the list, a number or very short; two are, if both are frequent or the
    second is what a wish is for; more are, if all are of grammar.
    """
    bare = name[1:] if len(name) > 1 and name[0] in ("the", "a", "an") else name
    if not "".join(bare).isascii() and all(len(word) == 1 for word in bare):
        return len(bare) < 3
    if len(bare) == 1:
        return bare[0] in everyday() or bare[0].isdecimal() or len(bare[0]) < 3
    if len(bare) == 2 and bare[1] in WORKS and bare[0] in everyday():
        return True
    if len(bare) == 2:
        return all(word in frequent() or word.isdecimal() for word in bare)
    return all(word in stop() or word.isdecimal() for word in bare)
