"""A user's own tables: CSV, TSV, JSON lines or Parquet, column names in `dataset.columns`."""

import csv
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pandas as pd

from crs.data.parsing.columns import (
    INTERACTIONS,
    interactions,
    item_table,
    mapped,
    tell_unread,
)
from crs.data.parsing.json_table import json_table
from crs.data.parsing.parquet_table import MARK, rows_of_parquet
from crs.data.parsing.plain_table import NotPlain, plain_table
from crs.data.parsing.raw import ITEMS, BadRows, Place, Raw, empty_items
from crs.data.parsing.text_files import (
    SHOWN,
    Lines,
    Rows,
    decoded,
    first_bytes,
    of_width,
    opened,
    tabbed,
    texts,
    unquoted,
    words,
)
from crs.data.reader import reader
from crs.errors import UserError
from crs.stages.dataset import Columns, Dataset

SEPARATORS = ",\t;|"
"""Of a text file's cells: the one that its first line has most often, the first of equals."""


def table(path: Path, faults: BadRows, columns: Columns) -> tuple[pd.DataFrame, Place, Columns]:
    """A table indexed by its lines (Parquet: rows), what names them, and the columns that it has.

    Cells of a text file stay text: `007` is `007`, and only an empty cell is missing (`NA` and
    `null` are ids and titles like any other).

    Args:
        columns: what the user calls them. A file of pairs, `user item` in each line, has no header:
            it has these two columns alone.
    Raises:
        UserError: for a file that cannot be read, or has no header.
    """
    if first_bytes(path) == MARK or path.suffix == ".parquet":
        return rows_of_parquet(path), Place(path.name, "row"), columns
    place = Place(path.name)
    lines, before = decoded(opened(path), place, faults), faults.count
    number, first = next(((n, line) for n, line in lines if line.strip()), (0, ""))
    if faults.count > before:  # a line behind it would pass for the header
        raise UserError(f"dataset: {faults.first}. {faults.remedy}")
    lines = chain([(number, first)], lines)
    if first.lstrip()[:1] in ("{", "["):
        frame = json_table(lines, place, faults, set(vars(columns).values()))
    elif pairs(first, columns):
        columns = replace(columns, timestamp=None, rating=None)
        frame = texts(of_width(words(lines), 2, place, faults), [columns.user, columns.item])
        faults.notice("of a user and an item, in the order of the lines", len(frame), "read")
    else:
        rows = cells_of(lines, first, place, faults)
        _, header = next(rows, (0, []))
        if len(set(header) - {""}) < max(len(header), 1):
            index = header[:1] == [""] and len(set(header)) == len(header)
            hint = "; name the first one, or with pandas write index=False" if index else ""
            raise UserError(
                f"dataset: the first line of {path.name} must name its columns, each once; it is "
                f"{first[:SHOWN]!r}{hint}"
            )
        frame = texts(of_width(rows, len(header), place, faults), header)
    faults.settle(len(frame))
    return frame, place, columns


def pairs(first: str, columns: Columns) -> bool:
    """Whether a file's first line is a user and an item, and no header."""
    cells = first.split()
    return (
        len(cells) == 2
        and cells != [columns.user, columns.item]
        and all(cell.isascii() and cell.isdecimal() for cell in cells)
    )


def cells_of(lines: Lines, first: str, place: Place, faults: BadRows) -> Rows:
    """Rows cut as the first line is: quotes are quotes, but in a file of tabs whose header has
    none."""
    separator = max(SEPARATORS, key=first.count)
    if first.count(separator) == 0 and len(first.split()) > 1 and '"' not in first:
        return words(lines)
    if separator == "\t" and '"' not in first:
        return tabbed(lines, place, faults)
    return unquoted(lines, separator, place, faults)


def plain(path: Path, columns: Columns) -> pd.DataFrame | None:
    """The interactions of a plain text file as `table` reads them, without its other columns; None
    for any other file."""
    if first_bytes(path) == MARK or path.suffix == ".parquet":
        return None

    def header(first: str) -> tuple[list[str], str]:
        separator = max(SEPARATORS, key=first.count)
        if pairs(first, columns) or first.lstrip()[:1] in ("{", "["):
            raise NotPlain
        try:
            return next(csv.reader([first], delimiter=separator, strict=True), []), separator
        except csv.Error as error:
            raise NotPlain from error

    wanted = [name for key in INTERACTIONS if (name := getattr(columns, key)) is not None]
    return plain_table(opened(path), header, wanted, {columns.user, columns.item})


@reader("custom", 2, unnamed_in=("custom",))
def read(file: Path, settings: Dataset) -> Raw:
    """Interactions from `dataset.path`, item texts from `dataset.items` where that is given.

    Raises:
        UserError: for an unreadable file, a column that is not there, or a cell that is no number.
    """
    faults, names = BadRows(settings.bad_lines), vars(settings.columns)
    place, columns, frame = Place(file.name), settings.columns, plain(file, settings.columns)
    if frame is None:
        frame, place, columns = table(file, faults, settings.columns)
    frame = mapped(frame, columns, INTERACTIONS, file.name)
    frame = interactions(frame, place, faults, names)
    if settings.items is None:
        return Raw(frame, empty_items(), place=place, faults=faults)
    about, where, columns = table(Path(settings.items).expanduser(), faults, settings.columns)
    tell_unread(about, columns, where.file)
    about = mapped(about, columns, ITEMS, where.file)
    items = item_table(about, where, faults, settings.attribute_separator, names)
    return Raw(frame, items, place=place, faults=faults)
