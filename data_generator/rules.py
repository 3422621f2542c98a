"""The rule-based user: speaks from the target's attributes, year and description, never its title.

Free, offline and seeded. An utterance has one or two conditions ("fewer than three", LatentCRS
section 2.2); a share of them (noise) says one thing that is not so.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from crs.console import Context
from crs.stages.simulate import Simulate, Simulator
from crs.store.artifact import Artifact
from data_generator.items import Item, Utterance, attribute_names, item_table
from data_generator.leaks import leak

FRAMES = (
    "I'm looking for {x}.",
    "Could you recommend {x}?",
    "Any ideas for {x}?",
    "Tonight I'd like {x}.",
    "I feel like {x} at the moment.",
    "Do you know {x}? I have some time this weekend.",
    "Hi! What I want is {x}.",
    "Can you help me find {x}?",
    "Something new for me, please: {x}.",
    "My friends and I want {x}.",
    "Hello, please suggest {x}.",
    "It has been a while since I had {x}.",
    "I would be happy with {x}.",
    "What would you pick for someone who wants {x}?",
)
AFTER = ("", "", "", " Nothing I have had before, please.", " Surprise me.", " I trust your taste.")
ONE_ATTRIBUTE = ("a good {a} {n}", "some {a}", "a {n} with {a} in it", "a {n} in the {a} line")
TWO_ATTRIBUTES = ("a {n} that is both {a} and {b}", "{a} mixed with {b}", "a {a} {n} with {b}")
EXACT_YEAR = ("from {y}", "that came out in {y}", "released in {y}")
NEAR_YEAR = ("from about {y}", "from {y} or so", "made around {y}")
DECADE = ("from the {d}s", "that is a {d}s one", "made sometime in the {d}s")
DESCRIBED = ("something along these lines: {t}", "I heard of one where: {t}")
OPEN = ("a good {n}", "a {n} I have not had yet")
WORDS_OF_DESCRIPTION = 12


def pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    """One of several ways to say it."""
    return options[int(rng.integers(len(options)))]


def year_phrase(rng: np.random.Generator, year: int) -> str:
    """A year as people give it: the decade most often, then about, seldom exactly."""
    draw = rng.random()
    if draw < 0.6:
        return pick(rng, DECADE).format(d=year // 10 * 10)
    if draw < 0.85:
        return pick(rng, NEAR_YEAR).format(y=year + int(rng.integers(-2, 3)))
    return pick(rng, EXACT_YEAR).format(y=year)


def described(rng: np.random.Generator, item: Item) -> str | None:
    """Some words of a sentence of the description that does not give the title away."""
    sentences = [s.strip() for s in item.description.split(".") if len(s.split()) > 3]
    sentences = [s for s in sentences if leak(item.title, s) is None]
    if not sentences:
        return None
    words = sentences[int(rng.integers(len(sentences)))].split()[:WORDS_OF_DESCRIPTION]
    return " ".join(words).lower()


def falsify(
    rng: np.random.Generator, said: list[int], year: int | None, item: Item, n_names: int
) -> tuple[list[int], int | None]:
    """One of the conditions, attributes and year, replaced by one that does not hold."""
    others = [a for a in range(1, n_names) if a not in item.attributes]
    if said and others and (year is None or rng.random() < 0.5):
        return [*said[1:], others[int(rng.integers(len(others)))]], year
    return said, None if year is None else year + int(rng.choice([-20, -10, 10, 20]))


@dataclass
class Wish:
    """The conditions of an utterance: attribute ids, a year, words of the description."""

    attributes: list[int]
    year: int | None
    about: str | None


def wish(rng: np.random.Generator, item: Item, n_names: int, noise: float) -> Wish:
    """One or two conditions of a target, of which one may not hold (`speak`)."""
    attributes = list(item.attributes)
    rng.shuffle(attributes)
    kinds = ["attribute"] * min(len(attributes), 2) + ["year"] * (item.year is not None)
    text = described(rng, item) if item.description else None
    kinds += ["described"] * (text is not None)
    rng.shuffle(kinds)
    chosen = kinds[: 1 if rng.random() < 0.35 else 2]
    said = attributes[: chosen.count("attribute")]
    year = item.year if "year" in chosen else None
    if rng.random() < noise:
        said, year = falsify(rng, said, year, item, n_names)
    return Wish(said, year, text if "described" in chosen else None)


def request(
    rng: np.random.Generator, names: list[str], year: int | None, about: str | None, noun: str
) -> str:
    """What is asked for, to be put into a frame: up to two attributes, a year, a description."""
    if len(names) == 2:
        phrase = pick(rng, TWO_ATTRIBUTES).format(a=names[0], b=names[1], n=noun)
    elif names:
        phrase = pick(rng, ONE_ATTRIBUTE).format(a=names[0], n=noun)
    else:
        phrase = pick(rng, OPEN).format(n=noun)
    if year is not None:
        phrase += " " + year_phrase(rng, year)
    if about is not None:
        phrase += "; " + pick(rng, DESCRIBED).format(t=about)
    return phrase


def speak(
    rng: np.random.Generator, item: Item, names: list[str], noun: str, noise: float
) -> Utterance:
    """One first-turn utterance about `item`.

    Args:
        rng: the case's own generator.
        item: the target.
        names: attribute names by id, names[0] unused.
        noun: what an item is called.
        noise: probability that one condition, if it is an attribute or a year, is replaced by one
            that does not hold.
    """
    asked = wish(rng, item, len(names), noise)
    phrase = request(rng, [names[a] for a in asked.attributes], asked.year, asked.about, noun)
    return Utterance(framed(rng, phrase), sorted(asked.attributes))


def framed(rng: np.random.Generator, phrase: str) -> str:
    """A request in a sentence, and sometimes another behind it."""
    return pick(rng, FRAMES).format(x=phrase) + pick(rng, AFTER)


class RuleUser:
    """Says what `utterance` draws, from a generator of each case's own."""

    advice = "try another simulator.seed"

    def __init__(self, settings: Simulator, dataset: Artifact, context: Context) -> None:
        self.settings, self.context = settings, context
        self.items, self.noun = item_table(dataset), dataset.summary["noun"]
        # Attribute names are said as people say them.
        self.names = [name.lower() for name in attribute_names(dataset)]

    def say(self, cases: pd.DataFrame, attempt: int) -> list[Utterance]:
        """One utterance a case."""
        said, seed = [], self.settings.seed
        columns = cases[["kind", "user", "cut", "target"]]
        with self.context.bar(len(cases), label="simulate", unit="text") as bar:
            for kind, user, cut, target in columns.itertuples(index=False):
                # Two seeded cuts that fall on the same item are two users who word it differently.
                draw = 0 if kind == "raw" else int(kind)
                rng = np.random.default_rng([seed, user, cut, draw, attempt])
                said.append(self.utterance(rng, self.items[target]))
                bar.update()
        return said

    def utterance(self, rng: np.random.Generator, item: Item) -> Utterance:
        """One utterance about a target."""
        return speak(rng, item, self.names, self.noun, self.settings.noise)

    def quote(self, cases: pd.DataFrame) -> list[str]:
        """Always free."""
        return ["0 USD"]

    def close(self) -> dict[str, object]:
        """Nothing more."""
        return {}


def user(
    settings: Simulate, inputs: dict[str, Artifact], folder: Path, context: Context
) -> RuleUser:
    """The user of `simulator=rules`."""
    return RuleUser(settings.simulator, inputs["dataset"], context)
