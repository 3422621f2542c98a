"""A Parquet file as a table."""

from pathlib import Path

import pandas as pd
from pyarrow import parquet

from crs.data.parsing.raw import reason
from crs.downloads.unpacked import bomb, too_much
from crs.errors import UserError

MARK = b"PAR1"
"""How such a file begins."""


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


def rows_of_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file, indexed by row.

    Raises:
        UserError: if it cannot be read, or says it holds more than such a file can.
    """
    try:
        check_size(path)
        content = parquet.read_table(path)
        content.validate(full=True)
        frame = content.to_pandas(integer_object_nulls=True)
    except UserError:
        raise
    except Exception as error:  # of damaged bytes almost anything may come
        raise UserError(f"dataset: {path.name} cannot be read: {reason(error)}") from error
    return frame.set_index(pd.RangeIndex(1, len(frame) + 1))
