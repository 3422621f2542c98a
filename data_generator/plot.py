"""A user who knows mood and plot alone: words of the description, no attribute and no year."""

import re

import numpy as np

from crs.console import Context
from crs.dialogue.rule_understanding import Rules
from crs.stages.simulate import Simulator
from crs.store.artifact import Artifact
from data_generator.items import Item, Utterance
from data_generator.rules import RuleUser, described, framed, request

NUMBER = re.compile(r"\d")


class PlotUser(RuleUser):
    """Says words of a sentence of the description that names no attribute and has no number.

    What names an attribute or a year is what the rules understand as one (docs/understanding.md).
    """

    def __init__(self, settings: Simulator, dataset: Artifact, context: Context) -> None:
        super().__init__(settings, dataset, context)
        self.rules = Rules(self.names)

    def utterance(self, rng: np.random.Generator, item: Item) -> Utterance:
        """One utterance about a target; silence where the description has no such sentence."""
        kept = ".".join(filter(self.names_nothing, item.description.split(".")))
        about = described(rng, Item(item.title, None, [], kept))
        if about is None:
            return Utterance("", silence="its description has no sentence without an attribute")
        return Utterance(framed(rng, request(rng, [], None, about, self.noun)))

    def names_nothing(self, sentence: str) -> bool:
        """Whether a sentence has no attribute, no year and no other number."""
        return not NUMBER.search(sentence) and not self.rules.utterance(sentence, True).requirements
