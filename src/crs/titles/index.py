"""The names of a catalogue's titles, to be looked up by their letters."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from crs.titles.everyday import everyday, is_everyday
from crs.titles.names import short_forms, spellings, without_article
from crs.titles.numbers import in_digits
from crs.titles.typos import Typos
from crs.titles.words import Word

SHORT, FIRST = 10, 20
"""Ranks of a short form of a title, and of a title with its number as the first of a series."""
HEAD = 4
"""Letters by which names are looked up before all of their letters are."""


class Name(NamedTuple):
    """One way to say one title.

    Attributes:
        rank: the lower, the nearer to the whole title.
        place: of the title in the catalogue.
        n_words: of the name.
    """

    rank: int
    place: int
    n_words: int


class Row(NamedTuple):
    """The words of a text in one way to read them.

    Attributes:
        mended: where in the text the words begin that are taken for misspelt.
    """

    words: list[Word]
    mended: frozenset[int] = frozenset()


class Said(NamedTuple):
    """A name in a text: the words `first` to `last` of a row.

    Attributes:
        key: its letters.
    """

    row: Row
    first: int
    last: int
    key: str

    @property
    def span(self) -> tuple[int, int]:
        """Its characters in the text."""
        return self.row.words[self.first].start, self.row.words[self.last].end

    @property
    def name(self) -> tuple[str, ...]:
        """Its words, without an article."""
        return without_article(tuple(w.folded for w in self.row.words[self.first : self.last + 1]))

    @property
    def exact(self) -> bool:
        """Whether none of its words is misspelt."""
        start, end = self.span
        return not any(start <= place < end for place in self.row.mended)


class Index:
    """Names by all of their letters in a row, so that it makes no difference which words are
    joined, hyphenated or apart; numbers as written and in digits.

    Attributes:
        names: by their letters.
        everyday: letters of the names that are made of everyday words.
        words: of all names.
    """

    def __init__(self, titles: Sequence[str]) -> None:
        self.names: dict[str, list[Name]] = {}
        self.everyday: set[str] = set()
        self.words: set[str] = set()
        for place, title in enumerate(titles):
            whole = list(filter(None, spellings(title)))
            for rank, spelling in enumerate(whole):
                self.add(place, rank, spelling)
            if "-" in title or "·" in title:
                self.words.update("".join(spelling) for spelling in whole)
        for place, title in enumerate(titles):
            for spelling in filter(None, short_forms(title)):
                self.add(place, SHORT, spelling)
        self.number_first_parts()
        self.short = {key for key in self.names if len(key) < HEAD}
        self.longest: dict[str, int] = {}
        for key in self.names:
            self.longest[key[:HEAD]] = max(self.longest.get(key[:HEAD], 0), len(key))

    def add(self, place: int, rank: int, spelling: tuple[str, ...]) -> None:
        """A way to say a title."""
        self.words.update(spelling)
        counted = tuple(word.folded for word in in_digits([Word(w, 0, 0) for w in spelling]))
        for name in dict.fromkeys((spelling, counted)):
            key = "".join(name)
            known = self.names.setdefault(key, [])
            if all(other.place != place for other in known):
                known.append(Name(rank, place, len(name)))
            if is_everyday(name):
                self.everyday.add(key)

    def number_first_parts(self) -> None:
        """`Rocky` goes by `Rocky 1` too where there is a `Rocky 2`."""
        for key in [key for key in self.names if key.endswith("2")]:
            first = f"{key[:-1]}1"
            whole = [name for name in self.names.get(key[:-1], ()) if name.rank < SHORT]
            if whole and first not in self.names:
                self.names[first] = [
                    name._replace(rank=FIRST, n_words=name.n_words + 1) for name in whole
                ]

    @cached_property
    def typos(self) -> Typos:
        """The words of all names, to be found by a misspelling."""
        return Typos(self.words)

    def rows(self, words: list[Word], sentence: bool = True) -> Iterator[Row]:
        """The words of a text as written, and with numbers in digits; then both once more, with
        words that no title has replaced by those of titles of which they are a misspelling.

        Args:
            sentence: whether everyday words are right as they are.
        """
        yield Row(words)
        if (counted := in_digits(words)) != words:
            yield Row(counted)
        known, usual = self.words, everyday() if sentence else frozenset()
        mended = list(words)
        for place, word in enumerate(words):
            text = word.folded
            if len(text) > 3 and text not in known and text not in usual:
                mended[place] = word._replace(folded=self.typos.nearest(text) or text)
        if mended != words:
            places = frozenset(a.start for a, b in zip(words, mended, strict=True) if a != b)
            yield Row(mended, places)
            if (counted := in_digits(mended)) != mended:
                yield Row(counted, places)

    def said_in(self, row: Row) -> Iterator[Said]:
        """Every name in a row."""
        letters = [word.folded for word in row.words]
        joined = "".join(letters)
        ends = list(accumulate(map(len, letters)))
        start = 0
        for first, following in enumerate(ends):
            head = joined[start : start + HEAD]
            reach = self.longest.get(head, 0)
            if not reach and self.short.isdisjoint((head[:1], head[:2], head[:3])):
                start = following
                continue
            for last in range(first, len(ends)):
                length = ends[last] - start
                if length >= HEAD and length > reach:
                    break
                key = joined[start : ends[last]]
                if key in self.names:
                    yield Said(row, first, last, key)
            start = following
