"""Write the tables of other texts in docs/results.md from a result of `evaluate`.

python scripts/refresh_controls.py artifacts/evaluate/FINGERPRINT
"""

import sys
from pathlib import Path

import pandas as pd

from crs.evaluation.controls import about_controls

FILE = Path(__file__).parents[1] / "docs" / "results.md"
BEGIN, END = "<!-- scripts/refresh_controls.py writes this -->", "<!-- until here -->"


def document(text: str, falls: pd.DataFrame) -> str:
    """A document with the tables of a result between the two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n".join(about_controls(falls)[:-2])  # the page says itself what they mean
    return f"{before}{BEGIN}\n{tables}\n\n{END}{after}"


if __name__ == "__main__":
    found = pd.read_parquet(Path(sys.argv[1]) / "falls.parquet")
    FILE.write_text(document(FILE.read_text(), found))
    sys.stdout.write(f"wrote {FILE}\n")
