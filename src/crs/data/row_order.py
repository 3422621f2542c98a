"""Orders of many rows by one whole number each, and which rows share it."""

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
LARGEST = 2**63


def packed(group: np.ndarray, value: np.ndarray) -> Whole:
    """One whole number a row that sorts as (group, value) do.

    Args:
        group: whole numbers from 0.
        value: any finite numbers.
    """
    if not len(group):
        return np.empty(0, dtype=np.int64)
    groups = int(group.max()) + 1
    if value.dtype.kind == "i":
        first, last = int(value.min()), int(value.max())
        if groups * (last - first + 1) < LARGEST:
            return group.astype(np.int64) * (last - first + 1) + (value - first)
    _, place = np.unique(value, return_inverse=True)
    return group.astype(np.int64) * (int(place.max()) + 1) + place


def stable(key: Whole) -> tuple[np.ndarray, np.ndarray]:
    """The rows by key, those of equal keys in their order, and which places of this order share
    their key with another: both [rows].

    NumPy sorts whole numbers several times as fast where equal ones may change places; then only
    the equal ones are put in order.
    """
    order = np.argsort(key)
    sorted_key = key[order]
    same = sorted_key[1:] == sorted_key[:-1]
    shared = np.zeros(len(key), dtype=bool)
    shared[1:] |= same
    shared[:-1] |= same
    rows = order[shared]
    order[shared] = rows[np.lexsort((rows, key[rows]))]
    return order, shared
