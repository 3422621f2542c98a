"""What the words of a case ask for, and which items have it: attributes and years, by rules."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from crs.data.cases import ROW, Cases
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Talk
from crs.store.artifact import Artifact

ASKED = "asked"
"""In `Cases.dialogue`: what the dialogue asks for by now, [B, columns]."""


class AttributeMatch:
    """score_i = attributes asked for that i has, less those refused, + [i's year is asked for].

    Queries and items have a column for each attribute and for each year of the catalogue, and one
    for items whose year is not known.

    Args:
        names: of the attributes, names[0] unused.
    """

    sees = "attributes and years of the utterance"

    def __init__(self, facts: Facts, names: list[str]) -> None:
        self.facts, self.rules = facts, Rules(names)
        years = F.one_hot(facts.place, len(facts.calendar) + 1).float()
        years[0] = 0  # padding has no year
        self.items = torch.cat([facts.matrix, years], dim=1)

    @classmethod
    def of(cls, inputs: dict[str, Artifact]) -> "AttributeMatch":
        """With the tables of `dataset`."""
        names = ["", *inputs["dataset"].load("attributes.parquet")["name"]]
        return cls(Facts.of(inputs["dataset"]), names)

    def understood(self, said: Iterable[Sequence[str]]) -> Tensor:
        """What the utterances of each dialogue ask for together, [B, columns].

        Years count only where some are asked for and others are not.
        """
        dialogues = list(said)
        wishes = Wishes.none(self.facts, len(dialogues))
        for number, texts in enumerate(dialogues):
            wishes.hear([number] * len(texts), [self.rules.utterance(t, True) for t in texts])
        narrowed = ~wishes.years.all(1, keepdim=True)
        return torch.cat([wishes.known - wishes.refused, wishes.years & narrowed], dim=1)

    def read(self, cases: Cases, talks: Sequence[Talk]) -> dict[str, Tensor]:
        """What the dialogues ask for as they stand."""
        return {ASKED: self.understood([turn.said for turn in talk.turns] for talk in talks)}

    def queries(self, cases: Cases) -> Tensor:
        """What is asked for, [B, columns].

        Raises:
            ValueError: if the cases have no words.
        """
        if ASKED in cases.dialogue:
            return cases.dialogue[ASKED]
        if cases.words is None or ROW not in cases.dialogue:
            raise ValueError("this scorer needs cases with words")
        rows = cases.dialogue[ROW].numpy()
        different, place = np.unique(rows, return_inverse=True)
        words = cases.words
        return self.understood([words[row]] for row in different)[torch.from_numpy(place)]

    def catalogue(self) -> tuple[Tensor, None]:
        """What each item has, [N + 1, columns]."""
        return self.items, None
