"""A sweep as a run of its own: the joined table, its pictures and its files."""

from pathlib import Path

from crs.console import say
from crs.evaluation.results import PARQUET
from crs.settings.tracker import TrackerSettings
from crs.tracking import start
from crs.tracking.results import ROWS


def record(tracker: TrackerSettings, store: Path, folder: Path) -> None:
    """Record what a sweep left in its folder, in the group of its jobs.

    Args:
        tracker: the settings of the whole sweep.
        folder: has `results.parquet`, and pictures.
    """
    if tracker.kind == "none" or not (folder / PARQUET).is_file():
        return
    if start.given:
        return  # the agent of a W&B sweep gave one run, and a job has it
    try:
        import pandas as pd
        import wandb

        place = store / "wandb"
        start.keep_inside(place)
        group = tracker.group or folder.name
        about = {"name": f"sweep {group}", "group": group, "job_type": "sweep", "tags": ["sweep"]}
        run = start.opened(tracker, place, about, None)
        start.say_where(run, ended=False)
        long = pd.read_parquet(folder / PARQUET)
        run.log({"sweep/results": wandb.Table(dataframe=long.head(ROWS))})
        for picture in sorted(folder.glob("*.png")):
            run.log({f"sweep/{picture.stem}": wandb.Image(str(picture))})
        run.finish()
        start.say_where(run, ended=True)
    except Exception as error:  # whatever W&B trips over must not cost the sweep
        say(f"tracker   W&B failed ({type(error).__name__}); the sweep's table is not recorded")
