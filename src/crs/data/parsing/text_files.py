"""Lines of other people's files: decoded, cut into fields, checked, gathered into columns.

Each row carries the number of its line to the end, so that whatever is wrong with it can be named.
"""

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from reprlib import repr as short
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from crs.data.parsing.raw import COMPLETE, BadRows, Place
from crs.downloads.unpacked import unpacked
from crs.errors import UserError

BATCH = 1 << 16
LINE = 64 << 20
"""The most bytes of a line."""
UTF_16 = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
"""By the marks that such a file begins with."""
CONTROLS = {*range(32), 127} - {*b"\t\r\n"}
EXTENDED = {*range(0x80, 0xA0)}
ZIP, GZIP, BOM = b"PK\x03\x04", b"\x1f\x8b", b"\xef\xbb\xbf"
QUOTED = re.compile('^"((?:[^"]|"")*)"$')
SHOWN = 60
LIMIT = 2.0**63

Lines = Iterable[tuple[int, str]]
Rows = Iterator[tuple[int, list[str]]]


def first_bytes(path: Path) -> bytes:
    """By which a file is told, whatever its name.

    Raises:
        UserError: if it cannot be read, or is a folder.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP))
    except OSError as error:
        raise UserError(f"dataset: {path} cannot be read ({error.strerror})") from error


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive does."""
    return first_bytes(path) == ZIP


def opened(path: Path) -> BinaryIO:
    """A file's bytes, unpacked if they are gzip.

    Raises:
        UserError: for a zip archive; as it is read, if it unpacks to too much.
    """
    if is_zip(path):
        raise UserError(f"dataset: {path.name} is a zip archive; unpack it and give the file in it")
    if not first_bytes(path).startswith(GZIP):
        return path.open("rb")
    stream: Any = gzip.GzipFile(path)
    return unpacked(stream, stream.fileobj.tell, f"dataset: {path.name}")


