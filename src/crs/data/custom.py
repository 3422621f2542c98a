"""A user's own table: CSV or Parquet, column names in `dataset.columns`."""

from pathlib import Path

import numpy as np
import pandas as pd

from crs.config import Dataset
from crs.data.raw import Raw, empty_items
from crs.errors import UserError


def _frame(path: Path, key: str) -> pd.DataFrame:
    """A table with every cell as text, so that `007` stays `007`."""
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        separator = "\t" if path.suffix in (".tsv", ".txt") else ","
        # Only an empty cell is missing: `NA` and `null` are ids and titles like any other.
        return pd.read_csv(path, dtype=str, sep=separator, keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        raise UserError(f"{key}: {path.name} cannot be read: {error}") from error


def _column(frame: pd.DataFrame, setting: str, name: str, file: str) -> pd.Series:
    if name not in frame:
        raise UserError(
            f"dataset.columns.{setting}={name}: {file} has no such column; it has "
            f"{', '.join(map(str, frame.columns))}. Type dataset.columns.{setting}=NAME"
        )
    return frame[name]


def _numbers(column: pd.Series, setting: str, file: str) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = (column.isna() | ~np.isfinite(numbers.astype("float64"))).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise UserError(
            f"dataset.columns.{setting}: row {row + 1} of {file} has {column.iloc[row]!r}, "
            "a number expected"
        )
    return numbers


def read(file: Path, settings: Dataset) -> Raw:
    """Interactions from `dataset.path`, item texts from `dataset.items` where that is given.

    Raises:
        UserError: for an unreadable file, a column that is not there, or a cell that is no number.
    """
    names, frame = settings.columns, _frame(file, "dataset.path")
    out = pd.DataFrame({
        key: _column(frame, key, getattr(names, key), file.name).astype("string").astype(object)
        for key in ("user", "item")
    })  # fmt: skip
    if out.isna().any().any():
        row = int(out.isna().any(axis=1).to_numpy().argmax())
        raise UserError(f"dataset.path: row {row + 1} of {file.name} has no user or no item")
    out["timestamp"] = range(len(out))
    if names.timestamp is not None:
        column = _column(frame, "timestamp", names.timestamp, file.name)
        out["timestamp"] = _numbers(column, "timestamp", file.name).astype("int64")
    out["rating"] = 1.0
    if names.rating is not None:
        column = _column(frame, "rating", names.rating, file.name)
        out["rating"] = _numbers(column, "rating", file.name).astype("float64")
    return Raw(out, _items(settings) if settings.items else empty_items())


def names_in(cell: object, separator: str) -> list[str]:
    """Attribute names of a cell: a list as Parquet has them, or text cut at the separator."""
    if isinstance(cell, str):
        return cell.split(separator)
    return [str(name) for name in np.atleast_1d(np.asarray(cell, dtype=object))]


def _items(settings: Dataset) -> pd.DataFrame:
    assert settings.items is not None
    file, names = Path(settings.items), settings.columns
    frame = _frame(file, "dataset.items")
    out = pd.DataFrame({"item": _column(frame, "item", names.item, file.name).astype(str)})
    out["title"] = _column(frame, "title", names.title, file.name).fillna("").astype(str)
    out["year"] = pd.array([pd.NA] * len(out), dtype="Int64")
    if names.year is not None:
        column = _column(frame, "year", names.year, file.name)
        out["year"] = pd.to_numeric(column, errors="coerce").round().astype("Int64")
    out["attributes"] = [[] for _ in range(len(out))]
    if names.attributes is not None:
        cells = _column(frame, "attributes", names.attributes, file.name).fillna("")
        out["attributes"] = [
            sorted({part.strip() for part in names_in(cell, settings.attribute_separator)} - {""})
            for cell in cells
        ]
    out["description"] = ""
    if names.description is not None:
        column = _column(frame, "description", names.description, file.name)
        out["description"] = column.fillna("").astype(str)
    return out
