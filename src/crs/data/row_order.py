"""The order of many rows by one whole number each, and which rows share it."""

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
BITS = 63
"""Of a whole number that is not negative."""
RADIX = 16
"""Bits of the largest whole numbers whose order NumPy finds by counting."""


def bits(numbers: np.ndarray) -> int:
    """How many the largest of whole numbers has."""
    return int(numbers.max(initial=0)).bit_length()


def packed(group: np.ndarray, value: np.ndarray) -> Whole:
    """One whole number a row that sorts as (group, value) do, none of them negative.

    Args:
        group: whole numbers from 0.
        value: any finite numbers.
    """
    if not len(group):
        return np.empty(0, dtype=np.int64)
    first, last = value.min(), value.max()
    if value.dtype.kind != "i" or (int(group.max()) + 1) * (int(last) - int(first) + 1) >> BITS:
        _, value = np.unique(value, return_inverse=True)
        first, last = 0, value.max()
    key = group.astype(np.int64)
    key *= int(last) - int(first) + 1
    key += value
    key -= int(first)
    return key


def stable(key: Whole) -> tuple[np.ndarray, np.ndarray]:
    """The rows by key, those of equal keys in their order, and which places of this order share
    their key with another: both [rows].

    A key and its row in one whole number are sorted faster than rows are by their keys. Where both
    have too many bits for that, rows are first put into buckets by the upper bits of their keys.
    """
    rows = np.arange(len(key))
    low = bits(rows)
    high = max(0, bits(key) + low - BITS)
    if high > RADIX:
        order = np.argsort(key, kind="stable")
        return order, shared(key[order])
    shift = BITS - low if high else bits(key)
    bucket = (key >> shift).astype(np.uint16)
    if high:
        rows = np.argsort(bucket, kind="stable")
    both = key[rows] if high else key.copy()
    both &= (1 << shift) - 1
    both <<= low
    both |= rows
    counts = np.bincount(bucket)
    ends = counts.cumsum()
    found = np.zeros(len(key), dtype=bool)
    for start, end in zip(ends - counts, ends, strict=True):
        both[start:end].sort()
        found[start:end] = shared(both[start:end] >> low)
    both &= (1 << low) - 1
    return both, found


def shared(ordered: np.ndarray) -> np.ndarray:
    """Which of ordered numbers are equal to one beside them."""
    same = ordered[1:] == ordered[:-1]
    found = np.zeros(len(ordered), dtype=bool)
    found[1:] |= same
    found[:-1] |= same
    return found
