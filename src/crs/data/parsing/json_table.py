"""JSON lines as a table: one object a line, its keys the columns."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from crs.data.parsing.raw import BadRows, Place
from crs.data.parsing.text_files import Lines, gathered, objects
from crs.errors import UserError


def json_table(
    lines: Lines, place: Place, faults: BadRows, wanted: Collection[str | None]
) -> pd.DataFrame:
    """The wanted keys as columns of text, indexed by line; lists and objects as JSON.

    Other keys are columns without cells, so that a message can name them.

    Raises:
        UserError: for one JSON list of all objects.
    """
    keys: dict[str, None] = {}
    chosen = sorted(key for key in wanted if key)

    def rows() -> Iterator[tuple[Any, ...]]:
        for number, record in objects(each(lines, place), place, faults):
            keys.update(dict.fromkeys(record))
            yield number, *(text_of(record.get(key)) for key in chosen)

    frame = gathered(rows(), dict.fromkeys(chosen, pa.string()))
    absent = [key for key in chosen if key not in keys]
    frame = frame.drop(columns=absent)
    return frame.reindex(columns=[*frame.columns, *(key for key in keys if key not in chosen)])


def each(lines: Lines, place: Place) -> Iterator[tuple[int, str]]:
    """The lines, none of which begins a list.

    Raises:
        UserError: if one does.
    """
    for number, line in lines:
        if line.lstrip().startswith("["):
            raise UserError(
                f"dataset: {place(number)} begins a JSON list, one object a line expected; type "
                f"jq -c '.[]' {place.file} > NEW.jsonl"
            )
        yield number, line


def text_of(value: Any) -> str | None:
    """A value as the text of a cell; None is missing."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
