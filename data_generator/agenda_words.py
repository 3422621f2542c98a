"""How the agenda-based user says what it means: a sentence an act, from phrases of its own."""

from collections.abc import Sequence

import numpy as np

from crs.dialogue.state import EARLIEST, LATEST
from data_generator.agenda_acts import Act, Constraint
from data_generator.rules import pick

Phrases = tuple[str, ...]
GREETINGS: Phrases = (
    "",
    "",
    "",
    "Good evening. ",
    "Hey there! ",
    "One question. ",
    "Well, hello. ",
)
REACTIONS: Phrases = (
    "", "Nope. ", "No luck yet. ", "Sorry, no. ", "No, that isn't what I have in mind. ",
    "Hmm, no. ", "None of those, I'm afraid. ", "No, still searching. ",
)  # fmt: skip
ATTRIBUTE: Phrases = (
    "I'm after {a}.",
    "It should be {a}.",
    "I'm in {an} mood.",
    "I'd happily take {a}.",
    "{a} is my thing.",
    "Could it be {a}?",
    "What have you got in {a}?",
    "{an} fan is asking.",
    "Is there a {n} you would file under {a}?",
    "We agreed on {a}.",
    "I can't get enough of {a}.",
    "The {a} shelf is where I would look first.",
)
YEARS: Phrases = (
    "It has to be one {w}.",
    "Think of a {n} {w}.",
    "Its age matters to me, so one {w}.",
    "Go for one {w}.",
    "Mine would be one {w}.",
)
DECADE: Phrases = ("of the {d}s", "dating from the {d}s", "out of the {d}s")
SPAN: Phrases = ("between {f} and {l}", "dating from {f} to {l}")
SINCE: Phrases = ("no older than {f}", "not earlier than {f}")
UNTIL: Phrases = ("no newer than {l}", "not later than {l}")
YEAR: Phrases = ("of {f}", "dating from {f}")
ABOUT: Phrases = ("The story: {t}.", "Its plot: {t}.", "This is what it is about: {t}.")
ANYTHING: Phrases = (
    "Whatever you think deserves my time.",
    "I have no plan at all; show me what people like.",
    "You choose.",
)
BOTH: Phrases = (
    "I'm after {a} that is {b} as well.",
    "Is there a {n} you would file under {a} and also under {b}?",
    "{a} should meet {b}.",
    "Cross {a} with {b} for me.",
)
DATED: Phrases = (
    "I'm after {a} {w}.",
    "Is there {an} {n} {w}?",
    "{a} {w}, that is my wish.",
    "Could it be {an} {n} {w}?",
)
AGAIN: Phrases = ("As I said: ", "Once more: ", "I can only repeat myself: ", "Still the same. ")
CORRECT: Phrases = (
    "Wait, {o} was a slip: I meant {x}.",
    "Sorry, I misspoke: not {o}, I meant {x}.",
    "Oops, forget {o}, I meant {x}.",
)
REPLACE: Phrases = (
    "I changed my mind: forget the {o}, make it {x}.",
    "Actually, {x} would suit me; never mind the {o}.",
    "On second thought, {x}; I no longer need the {o}.",
)
DROP: Phrases = (
    "It need not be {o} after all.",
    "Forget about {o}.",
    "I no longer insist on {o}.",
    "Never mind the {o}.",
)
ANY_YEAR: Phrases = (
    "The year doesn't matter after all.",
    "On reflection, any year will do.",
    "Never mind the year.",
)
ALL_OF_THEM: Phrases = ("These are all {a}, and I don't want {a}.", "So much {a}! No {a}, please.")
SOME_OF_THEM: Phrases = (
    "Not another {a}.",
    "Number {i} is {a}, so no {a} for me.",
    "I'm not into {a} like number {i}.",
    "Please keep {a} away from me.",
)
TOO_OLD: Phrases = (
    "Number {i} is too old for me.",
    "Number {i} has aged badly, so nothing before {y}.",
    "Too old! Not before {y}, please.",
)
TOO_NEW: Phrases = (
    "Number {i} is too new for me.",
    "Number {i} is too fresh, so nothing after {y}.",
    "Too new! Not after {y}, please.",
)


