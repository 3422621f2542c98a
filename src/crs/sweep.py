"""The table of a multirun: every job's results in one, with mean and interval over seeds."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from crs.console import say
from crs.results import MARKDOWN, PARQUET, announce, markdown
from crs.store import write_json

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "outcome.json"


def record(folder: Path, error: str | None, results: Path | None, code: int) -> None:
    """Leave a job's outcome where the sweep's table will look for it."""
    folder.mkdir(parents=True, exist_ok=True)
    outcome = {"error": error, "results": str(results) if results else None, "code": code}
    write_json(folder / OUTCOME, outcome)


def over_seeds(long: "pd.DataFrame") -> "pd.DataFrame":
    """Mean over seeds with a two-sided 95 % Student interval, one row a scorer, test split."""
    import pandas as pd
    from scipy.stats import t

    part = long[(long["split"] == "test") & (long["slice"] == "all")]
    rows = []
    for (dataset, model, scorer), one in part.groupby(["dataset", "model", "scorer"], sort=False):
        row: dict[str, Any] = {"dataset": dataset, "model": model, "scorer": scorer}
        row["sees"] = one["sees"].iloc[0]
        row["seeds"] = one["seed"].nunique()
        for metric, k in (("hr", 10), ("ndcg", 10), ("mrr", 20)):
            values = one[(one["metric"] == metric) & (one["k"] == k)]["value"]
            n = len(values)
            if n == 0:
                continue
            spread = t.ppf(0.975, n - 1) * values.std() / n**0.5 if n > 1 else None
            text = f"{values.mean():.4f}"
            row[f"{metric.upper()}@{k}"] = text if spread is None else f"{text} ± {spread:.4f}"
        rows.append(row)
    return pd.DataFrame(rows)


class SweepTable(Callback):
    """At the end of a multirun: gather the jobs, print one table, fail if a job failed."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write `results.parquet` and its Markdown twin into the sweep's folder."""
        import pandas as pd

        folder = Path(config.hydra.sweep.dir)
        outcomes = {
            path.parent.name: json.loads(path.read_text()) for path in folder.glob(f"*/{OUTCOME}")
        }
        failed = {job: o for job, o in outcomes.items() if o["error"]}
        frames = [pd.read_parquet(o["results"]) for _, o in sorted(
            outcomes.items(), key=lambda pair: int(pair[0])) if o["results"]]  # fmt: skip
        if frames:
            long = pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)
            long.to_parquet(folder / PARQUET, index=False)
            text = markdown(over_seeds(long))
            note = "Test split. Mean over seeds, ± half of the 95 % Student interval."
            (folder / MARKDOWN).write_text(f"{text}\n\n{note}\n")
        for job, outcome in sorted(failed.items(), key=lambda pair: int(pair[0])):
            say(f"failed    job {job}: {outcome['error']}")
        if frames:
            announce(folder)
        if failed:
            sys.exit(max(outcome["code"] for outcome in failed.values()))
