"""A source's columns under our names, checked cell by cell."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from crs.console import say
from crs.data.parsing.attribute_cells import check_separator, listed, names_in, unified
from crs.data.parsing.markup import plain
from crs.data.parsing.raw import ITEMS, BadRows, Place
from crs.data.parsing.text_files import LIMIT, SHOWN
from crs.data.parsing.times import DATES, YEARS, moments, tell_mixed, years
from crs.errors import UserError
from crs.stages.dataset import Columns
from crs.titles import title_and_year

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
            remedy = f"Type dataset.columns.{key}=NAME{other}"
            whole = [str(column).replace(".", "", 1).isdecimal() for column in frame.columns]
            if whole and all(whole):
                remedy = "Write a first line that names the columns"
            raise UserError(
                f"dataset.columns.{key}={name}: {file} has no such column; it has {there}. {remedy}"
            )
        # Anything else would be in the tables as Python prints it: `[1]`, `b'1'`.
        kind = kind_of(frame[name].explode() if key == "attributes" else frame[name])
        if kind not in PLAIN | (DATES if key in ("timestamp", "year") else set()):
            raise UserError(
                f"dataset.columns.{key}={name}: this column of {file} is {kind}, one text or "
                f"number a row expected. Type dataset.columns.{key}=NAME"
            )
    return pd.DataFrame({key: frame[name] for key, name in given.items()}, frame.index, copy=False)


def tell_unread(frame: pd.DataFrame, names: Columns, file: str) -> None:
    """Tell of columns of an item table that have our names and that no setting names."""
    for key in ITEMS:
        if getattr(names, key) is None and key in frame:
            say(
                f"note      {file} has a column {key}, which is not read; type "
                f"dataset.columns.{key}={key} to read it"
            )


def kind_of(column: pd.Series) -> str:
    """What a column's cells are, in pandas' words."""
    return infer_dtype(column.cat.categories if categorical(column) else column, skipna=True)


def categorical(column: pd.Series) -> bool:
    """Whether a column's cells are categories."""
    return isinstance(column.dtype, pd.CategoricalDtype)


def named(
    frame: pd.DataFrame, keys: list[str], place: Place, faults: BadRows, names: Mapping[str, str]
) -> pd.DataFrame:
    """The rows whose ids are there, ids as text, or categories of text or whole numbers."""
    for key in keys:
        if not (categorical(frame[key]) and frame[key].cat.categories.dtype in ("str", "int64")):
            frame = frame.assign(**{key: frame[key].astype("string").astype("str")})
        wrong = frame[key].isna() | (frame[key] == "")
        for number in frame.index[wrong]:
            faults(place(number), f"has no {names.get(key, key)}")
        frame = left(frame, wrong)
    return frame


def left(frame: pd.DataFrame, wrong: Any) -> pd.DataFrame:
    """The rows that are not wrong; nothing is copied where all are right."""
    return frame[~wrong] if wrong.any() else frame


