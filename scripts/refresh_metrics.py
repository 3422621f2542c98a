"""Write the table of metrics in docs/protocols.md from what is registered."""

import sys
from pathlib import Path

from crs.evaluation.list_metrics import LIST_METRICS
from crs.evaluation.metrics import RANK_METRICS

FILE = Path(__file__).parents[1] / "docs" / "protocols.md"
HEAD = "| metric |"


def table() -> str:
    """One row a metric."""
    rows = [
        (f"`{name}`", one.label, one.meaning, one.equation, one.source)
        for name, one in (RANK_METRICS | LIST_METRICS).items()
    ]
    lines = [f"{HEAD} in tables | meaning | equation | source |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def document() -> str:
    """The document with the table as it is today."""
    before, _, rest = FILE.read_text().partition(HEAD)
    _, _, after = rest.partition("\n\n")
    return f"{before}{table()}\n\n{after}"


if __name__ == "__main__":
    FILE.write_text(document())
    sys.stdout.write(f"wrote {FILE}\n")
