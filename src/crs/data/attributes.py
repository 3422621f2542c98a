"""Attributes of items as a matrix."""

import torch
from torch import Tensor

from crs.store.artifact import Artifact


def attribute_matrix(dataset: Artifact) -> Tensor:
    """Which item has which attribute, multi-hot [N + 1, attributes + 1]; row and column 0 empty."""
    lists = dataset.load("items.parquet")["attributes"]
    matrix = torch.zeros(len(lists) + 1, dataset.summary["attributes"] + 1)
    rows = torch.repeat_interleave(
        torch.arange(1, len(lists) + 1), torch.tensor([len(cell) for cell in lists])
    )
    columns = torch.tensor([int(a) for cell in lists for a in cell], dtype=torch.long)
    matrix[rows, columns] = 1.0
    return matrix
