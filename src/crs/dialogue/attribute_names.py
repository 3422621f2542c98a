"""Attributes as people write them: by name, in the plural, by a synonym, with a slip of the pen."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from crs.dialogue.cues import CUES
from crs.dialogue.years import spelt
from crs.titles.everyday import everyday
from crs.titles.typos import shortened

SHORTEST = 5
"""A word with fewer letters is taken as it is written: one more letter makes another word of it."""
NEAR = 0.7
"""So much alike are words of which one is offered for the other, by `difflib`'s ratio."""
EVERYDAY = set(
    "auction thrilled mastery comely crimp romans roman western's fantasia dancer dances medal "
    "metals petal mental poppy horse mouse clues spots ports branch blouse honor honors honour "
    "family families minister ministry mystic music musician comics comic weather eastern "
    "advent active actor actors actress warm ward documented dramas criminal crises children "
    "child childhood historic history bistro story stores sport spot shops shop rooks rocky".split()
)
"""Words one letter away from an attribute of some data set, and meant as they are written."""


def plain_words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, without apostrophes."""
    return tuple(re.findall(r"\w+", spelt(name.lower())))


def singular(word: str) -> str:
    """A word without the ending of a plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(sh|ch|x|ss|zz)es$", word):
        return word[:-2]
    return word[:-1] if len(word) > 3 and re.search(r"[^s]s$", word) else word


def one_slip(typed: str, meant: str) -> bool:
    """Whether one letter too many, too few, wrong, or a pair turned round makes the difference."""
    first = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), None)
    if first is None:
        return abs(len(typed) - len(meant)) <= 1
    one, two = typed[first:], meant[first:]
    swapped = one[1:2] + one[:1] + one[2:]
    return two in (one[1:], swapped) or one == two[1:] or one[1:] == two[1:]


def synonyms(text: str) -> Iterable[tuple[str, list[str]]]:
    """Each synonym of a table with the names that it stands for."""
    for line in text.splitlines():
        said, _, names = line.partition(":")
        if names and not said.startswith("#"):
            yield from ((one.strip(), [n.strip() for n in names.split("+")])
                        for one in said.split(","))  # fmt: skip


class AttributeNames:
    """A catalogue's attributes, to be found in words.

    Args:
        names: by id, names[0] unused.
        table: synonyms, as in synonyms/; those of names that are not there are passed over.
    """

    def __init__(self, names: list[str], table: str = "") -> None:
        self.known: dict[str, list[tuple[tuple[str, ...], tuple[int, ...]]]] = {}
        ids = {name.lower(): number for number, name in enumerate(names) if number}
        forms: dict[tuple[str, ...], tuple[int, ...]] = {}
        for said, meant in synonyms(table):
            if all(name.lower() in ids for name in meant):
                forms.setdefault(plain_words(said), tuple(ids[name.lower()] for name in meant))
        for name, number in ids.items():
            words = plain_words(name)
            # `children` is Children's, but `new` is not News.
            short = tuple(w if len(singular(w)) < SHORTEST else singular(w) for w in words)
            forms |= dict.fromkeys((words, ("".join(words),), short), (number,))
        forms.pop((), None), forms.pop(("",), None)
        for form, meant_ids in forms.items():
            self.known.setdefault(form[0], []).append((form, meant_ids))
        for entries in self.known.values():
            entries.sort(key=lambda entry: -len(entry[0]))  # the longest name first
        self.vocabulary = {word for form in forms for word in form}
        self.long = sorted(word for word in self.vocabulary if len(word) >= SHORTEST)
        self.near: dict[str, set[str]] = {}
        for word in self.vocabulary:
            if len(word) >= SHORTEST:
                for part in shortened(word):
                    self.near.setdefault(part, set()).add(word)
        self.readings = lru_cache(maxsize=1 << 16)(self.read_word)
        self.by_meaning: dict[str, tuple[int, ...]] = {}
        """Words that stand for an attribute though no table has them (`RulesByMeaning`)."""

    def read_word(self, word: str) -> tuple[str, ...]:
        """The words of names that a word may be: itself, its singular, or else what is near."""
        exact = [w for w in dict.fromkeys((word, singular(word))) if w in self.vocabulary]
        if exact or len(word) < SHORTEST or word in CUES or {word, singular(word)} & EVERYDAY:
            return tuple(exact)
        return tuple(
            meant
            for typed in dict.fromkeys((word, singular(word)))
            for meant in sorted(set().union(*(self.near.get(p, ()) for p in shortened(typed))))
            if meant[0] == typed[0] and one_slip(typed, meant)
        )[:1]

    def nearest(self, word: str) -> str:
        """The word of a name that is most like one that no name has and that is none of
        everybody's words; nothing if none is near."""
        if len(word) < SHORTEST or not word.isalpha() or self.readings(word):
            return ""
        if word in EVERYDAY or word in everyday():
            return ""
        alike = [one for one in self.long if one[0] == word[0]]
        near = get_close_matches(word, alike, 1, NEAR)
        return near[0] if near else ""

    def at(self, words: list[str], place: int) -> tuple[tuple[int, ...], int] | None:
        """The attributes whose name or synonym begins at a word, and the place behind it."""
        for first in self.readings(words[place]):
            for form, ids in self.known.get(first, ()):
                rest = words[place + 1 : place + len(form)]
                if len(rest) == len(form) - 1 and all(
                    asked in self.readings(word) for asked, word in zip(form[1:], rest, strict=True)
                ):
                    return ids, place + len(form)
        meant = self.by_meaning.get(words[place])
        return (meant, place + 1) if meant else None
