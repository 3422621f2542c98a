"""ICLRec's text files: a line is `user item item item …`, oldest first (docs/iclrec.md)."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from crs.data.parsing.json_files import load
from crs.data.parsing.raw import BadRows, Place, Raw, empty_items
from crs.data.parsing.text_files import SHOWN, decoded, gathered, opened
from crs.data.reader import reader
from crs.stages.dataset import Dataset


@reader("iclrec_text", 1, unnamed_in=("beauty", "sports", "toys", "yelp"))
def read(file: Path, settings: Dataset) -> Raw:
    """Interactions whose timestamps are positions in the line; no titles.

    Attributes are in a file of their own, `dataset.items`: one JSON object, an item's attribute
    ids by its id (as S3-Rec publishes `Beauty_item2attributes.json`).

    Raises:
        UserError: with the line that holds something other than positive whole numbers, or a user
            of an earlier line.
    """
    place, faults = Place(file.name), BadRows(settings.bad_lines)
    frame = gathered(
        _rows(file, place, faults),
        {"user": pa.string(), "item": pa.string(), "timestamp": pa.int64(), "rating": pa.float64()},
    )
    faults.settle(frame["user"].nunique())
    about = attributes(Path(settings.items).expanduser()) if settings.items else empty_items()
    return Raw(frame, about, place=place, faults=faults)


def _rows(file: Path, place: Place, faults: BadRows) -> Iterator[tuple[int, str, str, int, float]]:
    seen: dict[str, int] = {}
    for number, line in decoded(opened(file), place, faults):
        user, *sequence = line.split() or [""]
        numbers = (x.isascii() and x.isdecimal() and x.strip("0") for x in sequence)
        bad = next((x for x, good in zip(sequence, numbers, strict=True) if not good), None)
        if not sequence:
            faults(place(number), "has no items")
        elif bad is not None:
            faults(place(number), f"has item {bad[:SHOWN]!r}; items are whole numbers from 1")
        elif user in seen:
            # Positions stand for times: two lines would be one history, shuffled.
            faults(place(number), f"has user {user[:SHOWN]!r}, whom line {seen[user]} has")
        else:
            seen[user] = number
            for position, item in enumerate(sequence):
                yield number, user, item, position, 1.0


def attributes(file: Path) -> pd.DataFrame:
    """Items with the names of their attributes.

    Raises:
        UserError: if the file is not one object with a list for each item.
    """
    found = load(file, dict[str, list[int | str]])
    names = pd.Series([sorted(map(str, cell)) for cell in found.values()], dtype=object)
    year = pd.array([pd.NA] * len(found), dtype="Int64")
    return pd.DataFrame(
        {"item": list(found), "title": "", "year": year, "attributes": names, "description": ""}
    )
