"""W&B, or nothing. One W&B run for each stage made; offline unless a key is there.

Offline W&B records outputs but refuses inputs, so lineage lives in the manifest; it is mirrored
with `use_artifact` only when online. A W&B that does not start costs one line, never the run.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, Literal

from crs.console import say
from crs.settings.tracker import TrackerSettings


class Run:
    """A tracker that records nothing; also the interface of the one that does."""

    def log(self, values: dict[str, Any]) -> None:
        """Record scalars; a name's part before `/` groups the charts."""

    def image(self, name: str, path: Path) -> None:
        """Record a picture."""

    def table(self, name: str, frame) -> None:
        """Record a pandas frame."""

    def finish(self, manifest: dict[str, Any] | None = None) -> None:
        """Close the run; without a manifest it is marked as failed."""


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
    """One stage's W&B run."""

    def __init__(self, run) -> None:
        self.run, self.broken = run, False

    @forgiving
    def log(self, values: dict[str, Any]) -> None:
        """One step of W&B's history."""
        self.run.log(values)

    @forgiving
    def image(self, name: str, path: Path) -> None:
        """As `wandb.Image`."""
        import wandb

        self.run.log({name: wandb.Image(str(path))})

    @forgiving
    def table(self, name: str, frame) -> None:
        """As `wandb.Table`."""
        import wandb

        self.run.log({name: wandb.Table(dataframe=frame)})

    @forgiving
    def finish(self, manifest: dict[str, Any] | None = None) -> None:
        """Summary and result as a W&B artifact; its inputs too, where W&B is online."""
        import wandb

        if manifest is not None:
            self.run.summary.update({"seconds": manifest["seconds"], **manifest["summary"]})
            result = wandb.Artifact(f"{manifest['stage']}-{manifest['fingerprint']}", "result")
            result.metadata = {k: manifest[k] for k in ("settings", "inputs", "digest")}
            for name, parent in manifest["inputs"].items() if not self.run.offline else ():
                with suppress(Exception):  # an input that was made untracked is not there
                    self.run.use_artifact(f"{name}-{parent['fingerprint']}:latest")
            self.run.log_artifact(result)
        self.run.finish(exit_code=0 if manifest is not None else 1)


def keep_inside(folder: Path) -> None:
    """Point every folder that W&B writes to below `folder`, so that HOME may be read-only."""
    for variable, name in {
        "WANDB_DIR": "",
        "WANDB_DATA_DIR": "data",
        "WANDB_CACHE_DIR": "cache",
        "WANDB_CONFIG_DIR": "config",
    }.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault(variable, str(place.resolve()))


def mode() -> Literal["online", "offline", "disabled"]:
    """`WANDB_MODE` if it is set; else online with a key, offline without."""
    match os.environ.get("WANDB_MODE"):
        case "online" | "offline" | "disabled" as wish:
            return wish
    return "online" if os.environ.get("WANDB_API_KEY") else "offline"


def start(
    settings: TrackerSettings, root: Path, stage: str, name: str, config: dict[str, Any]
) -> Run:
    """Open the run of a stage that is about to be made.

    Args:
        settings: the tracker group.
        root: the store; W&B's folders go to `root/wandb`.
        stage: becomes the job type.
        name: the stage's fingerprint; the run's id is `stage-fingerprint-` and eight digits of
            this attempt, by chance: W&B knows an id once, whatever store it came from.
        config: the stage's settings and inputs, recorded with the run.
    """
    if settings.kind == "none":
        return Run()
    keep_inside(root / "wandb")
    attempts = root / "wandb" / "attempts" / f"{stage}-{name}"
    attempts.parent.mkdir(parents=True, exist_ok=True)
    attempt = secrets.token_hex(4)
    with attempts.open("a") as file:
        file.write(f"{attempt}\n")
    try:
        import wandb

        run = wandb.init(
            project=settings.project,
            entity=settings.entity,
            group=settings.group,
            job_type=stage,
            id=f"{stage}-{name}-{attempt}",
            name=f"{stage} {name[:8]}",
            dir=str(root / "wandb"),
            mode=mode(),
            config=config,
            settings=wandb.Settings(
                silent=True,
                console="off",
                disable_git=True,
                disable_code=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
                x_save_requirements=False,
            ),
            reinit="finish_previous",
        )
    except Exception as error:  # whatever W&B trips over must not cost the experiment
        say(f"tracker   W&B did not start ({type(error).__name__}); going on without it")
        return Run()
    return WandbRun(run)
