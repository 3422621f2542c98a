"""Titles as people type them: which items of a catalogue a text means, and which it names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from crs.titles.cues import LISTED, REACH, TASTE, cued, in_lists, listed, quoted
from crs.titles.everyday import compared, everyday, is_everyday, stop
from crs.titles.index import Index, Name, Said
from crs.titles.names import (
    article_first,
    short_forms,
    spellings,
    spoken,
    title_and_year,
    without_article,
)
from crs.titles.typos import allowed, distance
from crs.titles.words import fold, unescaped, words_of

LETTERS = 6
"""A shorter name is taken for other words, in a sentence, if it is misspelt or its words are joined
or apart."""
COMPARED = 2000
"""Titles at most that are compared with a misspelt one."""
YEAR_BEHIND = re.compile(
    r"[\"'”’」』]?\s*(?:[(\[]\s*(\d{4})\s*[)\]]|,?\s*(?:(?:from|of)\s+)?(\d{4})(?!\w|-\w))"
)
YEAR_BEFORE = re.compile(r"\b(\d{4})\s+(?:version\s+of\s+)?(?:the\s+)?[\"'“‘]?$")
YEAR_REACH = 30
"""Letters before a title in which its year is looked for."""
TYPED_YEAR = re.compile(r"(.*?\S)[\s,]+(?:from\s+)?(\d{4})\s*", re.DOTALL)


class Mention(NamedTuple):
    """A title within a text.

    Attributes:
        start, end: its characters, those of a year that belongs to it included.
        places: of the titles that it may mean; several if it fits them equally well.
        exact: False if it is misspelt.
    """

    start: int
    end: int
    places: tuple[int, ...]
    exact: bool = True


class Titles:
    """A catalogue's titles, to be found as people type them and where people name them.

    Args:
        titles: as they are shown, with their years.
        weights: how well known each of them is; the best known of several candidates is first.
    """

    def __init__(self, titles: Iterable[str], weights: Sequence[float] | None = None) -> None:
        self.shown = list(titles)
        self.weights = weights
        self.folded = [fold(unescaped(title)[0]) for title in self.shown]
        self.years = [title_and_year(title)[1] for title in self.shown]
        self.index = Index(self.shown)

    @cached_property
    def having(self) -> dict[str, list[int]]:
        """Places of the titles that have a word."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, folded in enumerate(self.folded):
            for word in {word.folded for word in words_of(folded)}:
                found[word].append(place)
        return found

    def ordered(self, places: Iterable[int]) -> list[int]:
        """Places, those of the best known titles first."""
        weights, known = self.weights, sorted(set(places))
        return known if weights is None else sorted(known, key=lambda place: -weights[place])

    def best(self, names: Iterable[Name], year: int | None) -> list[int]:
        """Places of the titles that are nearest to what was said, of this year if there is one."""
        fit = [name for name in names if year in (None, self.years[name.place])]
        rank = min((name.rank for name in fit), default=0)
        return self.ordered(name.place for name in fit if name.rank == rank)

    def containing(self, text: str) -> list[int]:
        """Places of the titles that have these words anywhere."""
        wanted = fold(unescaped(text)[0]).split()
        return [
            place for place, name in enumerate(self.folded) if all(word in name for word in wanted)
        ]

    def find(self, text: str) -> list[int]:
        """Places of the titles that a text means: one, none, or several that it may mean.

        A title as it is shown comes first, then the whole title without its year or with its
        article moved, then another name of it, then a short form, then a misspelt one, then titles
        that have the words somewhere. A year behind the text must be the title's.
        """
        typed = unescaped(text)[0].strip()
        if not typed:
            return []
        folded = fold(typed)
        exact = [place for place, name in enumerate(self.folded) if name == folded]
        if exact:
            return self.ordered(exact)
        title, year = title_and_year(typed)
        found = self.named(title, year)
        if not found and year is None and (dated := TYPED_YEAR.fullmatch(title)):
            found = self.named(dated[1], int(dated[2]))
        return found or self.misspelt(title, year) or self.ordered(self.containing(typed))

    def named(self, text: str, year: int | None) -> list[int]:
        """Places of the titles of which a text is a name."""
        for row in self.index.rows(words_of(article_first(text.lower())), sentence=False):
            typed = tuple(word.folded for word in row.words)
            for spelling in dict.fromkeys((typed, without_article(typed))):
                if found := self.best(self.index.names.get("".join(spelling), ()), year):
                    return found
        return []

    def misspelt(self, text: str, year: int | None) -> list[int]:
        """Places of the titles that share a rare word with a text and are few slips from it."""
        typed = tuple(word.folded for word in words_of(text))
        known = {w if w in self.having else self.index.typos.nearest(w) or "" for w in typed}
        rarest = sorted((self.having.get(word, []) for word in known), key=len)
        rarest = [places for places in rarest if places][:2]
        near = list(dict.fromkeys(place for places in rarest for place in places))[:COMPARED]
        letters = {"".join(typed), "".join(without_article(typed))}
        most = allowed(max(map(len, letters)))
        slips: dict[int, int] = {}
        for place in near:
            title = self.shown[place]
            if year in (None, self.years[place]):
                names = {"".join(name) for name in (*spellings(title), *short_forms(title))}
                slips[place] = min(distance(a, b, most) for a in letters for b in names | {""})
        least = min(slips.values(), default=most + 1)
        return self.ordered(p for p, n in slips.items() if n == least) if least <= most else []

    def mentions(self, text: str, suspicious: bool = False) -> list[Mention]:
        """The titles that a text names, in its order; of names that overlap the longest.

        Words that everybody says are a title only where the text shows that one is meant.

        Args:
            suspicious: take two such words in a row for a title wherever they are.
        """
        plain, places = unescaped(text)
        found = [
            said for row in self.index.rows(words_of(plain)) for said in self.index.said_in(row)
        ]
        if not found:
            return []
        found.sort(key=lambda said: (said.span[0] - said.span[1], not said.exact))
        taken: list[Mention] = []
        for said in found:
            whole = self.whole(plain, said.span[0], self.index.names[said.key])
            if whole and free(whole[:2], taken):
                taken.append(whole)
        doubted: list[Said] = []
        for said in found:
            if free(said.span, taken):
                if self.meant(plain, said, suspicious):
                    taken.append(self.mention(plain, said))
                elif said.exact:
                    doubted.append(said)
        doubted.sort(key=lambda said: said.span)
        for one in list(taken):
            for said in heads(plain, doubted, tuple(taken), one):
                if free(said.span, taken):
                    taken.append(self.mention(plain, said))
        for said in doubted:
            before = max((one.end for one in taken if one.end <= said.span[0]), default=None)
            joined = before is not None and LISTED.fullmatch(plain, before, said.span[0])
            if joined and free(said.span, taken) and listed(plain, said.span[1], said.name):
                taken.append(self.mention(plain, said))
        taken.sort()
        if places is None:
            return taken
        return [one._replace(start=places[one.start], end=places[one.end]) for one in taken]

    def meant(self, text: str, said: Said, suspicious: bool) -> bool:
        """Whether a name in a text is meant as a title; see `mentions`."""
        start, end = said.span
        usual = said.key in self.index.everyday or is_everyday(said.name)
        short = len(said.key) < LETTERS
        plain = not suspicious and not everyday().isdisjoint(compared(text[start:end].lower()))
        if not said.exact and (usual or short or plain):
            return False
        n_words = said.last - said.first + 1
        if n_words > 1 and all(n_words != name.n_words for name in self.index.names[said.key]):
            if short and not quoted(text, start, end):
                return False
            usual = usual or everyday().issuperset(said.name)
        if not usual or (suspicious and len(said.name) > 1 and not stop().issuperset(said.name)):
            return True
        words = said.row.words
        return cued(text, words, said.first, said.last, said.name) or (
            self.dated(text, said)[2] is not None
        )

    def dated(self, text: str, said: Said) -> tuple[int, int, int | None]:
        """The characters of a name with the year of one of its titles beside it, and the year."""
        start, end = said.span
        years = {self.years[name.place] for name in self.index.names[said.key]}
        behind = YEAR_BEHIND.match(text, end)
        if behind and (year := int(behind[1] or behind[2])) in years:
            return start, behind.end(), year
        before = YEAR_BEFORE.search(text[max(0, start - YEAR_REACH) : start])
        if before and (year := int(before[1])) in years:
            return start - len(before[0]), end, year
        return start, end, None

    def mention(self, text: str, said: Said) -> Mention:
        """A name that is meant as a title."""
        start, end, year = self.dated(text, said)
        return Mention(start, end, tuple(self.best(self.index.names[said.key], year)), said.exact)

    def whole(self, text: str, start: int, names: Iterable[Name]) -> Mention | None:
        """A title that stands in a text as it is shown, `Usual Suspects, The (1995)`, or with its
        article in front: its year and what is in brackets are its own, and no other words.

        A title without brackets is a name as any other: `Up` may be an everyday word.
        """
        fit: dict[int, slice] = {}
        for name in names:
            shown = self.shown[name.place]
            for title in {shown, spoken(shown)} if shown.endswith(")") else ():
                signs = next((place for place, one in enumerate(title) if one.isalnum()), 0)
                part = slice(start - signs, start - signs + len(title))  # (500) Days of Summer
                if part.start >= 0 and text[part].lower() == title.lower():
                    fit[name.place] = part
        if not fit:
            return None
        longest = max(fit.values(), key=lambda part: part.stop - part.start)
        places = self.ordered(place for place, part in fit.items() if part == longest)
        return Mention(longest.start, longest.stop, tuple(places))


def heads(text: str, doubted: Sequence[Said], taken: Sequence[Mention], one: Mention) -> list[Said]:
    """The names that begin a list of which a title is the next, the last first: `I love Alien, Heat
    and Fargo`.

    There are none without a word of taste before the first; and they have capitals, or the list has
    three titles at least.
    """
    found: list[Said] = []
    start = one.start
    behind = any(LISTED.fullmatch(text, one.end, other.start) for other in taken)
    for said in reversed(doubted):
        if LISTED.fullmatch(text, said.span[1], start) and in_lists(said.name):
            found.append(said)
            start = said.span[0]
            if TASTE.search(text, max(0, start - REACH), start):
                capitals = all(text[other.span[0]].isupper() for other in found)
                return found if capitals or len(found) + 1 + behind > 2 else []
    return []


def free(span: tuple[int, int], taken: list[Mention]) -> bool:
    """Whether no title stands yet at these characters."""
    start, end = span
    return not any(start < one.end and one.start < end for one in taken)
