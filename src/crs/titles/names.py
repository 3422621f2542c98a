"""What people call an item: its title with the article moved, its other names, its short forms.

`Usual Suspects, The (1995)` goes by "The Usual Suspects" and "Usual Suspects"; what stands in
brackets and is no year is a name of its own; `Borat: Cultural Learnings …` goes by "Borat".
"""

import re
from collections.abc import Iterator

from crs.titles.everyday import frequent, stop
from crs.titles.numbers import PARTS
from crs.titles.words import unescaped, words_of

ARTICLES = ("the", "a", "an", "le", "la", "les", "il", "das", "der", "die", "el", "l")
MOVED = re.compile(rf"^(.*), ({'|'.join(ARTICLES)})'?$")
DATED = re.compile(r"(.*?)\s*\((\d{4})\)\s*(?:\(V\))?\s*", re.DOTALL)
ALSO = re.compile(r"^a\.?k\.?a\.? ")
SUBTITLE = re.compile(r":\s+|\s+[-–—]\s+|,?\s+or:\s+|,\s+or,?\s+")
CUT = re.compile(r",\s|\s(?:of|and|&|in|on|from|with|who|that)\s")
"""Where people stop who do not say a long title to its end."""

SPOKEN = re.compile(
    r"(?P<name>[^()]+), (?P<article>The|An?|L[ae]|Les|Las|L'|Il|Das|De[rn]|Die|El|Los|Une?)"
    r"(?= ?\(|\)|$)"
)
"""A name with its article behind it, as it is shown."""

INITIALS = re.compile(r"(?:\w\.){2,}(?=\s)")


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


def spoken(title: str) -> str:
    """A title as people write it, the article in front: `The Usual Suspects (1995)`."""
    turned = SPOKEN.sub(lambda found: f"{found['article']} {found['name'].strip()}", title)
    return turned.replace("L' ", "L'")


def words(name: str) -> tuple[str, ...]:
    """The words by which two names are compared."""
    return tuple(word.folded for word in words_of(unescaped(ALSO.sub("", name))[0]))


def without_article(name: tuple[str, ...]) -> tuple[str, ...]:
    """The words without an article in front, unless nothing else is there."""
    return name[1:] if len(name) > 1 and name[0] in ARTICLES else name


def spellings(title: str) -> Iterator[tuple[str, ...]]:
    """The words of a title in each way in which all of it is said, nearest to it first."""
    plain = title_and_year(unescaped(title)[0])[0].lower()
    first, *others = names(plain)
    whole = [words(article_first(plain)), words(first)]
    yield from whole
    yield from map(without_article, whole)
    yield from map(words, others)
    yield from (without_article(words(name)) for name in others)


def short_forms(title: str) -> Iterator[tuple[str, ...]]:
    """The words of the parts of a title that people take for the whole.

    What stands before a subtitle, the subtitle, both without what is between; and the beginning of
    a long title, if its words do not say something else as well.
    """
    plain = title_and_year(unescaped(title)[0])[0].lower()
    name = names(plain)[0]
    parts = [words(part) for part in SUBTITLE.split(name)]
    parts = [part for part in parts if part]
    for last in range(1, len(parts)):
        yield from both(sum(parts[:last], ()))
        if len(without_article(parts[last])) > 1 and parts[last][0] not in PARTS:
            yield from both(parts[last])
    if len(parts) > 2:
        yield from both(parts[0] + parts[-1])
    if initials := INITIALS.match(name):
        yield words(initials[0])
    for cut in CUT.finditer(SUBTITLE.split(name)[0]):
        if telling(beginning := words(name[: cut.start()])):
            yield from both(beginning)
            break


def both(name: tuple[str, ...]) -> set[tuple[str, ...]]:
    """A name with and without its article."""
    return {name, without_article(name)}


def telling(beginning: tuple[str, ...]) -> bool:
    """Whether the beginning of a title says which title it is: two words with a meaning of their
    own, one of which is not everybody's."""
    own = [word for word in beginning if word not in stop()]
    return len(own) > 1 and not frequent().issuperset(own)
