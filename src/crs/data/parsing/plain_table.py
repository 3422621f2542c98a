"""A text file of plain cells as columns, read by pyarrow a block of bytes at a time.

Plain is a file in which every line is a row of as many cells as the header names, without a quote,
a carriage return, or bytes that are no UTF-8. Of any other file `plain_table` returns None; the
readers of lines (text_files.py) read it then, and name the line that is wrong. Of a plain file both
give the same cells.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, csv

from crs.data.parsing.text_files import BOM

BLOCK = 1 << 24
"""Bytes that are read at once."""
DENSE = 4
"""Times as many numbers as rows that a table may have."""
QUOTES, RETURN, EMPTY = b'"', b"\r", b"\n\n"
HEXADECIMAL = b"xX"
"""Letters of the only numbers that pyarrow reads and that are shorter than their decimals."""


class NotPlain(Exception):  # noqa: N818
    """A file is to be read line by line."""


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a stream in pieces of whole lines; the last line gets an end where it has none.

    Raises:
        NotPlain: for a line longer than a block.
    """
    rest = b""
    while part := stream.read(BLOCK):
        rest += part
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > BLOCK:
            raise NotPlain
    if rest:
        yield rest + b"\n"


def whole_numbers(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray | None:
    """Texts as integers, if each is as its integer is written: `7`, not `07`, `+7` or `7.0`."""
    try:
        numbers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    return numbers if numbers.cast(texts.type).equals(texts) else None


def cells(block: bytes, names: list[str], separator: str, whole: set[str]) -> pa.Table:
    """A block's columns: those in `whole` as int64, the others as text.

    Raises:
        pa.ArrowInvalid: for another number of fields, no UTF-8, or what is no whole number.
    """
    types = {name: pa.int64() if name in whole else pa.string() for name in names}
    return csv.read_csv(
        pa.BufferReader(block),
        csv.ReadOptions(use_threads=False, column_names=names),
        csv.ParseOptions(
            delimiter=separator, quote_char=False, double_quote=False, ignore_empty_lines=False
        ),
        csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
    )


def written(column: pa.ChunkedArray) -> int:
    """How many bytes a column's cells are written in."""
    if column.type == pa.string():
        return compute.sum(compute.binary_length(column)).as_py() or 0
    total = len(column)
    for chunk in column.chunks:
        numbers = chunk.to_numpy()
        total += int((numbers < 0).sum())
        size = np.abs(numbers)
        limit, largest = 10, int(size.max(initial=0))
        while limit <= largest:
            total += int((size >= limit).sum())
            limit *= 10
    return total


def columns_of_block(block: bytes, names: list[str], separator: str, whole: set[str]) -> pa.Table:
    """A block's columns; those that are no longer whole numbers are taken out of `whole`.

    Raises:
        NotPlain: if it is not plain.
    """
    if any(mark in block for mark in (QUOTES, RETURN, EMPTY)) or block.startswith((b"\n", BOM)):
        raise NotPlain
    # Every cell is now exactly what stands between two separators, and no number is shorter than
    # its decimals: if all bytes are used up none is longer either (`07`, ` 7`).
    if not any(letter in block for letter in HEXADECIMAL):
        try:
            table = cells(block, names, separator, whole)
        except pa.ArrowInvalid:
            pass
        else:
            used = sum(map(written, table.columns)) + len(table) * len(names)
            if used == len(block):
                return table
    try:
        table = cells(block, names, separator, set())
    except pa.ArrowInvalid as error:
        raise NotPlain from error
    for name in sorted(whole):
        numbers = whole_numbers(table[name])
        if numbers is None:
            whole.remove(name)
        else:
            table = table.set_column(names.index(name), name, numbers)
    return table


def columns_of(
    stream: BinaryIO, names: list[str], separator: str, wanted: list[str], ids: set[str]
) -> pd.DataFrame:
    """The wanted columns of all rows, as `plain_table` gives them.

    Args:
        stream: at the first byte behind the header.
        names: what the header names.
    Raises:
        NotPlain: if the file is not plain, or has no rows.
    """
    whole, pieces = set(wanted), {name: list[pa.Array]() for name in wanted}
    for block in blocks(stream):
        table = columns_of_block(block, names, separator, whole)
        for name in wanted:
            column = table[name].combine_chunks()
            if name in ids and column.type == pa.string():
                column = column.dictionary_encode()
            pieces[name].append(column)
    if not pieces[wanted[0]]:
        raise NotPlain
    read = {}
    for name in wanted:  # a column's pieces are freed before the next are joined
        column = joined(pieces.pop(name), name in whole)
        read[name] = categories(column) if name in ids else column.to_pandas().array
    rows = len(read[wanted[0]])
    return pd.DataFrame(read, pd.RangeIndex(2, rows + 2), copy=False)


def joined(pieces: list[pa.Array], whole: bool) -> pa.ChunkedArray:
    """A column of its pieces; numbers become the text that they were read from, unless all are."""
    if whole:
        return pa.chunked_array(pieces)
    ids = any(pa.types.is_dictionary(piece.type) for piece in pieces)
    texts = [piece.cast(pa.string()) if piece.type == pa.int64() else piece for piece in pieces]
    if ids:
        texts = [t if pa.types.is_dictionary(t.type) else t.dictionary_encode() for t in texts]
    return pa.chunked_array(texts)


def categories(column: pa.ChunkedArray) -> pd.Categorical:
    """Ids as categories: of whole numbers, which stand for the texts that they were read from, or
    of text."""
    if column.type == pa.int64():
        codes, numbers = different(column.to_numpy())
        return pd.Categorical.from_codes(codes, pd.Index(numbers), validate=False)
    whole = column.unify_dictionaries().combine_chunks()
    names = pd.Index(whole.dictionary.to_pandas())
    return pd.Categorical.from_codes(whole.indices.to_numpy(), names, validate=False)


def different(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the different numbers each is, and these: by a table where they are dense."""
    largest = int(numbers.max())
    if int(numbers.min()) < 0 or largest > DENSE * len(numbers):
        return pd.factorize(numbers)
    there = np.zeros(largest + 1, dtype=bool)
    there[numbers] = True
    place = there.cumsum(dtype=counting(largest + 1))
    place -= 1
    return place[numbers], np.flatnonzero(there)


def counting(size: int) -> type[np.signedinteger]:
    """The type of numbers up to a size: the small one, which is fetched faster, if it will do."""
    return np.int32 if size < 1 << 31 else np.int64


def plain_table(
    stream: BinaryIO,
    header: Callable[[str], tuple[list[str], str]],
    wanted: Iterable[str],
    ids: set[str],
) -> pd.DataFrame | None:
    """Columns of a file, indexed by line number (the header is line 1); None if it is not plain.

    Args:
        stream: is closed.
        header: what the first line names, and the separator.
        wanted: which columns.
        ids: of these, those that become categories. The others are int64 where all of
            their cells are whole numbers, else text.
    """
    wanted = list(wanted)
    try:
        with stream:
            first = stream.readline(BLOCK).decode()
            if not first.endswith("\n") or "\r" in first or first.startswith("\ufeff"):
                return None
            names, separator = header(first.removesuffix("\n"))
            once = len(set(names)) == len(names) and len(set(wanted)) == len(wanted)
            if not once or "" in names or len(names) < 2 or not set(wanted) <= set(names):
                return None
            return columns_of(stream, names, separator, wanted, ids)
    except (NotPlain, UnicodeDecodeError, OSError, EOFError, zlib.error):
        return None
