"""RecBole's atomic files: tab-separated, with a typed header, `name:type` in each field."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from crs.data.parsing.columns import (
    INTERACTIONS,
    interactions,
    item_table,
    mapped,
    tell_unread,
)
from crs.data.parsing.plain_table import plain_table
from crs.data.parsing.raw import ITEMS, BadRows, Place, Raw, empty_items, member, members
from crs.data.parsing.text_files import cut, decoded, is_zip, of_width, opened, texts
from crs.data.reader import reader
from crs.errors import UserError
from crs.stages.dataset import Columns, Dataset

TYPES = ("token", "token_seq", "float", "float_seq")
TEXT = ("token", "token_seq")
LIST = "_list"
"""What RecBole adds to the name of a column that holds a history of it."""
FITS = {
    "user": ("token",), "item": ("token",), "timestamp": ("float", "token"),
    "rating": ("float", "token"), "title": TEXT, "year": ("float", "token"), "attributes": TEXT,
    "description": TEXT,
}  # fmt: skip
"""The types that a column of ours can have."""


def atomic(stream: BinaryIO, file: str, faults: BadRows) -> tuple[pd.DataFrame, Place]:
    """The columns of an atomic file as text, indexed by line; `attrs` has their types by name.

    Raises:
        UserError: for a header that names no types, or a name twice.
    """
    place = Place(file)
    rows = cut(decoded(stream, place, faults), "\t")
    _, header = next(rows, (0, []))
    types = typed(header)
    if types is None:
        raise UserError(
            f"dataset: the first line of {file} must have a NAME:TYPE in each field, each name "
            f"once, TYPE one of {', '.join(TYPES)}; it is {chr(9).join(header)[:120]!r}"
        )
    frame = texts(of_width(rows, len(header), place, faults), list(types))
    faults.settle(len(frame))
    frame.attrs.update(types)
    return frame, place


def typed(header: list[str]) -> dict[str, str] | None:
    """The type of each column that a header names; None for a header that is none."""
    fields = [field.rpartition(":") for field in header]
    types = {name: kind for name, _, kind in fields if name and kind in TYPES}
    return types if header and len(types) == len(header) else None


def plain(stream: BinaryIO, columns: Columns) -> pd.DataFrame | None:
    """The interactions of a plain atomic file as `atomic` reads them, without its other columns;
    None for any other file."""
    types: dict[str, str] = {}

    def header(first: str) -> tuple[list[str], str]:
        types.update(typed(first.split("\t")) or {})
        return list(types), "\t"

    wanted = [name for key in INTERACTIONS if (name := getattr(columns, key)) is not None]
    frame = plain_table(stream, header, wanted, {columns.user, columns.item})
    if frame is not None:
        frame.attrs.update(types)
    return frame


def chosen(frame: pd.DataFrame, settings: Dataset, wanted: list[str], file: str) -> pd.DataFrame:
    """The wanted columns under our names.

    Raises:
        UserError: for one that is not there, or has a type that does not fit.
    """
    found = mapped(frame, settings.columns, wanted, file)
    for key in found:
        name = getattr(settings.columns, str(key))
        if (kind := frame.attrs[name]) not in FITS[str(key)]:
            raise UserError(
                f"dataset.columns.{key}={name}: this column of {file} is a {kind}, "
                f"{' or '.join(FITS[str(key)])} expected. Type dataset.columns.{key}=NAME"
            )
    return found


Opened = Callable[[], BinaryIO]


def files(path: Path) -> tuple[tuple[Opened, str], tuple[BinaryIO, str] | None]:
    """What opens the interactions of a folder or a zip of atomic files, and, where they are, the
    items; each with its name.

    Raises:
        UserError: if there is not one `.inter` file.
    """
    zipped = path.is_file()
    names = members(path) if zipped else [file.name for file in path.iterdir() if file.is_file()]
    found = sorted(
        name for name in names if name.endswith(".inter") and not name.startswith("__MACOSX/")
    )
    if len(found) != 1:
        raise UserError(
            f"dataset.path: {path.name} has {len(found) or 'no'} .inter files"
            f"{': ' * bool(found)}{', '.join(found)}; one expected. Type dataset.path=FILE.inter, "
            "and dataset.items=FILE.item where there is one"
        )

    def get(name: str) -> tuple[Opened, str]:
        if zipped:
            content = partial(member, path, name)
            return lambda: BytesIO(content()), f"{name.rpartition('/')[2]} in {path.name}"
        return partial(opened, path / name), name

    about = f"{found[0].removesuffix('.inter')}.item"
    if about not in names:
        return get(found[0]), None
    opens, file = get(about)
    return get(found[0]), (opens(), file)


@reader("recbole", 2, unnamed_in=("recbole",))
def read(path: Path, settings: Dataset) -> Raw:
    """Interactions and items of any data set in RecBole's format, as `dataset.columns` names them.

    Args:
        path: a folder or zip archive with one `.inter` file, and its `.item` file if it has one;
            or a `.inter` file, the items in `dataset.items`.
    Raises:
        UserError: with file and line, or the column that is not there or does not fit.
    """
    faults, about = BadRows(settings.bad_lines), None
    if path.is_dir() or is_zip(path):
        inter, about = files(path)
    else:
        inter = partial(opened, path), path.name
    if settings.items is not None:
        own = Path(settings.items).expanduser()
        about = opened(own), own.name
    names = vars(settings.columns)
    opens, file = inter
    frame, place = plain(opens(), settings.columns), Place(file)
    if frame is None:
        frame, place = atomic(opens(), file, faults)
    names_of = set(map(str, frame.attrs))
    if lists := sorted(name for name in names_of if name.removesuffix(LIST) in names_of - {name}):
        raise UserError(
            f"dataset: {place.file} has the column {lists[0]}: each row is a history and what "
            "comes next, as in RecBole's benchmark files; give the file of single interactions"
        )
    frame = interactions(chosen(frame, settings, INTERACTIONS, place.file), place, faults, names)
    if about is None:
        return Raw(frame, empty_items(), place=place, faults=faults)
    rows, where = atomic(*about, faults)
    tell_unread(rows, settings.columns, where.file)
    chosen_items = chosen(rows, settings, ITEMS, where.file)
    one = rows.attrs.get(settings.columns.attributes) == "token"  # a token is one name
    separator = None if one else settings.attribute_separator
    items = item_table(chosen_items, where, faults, separator, names)
    return Raw(frame, items, place=place, faults=faults)
