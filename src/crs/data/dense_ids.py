"""Raw ids, which are texts, as whole numbers from 1."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from crs.data.parsing.plain_table import counting, whole_numbers


def ordered(names: pa.Array) -> np.ndarray:
    """The order of different texts: whole numbers without leading zeros by size, others as text."""
    numbers = whole_numbers(names)
    if numbers is not None and (numbers.to_numpy() >= 0).all():
        return np.argsort(numbers.to_numpy())
    keys = {"text": names}
    if compute.all(compute.match_substring_regex(names, r"\A(0|[1-9][0-9]*)\z")).as_py():
        keys = {"length": compute.utf8_length(names), **keys}
    order = compute.sort_indices(pa.table(keys), [(key, "ascending") for key in keys])
    return order.to_numpy()


def texts(ids: pd.Index) -> pd.Index:
    """Raw ids as text; whole numbers stand for the texts that they were read from."""
    if ids.dtype != "int64":
        return ids
    return pd.Index(pa.array(ids.to_numpy()).cast(pa.string()).to_pandas())


def numbered(raw: pd.Series) -> tuple[pd.Index, np.ndarray]:
    """Raw ids, which are categories, as 1, 2, … in the order of `ordered`.

    Returns:
        the ids that occur, as text, and the number of each row.
    """
    codes, categories = raw.cat.codes.to_numpy(), raw.cat.categories
    counts = np.bincount(codes, minlength=len(categories))
    there = np.flatnonzero(counts)
    names = texts(categories[there])
    order = ordered(pa.array(names, pa.string()))
    number = np.zeros(len(counts), dtype=counting(len(counts)))
    number[there[order]] = np.arange(1, len(there) + 1)
    return names[order], number[codes]


def alike(names: pd.Index) -> np.ndarray:
    """Which of different texts equal another one but for blanks around it, or for the `.0` that
    some programs write behind a whole number."""
    bare = pa.array(names, pa.string())
    bare = compute.replace_substring_regex(compute.utf8_trim_whitespace(bare), r"\.0$", "")
    return pd.Index(bare.to_pandas()).duplicated(keep=False)


def dense(names: Iterable[str]) -> dict[str, int]:
    """Texts to 1, 2, … in the order of `ordered`."""
    different = pa.array(list(dict.fromkeys(names)), pa.string())
    return {name: n for n, name in enumerate(different.take(ordered(different)).to_pylist(), 1)}