def decoded(
    stream: BinaryIO, place: Place, faults: BadRows, encoding: str = "utf-8", longest: int = LINE
) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; a byte-order mark before the first is skipped.

    Args:
        longest: the most bytes of a line.
    Raises:
        UserError: if there is nothing, a gzip stream breaks off, a line is too long for one of a
            table, or what was unpacked is packed again.
    """
    number = 0
    try:
        with stream:
            # Only a newline ends a line: old titles have others that Unicode knows.
            for number, line in enumerate(iter(partial(stream.readline, longest + 1), b""), 1):
                if len(line) > longest:
                    raise UserError(
                        f"dataset: {place(number)} is longer than {longest >> 20} MB; give a file "
                        "with a row a line"
                    )
                if number == 1 and line.startswith((ZIP, GZIP)):
                    raise UserError(
                        f"dataset: {place.file} holds an archive in an archive; unpack it and give "
                        "the file in it"
                    )
                try:
                    text = (line.removeprefix(BOM) if number == 1 else line).decode(encoding)
                except UnicodeDecodeError as error:
                    what = f"is not {encoding} (byte 0x{error.object[error.start]:02x})"
                    faults(place(number), what, remedy=converted(error.object, place))
                    continue
                yield number, text.removesuffix("\n").removesuffix("\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"dataset: {place.file} is not a whole gzip file ({error}); delete it and get it again"
        ) from error
    if not number:
        raise UserError(f"dataset: {place.file} is empty; give a file with data")


def converted(line: bytes, place: Place) -> str:
    """What helps for a line that is no UTF-8: where it may be another encoding, to convert it."""
    other = next((name for mark, name in UTF_16.items() if line.startswith(mark)), None)
    if other is None and not set(line) & CONTROLS:
        # Latin-1 has letters where Windows' extension of it has quotes and dashes.
        other = "WINDOWS-1252" if set(line) & EXTENDED else "ISO-8859-1"
    if other is None:
        return COMPLETE
    name = "Latin-1" if other == "ISO-8859-1" else other
    return f"If it is {name}, type iconv -f {other} -t UTF-8 {place.file} > NEW_FILE."


def cut(lines: Lines, separator: str) -> Rows:
    """Lines cut at each separator; empty ones are left out."""
    return ((number, line.split(separator)) for number, line in lines if line)


def words(lines: Lines) -> Rows:
    """Lines cut at blanks, however many; empty ones are left out."""
    return ((number, line.split()) for number, line in lines if line.strip())


def unquoted(lines: Lines, separator: str, place: Place, faults: BadRows) -> Rows:
    """Rows of a CSV file, in which a quoted field may hold separators and line ends."""
    csv.field_size_limit(sys.maxsize)
    numbers: list[int] = []

    def feed() -> Iterator[str]:
        for number, line in lines:
            numbers.append(number)
            yield f"{line}\n"

    reader = csv.reader(feed(), delimiter=separator, strict=True)
    further, first = 0, ""
    while True:
        numbers.clear()
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            # A quote that is never closed takes all lines behind it along.
            what = f"begins a row that is no CSV ({error}; a quote that is not closed?)"
            faults(place(numbers[0]), what, len(numbers))
            continue
        if len(numbers) > 1:
            further, first = further + len(numbers) - 1, first or place(numbers[0])
        if cells:
            yield numbers[0], cells
    faults.notice("in a cell whose quotes are lines apart", further, "read", first)


def tabbed(lines: Lines, place: Place, faults: BadRows) -> Rows:
    """Lines cut at tabs. A quote is a letter like any other, but for cells that are quoted as a CSV
    file's are, with their own quotes doubled: those are read as programs that write them mean it.
    """
    changed, first = 0, ""
    for number, cells in cut(lines, "\t"):
        plain = [QUOTED.sub(without_quotes, cell) if '""' in cell else cell for cell in cells]
        if plain != cells:
            changed, first = changed + 1, first or place(number)
        yield number, plain
    faults.notice("with a cell in quotes that has doubled quotes", changed, "unquoted", first)


def without_quotes(cell: re.Match[str]) -> str:
    """What a quoted cell of a CSV file says."""
    return cell[1].replace('""', '"')


def of_width(rows: Rows, width: int, place: Place, faults: BadRows) -> Rows:
    """The rows that have so many fields."""
    for number, cells in rows:
        if len(cells) == width:
            yield number, cells
        else:
            have = f"{len(cells)} field" + "s" * (len(cells) != 1)
            faults(place(number), f"has {have}, {width} expected ({' | '.join(cells)[:SHOWN]!r})")


def gathered(rows: Iterable[tuple[Any, ...]], types: dict[str, pa.DataType]) -> pd.DataFrame:
    """Rows (number, cells …) as a frame indexed by number; Arrow holds them, batch by batch.

    Args:
        types: of the cells, by column.
    """
    schema, rows = pa.schema(types.items()), iter(rows)
    numbers, batches = [np.empty(0, dtype=np.int64)], []
    while batch := list(islice(rows, BATCH)):
        number, *columns = zip(*batch, strict=True)
        numbers.append(np.array(number))
        arrays = [pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)]
        batches.append(pa.record_batch(arrays, schema=schema))
    frame = pa.Table.from_batches(batches, schema).to_pandas()
    return frame.set_index(np.concatenate(numbers))


def texts(rows: Rows, names: list[str]) -> pd.DataFrame:
    """Rows as a frame of text, indexed by number."""
    flat = ((number, *cells) for number, cells in rows)
    return gathered(flat, dict.fromkeys(names, pa.string()))


def values(lines: Lines, place: Place, faults: BadRows) -> Iterator[tuple[int, Any]]:
    """The values of JSON lines; empty lines are left out.

    The standard library reads a million reviews in four seconds and knows what is wrong with a
    line; pyarrow's parser takes half of that, and the whole process down at a line `null`.
    """
    for number, line in lines:
        if not line or line.isspace():
            continue
        try:
            value = json.loads(line)
            if "\\ud" in line or "\\uD" in line:
                json.dumps(value, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            # A text of several lines has no number of its own.
            where = place((number or 1) + error.lineno - 1)
            faults(where, f"is not JSON ({error.msg} at column {error.colno})")
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            faults(
                place(number), f"holds {half!a}, half of an escaped pair, which no text can hold"
            )
        except ValueError:  # what is left of them
            faults(place(number), "is not JSON (a number of thousands of digits)")
        except RecursionError:
            faults(place(number), "is not JSON (thousands of brackets in each other)")
        else:
            yield number, value


def objects(lines: Lines, place: Place, faults: BadRows) -> Iterator[tuple[int, dict[str, Any]]]:
    """The values of JSON lines that are objects."""
    for number, value in values(lines, place, faults):
        if isinstance(value, dict):
            yield number, value
        else:
            faults(place(number), f"is no JSON object ({short(value)})")
