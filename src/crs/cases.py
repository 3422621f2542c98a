"""Cases: what a recommender is asked about, one (user, cut) each, with the item that was chosen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crs.data.sequences import Sequences, leave_one_out
from crs.store import Artifact


@dataclass
class Cases:
    """A batch of (user, cut): what is known before the item at the cut is chosen.

    Attributes:
        sequences: all users' items; only what lies before a case's cut is its history.
        user, cut: [B].
        text: vector of the utterance, [B, D], or None.
        known: attributes the utterance asks for, multi-hot [B, attributes + 1], or None.
    """

    sequences: Sequences
    user: Tensor
    cut: Tensor
    text: Tensor | None = None
    known: Tensor | None = None

    def __len__(self) -> int:
        return len(self.user)

    def __getitem__(self, index: Tensor | slice) -> "Cases":
        return replace(
            self,
            user=self.user[index],
            cut=self.cut[index],
            text=None if self.text is None else self.text[index],
            known=None if self.known is None else self.known[index],
        )

    @property
    def target(self) -> Tensor:
        """The item that was chosen, [B]."""
        return self.sequences.at(self.user, self.cut)

    @property
    def seen(self) -> tuple[Tensor, Tensor]:
        """All items of the histories, ragged: row and item."""
        return self.sequences.histories(self.user, self.cut)

    def history(self, length: int) -> Tensor:
        """The last `length` items before each cut, right-aligned, [B, T]."""
        return self.sequences.windows(self.user, self.cut, length)

    def chunks(self, size: int) -> Iterator["Cases"]:
        """Consecutive parts of at most `size` cases."""
        for first in range(0, len(self), size):
            yield self[slice(first, first + size)]


def spoken_cases(inputs: dict[str, Artifact], split: str) -> Cases:
    """The cases of a split that have a text, with text vectors where they were made.

    Args:
        inputs: `dataset` and `simulate`, and `embed` for vectors.
    """
    dataset, frame = inputs["dataset"], inputs["simulate"].load("utterances.parquet")
    kept = ((frame["split"] == split) & ~frame["dropped"]).to_numpy()
    part = frame[kept]
    known = torch.zeros(len(part), dataset.summary["attributes"] + 1)
    lists = [list(map(int, cell)) for cell in part["attributes"]]
    rows = torch.repeat_interleave(torch.arange(len(part)), torch.tensor([len(x) for x in lists]))
    known[rows, torch.tensor([a for cell in lists for a in cell], dtype=torch.long)] = 1.0
    text = None
    if "embed" in inputs:
        index = inputs["embed"].load("index.npy")[kept]
        vectors = inputs["embed"].load("vectors.npy")[index]
        text = torch.from_numpy(vectors.astype(np.float32))
    return Cases(
        Sequences.of(dataset),
        torch.from_numpy(part["user"].to_numpy(copy=True)),
        torch.from_numpy(part["cut"].to_numpy(copy=True)),
        text,
        known,
    )


def cases_of(inputs: dict[str, Artifact], split: str) -> Cases:
    """The cases of a split: with their texts if the inputs have any, else histories alone.

    Both hold the same (user, cut) in the same order, less what the leak audit dropped.
    """
    if "simulate" in inputs:
        return spoken_cases(inputs, split)
    sequences = Sequences.of(inputs["dataset"])
    return Cases(sequences, *leave_one_out(sequences, split))
