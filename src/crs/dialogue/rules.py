"""Understanding by rules: attributes and years of the catalogue by their names, and refusals.

No model and no list of synonyms: what is not called by its name is left to the text's vector
(docs/multi_turn.md, understanding).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from crs.dialogue.talk import Requirement, Talk, Understood

EARLIEST, LATEST = 0, 9999
ABOUT = 2
"""`around 1994` means so many years to either side."""
DECADES = dict(zip(
    "twenties thirties forties fifties sixties seventies eighties nineties".split(),
    range(1920, 2000, 10), strict=True,
))  # fmt: skip
PHRASES = [
    (r"\b(anything|everything|all) but\b", " except "),
    (r"\b(instead of|rather than|other than|apart from|away from|fed up with|not a fan of|"
     r"(tired|sick|bored|enough) of|(cant|cannot) stand)\b", " except "),
    (r"\b(nothing but|not (only|just|necessarily)|why not)\b", " also "),
    (r"\b(dont|do not|wouldnt|would not) mind\b", " perhaps "),
    # What was not seen so far is no refusal.
    (r"\b((have|has|had|ive) (not|never)|havent|hasnt|hadnt|never (had|seen|watched|heard))\b",
     " also "),
    (r"\bno(t now)?,? thank(s| you)\b", ", "),
    (r"\b(would be (nice|great|good|welcome)|if possible|(kind|sort|a bit) of)\b", " perhaps "),
]  # fmt: skip
NEGATIONS = set(
    "no not non none nothing never neither nor without except excluding minus less avoid skip hate "
    "dislike dont doesnt didnt isnt arent wasnt wont cant cannot".split()
)
TURNING = set("i id im ill ive we wed rather instead only just prefer also".split())
"""Words that end the reach of a negation."""
HEDGES = set("maybe perhaps ideally preferably possibly prefer slightly somewhat".split())
"""A clause with one of them is a preference."""
QUOTES = set("lines where about plot story".split())
"""What follows such a word and a colon describes an item and requires nothing."""
REACTION = re.compile(r"\W*(no|nope|nah|not|none|neither|never|sorry|thanks?|hm+|these|those)\b")
"""How an answer to a list begins, before it comes to the wish."""
BEFORE, AFTER, NEAR = set("before pre".split()), set("after post".split()), set(
    "about around circa near roughly approximately".split()
)  # fmt: skip
FILLERS = set("the early mid late year years decade".split())


def plain(text: str) -> str:
    """Lower case without apostrophes (`don't` is dont, `'90s` is 90s), phrases replaced."""
    text = re.sub(r"['’‘`´]", "", text.lower())
    for pattern, replacement in PHRASES:
        text = re.sub(pattern, replacement, text)
    return text


def singular(word: str) -> str:
    """A word without the ending of a plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(sh|ch|x|ss|zz)es$", word):
        return word[:-2]
    return word[:-1] if len(word) > 3 and re.search(r"[^s]s$", word) else word


def years_of(word: str) -> tuple[int, int] | None:
    """The years a word names: `1994`, `1990s`, `90s`, `nineties`."""
    if match := re.fullmatch(r"(1[89]|20)\d\d", word):
        return int(word), int(word)
    if match := re.fullmatch(r"((?:1[89]|20)\d0)s|(\d0)s", word):
        short = int(match[2] or 0)
        first = int(match[1]) if match[1] else short + (1900 if short > 20 else 2000)
        return first, first + 9
    return (DECADES[word], DECADES[word] + 9) if word in DECADES else None


@dataclass
class Clause:
    """Some words between two marks."""

    words: list[str]
    after: str
    """The mark or word before it."""


def clauses(sentence: str) -> Iterator[Clause]:
    """A sentence, made `plain`, cut at its marks and at `but` and its like."""
    parts = re.split(r"([,;:()–—]|\b(?:but|though|although|however)\b)", sentence)
    for after, text in zip(["", *parts[1::2]], parts[::2], strict=True):
        if words := re.findall(r"\w+", text):
            yield Clause(words, after)


def span(words: list[str], place: int) -> tuple[int, int, int] | None:
    """The years asked for by the words around one that names some.

    Returns:
        first year, last year, and the place behind what was read; None if it names none.
    """
    here = years_of(words[place])
    if here is None:
        return None
    first, last = here
    back = place - 1
    while back >= 0 and words[back] in FILLERS:
        back -= 1
    cue, before = (words[i] if i >= 0 else "" for i in (back, back - 1))
    following = [*words[place + 1 : place + 3], "", ""]
    joined = following[0] in ("to", "until", "till", "through") or (
        following[0] == "and" and cue == "between"
    )
    beyond = place + (2 if joined else 1)
    while joined and beyond < len(words) - 1 and words[beyond] in FILLERS:
        beyond += 1
    other = years_of(words[beyond]) if beyond < len(words) else None
    if other:  # 1980 to 1990; 1980-1990
        return first, other[1], beyond + 1
    if cue in BEFORE or (cue == "than" and before in ("older", "earlier")):
        return EARLIEST, first - 1, place + 1
    if cue in ("until", "till") or following[:2] in (["or", "older"], ["or", "earlier"]):
        return EARLIEST, last, place + 1
    if cue in AFTER or (cue == "than" and before in ("newer", "later", "recent")):
        return last + 1, LATEST, place + 1
    if cue == "since" or following[0] in ("onward", "onwards", "on") or (
        following[0] in ("or", "and") and following[1] in ("newer", "later", "after")
    ):  # fmt: skip
        return first, LATEST, place + 1
    if cue in NEAR or following[:2] == ["or", "so"]:
        return first - ABOUT, last + ABOUT, place + 1
    return first, last, place + 1