def is_decade(years: tuple[int, int]) -> bool:
    """Whether years are all those of a decade."""
    return years[0] % 10 == 0 and years[1] - years[0] == 9


def when(rng: np.random.Generator, years: tuple[int, int]) -> str:
    """Years in words."""
    first, last = years
    options = SPAN
    if last == LATEST:
        options = SINCE
    elif first == EARLIEST:
        options = UNTIL
    elif first == last:
        options = YEAR
    elif is_decade(years):
        options = DECADE
    return pick(rng, options).format(d=first, f=first, l=last)


class Wording:
    """Draws the words of one utterance."""

    def __init__(self, rng: np.random.Generator, names: Sequence[str], noun: str) -> None:
        self.rng, self.names, self.noun = rng, names, noun

    def phrase(self, options: Phrases, **parts: object) -> str:
        """One of several ways to say it, its parts filled in."""
        name = str(parts.get("a", ""))
        named = f"an {name}" if name[:1] in tuple("aeiou") else f"a {name}"
        return pick(self.rng, options).format(n=self.noun, an=named, **parts)

    def short(self, what: Constraint) -> str:
        """A constraint in a few words: `comedy`, `the 1990s`."""
        if not what.years:
            return self.names[what.attribute]
        first, last = what.years
        if is_decade(what.years):
            return f"the {first}s"
        return str(first) if first == last else when(self.rng, what.years)

    def wish(self, what: Constraint) -> str:
        """What is asked for."""
        if what.years:
            return self.phrase(YEARS, w=when(self.rng, what.years))
        if what.about:
            return self.phrase(ABOUT, t=what.about)
        if what.attribute:
            return self.phrase(ATTRIBUTE, a=self.names[what.attribute])
        return self.phrase(ANYTHING)

    def pair(self, one: Constraint, two: Constraint) -> str | None:
        """Two constraints in one sentence, if both are attributes or one is and one is of years."""
        first, second = sorted((one, two), key=lambda what: what.attribute == 0)
        if not first.attribute or second.about:
            return None
        name = self.names[first.attribute]
        if second.years:
            return self.phrase(DATED, a=name, w=when(self.rng, second.years))
        return self.phrase(BOTH, a=name, b=self.names[second.attribute])

    def refusal(self, act: Act, shown: int) -> str:
        """What is wrong with some of the items that were shown."""
        place = act.places[0] + 1
        if act.what.years:
            first, last = act.what.years
            options, year = (TOO_OLD, last + 1) if first == EARLIEST else (TOO_NEW, first - 1)
            return self.phrase(options, i=place, y=year)
        options = ALL_OF_THEM if len(act.places) == shown else SOME_OF_THEM
        return self.phrase(options, a=self.names[act.what.attribute], i=place)

    def sentence(self, act: Act, shown: int) -> str:
        """One act."""
        if act.kind == "refuse":
            return self.refusal(act, shown)
        if act.kind == "drop":
            return self.phrase(ANY_YEAR if act.old.years else DROP, o=self.short(act.old))
        if act.kind in ("correct", "replace"):
            options = CORRECT if act.kind == "correct" else REPLACE
            return self.phrase(options, x=self.short(act.what), o=self.short(act.old))
        again = pick(self.rng, AGAIN) if act.kind == "repeat" else ""
        return again + self.wish(act.what)


def word(
    rng: np.random.Generator, acts: Sequence[Act], names: Sequence[str], noun: str, shown: int
) -> str:
    """Acts as an utterance.

    Args:
        names: of attributes by id.
        noun: what an item is called.
        shown: how many items were shown before; 0: the user speaks first.
    """
    words = Wording(rng, names, noun)
    begins = pick(rng, REACTIONS if shown else GREETINGS)
    sentences, left = [], list(acts)
    while left:
        act = left.pop(0)
        joins = bool(left) and act.kind == left[0].kind == "disclose" and rng.random() < 0.5
        both = words.pair(act.what, left[0].what) if joins else None
        if both:
            left.pop(0)
        text = both or words.sentence(act, shown)
        sentences.append(text[0].upper() + text[1:])
    return begins + " ".join(sentences)
