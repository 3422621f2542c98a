"""What was said before each response, as tensors: made once by stage `contexts`, read by models."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crs.store.artifact import Artifact

SPECIAL = ("__pad__", "__start__", "__end__", "__unk__", "__item__")
PAD, START, END, UNKNOWN, ITEM = range(len(SPECIAL))
"""`__item__` stands for an item whose own token is not in the vocabulary, and in responses for
every item."""


@dataclass
class Ragged:
    """Rows of different length, end to end.

    Attributes:
        values: [n] or [n, …].
        offsets: row i is values[offsets[i] : offsets[i + 1]], [rows + 1].
    """

    values: Tensor
    offsets: Tensor

    def __getitem__(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Values of some rows, [m, …], and which of them each belongs to (its place), [m]."""
        start = self.offsets[rows]
        count = self.offsets[rows + 1] - start
        place = torch.repeat_interleave(torch.arange(len(rows)), count)
        first = (count.cumsum(0) - count)[place]
        return self.values[start[place] + torch.arange(len(place)) - first], place


@dataclass
class Contexts:
    """The contexts of a data set, one row a response (or a simulated request).

    Attributes:
        tokens: `start u1 end u2 end …`, its last `length`, left-aligned, [rows, L].
        entities: what was mentioned, each once, in the order of first mention, left-aligned,
            [rows, K].
        mentions: (place in the tokens, entity) of each mention in them, ragged.
        reviews: reviews of items in the context, newest first, [rows, R]; 0 is none.
        review_tokens: [reviews + 1, W]; row 0 is empty.
        review_entity: what each review is about, [reviews + 1].
        responses: `w1 w2 … end`, [rows, T]; empty rows where there is no response.
        split: 0 train, 1 valid, 2 test, [rows].
        words: the vocabulary by id.
        frequency: how often each token occurs in training responses, [V].
    """

    tokens: Tensor
    entities: Tensor
    mentions: Ragged
    reviews: Tensor
    review_tokens: Tensor
    review_entity: Tensor
    responses: Tensor
    split: Tensor
    words: list[str]
    frequency: Tensor

    @classmethod
    def of(cls, contexts: Artifact) -> "Contexts":
        """From a `contexts` artifact."""

        def tensor(name: str) -> Tensor:
            return torch.from_numpy(np.array(contexts.load(f"{name}.npy"))).long()

        return cls(
            tensor("tokens"),
            tensor("entities"),
            Ragged(tensor("mentions"), tensor("mention_offsets")),
            tensor("reviews"),
            tensor("review_tokens"),
            tensor("review_entity"),
            tensor("responses"),
            tensor("split"),
            contexts.load("words.json"),
            tensor("frequency"),
        )

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def has_reviews(self) -> bool:
        """There is a review to read."""
        return len(self.review_tokens) > 1


def trimmed(ids: Tensor) -> Tensor:
    """Left-aligned ids without the columns that are padding in every row, at least one left."""
    width = int((ids != PAD).sum(1).max()) if len(ids) else 0
    return ids[:, : max(1, width)]
