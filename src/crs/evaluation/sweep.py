"""The end of a multirun: every job's result in one table, and a report beside it."""

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from crs.console import complain, say
from crs.evaluation.results import COLUMNS, MARKDOWN, PARQUET
from crs.places import home, refusal, unwritable
from crs.report import outcomes
from crs.report.show import announce
from crs.store.artifact import write_json
from crs.tracking import sweeps


def launch_of(hydra: DictConfig) -> str:
    """The id of the launch that a job belongs to; `hydra` is Hydra's part of its configuration."""
    return hydra.callbacks.table.launch


def outcomes_of(hydra: DictConfig) -> Path:
    """Where the jobs of a launch leave their outcomes."""
    return Path(hydra.sweep.dir) / outcomes.OUTCOMES / launch_of(hydra)


def record(hydra: DictConfig, error: str | None, result: Path | None, code: int) -> None:
    """Leave a job's outcome where the sweep's table will look for it.

    Args:
        result: the folder of what the job found or made.
    """
    folder = outcomes_of(hydra)
    folder.mkdir(parents=True, exist_ok=True)
    table = result / PARQUET if result else None
    outcome = {
        "overrides": list(hydra.overrides.task),
        "error": error,
        "result": str(result.absolute()) if result else None,
        "results": str(table) if table and table.is_file() else None,
        "code": code,
    }
    write_json(folder / f"{hydra.job.num}.json", outcome)


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
        """Write `results.parquet`, its Markdown twin and the report into the sweep's folder.

        Returns:
            the highest exit code of a job; 1 if none left an outcome.
        """
        found = outcomes.read(outcomes_in)
        shown = self.write(folder, outcomes_in)
        for job, outcome in found.items():
            if outcome["error"]:
                say(f"failed    job {job}: {outcome['error']}")
        if shown:
            announce(folder)
        if not found:
            say("failed    no job left an outcome")
        return max((outcome["code"] for outcome in found.values()), default=1)

    def write(self, folder: Path, outcomes_in: Path) -> bool:
        """Write what the jobs came to; whether there is anything to show."""
        import pandas as pd

        from crs.report import collect, report
        from crs.report.write import write

        jobs = collect.of_sweep(folder, outcomes_in)
        made = report.of([jobs], report.Asked(), f"Sweep {folder.name}")
        if not made.sections:
            return False
        long = pd.concat([section.long[COLUMNS] for section in made.sections], ignore_index=True)
        long.drop_duplicates().to_parquet(folder / PARQUET, index=False)
        (folder / MARKDOWN).write_text(made.markdown())
        write(made, folder)
        return True
