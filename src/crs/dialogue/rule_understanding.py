"""Understanding by rules: attributes and years of the catalogue by their names, and refusals.

No model and no list of synonyms: what is not called by its name is left to the text's vector
(docs/multi_turn.md, understanding).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from crs.dialogue.state import EARLIEST, LATEST, Requirement, Talk, Understood
from crs.dialogue.years import ANY, span, spelt, union, years_of

PHRASES = [
    (r"\b(anything|everything|all|any (year|decade)) but\b", " except "),
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


def plain(text: str) -> str:
    """Lower case without apostrophes (`don't` is dont, `'90s` is 90s), phrases replaced."""
    text = spelt(text.lower())
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

    def read_clause(
        self, words: list[str], negated: bool, hard: bool
    ) -> tuple[list[Requirement], bool]:
        """Requirements of a clause, and whether it ends within a negation."""
        found: list[Requirement] = []
        hard = hard and not HEDGES & set(words)
        place, fresh, either = 0, negated, False
        while place < len(words):
            word = words[place]
            if word in NEGATIONS:
                negated = fresh = True
            elif word in TURNING:
                negated = False
            if attribute := self.attribute_at(words, place):
                found.append(Requirement(attribute[0], None, not negated, hard))
                place, fresh = attribute[1], False
            elif word == ANY:
                found.append(Requirement(0, (EARLIEST, LATEST)))
                place += 1
            elif years_of(word):
                *years, place = span(words, place)
                # `without romance from the 1990s` refuses romance alone.
                asked = Requirement(0, tuple(years), not (negated and fresh), hard)
                last = next((one for one in reversed(found) if one.years), None)
                if either and last and last.wanted == asked.wanted:
                    found[found.index(last)] = replace(
                        last, years=union(*(last.years or ()), *years)
                    )
                else:
                    found.append(asked)
                either = False
            else:
                either = either or word == "or"
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
        kept = [
            s
            for s, part in zip(sentences, read, strict=True)
            if not part or any(requirement.wanted for requirement in part)
        ]
        if len(sentences) > 1:
            kept = [s for s in kept if self.sentence(s) or not REACTION.match(s.lower())]
        return Understood(" ".join(kept), requirements)

    def read(self, talks: list[Talk]) -> list[Understood]:
        """What the newest utterance of each dialogue says."""
        return [self.utterance(talk.turns[-1].said, len(talk.turns) == 1) for talk in talks]
