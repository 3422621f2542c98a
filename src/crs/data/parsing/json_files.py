"""JSON that other people wrote, read as a whole or by line and checked: whatever is not as it must
be is named with its file and its place in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from reprlib import repr as short
from types import UnionType
from typing import Any, get_args, get_origin

from crs.data.parsing.raw import BadRows, Place
from crs.data.parsing.text_files import decoded, opened, values
from crs.errors import UserError

WHOLE = 1 << 30
"""The most bytes of a text that is one line, as JSON often is."""
NUMBER = re.compile("0|[1-9][0-9]{0,17}")


def text_of(file: Path) -> str:
    """A text file of a data set.

    Raises:
        UserError: if it is not there, holds nothing or is not UTF-8.
    """
    if not file.exists():
        raise UserError(f"dataset: {file.parent} has no {file.name}; is it complete?")
    lines = decoded(opened(file), Place(file.name), BadRows(), longest=WHOLE)
    text = "\n".join(line for _, line in lines)
    if not text.strip():
        raise UserError(f"dataset: {file.name} is empty; give a file with data")
    return text


def load(file: Path, kind: Any) -> Any:
    """A JSON file that must hold a value of a type (as `expect` has it).

    Raises:
        UserError: with file and place.
    """
    ((_, value),) = values([(0, text_of(file))], Place(file.name), BadRows())
    return expect(value, kind, file.name)


def lines(file: Path) -> Iterator[tuple[int, Any]]:
    """The values of a file with one JSON value a line, each with its line number.

    Raises:
        UserError: with the line that is not JSON.
    """
    numbered = enumerate(text_of(file).split("\n"), 1)
    return values(numbered, Place(file.name), BadRows())


def fits(value: Any, kind: Any) -> bool:
    """Whether a JSON value is of a type: `int`, `list[str]`, `dict[str, int | str]`, …; true and
    false are no numbers."""
    outer, inner = get_origin(kind) or kind, get_args(kind)
    if outer is UnionType:
        return any(fits(value, one) for one in inner)
    if type(value) is not outer or not inner:
        return type(value) is outer
    parts = value.values() if outer is dict else value
    # The first test alone is for speed: lists of words are long.
    return all(type(part) is inner[-1] or fits(part, inner[-1]) for part in parts)


def expect(value: Any, kind: Any, where: str) -> Any:
    """A JSON value that is of a type (as `fits` has it).

    Raises:
        UserError: with the innermost place that is of another.
    """
    if fits(value, kind):
        return value
    if type(value) is (get_origin(kind) or kind):
        unit, parts = (
            ("key", value.items()) if isinstance(value, dict) else ("entry", enumerate(value, 1))
        )
        part_kind = get_args(kind)[-1]
        key, part = next((key, part) for key, part in parts if not fits(part, part_kind))
        expect(part, part_kind, f"{unit} {short(key)} of {where}")
    wanted = kind if get_args(kind) else kind.__name__
    raise UserError(f"dataset: {where} is {short(value)}, {wanted} expected; is it the right file?")


def field(record: Any, key: str, kind: Any, where: str) -> Any:
    """A field of a record.

    Raises:
        UserError: if it is missing or of another type.
    """
    if key not in expect(record, dict, where):
        raise UserError(f"dataset: {where} has no {key!r}; is it the right file?")
    return expect(record[key], kind, f"{key!r} of {where}")


def parallel(record: Any, kinds: dict[str, Any], where: str) -> list[tuple[Any, ...]]:
    """Fields of a record that are lists of one length, entry by entry.

    Args:
        kinds: of the lists, by field.
    Raises:
        UserError: if one is missing, of another type or of another length.
    """
    columns = {key: field(record, key, kind, where) for key, kind in kinds.items()}
    if len({len(column) for column in columns.values()}) > 1:
        found = " and ".join(f"{len(column)} {key}" for key, column in columns.items())
        raise UserError(f"dataset: {where} has {found}; as many of each expected")
    return list(zip(*columns.values(), strict=True))


def by_number(found: dict[str, Any], file: str) -> dict[int, Any]:
    """An object whose keys are whole numbers, which JSON can write as text alone.

    Raises:
        UserError: with a key that is none.
    """
    if wrong := [key for key in found if not NUMBER.fullmatch(key)]:
        raise UserError(f"dataset: {file} has key {short(wrong[0])}, a whole number expected")
    return {int(key): value for key, value in found.items()}
