"""`darker` and `something newer`: words that compare with what was shown, or with a title."""

import re
from collections.abc import Sequence
from statistics import median_low

from crs.dialogue.requirements import Facts
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import EARLIEST, LATEST, Requirement, Understood
from crs.titles.everyday import compared

NEW = re.compile(r"\b(?:recent|newest|latest|modern)\b", re.I)
OLD = re.compile(r"\b(?:old|oldies|classics?|vintage)\b", re.I)
"""Words that say by themselves that items should be newer, or older."""
AGED = re.compile(
    r"\b(?:years?[ -]|(?:too|so|as|how|getting|growing) )old\b"
    r"|(?:\b(?:i|you|he|she|we|they|these|those) (?:am|are|is|was|were)|['’](?:m|re))"
    r"(?: (?:all|an?|just|only|now|not|pretty|quite|rather|really|very))* old\b"
    r"|\bold (?:age|enough|favou?rites?|folks?|friends?|guys?|lady|m[ae]n|people|person)\b"
    r"|\bold wom[ae]n\b",
    re.I,
)
"""`old` of a person, of more than is good, or of a habit."""
COMPARATIVE = re.compile(r"\b(?:more )?[a-z]{3,}(?:er|est)\b", re.I)


def in_names(text: str, rules: Rules) -> str:
    """A text with `dark` in the place of `darker`, where an attribute is called `dark`.

    Words that the rules read already stay, as `thriller` and `scarier` do.
    """
    attributes = rules.attributes

    def named(found: re.Match[str]) -> str:
        word = found[0].lower().split()[-1]
        known = [one for one in compared(word) if (one,) in forms]
        return found[0] if attributes.readings(word) or not known else known[0]

    forms = {form for entries in attributes.known.values() for form, _ in entries}
    return COMPARATIVE.sub(named, text)


def with_years(
    heard: Understood, text: str, rules: Rules, facts: Facts, shown: Sequence[int]
) -> Understood:
    """What was understood, with the years that `newer`, `older` and their like ask for.

    They compare with the titles that the text names, else with the middle one of the list. Years
    that the text or an earlier one gives are read by the rules: then nothing is added.
    """
    ways = {clause.newer for clause in rules.clauses(text)} - {0}
    plain = AGED.sub(" ", text)
    ways = ways or {1 if word is NEW else -1 for word in (NEW, OLD) if word.search(plain)}
    if len(ways) != 1 or any(one.years for one in heard.requirements):
        return heard
    named = [item for one in heard.requirements if len(one.items) == 1 for item in one.items]
    years = [int(facts.calendar[place]) for place in facts.place[named or list(shown)].tolist()
             if place < len(facts.calendar)]  # fmt: skip
    if not years:
        return heard
    newer, year = ways.pop() > 0, median_low(years)
    span = (year + 1, LATEST) if newer else (EARLIEST, year - 1)
    first, last = (int(facts.calendar[place]) for place in (0, -1))
    if span[0] > last or span[1] < first:
        return heard
    return Understood(heard.text, (*heard.requirements, Requirement(years=span)))
