"""A worker of a search: trials, one after another, until the study has all of them."""

import logging
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose

from crs.command_line import to_config
from crs.config import Config
from crs.console import Watch, plain, say
from crs.errors import ObjectiveError, PrunedError, UserError
from crs.pipeline.run import run
from crs.search.objective import USUAL, stop_at, value_of
from crs.search.report import cell
from crs.search.study import About, claimed, open_study

if TYPE_CHECKING:
    from optuna import Study, Trial


def configured(root: str, words: list[str], about: About) -> Config:
    """The configuration of some words, up to the searched stage."""
    composed = compose(root, overrides=words)
    if composed.tracker.group is None:
        composed.tracker.group = about.group
    return stop_at(to_config(composed), about.stage)


def work(folder: Path, root: str, command: str, parent: int | None) -> float | None:
    """Run trials until the study has all of them.

    Args:
        root: the name of the root configuration.
        command: the launch that the trials belong to, as `crs.pipeline.run.run` has it.
        parent: the process that started this one; if it was killed this one ends too.
    Returns:
        the best value of this worker's trials.
    """
    about = About.load(folder)
    study, found = open_study(about), []
    if parent != os.getppid():
        parent = None
    try:
        while True:
            with claimed(about, study) as trial:
                if trial is None:
                    break
                value = attempt(trial, study, about, root, command, parent)
                if value is not None:
                    found.append(value)
    except KeyboardInterrupt:
        if orphaned(parent):  # a pool that lost its process waits for minutes
            os._exit(130)
        raise
    return (max if about.direction == "maximize" else min)(found, default=None)


def orphaned(parent: int | None) -> bool:
    """Whether the process that started this one is gone; None: another kind of process did."""
    return parent is not None and os.getppid() != parent


def attempt(
    trial: "Trial", study: "Study", about: About, root: str, command: str, parent: int | None
) -> float | None:
    """Run a trial and tell the study what came of it; its value, if it is complete.

    An error ends this trial alone. An interrupt leaves it to whoever goes on.

    Raises:
        ObjectiveError: if the objective is no figure of the stage: no trial could have it.
    """
    from optuna.trial import TrialState

    parameters = about.parameters()
    words = [parameters[key].word(value) for key, value in trial.params.items()]
    say(f"trial {trial.number:<5}{shown(trial.params)}")
    started, results = time.monotonic(), []
    value, error, state = None, None, TrialState.COMPLETE
    try:
        values = []
        for seed in about.seeds:
            overrides = [*about.fixed, *words, f"seed={seed}"]
            config = configured(root, overrides, about)
            pruned = seed == about.seeds[0] and about.objective == USUAL
            watch = watching(trial if pruned else None, about, parent)
            result = run(config, command, watch, overrides, f"trial {trial.number}")
            assert result is not None
            results.append(str(result.path))
            values.append(value_of(result, about.stage, about.phase, about.objective, about.model))
        value = sum(values) / len(values)
        if not math.isfinite(value):
            raise UserError(f"{about.stage}: the figure is not finite")
    except PrunedError as why:
        state, outcome = TrialState.PRUNED, f"pruned {why}"
    except ObjectiveError:
        raise
    except UserError as mistake:
        error = str(mistake)
    except Exception as failure:
        logging.getLogger(__name__).error("trial %d failed", trial.number, exc_info=failure)
        error = f"{type(failure).__name__}: {failure}"
    if error:
        value, state, outcome = None, TrialState.FAIL, f"failed: {error}"
        trial.set_user_attr("error", plain(error))
    elif value is not None:
        outcome = f"{about.objective} {value:.4f}"
    trial.set_user_attr("results", results)
    trial.set_user_attr("seconds", round(time.monotonic() - started, 3))
    study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)
    say(f"trial {trial.number:<5}{outcome}")
    return value


def shown(values: dict[str, Any]) -> str:
    """Parameters for people: numbers of four digits."""
    return " ".join(f"{key}={cell(value)}" for key, value in values.items())


def watching(trial: "Trial | None", about: About, parent: int | None) -> Watch:
    """What hears of each epoch: it ends a trial that others leave behind, and a worker that nobody
    waits for any more.

    Args:
        trial: None for what is not pruned: the second repetition of a trial and later ones, and
            a search by another figure than the one that is heard.
    """
    known: set[int] = set()
    if trial is not None:
        frozen: Any = trial.study.get_trials(deepcopy=False)[trial.number]
        known |= set(frozen.intermediate_values)

    def watch(phase: str, epoch: int, score: float) -> None:
        if orphaned(parent):
            raise KeyboardInterrupt
        if trial is None or phase != about.phase:
            return
        if epoch not in known:
            trial.report(score, epoch)
        if trial.should_prune():
            raise PrunedError(f"after epoch {epoch + 1} at {score:.4f}")

    return watch
