"""How often items occur in the training part."""

import torch
from torch import Tensor

from crs.data.sequences import Sequences
from crs.store.artifact import Artifact


def popularity_counts(sequences: Sequences) -> Tensor:
    """How often each item occurs in the training part (all but each user's last two), [N + 1]."""
    return torch.bincount(sequences.items[sequences.training], minlength=sequences.n_items + 1)


def training_counts(dataset: Artifact) -> Tensor:
    """How often each item occurs in the training part, [N + 1]: of the histories, or of what the
    training dialogues mention."""
    if not dataset.summary.get("conversations"):
        return popularity_counts(Sequences.of(dataset))
    users, rows = dataset.load("users.parquet"), dataset.load("interactions.parquet")
    trained = rows["user"].isin(users[users["split"] == "train"]["user"])
    items = torch.from_numpy(rows[trained]["item"].to_numpy(copy=True))
    return torch.bincount(items, minlength=dataset.summary["items"] + 1)
