"""Tables of results: a long Parquet for scripts, and the same as Markdown for readers."""

from typing import TYPE_CHECKING

from crs.escape import markup

if TYPE_CHECKING:  # pandas takes a second to import, and a found result needs none of it
    import pandas as pd

    from crs.evaluation.metrics import Metric

COLUMNS = (
    "dataset model scorer sees protocol split slice metric k value low high cases seed fingerprint"
).split()
PARQUET, MARKDOWN = "results.parquet", "results.md"
SHUFFLED = "texts shuffled"
"""The slice of the same cases with each other's texts."""
CANDIDATES = 100
SECOND = {"random": f"sampled_{CANDIDATES}", "first": f"first_{CANDIDATES}"}
"""Second protocols of a table, by `evaluation.candidates`."""
OF_ALL = f"{SECOND['random']}_of_all"
"""The second protocol of cases that ask for no attribute: other items are drawn, at random."""
SECONDS = {*SECOND.values(), OF_ALL}

SHOWN = {"dialogues": (1, 10, 50)}
"""Cut-offs of protocols that are published at others than those that the metrics show."""


def markdown(frame: "pd.DataFrame") -> str:
    """A frame of strings as a Markdown table that shows them as they are."""
    cells = [list(frame.columns), *frame.astype(str).to_numpy().tolist()]
    rows = [[markup(str(cell)) for cell in row] for row in cells]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def headline(long: "pd.DataFrame", split: str = "test", cases: str = "all") -> "pd.DataFrame":
    """One row a scorer: metrics of ranks on a split and a slice, NDCG@10 with its interval."""
    from crs.evaluation.metrics import RANK_METRICS

    part = long[(long["split"] == split) & (long["slice"] == cases)]
    return by_scorer(part, RANK_METRICS, SHOWN.get(long["protocol"].iloc[0]))


def beyond_accuracy(long: "pd.DataFrame") -> "pd.DataFrame":
    """One row a scorer: metrics of lists on test; no row in a result without them."""
    from crs.evaluation.list_metrics import LIST_METRICS

    part = long[(long["split"] == "test") & (long["slice"] == "all")]
    return by_scorer(part[part["metric"].isin(LIST_METRICS)], LIST_METRICS)


def by_scorer(
    part: "pd.DataFrame", metrics: dict[str, "Metric"], ks: tuple[int, ...] | None = None
) -> "pd.DataFrame":
    """One row a scorer, one column for each metric and cut-off that the rows have.

    Args:
        ks: cut-offs, if others than those that each metric shows.
    """
    import pandas as pd

    from crs.evaluation.metrics import DEFAULT

    rows = []
    for (dataset, model, scorer), one in part.groupby(["dataset", "model", "scorer"], sort=False):
        cell = {
            (m, k): (v, lo, hi)
            for m, k, v, lo, hi in one[["metric", "k", "value", "low", "high"]].itertuples(
                index=False
            )
        }
        row = {"dataset": dataset, "model": model, "scorer": scorer, "sees": one["sees"].iloc[0]}
        for name, metric in metrics.items():
            for k in ks or metric.shown:
                if (name, k) in cell:
                    value, low, high = cell[name, k]
                    interval = f" [{low:.4f}, {high:.4f}]" if (name, k) == DEFAULT else ""
                    row[metric.at(k)] = f"{value:.4f}{interval}"
        row["cases"] = str(one["cases"].iloc[0])
        rows.append(row)
    return pd.DataFrame(rows)