def interactions(
    frame: pd.DataFrame, place: Place, faults: BadRows, names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Users and items with an id, times and ratings as finite numbers.

    Args:
        frame: user and item, and timestamp and rating where the source has them: without a time
            the order of the rows stands for it, without a rating 1.
        names: what the source calls its columns.
    """
    names = names or {}
    frame = named(frame, ["user", "item"], place, faults, names)
    for key, expected in (
        ("timestamp", "a number or an ISO 8601 time such as 2015-01-14"),
        ("rating", "a number"),
    ):
        if key not in frame:
            continue
        read = moments if key == "timestamp" else numbers
        found = read(frame[key])
        wrong = ~(np.abs(found.to_numpy("float64", na_value=np.nan)) < LIMIT)
        for number, cell in zip(frame.index[wrong], frame[key][wrong], strict=True):
            has = "nothing" if pd.isna(cell) else repr(str(cell)[:SHOWN])
            what = f"has {has} for {names.get(key, key)}, {expected} expected"
            faults(place(number), what)
        frame = left(frame, wrong)
        # Once more without the wrong ones: whole numbers stay exact.
        frame = frame.assign(**{key: read(frame[key]) if wrong.any() else found})
    faults.settle(len(frame))
    if "timestamp" in frame:
        tell_mixed(frame["timestamp"], place, faults)
    else:
        frame = frame.assign(timestamp=np.arange(len(frame)))
    return frame.assign(rating=frame["rating"].astype("float64") if "rating" in frame else 1.0)


def numbers(cells: pd.Series) -> pd.Series:
    """Cells as numbers; NaN is none."""
    return pd.to_numeric(cells, errors="coerce")


def item_table(
    frame: pd.DataFrame,
    place: Place,
    faults: BadRows,
    separator: str | None,
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Items with an id, and whatever the source says of them, an item a row.

    HTML in titles and descriptions becomes text. Without a column of years, a year at the end of a
    title is taken out of it. Several rows of an item join their attributes.

    Args:
        separator: between the attributes in a cell of text; None cuts nothing.
    Raises:
        UserError: if there is none: the filters would take that for a source without items.
    """
    names = names or {}
    frame = named(frame, ["item"], place, faults, names)
    faults.settle(len(frame))
    if frame.empty:
        raise UserError(f"dataset: {place.file} has no items; give a file with a row an item")
    texts = {key: words(frame, key, place, faults) for key in ("title", "description")}
    if "year" in frame:
        year = years(frame["year"], place, faults)
    else:
        texts["title"], year = years_of_titles(texts["title"], place, faults)
    attributes: list[list[str]] = [[] for _ in frame.index]
    if "attributes" in frame:
        column = names.get("attributes", "attributes")
        check_separator(frame["attributes"], separator, column)
        cells = (names_in(cell, separator) for cell in frame["attributes"])
        attributes = unified(cells, column, faults)
    found = pd.DataFrame(
        {
            "item": frame["item"],
            "year": year,
            "attributes": pd.Series(attributes, frame.index, dtype=object),
            **texts,
        }
    )[ITEMS]
    return joined(found, place, faults).reset_index(drop=True)


def words(frame: pd.DataFrame, key: str, place: Place, faults: BadRows) -> pd.Series:
    """A column of text without HTML; a list of texts is one, a column that is not there empty."""
    if key not in frame:
        return pd.Series("", frame.index)
    cells = frame[key].astype("string").fillna("").astype("str")
    lists = cells.str.startswith("[") & cells.str.endswith("]")
    texts = cells.mask(lists, cells[lists].map(sentence))
    found = texts.map(plain)
    changed = found != texts
    if changed.any():
        first = place(changed.index[changed][0])
        faults.notice(f"with HTML in the {key}: made text", int(changed.sum()), "read", first)
    return found


def sentence(cell: str) -> str:
    """The texts of a list as one; a cell that is no list as it is."""
    parts = listed(cell)
    return cell if parts is None else " ".join(parts)


def years_of_titles(
    titles: pd.Series, place: Place, faults: BadRows
) -> tuple[pd.Series, pd.Series]:
    """Titles without the year at their end, and these years (Int64)."""
    parts = [title_and_year(title) for title in titles]
    year = pd.Series([year for _, year in parts], titles.index, dtype="Int64")
    year = year.where(year.between(*YEARS))
    if (dated := year.notna()).any():
        what, first = "with a year in the title: taken as the year", titles.index[dated][0]
        faults.notice(what, int(dated.sum()), "read", place(first))
    return titles.where(~dated, [title for title, _ in parts]), year


def joined(items: pd.DataFrame, place: Place, faults: BadRows) -> pd.DataFrame:
    """One row an item: the attributes of all its rows, and else what the first says that says
    something."""
    further = items["item"].duplicated().to_numpy()
    if not further.any():
        return items
    what = "a further row of an item: its attributes joined to those of the first"
    faults.notice(what, int(further.sum()), "read", place(int(items.index[further][0])))
    blank = {key: items[key] == "" for key in ("title", "description")}
    said = items.assign(**{key: items[key].mask(empty) for key, empty in blank.items()})
    rows = said.groupby("item", sort=False)
    found = rows[["title", "year", "description"]].first().fillna({"title": "", "description": ""})
    union = rows["attributes"].agg(lambda cells: sorted({name for cell in cells for name in cell}))
    first = items[~further]
    return first.assign(
        attributes=union.to_numpy(),
        **{key: found[key].to_numpy() for key in ("title", "description")},
        year=found["year"].astype("Int64").array,
    )
