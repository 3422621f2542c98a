"""A study on disk: what is searched, its trials, and who runs which.

`<store>/studies/<name>/journal.log` is Optuna's. Any number of processes append to it. A process
that runs a trial holds a lock, which the system releases if the process is killed.
"""

import itertools
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock, Timeout

from crs.console import say
from crs.search.space import Parameter, parameter
from crs.store.artifact import digest_of, write_json

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

STUDIES, JOURNAL, ABOUT, RUNNING = "studies", "journal.log", "study.json", "running"


@dataclass
class About:
    """What `study.json` says of a study."""

    name: str
    model: str
    dataset: str
    stage: str
    phase: str
    """The last phase of the stage's training; trials are pruned within it."""
    objective: str
    direction: Literal["maximize", "minimize"]
    sampler: str
    pruner: str
    seed: int
    """Of the sampler."""
    n_trials: int
    space: dict[str, str]
    fixed: list[str]
    """The words that all trials have."""
    seeds: list[int]
    """The repetitions of each trial."""
    best: dict[str, Any] | None = None
    winner: str | None = None
    """Folder of the result that was evaluated on test."""
    folder: Path = field(default=Path(), compare=False)

    @classmethod
    def load(cls, folder: Path) -> "About":
        """The study in a folder."""
        return cls(**json.loads((folder / ABOUT).read_text()), folder=folder)

    def save(self) -> None:
        """Write it to its folder, whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        plain = asdict(self)
        del plain["folder"]
        write_json(self.folder / ABOUT, plain)

    @property
    def group(self) -> str:
        """The group of its runs in W&B."""
        return f"search-{self.name}"

    def parameters(self) -> dict[str, Parameter]:
        """What is drawn, in the order of the keys, while Hydra is initialised."""
        from crs.overrides import parse

        return {key: parameter(parse(f"{key}={text}")) for key, text in sorted(self.space.items())}


class JournalLock:
    """The lock of a journal, which a kill releases; Optuna's own are waited for half a minute."""

    def __init__(self, journal: Path) -> None:
        self.file = FileLock(journal.with_suffix(".lock"))

    def acquire(self) -> bool:
        """Wait for it."""
        self.file.acquire()
        return True

    def release(self) -> None:
        """Let others write."""
        self.file.release()


def open_study(about: About) -> "Study":
    """The study, to which this process appends."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    path = about.folder / JOURNAL
    lock: Any = JournalLock(path)
    with lock.file:
        cut_torn_line(path)
    return optuna.create_study(
        study_name=about.name,
        storage=JournalStorage(JournalFileBackend(str(path), lock)),
        sampler=sampler_of(about, 0),
        pruner=pruner_of(about.pruner),
        direction=about.direction,
        load_if_exists=True,
    )


def cut_torn_line(path: Path) -> None:
    """Remove what a full disk or a power cut left of a line at the end of a journal."""
    if not path.is_file():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))


def sampler_of(about: About, number: int) -> "BaseSampler":
    """A sampler for the trial of a number.

    Its seed depends on the number, so that neither a worker beside it nor a process that goes on
    after a kill draws the same again.
    """
    from optuna import samplers

    seed = int(digest_of([about.seed, number])[:8], 16)
    made: dict[str, Any] = {
        "tpe": lambda: samplers.TPESampler(seed=seed, constant_liar=True),
        "cmaes": lambda: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        "gp": lambda: samplers.GPSampler(seed=seed),
        "random": lambda: samplers.RandomSampler(seed=seed),
        "grid": lambda: samplers.RandomSampler(seed=seed),  # every trial of a grid is given
    }
    sampler: BaseSampler = made[about.sampler]()
    return sampler


def pruner_of(name: str) -> "BasePruner":
    """A pruner by its name."""
    from optuna import pruners

    made: dict[str, Any] = {
        "median": lambda: pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=4),
        "hyperband": pruners.HyperbandPruner,
        "none": pruners.NopPruner,
    }
    pruner: BasePruner = made[name]()
    return pruner


def grid_of(about: About) -> list[dict[str, Any]]:
    """All points of a space of counted values, those of the last key fastest."""
    parameters = about.parameters()
    points = itertools.product(*(one.grid() for one in parameters.values()))
    return [dict(zip(parameters, point, strict=True)) for point in points]


def note_grid(about: About) -> None:
    """Tell that a study has fewer trials than its grid has points."""
    points = len(grid_of(about)) if about.sampler == "grid" else 0
    if points > about.n_trials:
        say(
            f"note      the grid has {points} points; the first {about.n_trials} of them are tried "
            f"(type hydra.sweeper.n_trials={points} for all)"
        )


def limit_of(about: About) -> int:
    """How many trials the study has in the end."""
    return min(about.n_trials, len(grid_of(about))) if about.sampler == "grid" else about.n_trials


@contextmanager
def claimed(about: About, study: "Study") -> Iterator["Trial | None"]:
    """A trial that no other process runs, with all its values: one that a kill interrupted, or a
    new one; None if the study has all its trials."""
    from optuna import Trial
    from optuna.trial import TrialState

    trial, lock = None, None
    with FileLock(about.folder / "ask.lock"):
        trials = study.get_trials(deepcopy=False)
        for frozen in trials:
            if frozen.state == TrialState.RUNNING and (lock := taken(about, frozen.number)):
                study.sampler = sampler_of(about, frozen.number)
                trial = Trial(study, frozen._trial_id)
                break
        waiting = [one for one in trials if one.state == TrialState.WAITING]
        if trial is None and (waiting or len(trials) < limit_of(about)):
            number = waiting[0].number if waiting else len(trials)
            lock = taken(about, number)
            study.sampler = sampler_of(about, number)
            if about.sampler == "grid" and not waiting:
                study.enqueue_trial(grid_of(about)[number])
            trial = study.ask()
        if trial is not None:
            for one in about.parameters().values():
                one.draw(trial)
    try:
        yield trial
    finally:
        if lock is not None:
            lock.release()


def running(study: "Study") -> list[int]:
    """The trials that processes run, or that ran when theirs was ended."""
    trials = study.get_trials(deepcopy=False)
    return [trial.number for trial in trials if trial.state.name == "RUNNING"]


def wait_for(about: About, number: int) -> None:
    """Wait until the process that runs a trial ends it, or is ended itself."""
    with FileLock(about.folder / RUNNING / f"{number}.lock"):
        pass


def taken(about: About, number: int) -> FileLock | None:
    """The lock of a trial, now held by this process; None if another one holds it."""
    folder = about.folder / RUNNING
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / f"{number}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock
