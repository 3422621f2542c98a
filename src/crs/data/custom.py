"""A user's own table: CSV, TSV or Parquet, column names in `dataset.columns`."""

from pathlib import Path

import pandas as pd
from pyarrow import parquet

from crs.config import Dataset
from crs.data.columns import INTERACTIONS, interactions, item_table, mapped
from crs.data.lines import decoded, of_width, opened, texts, unquoted
from crs.data.raw import ITEMS, Faults, Place, Raw, empty_items, reason
from crs.data.reader import reader
from crs.errors import UserError
from crs.unpacked import bomb, too_much


def check_size(path: Path) -> None:
    """Refuse a Parquet file that says it holds more than such a file can.

    Raises:
        UserError: by its rows, at eight bytes a cell, or by its unpacked pages.
    """
    with parquet.ParquetFile(path) as file:
        about = file.metadata
    pages = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if too_much(max(pages, 8 * about.num_rows * about.num_columns), path.stat().st_size):
        raise bomb(f"dataset: {path.name}")


def table(path: Path, faults: Faults) -> tuple[pd.DataFrame, Place]:
    """A table indexed by its lines (Parquet: rows), and what names them.

    Cells of a text file stay text: `007` is `007`, and only an empty cell is missing (`NA` and
    `null` are ids and titles like any other).

    Raises:
        UserError: for a file that cannot be read, or has no header.
    """
    if path.suffix == ".parquet":
        try:
            check_size(path)
            content = parquet.read_table(path)
            content.validate(full=True)
            frame = content.to_pandas()
        except UserError:
            raise
        except Exception as error:  # of damaged bytes almost anything may come
            raise UserError(f"dataset: {path.name} cannot be read: {reason(error)}") from error
        return frame.set_index(pd.RangeIndex(1, len(frame) + 1)), Place(path.name, "row")
    place = Place(path.name)
    plain = Path(path.name.removesuffix(".gz"))
    separator = "\t" if plain.suffix in (".tsv", ".txt") else ","
    rows = unquoted(decoded(opened(path), place, faults), separator, place, faults)
    _, header = next(rows, (0, []))
    if len(set(header) - {""}) < max(len(header), 1):
        raise UserError(
            f"dataset: the first line of {path.name} must name its columns, each once; it is "
            f"{separator.join(header)!r}"
        )
    return texts(of_width(rows, len(header), place, faults), header), place


@reader("custom", 1, unnamed_in=("custom",))
def read(file: Path, settings: Dataset) -> Raw:
    """Interactions from `dataset.path`, item texts from `dataset.items` where that is given.

    Raises:
        UserError: for an unreadable file, a column that is not there, or a cell that is no number.
    """
    faults, names = Faults(settings.bad_lines), vars(settings.columns)
    frame, place = table(file, faults)
    frame = mapped(frame, settings.columns, INTERACTIONS, file.name)
    frame = interactions(frame, place, faults, names)
    if settings.items is None:
        return Raw(frame, empty_items(), place=place, faults=faults)
    about, where = table(Path(settings.items).expanduser(), faults)
    about = mapped(about, settings.columns, ITEMS, where.file)
    items = item_table(about, where, faults, settings.attribute_separator, names)
    return Raw(frame, items, place=place, faults=faults)
