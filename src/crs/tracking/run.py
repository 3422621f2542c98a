"""The run of a command: what its stages log live, and what their results show.

Offline W&B records outputs but refuses inputs, so lineage lives in the manifest; it is mirrored
with `use_artifact` only when online.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from crs.console import say
from crs.stages.stage import Stage
from crs.store.artifact import Artifact
from crs.store.epochs import counted, epochs_of
from crs.tracking.sections import AXES, bests, of_phase


class Run:
    """A tracker that records nothing; also the interface of the one that does."""

    def begin(self, stage: Stage) -> None:
        """What is logged from now on belongs to a stage."""

    def log(self, values: dict[str, float]) -> None:
        """Record figures by `phase/figure`, over `phase/epoch`, from 0, or over `phase/turn`."""

    def replay(self, phase: str, history: list[dict[str, float]]) -> None:
        """Record the figures of epochs that were run before."""

    def result(self, stage: Stage, artifact: Artifact, found: bool) -> None:
        """Record what a result shows, and the epochs of one that was found."""

    def finish(self, error: str | None = None, pruned: str | None = None) -> None:
        """Close the run.

        Args:
            error: why it failed.
            pruned: why a search ended it early; the same command continues it.
        """


def forgiving(method: Callable[..., None]) -> Callable[..., None]:
    """Whatever W&B trips over must not cost the experiment: one line, then silence."""

    @wraps(method)
    def guarded(self: "WandbRun", *args: Any, **kwargs: Any) -> None:
        if self.broken:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self.broken = True
            say(f"tracker   W&B failed ({type(error).__name__}); going on without it")

    return guarded


class WandbRun(Run):
    """A W&B run.

    Args:
        run: W&B's own.
        upload: which contents of results are recorded: `small`, `all` or `none`.
        closed: called after the run was closed, with whether it succeeded.
    """

    def __init__(self, run: Any, upload: str, closed: Callable[[bool], None]) -> None:
        self.run, self.upload, self.closed = run, upload, closed
        self.stage, self.broken = "", False
        self.sections: set[str] = set()

    @forgiving
    def begin(self, stage: Stage) -> None:
        """Sections are named after stage and phase."""
        self.stage = stage.name

    @forgiving
    def log(self, values: dict[str, float]) -> None:
        """One step of W&B's history, in the phase's section."""
        phase = next(iter(values)).partition("/")[0]
        self.row(of_phase(self.stage, phase), {k.partition("/")[2]: v for k, v in values.items()})

    def row(self, section: str, figures: dict[str, Any]) -> None:
        """One step of a section, whose axis is one of the figures; the first epoch is 1."""
        figures = counted(figures)
        axis = next(name for name in AXES if name in figures)
        if section not in self.sections:
            self.sections.add(section)
            self.run.define_metric(f"{section}/{axis}", hidden=True)
            self.run.define_metric(f"{section}/*", step_metric=f"{section}/{axis}")
            for name, best in bests(figures).items():
                self.run.define_metric(
                    f"{section}/{name}", step_metric=f"{section}/{axis}", summary=best
                )
        self.run.log({f"{section}/{name}": value for name, value in figures.items()})

    @forgiving
    def replay(self, phase: str, history: list[dict[str, float]]) -> None:
        """The epochs that a continued run does not have yet; offline it is a new file, without."""
        section = of_phase(self.stage, phase)
        known = self.run.summary.get(f"{section}/epoch", 0) if self.run.resumed else 0
        for figures in history:
            if counted(figures)["epoch"] > known:
                self.row(section, figures)

    @forgiving
    def result(self, stage: Stage, artifact: Artifact, found: bool) -> None:
        """Its epochs if they were not logged live; summary, tables, pictures and files."""
        from crs.tracking import results

        if found:
            for phase, history in epochs_of(artifact).items():
                self.replay(phase, history)
            for row in results.turns(artifact):
                self.row(stage.name, row)
        about = {**results.summary(artifact), f"{stage.name}/found": found}
        self.run.summary.update(about)
        if media := results.media(stage, artifact):
            self.run.log({f"{stage.name}/{name}": shown for name, shown in media.items()})
        if self.upload != "none":
            self.artifact(artifact)

    def artifact(self, artifact: Artifact) -> None:
        """Record a result's files, and online what it was made from. If W&B refuses, the run goes
        on without files."""
        from crs.tracking.files import recorded

        for name, parent in artifact.manifest["inputs"].items() if not self.run.offline else ():
            with suppress(Exception):  # an input that was made untracked is not there
                self.run.use_artifact(f"{name}-{parent['fingerprint']}:latest")
        try:
            self.run.log_artifact(recorded(artifact, self.upload))
        except Exception as error:
            self.upload = "none"
            say(f"tracker   W&B takes no files ({type(error).__name__}); going on without them")

    def finish(self, error: str | None = None, pruned: str | None = None) -> None:
        """The reason is in the summary, so that a run list shows why a run ended early."""
        self.close(error, pruned)
        self.closed(error is None and pruned is None)

    @forgiving
    def close(self, error: str | None, pruned: str | None) -> None:
        """W&B's part of `finish`."""
        for name, why in (("error", error), ("pruned", pruned)):
            if why is not None:
                self.run.summary.update({name: why})
        self.run.finish(exit_code=0 if error is None else 1)
        if not self.run.offline:  # W&B's own mark of what its server has
            Path(self.run.settings.sync_file).with_suffix(".wandb.synced").touch()
