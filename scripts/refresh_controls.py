"""Write the tables of other texts in docs/results.md from results of `evaluate`, one a seed.

python scripts/refresh_controls.py artifacts/evaluate/FINGERPRINT …

Of several results the figures are means over them, and the interval of a fall is Student's over
these means; of one it is that of the paired difference over cases.
"""

import sys
from pathlib import Path

import pandas as pd

from crs.evaluation.controls import about_controls
from crs.report.table import Figure

FILE = Path(__file__).parents[1] / "docs" / "results.md"
BEGIN, END = "<!-- scripts/refresh_controls.py writes this -->", "<!-- until here -->"


def over_seeds(falls: list[pd.DataFrame]) -> pd.DataFrame:
    """The mean of the tables of several seeds, in the columns of `fallen`.

    Raises:
        ValueError: if the results do not have the same rows.
    """
    if len(falls) == 1:
        return falls[0]
    keys = ["scorer", "slice", "metric", "k", "cases"]
    together = pd.concat(falls).groupby(keys, sort=False)
    if (together.size() != len(falls)).any():
        raise ValueError("the results have other scorers, texts or cases")
    found = together[["own", "other", "fall"]].mean()
    half = together["fall"].agg(lambda values: Figure.of(values).half)
    return found.assign(low=found["fall"] - half, high=found["fall"] + half).reset_index()


def document(text: str, falls: pd.DataFrame) -> str:
    """A document with the tables of a result between the two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n".join(about_controls(falls)[:-2])  # the page says itself what they mean
    return f"{before}{BEGIN}\n{tables}\n\n{END}{after}"


if __name__ == "__main__":
    found = [pd.read_parquet(Path(folder) / "falls.parquet") for folder in sys.argv[1:]]
    FILE.write_text(document(FILE.read_text(), over_seeds(found)))
    sys.stdout.write(f"wrote {FILE}\n")
