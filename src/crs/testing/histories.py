"""Histories of users by hand and by chance, for tests."""

from itertools import accumulate

import numpy as np
import torch

from crs.data.sequences import Sequences


def sequences(*users: list[int], items: int | None = None) -> Sequences:
    """Users' items as given, user 1 first; histories are left out of rankings."""
    flat = [item for user in users for item in user]
    offsets = torch.tensor([0, *accumulate([0, *map(len, users)])])
    data = torch.tensor(flat, dtype=torch.long)
    return Sequences(data, offsets, items or max(flat, default=0), repeats=0.0, of_users=True)


def random_sequences(users: int, items: int, longest: int, seed: int = 0) -> Sequences:
    """Users of 4 to `longest` items drawn uniformly."""
    rng = np.random.default_rng(seed)
    return sequences(
        *(rng.integers(1, items + 1, rng.integers(4, longest + 1)).tolist() for _ in range(users)),
        items=items,
    )
