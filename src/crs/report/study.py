"""A study: the trials of a search, as the search left them in its folder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crs.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

STUDY, TRIALS = "study.json", "trials.parquet"
OWN = ("trial", "state", "value", "seconds", "error", "results")
"""Columns of the table of trials that are no parameters."""
COMPLETE = "complete"


@dataclass
class Study:
    """A search.

    Attributes:
        about: its name, model, data, objective, direction, sampler, pruner, space, ….
        trials: a row each, the best first; those that did not end behind those that did.
    """

    place: Path
    about: dict[str, Any]
    trials: "pd.DataFrame"

    @classmethod
    def read(cls, folder: Path) -> "Study":
        """The study in a folder.

        Raises:
            UserError: if its files cannot be read.
        """
        import pandas as pd

        try:
            about = json.loads((folder / STUDY).read_text())
            trials = pd.read_parquet(folder / TRIALS)
            for name in ("value", "seconds"):  # without any, a column has no type
                trials[name] = pd.to_numeric(trials[name])
            trials["ended"] = trials["state"] == COMPLETE
            order = [False, about["direction"] == "minimize"]
            trials = trials.sort_values(["ended", "value"], ascending=order, kind="stable")
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{folder} has no whole study ({error}); type the search again, which goes on"
            ) from error
        return cls(folder, about, trials.drop(columns="ended").reset_index(drop=True))

    @property
    def parameters(self) -> list[str]:
        """Keys of what was searched."""
        return [str(name) for name in self.trials if name not in OWN]

    @property
    def winner(self) -> Path | None:
        """The result of the best trial on test, if it was evaluated."""
        given = self.about.get("winner")
        return self.here(Path(given)) if given else None

    def here(self, result: Path) -> Path:
        """Where a result is: where it was made, or in a store that has moved since."""
        beside = self.place.parents[1] / result.parent.name / result.name
        return beside if not result.exists() and beside.exists() else result

    def results(self) -> list[tuple[int, Path]]:
        """The results of the searched stage that are there: trial and folder, one for each seed."""
        return [
            (int(trial), path)
            for trial, texts in zip(self.trials["trial"], self.trials["results"], strict=True)
            for path in (self.here(Path(text)) for text in json.loads(texts or "[]"))
            if path.is_dir()
        ]

    def best_values(self) -> list[tuple[int, float, float]]:
        """Trial, its value, and the best one so far, in the order of trials."""
        done = self.trials[self.trials["state"] == COMPLETE].sort_values("trial")
        values = done["value"]
        best = values.cummin() if self.about["direction"] == "minimize" else values.cummax()
        return list(zip(done["trial"].tolist(), values.tolist(), best.tolist(), strict=True))

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.about.get("name", self.place.name))

    @property
    def sentence(self) -> str:
        """What was searched, and how."""
        about = self.about
        return (
            f"{len(self.trials)} of {about.get('n_trials')} trials: {about.get('objective')} "
            f"({about.get('direction')}) of the stage {about.get('stage')}, sampler "
            f"{about.get('sampler')}, pruner {about.get('pruner')}, seeds {about.get('seeds')}."
        )
