"""What the rule-based user says to a list that lacks the target: no, and something more about it.

Nothing is remembered but the dialogue: what was said before is read from it by the rules that
everybody reads by. So the answer is a function of the dialogue, and a resumed run has the same.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from crs.console import Context
from crs.dialogue.questions import DECADE
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Answer, Talk, User
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from data_generator.items import Item, attribute_names, item_table
from data_generator.leaks import leak
from data_generator.rules import (
    AFTER,
    FRAMES,
    OPEN,
    described,
    falsify,
    pick,
    request,
    speak,
)
from data_generator.rules import DECADE as SPAN
from data_generator.simulate import ATTEMPTS

REACTIONS = (
    "Not those, sorry.",
    "No, none of these.",
    "Hmm, not quite.",
    "None of these is it.",
    "Thanks, but not these.",
    "Not what I mean.",
)
REFUSALS = ("No {a}, please.", "Nothing with {a}, though.", "But not {a}.", "I don't want {a}.")
ANY_YEAR = "Any year is fine."
COMMON = 2
"""An attribute is refused that so many of the items shown have and the target lacks."""


class RuleUser:
    """Adds what was not said yet, attributes, year, description, and refuses what the shown items
    have in common and the target lacks: one or two things a turn. When all is said, says it again.

    Args:
        items: by id; names: of attributes by id, names[0] unused; noun: what an item is called.
        noise: probability that one of the things, an attribute or a year, does not hold.
    """

    def __init__(
        self, items: list[Item], names: list[str], noun: str, noise: float, seed: int
    ) -> None:
        self.items, self.names, self.noun, self.noise = items, names, noun, noise
        self.seed, self.rules = seed, Rules(names)

    def answer(self, talks: list[Talk]) -> list[Answer]:
        """The next utterance of each dialogue; one that names the target is drawn again."""
        return [self.say(talk) for talk in talks]

    def say(self, talk: Talk) -> Answer:
        """The next utterance of one dialogue."""
        item, text, found = self.items[talk.target], "", None
        for attempt in range(ATTEMPTS):
            place = [self.seed, talk.user, talk.cut, len(talk.turns), attempt]
            text = self.word(np.random.default_rng(place), talk, item)
            found = leak(item.title, text)
            if found is None:
                break
        return Answer(text, found)

    def word(self, rng: np.random.Generator, talk: Talk, item: Item) -> str:
        """A reaction, a refusal or none, a request or none; first, what `simulate` says."""
        if not talk.turns:
            return speak(rng, item, self.names, self.noun, self.noise).text
        said = [
            asked
            for turn in talk.turns
            for asked in self.rules.utterance(turn.said, first=True).requirements
        ]
        refused = self.refusable(talk, item, {a.attribute for a in said if not a.wanted})
        heard = {a.attribute for a in said if a.wanted}
        dated = any(first <= (item.year or 0) <= last for a in said for first, last in a.spans)
        left = [a for a in item.attributes if a not in heard]
        year = None if dated else item.year
        about = described(rng, item) if item.description else None
        if not left and year is None and about is None:  # all is said
            left, year = list(item.attributes), item.year
        if question := talk.turns[-1].question:
            reaction = [pick(rng, REACTIONS)] * bool(talk.turns[-1].shown)
            return " ".join([*reaction, self.told(rng, question, item)])
        rng.shuffle(left)
        kinds = ["attribute"] * min(len(left), 2) + ["year"] * (year is not None)
        kinds += ["described"] * (about is not None) + ["refused"] * (refused is not None)
        rng.shuffle(kinds)
        chosen = kinds[: 1 if rng.random() < 0.35 else 2]
        asked = left[: chosen.count("attribute")]
        when = year if "year" in chosen else None
        if rng.random() < self.noise:
            asked, when = falsify(rng, asked, when, item, len(self.names))
        parts = [pick(rng, REACTIONS)]
        if "refused" in chosen and refused is not None:
            parts.append(pick(rng, REFUSALS).format(a=self.names[refused]))
        if chosen != ["refused"]:
            names = [self.names[a] for a in asked]
            phrase = request(rng, names, when, about if "described" in chosen else None, self.noun)
            parts.append(pick(rng, FRAMES).format(x=phrase) + pick(rng, AFTER))
        return " ".join(parts)

    def told(self, rng: np.random.Generator, question: int, item: Item) -> str:
        """The answer to a question about an attribute or the decade; a share `noise` is wrong."""
        false = rng.random() < self.noise
        if question == DECADE:
            if item.year is None:
                return ANY_YEAR
            year = falsify(rng, [], item.year, item, len(self.names))[1] if false else item.year
            decade = pick(rng, SPAN).format(d=(year or item.year) // 10 * 10)
            return pick(rng, FRAMES).format(x=f"{pick(rng, OPEN).format(n=self.noun)} {decade}")
        name = self.names[question]
        if (question in item.attributes) == false:
            return pick(rng, REFUSALS).format(a=name)
        return pick(rng, FRAMES).format(x=request(rng, [name], None, None, self.noun))

    def refusable(self, talk: Talk, item: Item, refused: set[int]) -> int | None:
        """What most of the shown items have and the target lacks; the first of equals."""
        shown = Counter(a for i in talk.turns[-1].shown for a in self.items[i].attributes)
        common = [
            (n, -a)
            for a, n in shown.items()
            if n >= COMMON and a not in refused and a not in item.attributes
        ]
        return -max(common)[1] if common else None


def build(
    settings: Simulate,
    prompt: str,
    dataset: Artifact,
    context: Context,
    cache: Path,
    first: bool = False,
) -> User:
    """The simulated user that the settings name.

    Args:
        prompt: of a user who is played by a language model; cache: its folder for downloads;
            first: whether it is asked for the first words too.
    """
    simulator = settings.simulator
    if simulator.kind == "llm":
        from data_generator.answers_llm import LLMAnswers

        return LLMAnswers(settings, prompt, dataset, context, cache, first)
    if simulator.kind == "agenda":
        from data_generator import agenda

        return agenda.build(simulator, dataset, context)
    names = [name.lower() for name in attribute_names(dataset)]
    noun = dataset.summary["noun"]
    return RuleUser(item_table(dataset), names, noun, simulator.noise, simulator.seed)