class Rules:
    """Reads attributes and years by name.

    Args:
        names: attribute names by id, names[0] unused.
    """

    def __init__(self, names: list[str]) -> None:
        self.known: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for attribute, name in list(enumerate(names))[1:]:
            words = tuple(re.findall(r"\w+", plain(name)))
            forms = {words, ("".join(words),)}
            # `children` is Children's, but `new` is not News.
            forms |= {tuple(w if len(singular(w)) < 5 else singular(w) for w in words)}
            for form in filter(any, forms):
                self.known.setdefault(form[0], []).append((form, attribute))
        for entries in self.known.values():
            entries.sort(key=lambda entry: -len(entry[0]))  # the longest name first
        self.sentence = lru_cache(maxsize=1 << 16)(self.read_sentence)

    def attribute_at(self, words: list[str], place: int) -> tuple[int, int] | None:
        """An attribute whose name begins at a word, and the place behind it."""
        for first in dict.fromkeys((words[place], singular(words[place]))):
            for form, attribute in self.known.get(first, ()):
                rest = words[place + 1 : place + len(form)]
                if len(rest) == len(form) - 1 and all(
                    asked in (word, singular(word))
                    for asked, word in zip(form[1:], rest, strict=True)
                ):
                    return attribute, place + len(form)
        return None

    def goes_on(self, clause: Clause, following: list[Clause]) -> bool:
        """Whether a clause continues the list of a refusal: `no horror, war or drama`."""
        if clause.after != "," or clause.words[0] in ("or", "nor"):
            return clause.after == ","
        found = self.attribute_at(clause.words, 0)
        if found is None:
            return False
        rest = clause.words[found[1] :]
        if rest:
            return rest[0] in ("or", "nor")
        return bool(following) and self.goes_on(following[0], following[1:])

    def read_clause(self, words: list[str], negated: bool, hard: bool) -> tuple[
        list[Requirement], bool
    ]:  # fmt: skip
        """Requirements of a clause, and whether it ends within a negation."""
        found: list[Requirement] = []
        hard = hard and not HEDGES & set(words)
        place, fresh = 0, negated
        while place < len(words):
            word = words[place]
            if word in NEGATIONS:
                negated = fresh = True
            elif word in TURNING:
                negated = False
            if attribute := self.attribute_at(words, place):
                found.append(Requirement(attribute[0], None, not negated, hard))
                place, fresh = attribute[1], False
            elif years := span(words, place):
                # `without romance from the 1990s` refuses romance alone.
                found.append(Requirement(0, years[:2], not (negated and fresh), hard))
                place = years[2]
            else:
                place += 1
        return found, negated

    def read_sentence(self, sentence: str) -> tuple[Requirement, ...]:
        """Requirements of one sentence."""
        found: list[Requirement] = []
        parts, negated, hard, last = list(clauses(plain(sentence))), False, True, ""
        for number, clause in enumerate(parts):
            hard = hard and not (clause.after == ":" and last in QUOTES)
            inherited = negated and self.goes_on(clause, parts[number + 1 :])
            more, negated = self.read_clause(clause.words, inherited, hard)
            found += more
            last = clause.words[-1]
        return tuple(found)

    def utterance(self, text: str, first: bool) -> Understood:
        """What one utterance says.

        The first one is embedded whole, as in training. Of a later one what is embedded is without
        its reaction to the list and without sentences that only refuse: training has no such.
        """
        sentences = [s for s in re.split(r"(?<=[.!?])\s+|\n+", text.strip()) if s]
        read = [self.sentence(sentence) for sentence in sentences]
        requirements = tuple(requirement for part in read for requirement in part)
        if first:
            return Understood(text, requirements)
        kept = [s for s, part in zip(sentences, read, strict=True)
                if not part or any(requirement.wanted for requirement in part)]  # fmt: skip
        if len(sentences) > 1:
            kept = [s for s in kept if self.sentence(s) or not REACTION.match(s.lower())]
        return Understood(" ".join(kept), requirements)

    def read(self, talks: list[Talk]) -> list[Understood]:
        """What the newest utterance of each dialogue says."""
        return [self.utterance(talk.turns[-1].said, len(talk.turns) == 1) for talk in talks]
