"""ICLRec's text files: a line is `user item item item …`, oldest first (docs/iclrec.md)."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from crs.config import Dataset
from crs.data.lines import SHOWN, decoded, gathered, opened
from crs.data.raw import Faults, Place, Raw, empty_items


def read(file: Path, settings: Dataset) -> Raw:
    """Interactions whose timestamps are positions in the line; no titles, no attributes.

    Raises:
        UserError: with the line that holds something other than positive whole numbers.
    """
    place, faults = Place(file.name), Faults(settings.bad_lines)
    frame = gathered(
        _rows(file, place, faults),
        {"user": pa.string(), "item": pa.string(), "timestamp": pa.int64(), "rating": pa.float64()},
    )
    return Raw(frame, empty_items(), place=place, faults=faults)


def _rows(file: Path, place: Place, faults: Faults) -> Iterator[tuple[int, str, str, int, float]]:
    for number, line in decoded(opened(file), place, faults):
        user, *sequence = line.split() or [""]
        numbers = (x.isascii() and x.isdecimal() and x.strip("0") for x in sequence)
        bad = next((x for x, good in zip(sequence, numbers, strict=True) if not good), None)
        if not sequence:
            faults(place(number), "has no items")
        elif bad is not None:
            faults(place(number), f"has item {bad[:SHOWN]!r}; items are whole numbers from 1")
        else:
            for position, item in enumerate(sequence):
                yield number, user, item, position, 1.0
