"""JSON that other people wrote: read whole or by line, and complained about with file and line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crs.errors import UserError


def text_of(file: Path) -> str:
    """A text file of a data set.

    Raises:
        UserError: if it is not there or not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"dataset.path: {file.parent} has no {file.name}") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"dataset.path: {file.name} is not UTF-8 (byte {error.start}); is it complete?"
        ) from error


def load(file: Path, kind: type) -> Any:
    """A JSON file that must hold a list, or an object (`kind` is list or dict).

    Raises:
        UserError: with file and line.
    """
    try:
        value = json.loads(text_of(file))
    except json.JSONDecodeError as error:
        raise UserError(
            f"dataset.path: line {error.lineno} of {file.name} is not JSON ({error.msg} at column "
            f"{error.colno}); is the file complete?"
        ) from error
    if not isinstance(value, kind):
        raise UserError(
            f"dataset.path: {file.name} holds a {type(value).__name__}, a {kind.__name__} expected"
        )
    return value


def lines(file: Path) -> Iterator[tuple[int, Any]]:
    """The values of a file with one JSON value a line, each with its line number.

    Raises:
        UserError: with the line that is not JSON.
    """
    for number, line in enumerate(text_of(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(
                f"dataset.path: line {number} of {file.name} is not JSON ({error.msg} at column "
                f"{error.colno}); is the file complete?"
            ) from error


def field(record: Any, key: str, kind: type, where: str) -> Any:
    """A field of a record.

    Raises:
        UserError: if it is missing or of another type.
    """
    if not isinstance(record, dict) or not isinstance(record.get(key), kind):
        raise UserError(f"dataset.path: {where} has no {key!r} that is a {kind.__name__}")
    return record[key]
