"""A table of results in the long form, by hand."""

import pandas as pd

from crs.evaluation.results import COLUMNS


def results(value: float = 0.2, seed: int = 1, **other: object) -> pd.DataFrame:
    """One figure of one job, in the long form."""
    row = {
        "dataset": "tiny", "model": "m", "scorer": "s", "sees": "history", "protocol": "full",
        "split": "test", "slice": "all", "metric": "ndcg", "k": 10, "value": value, "low": 0.0,
        "high": 1.0, "cases": 5, "seed": seed, "fingerprint": f"{seed:016}",
    }  # fmt: skip
    return pd.DataFrame([row])[COLUMNS].assign(**other)
