"""Amazon Reviews 2023 (McAuley Lab): JSON lines, plain or gzip, reviews and metadata apart.

Both are streamed and joined on `parent_asin`: variants of a product (colours, consoles) are one
item. In the place of the reviews their 5-core may stand, a CSV file with the same columns. Fields:
https://amazon-reviews-2023.github.io.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from crs.data.parsing.columns import words
from crs.data.parsing.raw import ITEMS, BadRows, Place, Raw
from crs.data.parsing.text_files import (
    LIMIT,
    SHOWN,
    cut,
    decoded,
    gathered,
    objects,
    of_width,
    opened,
)
from crs.data.reader import reader
from crs.errors import UserError
from crs.stages.dataset import Dataset


@reader("amazon_2023", 2, unnamed_in=("cds", "video_games"))
def read(file: Path, settings: Dataset) -> Raw:
    """Reviews of `dataset.archive` and items of `dataset.items`, or their downloads.

    Raises:
        UserError: with file and line, if a file is broken; without metadata.
    """
    if settings.items is None:
        raise UserError(
            f"dataset={settings.name}: {file.name} needs its metadata beside it; type "
            f"dataset.items=PATH/meta_{file.name}"
        )
    faults, place = BadRows(settings.bad_lines), Place(file.name)
    frame = gathered(
        reviews(file, place, faults),
        {"user": pa.string(), "item": pa.string(), "timestamp": pa.int64(), "rating": pa.float64()},
    )
    faults.settle(len(frame))
    about = Path(settings.items).expanduser()
    where = Place(about.name)
    items = gathered(
        products(about, where, faults),
        {
            "item": pa.string(),
            "title": pa.string(),
            "attributes": pa.list_(pa.string()),
            "description": pa.string(),
        },
    )
    faults.settle(len(frame) + len(items))
    if items.empty:
        raise UserError(f"dataset: {about.name} has no items; give a file with a line an item")
    for key in ("title", "description"):
        items[key] = words(items, key, where, faults)
    items["year"] = pd.array([pd.NA] * len(items), dtype="Int64")
    return Raw(frame, items[ITEMS], place=place, faults=faults)


def is_id(value: Any) -> bool:
    """A text that is not empty."""
    return isinstance(value, str) and value != ""


def is_number(value: Any) -> bool:
    """A finite number that 64 bits hold, and not a truth value."""
    return type(value) in (int, float) and abs(value) < LIMIT


def is_text(value: Any) -> bool:
    """Nothing, a text, or a list of them."""
    parts = value if isinstance(value, list) else [value]
    return all(part is None or isinstance(part, str) for part in parts)


REVIEW = {"user_id": is_id, "parent_asin": is_id, "timestamp": is_number, "rating": is_number}
PRODUCT = {"parent_asin": is_id, "title": is_text, "categories": is_text, "description": is_text}


def records(file: Path, place: Place, faults: BadRows) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON lines, or the rows of a 5-core as such objects."""
    lines = decoded(opened(file), place, faults)
    number, first = next(lines, (0, ""))
    header = first.split(",")
    if not set(REVIEW) <= set(header):
        yield from objects(chain([(number, first)], lines), place, faults)
        return
    for number, cells in of_width(cut(lines, ","), len(header), place, faults):
        record: dict[str, Any] = dict(zip(header, cells, strict=True))
        for key in ("timestamp", "rating"):
            with suppress(ValueError):  # told as the text that it is
                record[key] = float(record[key])
        yield number, record


def values(
    file: Path, place: Place, faults: BadRows, wanted: Mapping[str, Callable[[Any], bool]]
) -> Iterator[tuple[int, list[Any]]]:
    """The wanted fields of each object of a file, those left out in which one is not as it must."""
    for number, record in records(file, place, faults):
        found = [record.get(key) for key in wanted]
        for (key, good), value in zip(wanted.items(), found, strict=True):
            if not good(value):
                what = f"has {str(value)[:SHOWN]!r} for {key}" if key in record else f"has no {key}"
                faults(place(number), what)
                break
        else:
            yield number, found


def reviews(file: Path, place: Place, faults: BadRows) -> Iterator[tuple[Any, ...]]:
    """Line, user, item, time (ms) and stars of each review."""
    for number, (user, item, time, rating) in values(file, place, faults, REVIEW):
        yield number, user, item, int(time), rating


def strings(value: Any) -> list[str]:
    """What texts a field holds."""
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if part]


def products(file: Path, place: Place, faults: BadRows) -> Iterator[tuple[Any, ...]]:
    """Line, item, title, categories and description of each product.

    The first category is the whole file's and tells no item from another: it stands only where
    there is none below it.
    """
    known: dict[str, str] = {}
    for number, (item, title, categories, about) in values(file, place, faults, PRODUCT):
        path = strings(categories)
        names = sorted({known.setdefault(name, name) for name in path[1:] or path})
        yield number, item, " ".join(strings(title)), names, " ".join(strings(about))
