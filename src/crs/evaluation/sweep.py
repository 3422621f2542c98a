"""The table of a multirun: every job's results in one, with mean and interval over seeds."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from crs.console import complain, say
from crs.evaluation.charts import SUCCESS, success_by_turn
from crs.evaluation.results import COLUMNS, MARKDOWN, PARQUET, SECOND, announce, markdown
from crs.places import home, refusal, unwritable
from crs.store.artifact import write_json
from crs.tracking import sweeps

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = "outcomes"
"""Folder in a sweep's: one folder a launch, in it one JSON file a job. A sweep's folder may be used
again, and its jobs may lie anywhere in it."""


def shown() -> list[tuple[str, int | None, str]]:
    """Metrics of the table, where there are any: name, k, heading."""
    from crs.evaluation.list_metrics import LIST_METRICS
    from crs.evaluation.metrics import RANK_METRICS

    dialogues = [(SUCCESS, None, "success"), ("avg_turns", None, "average turns")]
    ranks, lists = (
        [(name, one.k, one.at(one.k)) for name, one in metrics.items()]
        for metrics in (RANK_METRICS, LIST_METRICS)
    )
    return [*ranks, *dialogues, *lists]


def launch_of(hydra: DictConfig) -> str:
    """The id of the launch that a job belongs to; `hydra` is Hydra's part of its configuration."""
    return hydra.callbacks.table.launch


def outcomes_of(hydra: DictConfig) -> Path:
    """Where the jobs of a launch leave their outcomes."""
    return Path(hydra.sweep.dir) / OUTCOMES / launch_of(hydra)


def record(hydra: DictConfig, error: str | None, results: Path | None, code: int) -> None:
    """Leave a job's outcome where the sweep's table will look for it."""
    folder = outcomes_of(hydra)
    folder.mkdir(parents=True, exist_ok=True)
    outcome = {
        "overrides": list(hydra.overrides.task),
        "error": error,
        "results": str(results) if results else None,
        "code": code,
    }
    write_json(folder / f"{hydra.job.num}.json", outcome)


def varied(jobs: list[list[str]]) -> list[str]:
    """What sets each job apart from others, beside seed, model and dataset; "" if nothing does."""
    shared = set.intersection(*map(set, jobs)) if jobs else set()
    shown = ("seed=", "model=", "dataset=")
    return [
        ", ".join(o for o in job if o not in shared and not o.startswith(shown)) for job in jobs
    ]


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
        for metric, k, label in shown():
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
    """At the end of a multirun: gather the jobs, print one table, fail if a job failed.

    Args:
        launch: an id that all jobs of a launch share.
    """

    def __init__(self, launch: str) -> None:
        self.launch = launch

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Settle the launch's id, before Hydra makes the configurations of the jobs."""
        outcomes_of(config.hydra)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table and leave with the highest code of the jobs.

        Hydra makes a warning of what a callback raises, so that what fails here is told here.
        """
        try:
            code = self.gather(Path(config.hydra.sweep.dir), outcomes_of(config.hydra))
            sweeps.record(config.tracker, Path(home(config.store)), Path(config.hydra.sweep.dir))
        except Exception as failure:
            why = refusal(failure)
            what = str(unwritable(config.hydra.sweep.dir, why)) if why else repr(failure)
            complain(f"the sweep's table: {what}")
            code = 2 if why else 1
        if code:
            sys.exit(code)

    def gather(self, folder: Path, outcomes_in: Path) -> int:
        """Write `results.parquet` and its Markdown twin into the sweep's folder.

        Returns:
            the highest exit code of a job; 1 if no job left an outcome.
        """
        import pandas as pd

        from crs.evaluation.list_metrics import LIST_METRICS

        files = sorted(outcomes_in.glob("*.json"), key=lambda file: int(file.stem))
        outcomes = {file.stem: json.loads(file.read_text()) for file in files}
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
            lists = long["metric"].isin(LIST_METRICS)  # older results have none
            beside = long["protocol"].isin(SECOND.values())
            parts = (long[~lists & ~beside], long[lists], long[beside])
            text = "\n\n".join(markdown(over_seeds(part)) for part in parts if len(part))
            draw(long, folder)
            note = "Mean over seeds, ± half of the 95 % Student interval."
            split = split_of(long).capitalize()
            (folder / MARKDOWN).write_text(f"{text}\n\n{split} split. {note}\n")
        for job, outcome in failed.items():
            say(f"failed    job {job}: {outcome['error']}")
        if frames:
            announce(folder)
        if not outcomes:
            say("failed    no job left an outcome")
        return max((outcome["code"] for outcome in outcomes.values()), default=1)
