"""Popularity: every case gets the most frequent training items."""

import torch
from torch import Tensor

from crs.cases import Cases
from crs.data.sequences import Sequences
from crs.models.base import Recommender, popularity_counts
from crs.store import Artifact


class Popularity:
    """d = 1 with a bias: the query is 0 and the bias is the log count."""

    sees = "nothing"

    def __init__(self, sequences: Sequences) -> None:
        self.bias = popularity_counts(sequences).float().log1p()

    def queries(self, cases: Cases) -> Tensor:
        """Zeros, [B, 1]."""
        return torch.zeros(len(cases), 1)

    def catalogue(self) -> tuple[Tensor, Tensor]:
        """Zeros [N + 1, 1] and log(1 + training count) [N + 1]."""
        return torch.zeros(len(self.bias), 1), self.bias


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Popularity alone."""
    return {"popularity": Popularity(Sequences.of(inputs["dataset"]))}
