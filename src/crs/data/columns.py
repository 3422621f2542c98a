"""A source's columns under our names, checked cell by cell."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from crs.config import Columns
from crs.data.lines import LIMIT, SHOWN
from crs.data.raw import ITEMS, Faults, Place
from crs.errors import UserError

PLAIN = {"string", "integer", "floating", "mixed-integer-float", "decimal", "empty"}
INTERACTIONS = ["user", "item", "timestamp", "rating"]


def mapped(frame: pd.DataFrame, names: Columns, wanted: list[str], file: str) -> pd.DataFrame:
    """The wanted columns, less those that `dataset.columns` sets to null.

    Raises:
        UserError: for a column that is not there, with those that are, or is neither text nor
            numbers.
    """
    given = {key: getattr(names, key) for key in wanted if getattr(names, key) is not None}
    for key, name in given.items():
        if name not in frame:
            there = ", ".join(map(str, frame.columns))
            other = " (null: the order of the rows)" if key == "timestamp" else ""
            raise UserError(
                f"dataset.columns.{key}={name}: {file} has no such column; it has {there}. "
                f"Type dataset.columns.{key}=NAME{other}"
            )
        # Anything else would stand in the tables as Python prints it: `[1]`, `b'1'`.
        kind = kind_of(frame[name].explode() if key == "attributes" else frame[name])
        if kind not in PLAIN and (key, kind) != ("timestamp", "datetime64"):
            raise UserError(
                f"dataset.columns.{key}={name}: this column of {file} is {kind}, one text or "
                f"number a row expected. Type dataset.columns.{key}=NAME"
            )
    return pd.DataFrame({key: frame[name] for key, name in given.items()}, frame.index)


def kind_of(column: pd.Series) -> str:
    """What a column's cells are, in pandas' words."""
    categories = isinstance(column.dtype, pd.CategoricalDtype)
    return infer_dtype(column.cat.categories if categories else column, skipna=True)


def named(
    frame: pd.DataFrame, keys: list[str], place: Place, faults: Faults, names: Mapping[str, str]
) -> pd.DataFrame:
    """The rows whose ids are there, ids as text."""
    for key in keys:
        frame = frame.assign(**{key: frame[key].astype("string").astype("str")})
        wrong = frame[key].isna() | (frame[key] == "")
        for number in frame.index[wrong]:
            faults(place(number), f"has no {names.get(key, key)}")
        frame = frame[~wrong]
    return frame


def interactions(
    frame: pd.DataFrame, place: Place, faults: Faults, names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Users and items with an id, times and ratings as finite numbers.

    Args:
        frame: user and item, and timestamp and rating where the source has them: without a time
            the order of the rows stands for it, without a rating 1.
        names: what the source calls its columns.
    """
    names = names or {}
    frame = named(frame, ["user", "item"], place, faults, names)
    for key in ("timestamp", "rating"):
        if key not in frame:
            continue
        numbers = pd.to_numeric(frame[key], errors="coerce")
        wrong = ~(np.abs(numbers.to_numpy("float64", na_value=np.nan)) < LIMIT)
        for number, cell in zip(frame.index[wrong], frame[key][wrong], strict=True):
            what = f"has {str(cell)[:SHOWN]!r} for {names.get(key, key)}, a number expected"
            faults(place(number), what)
        frame = frame[~wrong]
        # Once more without the wrong ones: whole numbers stay exact.
        frame = frame.assign(**{key: pd.to_numeric(frame[key])})
    if "timestamp" not in frame:
        frame = frame.assign(timestamp=np.arange(len(frame)))
    return frame.assign(rating=frame["rating"].astype("float64") if "rating" in frame else 1.0)


def item_table(
    frame: pd.DataFrame,
    place: Place,
    faults: Faults,
    separator: str | None,
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Items with an id, and whatever the source says of them; a year that is no number is none.

    Args:
        separator: between the attributes in a cell of text; None cuts at blanks.
    Raises:
        UserError: if there is none: the filters would take that for a source without items.
    """
    frame = named(frame, ["item"], place, faults, names or {}).reset_index(drop=True)
    if frame.empty:
        raise UserError(f"dataset: {place.file} has no items; give a file with a row an item")
    year = pd.Series(np.nan, frame.index)
    if "year" in frame:
        year = pd.to_numeric(frame["year"], errors="coerce").astype("float64")
    attributes: list[list[str]] = [[] for _ in frame.index]
    if "attributes" in frame:
        attributes = [names_in(cell, separator) for cell in frame["attributes"]]
    texts = {key: frame[key].fillna("").astype("str") if key in frame else ""
             for key in ("title", "description")}  # fmt: skip
    return pd.DataFrame({
        "item": frame["item"], "year": year.where(np.abs(year) < LIMIT).round().astype("Int64"),
        "attributes": pd.Series(attributes, frame.index, dtype=object), **texts,
    })[ITEMS]  # fmt: skip


def names_in(cell: Any, separator: str | None) -> list[str]:
    """Attribute names of a cell, sorted: a list as Parquet has them, or text cut up."""
    if isinstance(cell, str):
        parts = cell.split(separator)
    elif isinstance(cell, (list, tuple, np.ndarray)):
        parts = [str(name) for name in cell if name is not None]
    else:
        parts = [] if pd.isna(cell) else [str(cell)]
    return sorted({part.strip() for part in parts} - {""})
