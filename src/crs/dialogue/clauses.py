"""What was said, cut into clauses, with the attributes, years and titles that each names."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from crs.dialogue.attribute_names import AttributeNames
from crs.dialogue.cues import CUES, cue_at
from crs.dialogue.state import EARLIEST, LATEST
from crs.dialogue.years import ANY, relative, span, spelt, years_of

MASK = "\uf8ff"
"""Before the number of a title that stands in the text; nobody types it."""
SHORTHAND = {"w/o": "without", "w/out": "without", "w/": "with ", "&": " and ", "/": " or "}
TOKENS = re.compile(r"\uf8ff?\w+|[.!?]+(?=\s|$)|[,;:()\[\]{}–—\n]|(?<=\s)-+(?=\s)")
ENDS = set(".!?\n")
"""Marks that end a sentence begin so."""
TURNS = set("but though although however whereas".split())
"""Words that begin a clause."""
ADDS = set("also too additionally plus".split())
"""With such a word nothing is replaced."""
ALL = set("any anything everything all none nothing whatever".split())
"""`but` behind one of them, or one word later, is `except`."""
OF_ALL = set("movies films movie film genres genre titles things".split())
"""`but` behind `no` and one of them is `except`: no movies but comedies."""
POSSESSIVES = set("my our his her their your".split())
LIVES = set("born alive married met graduated moved retired divorced died lived worked".split())
"""A year behind such a word is no wish."""
COUNTS = set(
    "have has had own owns owned got seen watched than over under above below paid cost costs "
    "$".split()
)
"""A number between such a word and a plural is no year."""
PLURALS = "s", "people"
"""How a plural ends."""
DESCRIBES = set("lines where about plot story".split())
"""What follows such a word and a colon describes an item and requires nothing."""
STATED = re.compile(
    r"\b(?:my|our|his|her|their) "
    r"(?!(?:\w+ )?(?:favou?rite|thing|taste|mood|preference|pick|choice|wish|genre))"
    r"\w+ (?:\w+ )?(?:is|was|were|are|has been|had been) (?:just |so |such |like |full of |all "
    r"|a |an |pure |total |one |big |very |really )*$"
)
"""Before a name: a statement about one's own life."""
REMARK = re.compile(
    r"(?:so |and |wow |haha |lol )*(?:(?:that|this|it|he|she|you|they|life|who|what) "
    r"(?:was|is|were|are)|its|thats|hes|shes|youre|"
    r"(?:are|were) you|(?:is|was) (?:it|this|that|he|she))"
    r" (?:just |so |such |like |very |really |pretty |quite |a |an |pure |all |not |the )*"
)
"""Before a name with nothing behind it: a remark, and no wish."""
SCARES = re.compile(
    r"(?:(?:movies?|films?|flicks?|stuff|stories) )?(?:(?:always|really|just|all) )*scares? "
    r"(?:me|us|my \w+|him|her|them)(?: (?:too much|to death|a lot))?$"
)
"""What is said behind a name, and nothing else, of what one does not want."""
NEARBY = 12
"""So many words before a name are looked at, so that a long text takes a time of its length."""


@dataclass
class Mention:
    """Something that is named.

    Attributes:
        sort: `attribute`, `years` or `title`.
        of: ids of attributes, first and last years, or the places of titles.
        start, end: its words in the clause.
        act: `+` wanted, `-` refused, `back` taken back, `drop` taken back or refused, `allow`.
        hard: whether it must hold.
        cued: whether a word before it decides the act.
        either: whether `or` stands between it and the one of its sort before it.
    """

    sort: str
    of: tuple[int, ...]
    start: int
    end: int
    act: str = "+"
    hard: bool = True
    cued: bool = False
    either: bool = False


@dataclass
class Clause:
    """Some words between two marks.

    Attributes:
        before, after: the marks or words around it.
        sentence: number of its sentence.
        cues: what a phrase does, its first word and the place behind it.
        newer: 1 or -1 where newer or older items are asked for than those of before, else 0.
    """

    words: list[str]
    before: str
    after: str
    sentence: int
    mentions: list[Mention] = field(default_factory=list)
    cues: list[tuple[str, int, int]] = field(default_factory=list)
    newer: int = 0


def plain(text: str) -> str:
    """Lower case without apostrophes (`don't` is dont, `'90s` is 90s), years and signs spelt."""
    text = spelt(text.lower())
    if "/" in text or "&" in text:
        text = re.sub("w/o(?:ut)?|w/|&|/", lambda found: f" {SHORTHAND[found[0]]} ", text)
    return text


def cut(text: str) -> list[Clause]:
    """A text, made `plain`, cut at its marks and at `but` and its like."""
    found: list[Clause] = []
    words: list[str] = []
    before, sentence = "", 0

    def end(mark: str) -> None:
        nonlocal words, before, sentence
        if words:
            found.append(Clause(words, before, mark, sentence))
            words, before = [], mark
        elif mark not in TURNS or before in ("", ","):
            before = mark
        if found and found[-1].sentence == sentence and mark[0] in ENDS:
            sentence += 1

    for token in TOKENS.findall(text):
        if token == "but" and (
            ALL & set(words[-2:]) or (words[-2:-1] == ["no"] and words[-1] in OF_ALL)
        ):
            words.append("except")
        elif token in TURNS or not (token[0] == MASK or token[0].isalnum() or token[0] == "_"):
            end(token)
        else:
            words.append(token)
    if words:
        found.append(Clause(words, before, "", sentence))
    return found


