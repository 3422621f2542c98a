"""ICLRec's text files: a line is `user item item item …`, oldest first (spec: docs/iclrec.md)."""

from pathlib import Path

import pandas as pd

from crs.config import Dataset
from crs.data.raw import Raw, empty_items
from crs.errors import UserError


def read(file: Path, settings: Dataset) -> Raw:
    """Interactions whose timestamps are positions in the line; no titles, no attributes.

    Raises:
        UserError: with the line that holds something other than positive whole numbers.
    """
    users: list[str] = []
    items: list[str] = []
    positions: list[int] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"dataset.archive: {file.name} is not a text file: {error}") from error
    for number, line in enumerate(lines, 1):
        user, *sequence = line.split() or [""]
        if not sequence:
            raise UserError(f"dataset.archive: line {number} of {file.name} has no items")
        if bad := next((x for x in sequence if not x.isdecimal() or int(x) < 1), None):
            raise UserError(
                f"dataset.archive: line {number} of {file.name} has item {bad!r}; "
                "items are whole numbers from 1"
            )
        users += [user] * len(sequence)
        items += sequence
        positions += range(len(sequence))
    frame = pd.DataFrame({"user": users, "item": items, "timestamp": positions})
    frame["rating"] = 1.0
    return Raw(frame, empty_items())
