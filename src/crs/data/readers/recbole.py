"""RecBole's atomic files: tab-separated, with a typed header, `name:type` in each field."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from crs.data.parsing.columns import INTERACTIONS, interactions, item_table, mapped
from crs.data.parsing.raw import ITEMS, BadRows, Place, Raw, empty_items, member, members
from crs.data.parsing.text_files import cut, decoded, is_zip, of_width, opened, texts
from crs.data.reader import reader
from crs.errors import UserError
from crs.stages.dataset import Dataset

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
    fields = [field.rpartition(":") for field in header]
    names = [name for name, _, _ in fields]
    wrong = [
        text
        for text, (name, _, kind) in zip(header, fields, strict=True)
        if not name or kind not in TYPES
    ]
    if wrong or not header or len(set(names)) < len(names):
        raise UserError(
            f"dataset: the first line of {file} must have a NAME:TYPE in each field, each name "
            f"once, TYPE one of {', '.join(TYPES)}; it is {chr(9).join(header)[:120]!r}"
        )
    frame = texts(of_width(rows, len(header), place, faults), names)
    faults.settle(len(frame))
    frame.attrs = {name: kind for name, _, kind in fields}
    return frame, place


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


def files(path: Path) -> tuple[tuple[BinaryIO, str], tuple[BinaryIO, str] | None]:
    """The interactions and, where they are, the items of a folder or a zip of atomic files.

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

    def get(name: str) -> tuple[BinaryIO, str]:
        if zipped:
            return BytesIO(member(path, name)), f"{name.rpartition('/')[2]} in {path.name}"
        return opened(path / name), name

    about = f"{found[0].removesuffix('.inter')}.item"
    return get(found[0]), get(about) if about in names else None


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
        inter = opened(path), path.name
    if settings.items is not None:
        own = Path(settings.items).expanduser()
        about = opened(own), own.name
    names = vars(settings.columns)
    frame, place = atomic(*inter, faults)
    names_of = set(map(str, frame))
    if lists := sorted(name for name in names_of if name.removesuffix(LIST) in names_of - {name}):
        raise UserError(
            f"dataset: {place.file} has the column {lists[0]}: each row is a history and what "
            "comes next, as in RecBole's benchmark files; give the file of single interactions"
        )
    frame = interactions(chosen(frame, settings, INTERACTIONS, place.file), place, faults, names)
    if about is None:
        return Raw(frame, empty_items(), place=place, faults=faults)
    rows, where = atomic(*about, faults)
    chosen_items = chosen(rows, settings, ITEMS, where.file)
    one = rows.attrs.get(settings.columns.attributes) == "token"  # a token is one name
    separator = None if one else settings.attribute_separator
    items = item_table(chosen_items, where, faults, separator, names)
    return Raw(frame, items, place=place, faults=faults)
