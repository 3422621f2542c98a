"""The table of a multirun: every job's results in one, with mean and interval over seeds."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from crs.charts import SUCCESS, success_by_turn
from crs.console import say
from crs.results import COLUMNS, MARKDOWN, PARQUET, SECOND, announce, markdown
from crs.store import write_json

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "outcome.json"
SHOWN = [
    ("hr", 10, "HR@10"), ("ndcg", 10, "NDCG@10"), ("mrr", 20, "MRR@20"),
    (SUCCESS, None, "success"), ("avg_turns", None, "average turns"),
]  # fmt: skip
"""Metrics of the table, where there are any: name, k, heading."""


def record(job: DictConfig, error: str | None, results: Path | None, code: int) -> None:
    """Leave a job's outcome where the sweep's table will look for it; `job` is Hydra's part."""
    folder = Path(job.runtime.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    outcome = {"overrides": list(job.overrides.task), "error": error,
               "results": str(results) if results else None, "code": code}  # fmt: skip
    write_json(folder / OUTCOME, outcome)


def varied(jobs: list[list[str]]) -> list[str]:
    """What sets each job apart from others, beside seed, model and dataset; "" if nothing does."""
    shared = set.intersection(*map(set, jobs)) if jobs else set()
    shown = ("seed=", "model=", "dataset=")
    return [", ".join(o for o in job if o not in shared and not o.startswith(shown))
            for job in jobs]  # fmt: skip


def split_of(long: "pd.DataFrame") -> str:
    """The split that the table shows: test, where there is one."""
    return "test" if (long["split"] == "test").any() else "valid"


def draw(long: "pd.DataFrame", folder: Path) -> None:
    """Success by turn of all jobs, a picture a data set; nothing where there are no turns."""
    for number, (dataset, part) in enumerate(long[long["metric"] == SUCCESS].groupby("dataset")):
        means = part.groupby(["scorer", "metric", "slice"], sort=False)[["value", "low", "high"]]
        file = folder / f"success{f'_{number}' if number else ''}.png"
        success_by_turn(means.mean().reset_index(), file, str(dataset))


def over_seeds(long: "pd.DataFrame") -> "pd.DataFrame":
    """Mean over seeds with a two-sided 95 % Student interval, one row a scorer, one split.

    A column `settings` (see `varied`) keeps jobs apart that differ by more than their seed.
    """
    import pandas as pd
    from scipy.stats import t

    part = long[(long["split"] == split_of(long)) & (long["slice"] == "all")]
    keys = [key for key in ("dataset", "model", "settings", "protocol", "scorer") if key in part]
    rows = []
    for names, one in part.groupby(keys, sort=False):
        row: dict[str, Any] = dict(zip(keys, names, strict=True))
        row |= {"sees": one["sees"].iloc[0], "cases": int(one["cases"].min())}
        row["seeds"] = one["seed"].nunique()
        for metric, k, label in SHOWN:
            asked = (one["metric"] == metric) & (one["k"] == k if k else True)
            values = one[asked]["value"]
            n = len(values)
            if n == 0:
                continue
            spread = t.ppf(0.975, n - 1) * values.std() / n**0.5 if n > 1 else None
            text = f"{values.mean():.4f}"
            row[label] = text if spread is None else f"{text} ± {spread:.4f}"
        rows.append(row)
    return pd.DataFrame(rows)


class SweepTable(Callback):
    """At the end of a multirun: gather the jobs, print one table, fail if a job failed."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write `results.parquet` and its Markdown twin into the sweep's folder."""
        import pandas as pd

        folder = Path(config.hydra.sweep.dir)
        files = sorted(folder.glob(f"*/{OUTCOME}"), key=lambda file: int(file.parent.name))
        outcomes = {file.parent.name: json.loads(file.read_text()) for file in files}
        failed = {job: o for job, o in outcomes.items() if o["error"]}
        settings = varied([o["overrides"] for o in outcomes.values()])
        frames = [
            pd.read_parquet(o["results"]).assign(settings=text)
            for o, text in zip(outcomes.values(), settings, strict=True)
            if o["results"]
        ]
        if frames:
            long = pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)
            long[COLUMNS].drop_duplicates().to_parquet(folder / PARQUET, index=False)
            if not any(settings):
                long = long.drop(columns="settings")
            beside = long["protocol"].isin(SECOND.values())
            parts = [part for part in (long[~beside], long[beside]) if len(part)]
            text = "\n\n".join(markdown(over_seeds(part)) for part in parts)
            draw(long, folder)
            note = "Mean over seeds, ± half of the 95 % Student interval."
            split = split_of(long).capitalize()
            (folder / MARKDOWN).write_text(f"{text}\n\n{split} split. {note}\n")
        for job, outcome in failed.items():
            say(f"failed    job {job}: {outcome['error']}")
        if frames:
            announce(folder)
        if failed:
            sys.exit(max(outcome["code"] for outcome in failed.values()))
