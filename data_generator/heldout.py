"""The rule-based user in other words: phrases, syntax and decades that training never heard.

What is said is what the rule-based user says of the same case. Attributes are paraphrased from a
table (phrases/), the year is a decade in words, two bounds, or a number in another frame. Bounds
and what is not wanted are a sentence of their own behind the request.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crs.console import Context
from crs.errors import UserError
from crs.stages.simulate import Simulator
from crs.store.artifact import Artifact
from data_generator.items import Item, Utterance
from data_generator.rules import RuleUser, pick, wish

FRAMES = (
    "Is there {x} out there?",
    "Got {x} anywhere?",
    "We never agree, though {x} might do.",
    "Which one would you choose if you were after {x}?",
    "My sister keeps asking about {x} and I have no clue.",
    "Say somebody needed {x}, where should they start?",
    "Need {x} asap!",
    "I was thinking of {x}, what's around?",
    "Would {x} be too much to ask?",
    "If you come across {x}, let me hear about it.",
    "Long day; {x} sounds perfect now.",
)
AFTER = ("", "", "", " Thanks!", " No rush.", " Anything goes otherwise.")
ADJECTIVE = ("{article} {adjective} {noun}",)
CLAUSE = ("{article} {noun} {clause}", "one of those {noun}s {clause}")
BOTH = ("{article} {adjective} {noun} {clause}", "one of those {adjective} {noun}s {clause}")
OPEN = ("{article} {noun} worth an evening", "{article} {noun} people rave about")
DECADE = (" out of the {words}", " dating back to the {words}")
BOUNDS = (
    " Nothing older than {first} or newer than {last}.",
    " Not one made before {first} or after {last}.",
)
NEAR = (" circa {year}", ", {year} give or take a couple of years", " within two years of {year}")
EXACT = (" dated {year}", " whose year is {year}")
DESCRIBED = ("; somebody described it this way: {about}", "; the blurb went like this: {about}")
REFUSED = (
    " Nothing {adjective} though.",
    " As long as it isn't {adjective}.",
    " Only not one {clause}.",
)
DECADES = {
    1900: "early nineteen-hundreds",
    1910: "nineteen-tens",
    1920: "twenties",
    1930: "thirties",
    1940: "forties",
    1950: "fifties",
    1960: "sixties",
    1970: "seventies",
    1980: "eighties",
    1990: "nineties",
    2000: "two-thousands",
    2010: "twenty-tens",
    2020: "twenty-twenties",
}


@dataclass
class Phrases:
    """A table of held-out phrases.

    Attributes:
        nouns: other words for an item.
        adjectives, clauses: of each attribute, by its name in lower case.
    """

    nouns: tuple[str, ...] = ()
    adjectives: dict[str, tuple[str, ...]] = field(default_factory=dict)
    clauses: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Phrases":
        """From a text file; lines that begin with # are for its readers.

        Raises:
            UserError: if a line is not `attribute: adjectives | clauses`, with one of each at
                least, or no line has the nouns.
        """
        found = cls()
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            name, _, said = line.partition(":")
            parts = [split(part) for part in said.split("|")]
            if not line.strip() or line.startswith("#"):
                continue
            if name == "noun" and len(parts) == 1 and parts[0]:
                found.nouns = parts[0]
            elif name != "noun" and len(parts) == 2 and all(parts):
                found.adjectives[name.lower()], found.clauses[name.lower()] = parts
            else:
                raise UserError(
                    f"dataset.phrases: line {number} of {file.name} is {line!r}; write "
                    "`attribute: adjectives | clauses`, several with commas, or `noun: words`"
                )
        if not found.nouns:
            raise UserError(f"dataset.phrases: {file.name} has no line `noun: words`; add one")
        return found


def split(words: str) -> tuple[str, ...]:
    """Phrases between commas."""
    return tuple(phrase.strip() for phrase in words.split(",") if phrase.strip())


def article(word: str) -> str:
    """`a` or `an`."""
    return "an" if word[0] in "aeiou" else "a"


def decade(year: int) -> str:
    """The decade of a year in words."""
    first = year // 10 * 10
    return DECADES.get(first, f"decade that began in {first}")


def year_phrases(rng: np.random.Generator, year: int) -> tuple[str, str]:
    """A year, as often exact and near as the rule-based user says it: a phrase and a sentence, one
    of which is empty."""
    draw, first = rng.random(), year // 10 * 10
    if draw < 0.3:
        return "", pick(rng, BOUNDS).format(first=first, last=first + 9)
    if draw < 0.6:
        return pick(rng, DECADE).format(words=decade(year)), ""
    if draw < 0.85:
        return pick(rng, NEAR).format(year=year + int(rng.integers(-2, 3))), ""
    return pick(rng, EXACT).format(year=year), ""


class HeldOutUser(RuleUser):
    """Says what the rule-based user says, in the phrases of a table.

    Args:
        refuses: also says one thing that is not wanted and that the target is not.
    """

    def __init__(
        self,
        settings: Simulator,
        dataset: Artifact,
        context: Context,
        phrases: Phrases,
        refuses: bool,
    ) -> None:
        super().__init__(settings, dataset, context)
        self.phrases, self.refuses = phrases, refuses
        self.sayable = {a for a, name in enumerate(self.names) if name in phrases.adjectives}

    def utterance(self, rng: np.random.Generator, item: Item) -> Utterance:
        """One utterance about a target; an attribute without a phrase is not said."""
        asked = wish(rng, item, len(self.names), self.settings.noise)
        said = [a for a in asked.attributes if a in self.sayable]
        dated, bounds = ("", "") if asked.year is None else year_phrases(rng, asked.year)
        about = "" if asked.about is None else pick(rng, DESCRIBED).format(about=asked.about)
        text = pick(rng, FRAMES).format(x=self.request(rng, said) + dated + about) + bounds
        others = sorted(self.sayable - set(item.attributes) - set(said))
        refused = [others[int(rng.integers(len(others)))]] if self.refuses and others else []
        text += "".join(self.refusal(rng, self.names[a]) for a in refused)
        return Utterance(text + pick(rng, AFTER), sorted(said), refused=refused)

    def request(self, rng: np.random.Generator, said: list[int]) -> str:
        """The item and its attributes, to be put into a frame."""
        names, noun = [self.names[a] for a in said], pick(rng, self.phrases.nouns)
        words = {"noun": noun, "article": article(noun)}
        forms: tuple[str, ...] = OPEN
        if names and (len(names) == 2 or rng.random() < 0.5):
            words["clause"] = pick(rng, self.phrases.clauses[names.pop()])
            forms = CLAUSE
        if names:
            words["adjective"] = pick(rng, self.phrases.adjectives[names.pop()])
            words["article"] = article(words["adjective"])
            forms = BOTH if "clause" in words else ADJECTIVE
        return pick(rng, forms).format(**words)

    def refusal(self, rng: np.random.Generator, name: str) -> str:
        """That an attribute is not wanted."""
        return pick(rng, REFUSED).format(
            adjective=pick(rng, self.phrases.adjectives[name]),
            clause=pick(rng, self.phrases.clauses[name]),
        )
