"""Baselines that compare words: with the items' texts, with their attributes and years."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from crs.data.cases import Cases
from crs.dialogue.state import Talk
from crs.models.attribute_filter.scorers import scorers as attribute_filter
from crs.models.text_match.asked import AttributeMatch
from crs.nn.sequential import Sequential, States, load_encoder
from crs.recommender import Recommender
from crs.store.artifact import Artifact

ENCODER, TEXT, ATTRIBUTES = "encoder", "text match", "attributes"
"""The parts of the sums."""
SUMS = {
    "encoder + text match": (ENCODER, TEXT),
    "encoder + attributes": (ENCODER, ATTRIBUTES),
    "encoder + attributes + text match": (ENCODER, ATTRIBUTES, TEXT),
}
"""The baselines that add up scores, and of which parts."""


class TextMatch:
    """score_i = x . t_i: the utterance's vector against that of the item's text.

    Args:
        items: t with a row of zeros for padding, [N + 1, D].
    """

    sees = "text"

    def __init__(self, items: Tensor) -> None:
        self.items = items

    @classmethod
    def of(cls, embedded: Artifact) -> "TextMatch":
        """From an `embed_items` artifact."""
        vectors = embedded.load("vectors.npy")[embedded.load("index.npy")]
        return cls(F.pad(torch.from_numpy(vectors.astype(np.float32)), (0, 0, 1, 0)))

    def queries(self, cases: Cases) -> Tensor:
        """x, [B, D].

        Raises:
            ValueError: if the cases have no text.
        """
        if cases.text is None:
            raise ValueError("this scorer needs cases with text")
        return cases.text

    def catalogue(self) -> tuple[Tensor, None]:
        """t, [N + 1, D]."""
        return self.items, None


class WeightedSum:
    """score = Σ weight · score of a part: queries and items are those of the parts, side by side.

    Args:
        parts: recommenders without a bias, with as many rows.
        weights: one a part.
    """

    def __init__(self, parts: Sequence[Recommender], weights: Sequence[float]) -> None:
        self.parts, self.weights = parts, weights
        self.sees = " + ".join(part.sees for part in parts)

    def read(self, cases: Cases, talks: Sequence[Talk]) -> dict[str, Tensor]:
        """What the parts read of dialogues."""
        readers: list[Any] = [part for part in self.parts if hasattr(part, "read")]
        return {k: v for part in readers for k, v in part.read(cases, talks).items()}

    def queries(self, cases: Cases) -> Tensor:
        """[B, sum of the parts' d]."""
        weighted = zip(self.parts, self.weights, strict=True)
        return torch.cat([weight * part.queries(cases) for part, weight in weighted], dim=1)

    def catalogue(self) -> tuple[Tensor, None]:
        """[N + 1, sum of the parts' d]."""
        return torch.cat([part.catalogue()[0] for part in self.parts], dim=1), None


def parts_of(inputs: dict[str, Artifact], states: States) -> dict[str, Recommender]:
    """What the sums are made of, by name."""
    return {
        # Without the mask row, which no other part has.
        ENCODER: Sequential(states, states.encoder.items + 1),
        ATTRIBUTES: AttributeMatch.of(inputs),
        TEXT: TextMatch.of(inputs["embed_items"]),
    }


def word_baselines(inputs: dict[str, Artifact], states: States) -> dict[str, Recommender]:
    """Text match, and the sums with the weights that `fusion` chose."""
    parts, weights = parts_of(inputs, states), inputs["fusion"].load("weights.json")
    sums = {
        name: WeightedSum(
            [parts[part] for part in of], [weights[name]["weights"].get(part, 1.0) for part in of]
        )
        for name, of in SUMS.items()
    }
    return {TEXT: parts[TEXT], **sums}


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Popularity, the attribute filter and the encoder, then what compares words."""
    encoder = load_encoder(inputs["pretrain"])
    states = States(encoder)
    return {
        **attribute_filter(inputs),
        ENCODER: Sequential(states, encoder.items + 1),
        **word_baselines(inputs, states),
    }
