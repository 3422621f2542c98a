"""What people call an item: its title with the article moved, its other names, no accents.

`Usual Suspects, The (1995)` goes by "The Usual Suspects" and "Usual Suspects"; words in
brackets that are no year are another name.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

ARTICLES = ("the", "a", "an", "le", "la", "les", "il", "das", "der", "die", "el", "l")
MOVED = re.compile(rf"^(.*), ({'|'.join(ARTICLES)})$")
DATED = re.compile(r"(.*?)\s*\((\d{4})\)\s*(?:\(V\))?\s*")
ALSO = re.compile(r"^a\.?k\.?a\.? ")
LETTERS = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "'": "", "’": "", "&": " and ",
})  # fmt: skip
"""Letters that do not come apart into one with an accent, and signs that people leave out."""


def title_and_year(text: str) -> tuple[str, int | None]:
    """`Toy Story (1995)` as its parts, a `(V)` for video behind it left out; no year is None."""
    found = DATED.fullmatch(text)
    return (found[1], int(found[2])) if found else (text.strip(), None)


def names(title: str) -> list[str]:
    """The names of an item in lower case, articles in front; first the one without brackets."""
    lower = title.lower()
    in_brackets = [name for name in re.findall(r"\((.*?)\)", lower) if not name.isdecimal()]
    return [article_first(name) for name in (re.sub(r"\(.*?\)", " ", lower), *in_brackets)]


def article_first(name: str) -> str:
    """`usual suspects, the` turned round; other names as they are."""
    plain = name.strip()
    moved = MOVED.match(plain)
    return f"{moved[2]} {moved[1]}" if moved else plain


def fold(text: str) -> str:
    """A text in lower case without accents and apostrophes."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words(name: str) -> tuple[str, ...]:
    """The words by which two names are compared."""
    return tuple(re.findall(r"\w+", fold(ALSO.sub("", name))))


def without_article(name: tuple[str, ...]) -> tuple[str, ...]:
    """The words without an article in front, unless there are no others."""
    return name[1:] if len(name) > 1 and name[0] in ARTICLES else name


def spellings(title: str) -> Iterator[tuple[str, ...]]:
    """The words of a title in each way in which it is said, those first that are nearest to it."""
    plain = title_and_year(title)[0].lower()
    first, *others = names(title)
    whole = [words(article_first(plain)), words(first)]
    yield from whole
    yield from map(without_article, whole)
    yield from map(words, others)
    yield from (without_article(words(name)) for name in others)


class Titles:
    """A catalogue's titles, to be found as people type them.

    Args:
        titles: as they are shown, with their years.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self.shown = list(titles)
        self.folded = [fold(title) for title in self.shown]
        self.said: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
        for place, title in enumerate(self.shown):
            for rank, spelling in enumerate(filter(None, spellings(title))):
                self.said[spelling].setdefault(place, rank)

    def containing(self, text: str) -> list[int]:
        """Places of the titles that have these words anywhere."""
        wanted = fold(text).split()
        return [
            place for place, name in enumerate(self.folded) if all(word in name for word in wanted)
        ]

    def find(self, text: str) -> list[int]:
        """Places of the titles that a text means: one, none, or several that it may mean.

        A title as it is shown comes first, then the whole title without its year or with its
        article moved, then another name of it, then titles that have the words somewhere. A year
        behind the text must be the title's.
        """
        exact = [place for place, name in enumerate(self.folded) if name == fold(text.strip())]
        if exact:
            return exact
        title, year = title_and_year(text)
        typed = words(article_first(title.lower()))
        for spelling in dict.fromkeys([typed, without_article(typed)]):
            ranks = {
                place: rank
                for place, rank in self.said.get(spelling, {}).items()
                if year in (None, title_and_year(self.shown[place])[1])
            }
            if ranks:
                best = min(ranks.values())
                return [place for place, rank in ranks.items() if rank == best]
        return self.containing(text) if typed or text.strip() else []
