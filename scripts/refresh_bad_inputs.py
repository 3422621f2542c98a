"""Write the table of docs/bad_input.md: each bad input is made and read, what is printed kept."""

import sys
from pathlib import Path

from tests.crs.data.bad_inputs.table import table

FILE = Path(__file__).parents[1] / "docs" / "bad_input.md"
HEAD = "| input |"


def document() -> str:
    """The document with the table as it is today."""
    before, _, _ = FILE.read_text().partition(HEAD)
    return before + table()


if __name__ == "__main__":
    FILE.write_text(document())
    sys.stdout.write(f"wrote {FILE}\n")