class Named(Protocol):
    """Where a text names a title.

    Attributes:
        start, end: its first character, and the one behind its last.
        places: which titles it may be.
    """

    @property
    def start(self) -> int:
        """First character."""
        ...

    @property
    def end(self) -> int:
        """The one behind the last."""
        ...

    @property
    def places(self) -> tuple[int, ...]:
        """Titles."""
        ...


Find = Callable[[str], Iterable[Named]]
"""Finds the titles that a text names, in order."""


def mask(text: str, find: Find) -> tuple[str, list[tuple[int, ...]]]:
    """A text with each title replaced by a mark and its number, and which titles each may be."""
    text = text.replace(MASK, " ")
    parts: list[str] = []
    titles: list[tuple[int, ...]] = []
    behind = 0
    for one in find(text):
        parts += [text[behind : one.start], f" {MASK}{len(titles)} "]
        titles.append(one.places)
        behind = one.end
    return "".join([*parts, text[behind:]]), titles


def is_statement(clause: Clause, start: int, end: int, sort: str) -> bool:
    """Whether what is named is told of one's own life: `I was born in 1985`, `my drama`."""
    words = clause.words
    before = words[max(0, start - NEARBY) : start]
    owned = not POSSESSIVES.isdisjoint(before)
    if sort == "years":
        if owned and STATED.search(" ".join(before) + " "):
            return True  # my number is 1984
        near = set(words[max(0, start - 2) : start])
        number = any(word.isdigit() and not years_of(word) for word in words[start - 1 : start])
        things = end < len(words) and words[end].endswith(PLURALS) and bool(near & COUNTS)
        if before[-1:] and (before[-1] in POSSESSIVES or before in (["its"], ["it", "is"])):
            return True  # in my thirties; it is 2024
        return bool(LIVES & set(before)) or (words[start].isdigit() and (number or things))
    if sort != "attribute" or not before:
        return False
    if before[-1] in POSSESSIVES:
        return before[-2:-1] != ["for"]
    text = " ".join(before) + " "
    return bool((owned and STATED.search(text)) or (end == len(words) and REMARK.fullmatch(text)))


def scares(clause: Clause, place: int) -> bool:
    """Whether `scare` is the verb of a name, and no wish to be scared: `horror films scare me`."""
    if len(clause.mentions) != 1 or clause.before == "," or clause.after == "but":
        return False
    one, words = clause.mentions[0], clause.words
    head, said = words[: one.start], " ".join(words[one.end :])
    return one.sort == "attribute" and set(head) <= {"all", "most"} and bool(SCARES.match(said))


class Reader:
    """Finds what clauses name.

    Args:
        attributes: of the catalogue.
        find: titles in a text.
    """

    def __init__(self, attributes: AttributeNames, find: Find) -> None:
        self.attributes, self.find = attributes, find
        self.says = lru_cache(maxsize=1 << 16)(self.may_say)

    def may_say(self, word: str) -> bool:
        """Whether a name, a year or a cue may begin with a word."""
        return (
            word in CUES
            or word[0] == MASK
            or word == ANY
            or years_of(word) is not None
            or word in self.attributes.by_meaning
            or any(first in self.attributes.known for first in self.attributes.readings(word))
        )

    def clauses(self, text: str) -> list[Clause]:
        """The clauses of a text with their mentions and cues."""
        masked, titles = mask(text, self.find)
        found = cut(plain(masked))
        for clause in found:
            self.fill(clause, titles)
        return found

    def named(
        self, words: list[str], place: int, titles: list[tuple[int, ...]]
    ) -> tuple[str, tuple[int, ...], int] | None:
        """The sort of what is named at a word, what it is, and the place behind it."""
        word = words[place]
        if word[0] == MASK:
            return "title", titles[int(word[1:])], place + 1
        if found := self.attributes.at(words, place):
            return "attribute", *found
        if word == ANY:
            return "years", (EARLIEST, LATEST), place + 1
        if years_of(word):
            first, last, behind = span(words, place)
            return "years", (first, last), behind
        return None

    def names(self, words: list[str], place: int, titles: list[tuple[int, ...]]) -> bool:
        """Whether a word names an attribute or a title."""
        named = self.named(words, place, titles) if place < len(words) else None
        return named is not None and named[0] != "years"

    def fill(self, clause: Clause, titles: list[tuple[int, ...]]) -> None:
        """Find the mentions and cues of a clause, from its first word on."""
        words, place = clause.words, 0
        # Enough drama for today; over horror.
        if words[0] == "enough" or (words[0] == "over" and self.names(words, 1, titles)):
            clause.cues.append(("without", 0, 1))
            place = 1
        while place < len(words):
            if not self.says(words[place]):
                place += 1
                continue
            cue = cue_at(words, place)
            named = self.named(words, place, titles)
            # A catalogue's own name comes before a saying: its drama schools.
            if cue and cue[0] == "saying" and not (named and named[2] >= cue[1]):
                place = cue[1]
            elif named:
                sort, of, behind = named
                if scares(clause, place):
                    behind = place + 1  # it says what the name before it does
                elif not is_statement(clause, place, behind, sort):
                    clause.mentions.append(Mention(sort, of, place, behind))
                place = behind
            elif cue:
                clause.cues.append((cue[0], place, cue[1]))
                place = cue[1]
            else:
                place += 1
        if not any(one.sort == "years" for one in clause.mentions):
            clause.newer = relative(words)
