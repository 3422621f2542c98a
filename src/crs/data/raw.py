"""What a reader returns, and how it complains."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from crs.errors import UserError

INTERACTIONS = ["user", "item", "timestamp", "rating"]
ITEMS = ["item", "title", "year", "attributes", "description"]


@dataclass
class Raw:
    """A source's tables under its own ids, which are strings.

    Attributes:
        interactions: user, item, timestamp (int), rating (float); rows of one user that share a
            timestamp keep their order.
        items: item, title, year (Int64), attributes (list of names), description; at least the
            items that have something to say.
        dialogues: attribute dialogues of the source's own (crs/data/turns.py), under its ids, with
            the target in the place of the cut; None where it has none.
        dropped: what could not be used, and how often.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame
    dialogues: pd.DataFrame | None = None
    dropped: dict[str, int] = field(default_factory=dict)


def empty_items() -> pd.DataFrame:
    """An item table for sources that have none."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in ITEMS})


def split_lines(text: str, separator: str, fields: int, where: str) -> list[list[str]]:
    """Lines cut at `separator`, each of exactly so many fields.

    Raises:
        UserError: with the file and the line that is short or long.
    """
    rows = []
    # Only a newline ends a line; `splitlines` also cuts at characters that stand in old titles.
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line:
            continue
        row = line.split(separator)
        if len(row) != fields:
            raise UserError(
                f"dataset: line {number} of {where} has {len(row)} fields, {fields} expected "
                f"({line[:60]!r}). Is the file complete?"
            )
        rows.append(row)
    return rows


def member(archive: Path, name: str, encoding: str) -> str:
    """Text of one file of a zip archive, read in place (nothing is unpacked).

    Raises:
        UserError: if the archive is broken or has no such file.
    """
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name).decode(encoding)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UserError(
            f"dataset.archive: {archive.name} is not a whole zip file ({error}); download it again"
        ) from error
    except KeyError as error:
        raise UserError(f"dataset.archive: {archive.name} has no {name}") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"dataset.archive: {name} in {archive.name} is not {encoding} (byte {error.start})"
        ) from error
