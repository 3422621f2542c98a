"""Users' item sequences as two tensors, and the windows and histories that are cut from them."""

from dataclasses import dataclass
from tempfile import NamedTemporaryFile

import numpy as np
import torch
from torch import Tensor

from crs.store.artifact import Artifact

REPEATING = 0.05
"""Where a larger share of the training interactions repeats an earlier one, users take items again.
Then the item that comes next is often one of the history, and a ranking without the history, which
never leaves out the target, would give the answer away (docs/protocols.md, repeats)."""

LARGE = 1 << 27
"""More items than this (1 GB) are not held in memory."""


def on_disk(size: int) -> Tensor:
    """Whole numbers in a memory map of a temporary file (`TMPDIR`), which ends with the process."""
    with NamedTemporaryFile() as file:  # has no name any more, and exists while it is mapped
        return torch.from_file(file.name, shared=True, size=size, dtype=torch.long)


@dataclass
class Sequences:
    """All users' items by time, end to end.

    Attributes:
        items: item ids, [interactions].
        offsets: where user u begins is offsets[u], where it ends offsets[u + 1], [users + 2];
            user 0 is empty.
        n_items: largest item id.
        of_users: row u is user u of the data set. Where it is not (rows are cases of dialogues, or
            the one history of a chat) no row is a user's number.
        repeats: share of the training interactions whose user had the item before; None: count it
            when it is asked for.
    """

    items: Tensor
    offsets: Tensor
    n_items: int
    repeats: float | None = None
    of_users: bool = False

    @classmethod
    def of(cls, dataset: Artifact) -> "Sequences":
        """From the tables of a dataset artifact."""
        rows, users = dataset.summary["interactions"], dataset.summary["users"]
        items = torch.empty(rows, dtype=torch.long) if rows <= LARGE else on_disk(rows)
        offsets, read = torch.zeros(users + 2, dtype=torch.long), 0
        counts, places = offsets[1:].numpy(), items.numpy()
        for user, item in dataset.pieces("interactions.parquet", "user", "item"):
            counts += np.bincount(user, minlength=len(counts))
            places[read : read + len(item)] = item
            read += len(item)
        np.cumsum(counts, out=counts)
        return cls(items, offsets, dataset.summary["items"], of_users=True)

    @property
    def training(self) -> Tensor:
        """Which interactions are in the training part: all but each user's last two, a mask."""
        lengths = self.offsets.diff()
        place = torch.arange(len(self.items)) - self.offsets[:-1].repeat_interleave(lengths)
        return place < (lengths - 2).repeat_interleave(lengths)

    @property
    def repeating(self) -> bool:
        """Whether users take items again (`REPEATING`)."""
        if self.repeats is None:
            trained = self.training
            user = torch.arange(len(self.offsets) - 1).repeat_interleave(self.offsets.diff())
            self.repeats = repeated(user[trained], self.items[trained])
        return self.repeats > REPEATING

    @property
    def users(self) -> Tensor:
        """All user ids, [users]."""
        return torch.arange(1, len(self.offsets) - 1)

    def lengths(self, user: Tensor) -> Tensor:
        """Number of items of each user, [B]."""
        return self.offsets[user + 1] - self.offsets[user]

    def at(self, user: Tensor, position: Tensor) -> Tensor:
        """Item at a position (0 is the oldest) of each user's sequence, [B]."""
        return self.items[self.offsets[user] + position]

    def windows(self, user: Tensor, cut: Tensor, length: int) -> Tensor:
        """The last `length` items before each cut, right-aligned, 0 where there is none.

        Returns:
            [B, T]; T is the longest that occurs, at most `length`, at least 1.
        """
        width = max(1, min(length, int(cut.max()) if len(cut) else 1))
        back = torch.arange(width, 0, -1)
        index = (self.offsets[user] + cut)[:, None] - back
        return torch.where(back <= cut[:, None], self.items[index.clamp_min(0)], 0)

    def histories(self, user: Tensor, cut: Tensor) -> tuple[Tensor, Tensor]:
        """Everything before each cut, ragged: row of the batch and item id, both [total]."""
        row = torch.repeat_interleave(torch.arange(len(user)), cut)
        first = (cut.cumsum(0) - cut).repeat_interleave(cut)
        place = torch.arange(len(row)) - first
        return row, self.items[self.offsets[user][row] + place]


def repeated(user: Tensor, item: Tensor) -> float:
    """Share of interactions, [n], whose user had the item in an earlier one."""
    pairs = user * (int(item.max()) + 1 if len(item) else 1) + item
    return (len(pairs) - len(pairs.unique())) / max(1, len(pairs))


def leave_one_out(sequences: Sequences, split: str) -> tuple[Tensor, Tensor]:
    """The case (user, cut) of every user in a split; the target is the item at the cut.

    `test` holds out the last item, `valid` the one before, `train` the one before that
    (docs/iclrec.md, split). Users too short for a split (fewer than 4 items) are left out.

    Returns:
        user [n], cut [n].
    """
    back = {"test": 1, "valid": 2, "train": 3}[split]
    users = sequences.users
    cut = sequences.lengths(users) - back
    kept = cut >= (4 - back)
    return users[kept], cut[kept]
