"""Popularity: every case gets the most frequent training items."""

import torch
from torch import Tensor

from crs.data.cases import Cases
from crs.data.popularity import popularity_counts, training_counts
from crs.data.sequences import Sequences
from crs.recommender import Recommender
from crs.store.artifact import Artifact


class Popularity:
    """d = 1 with a bias: the query is 0 and the bias is the log count.

    Args:
        counts: how often each item occurs in training, [N + 1], or histories to count in.
    """

    sees = "nothing"

    def __init__(self, counts: Sequences | Tensor) -> None:
        counts = popularity_counts(counts) if isinstance(counts, Sequences) else counts
        self.bias = counts.float().log1p()

    def queries(self, cases: Cases) -> Tensor:
        """Zeros, [B, 1]."""
        return torch.zeros(len(cases), 1)

    def catalogue(self) -> tuple[Tensor, Tensor]:
        """Zeros [N + 1, 1] and log(1 + training count) [N + 1]."""
        return torch.zeros(len(self.bias), 1), self.bias


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Popularity alone."""
    return {"popularity": Popularity(training_counts(inputs["dataset"]))}
