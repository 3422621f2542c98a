"""Metrics of the lists that are recommended: coverage, novelty and diversity, not accuracy."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crs.evaluation.metrics import Metric, metric

CHUNK_FLOATS = 1 << 23
"""Numbers held at once, whatever the number of lists: 32 MB."""


@dataclass
class Catalogue:
    """What the metrics read of the items; row i is item id i, row 0 stands for no item.

    Attributes:
        information: -log2 p(item) in bits, p from training counts, [N + 1].
        attributes: ids, 0 behind, [N + 1, L]; L is 0 where no item has any.
    """

    information: np.ndarray
    attributes: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray, attributes: Iterable[Iterable[int]]) -> "Catalogue":
        """From training counts [N + 1] and the attributes of items 1 to N.

        An item that training never saw counts once: its information is finite and the largest.
        """
        information = np.log2(max(1, counts.sum()) / np.maximum(counts, 1))
        information[0] = 0.0
        cells = [np.asarray(cell, dtype=np.int64) for cell in attributes]
        padded = np.zeros((len(cells) + 1, max(map(len, cells), default=0)), dtype=np.int64)
        for row, cell in enumerate(cells, start=1):
            padded[row, : len(cell)] = cell
        return cls(information, padded)


LIST_METRICS: dict[str, Metric] = {}
"""Metrics of lists. A function takes item ids, 0 for none, [cases, k], and the catalogue. It
returns a number of all lists together, or one of each list, [cases], NaN where it has none."""


@metric(LIST_METRICS, "Coverage", "items in any list / N", "Ge et al. 2010")
def coverage(lists: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Share of the catalogue that is in at least one list."""
    found = np.bincount(lists.ravel(), minlength=len(catalogue.information))
    return np.asarray((found[1:] > 0).mean())


@metric(
    LIST_METRICS,
    "Novelty",
    "mean of -log2 p(i), p(i) = max(1, n_i) / Σ n",
    "Vargas & Castells 2011",
    needs="an item",
)
def novelty(lists: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Mean self-information of a list's items in bits; rare items have more."""
    return ratio(catalogue.information[lists].sum(1), (lists > 0).sum(1))


@metric(
    LIST_METRICS,
    "Diversity",
    "mean of 1 - Jaccard(A_i, A_j) over pairs i < j",
    "Ziegler et al. 2005",
    needs="two items with attributes",
)
def diversity(lists: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Mean distance of two items of a list, by their attributes."""
    n, k = lists.shape
    width = int(catalogue.attributes.max(initial=0)) + 1
    out = np.full(n, np.nan)
    if width == 1:
        return out
    step = max(1, CHUNK_FLOATS // (k * (k + width)))
    earlier = np.triu(np.ones((k, k), dtype=bool), 1)
    for first in range(0, n, step):
        ids = catalogue.attributes[lists[first : first + step]]
        have = np.zeros((*ids.shape[:2], width), dtype=np.float32)
        np.put_along_axis(have, ids, 1.0, axis=2)
        have[:, :, 0] = 0.0
        size, shared = have.sum(2), have @ have.swapaxes(1, 2)
        pairs = earlier & (size > 0)[:, :, None] & (size > 0)[:, None, :]
        union = size[:, :, None] + size[:, None, :] - shared
        distance = 1 - shared / np.maximum(union, 1)
        out[first : first + step] = ratio(distance.sum((1, 2), where=pairs), pairs.sum((1, 2)))
    return out


def ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Means from sums and counts, NaN where nothing was counted."""
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def per_list(
    lists: np.ndarray, catalogue: Catalogue, ks: list[int]
) -> dict[tuple[str, int], np.ndarray]:
    """(metric, k) -> the metric over the first k of each list, [] or [cases]."""
    return {
        (name, k): one.function(lists[:, :k], catalogue)
        for k in ks
        for name, one in LIST_METRICS.items()
    }
