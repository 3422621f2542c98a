"""A search: its study, its workers, and what it ends with."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose
from omegaconf import DictConfig, OmegaConf

from crs.command_line import to_config
from crs.config import Config
from crs.console import say
from crs.errors import UserError
from crs.installed import TRAIN
from crs.overrides import quoted
from crs.pipeline.plan import plan
from crs.pipeline.registry import stages_of
from crs.search import report
from crs.search.best import experiment_of, told
from crs.search.objective import DIALOGUES, SUCCESS, USUAL, searched_stage, stop_at
from crs.search.settings import Sweeper
from crs.search.space import Space, key_of, merged
from crs.search.study import (
    ABOUT,
    STUDIES,
    About,
    limit_of,
    note_grid,
    open_study,
    running,
    wait_for,
)
from crs.search.trials import shown
from crs.store.artifact import digest_of
from crs.store.store import Store
from crs.threads import available
from crs.tracking.names import what_differs

if TYPE_CHECKING:
    from optuna import Study


def study_of(settings: Sweeper, arguments: list[str], root: str) -> About:
    """The study of a command.

    Its name depends on the space, on how it is searched, and on the name of the result at the first
    point of the space, in which all is that could change a trial's value.

    Raises:
        UserError: if there is nothing to search.
    """
    space = Space.of(merged(settings.params, arguments))
    config = first_point(space, root)
    seeds = space.seeds or [config.seed]
    store, stage = Store(config.store), searched_stage(config)
    base = plan(stop_at(config, stage))[-1]
    about = About(
        name="",
        model=config.model.name,
        dataset=config.dataset.label,
        stage=stage,
        phase=stages_of(config)[stage].last_phase(config),
        objective=settings.objective or (SUCCESS if stage == DIALOGUES else USUAL),
        direction="minimize" if settings.direction == "minimize" else "maximize",
        sampler=settings.sampler,
        pruner=settings.pruner,
        seed=settings.seed,
        n_trials=settings.n_trials,
        space={key: one.text for key, one in space.parameters.items()},
        fixed=space.fixed,
        seeds=seeds,
    )
    own = ("objective", "direction", "sampler", "pruner", "seed", "space", "seeds", "stage")
    named = {key: getattr(about, key) for key in own}
    named |= {"first": base.fingerprint, "fixed": what_differs(space.fixed)}
    about.name = digest_of(named)[:16]
    about.folder = store.root / STUDIES / about.name
    return about


def first_point(space: Space, root: str) -> Config:
    """The configuration at one point of the space."""
    seed = [f"seed={seed}" for seed in space.seeds[:1]]
    return to_config(compose(root, overrides=[*space.fixed, *space.first(), *seed]))


def search(settings: Sweeper, arguments: list[str], config: DictConfig, launcher: Any) -> Any:
    """Run the trials that are missing through a launcher, then evaluate the best one on test.

    Args:
        arguments: the words of the command line that are not Hydra's own.
        config: Hydra's configuration of the command.
    Returns:
        what the launcher returned.
    Raises:
        UserError: if there is nothing to search, or no trial was complete.
    """
    root = config.hydra.job.config_name
    about = study_of(settings, arguments, root)
    if (about.folder / ABOUT).is_file():  # what it has found stays until there is more
        before = About.load(about.folder)
        about.best, about.winner = before.best, before.winner
    about.save()
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    note_model(about, config.hydra.runtime.choices.get("search"), root)
    note_grid(about)
    study = open_study(about)
    done = there(finished(study), limit_of(about))
    say(f"search    {about.model} on {about.dataset}, stage {about.stage}: {done}, {about.folder}")
    place = f"hydra.sweeper.study={quoted(str(about.folder.resolve()))}"
    job = [*about.fixed, place, f"hydra.sweeper.parent={os.getpid()}"]
    returned: list[Any] = []

    def launch(left: int) -> None:
        jobs = [job] * min(workers_of(settings, config), left)
        made = list(launcher.launch(jobs, initial_job_idx=len(returned)))
        for one in made:
            _ = one.return_value  # raises what a worker raised
        returned.extend(made)

    run_trials(study, about, launch)
    commands = end(study, about, root)
    if config.tracker.group is None:  # the callback of the sweep reads it here
        config.tracker.group = about.group
        commands = [[*words, f"tracker.group={about.group}"] for words in commands]
    returned += launcher.launch(commands, initial_job_idx=len(returned))
    about.winner = winner_of(commands[0], root)
    about.save()
    write_page(about)
    return returned


def run_trials(study: "Study", about: About, launch: Callable[[int], None]) -> None:
    """Let workers run trials, and wait for those of other processes, until the study has all.

    A trial whose process was ended is taken up by the next worker.

    Args:
        launch: runs workers, for at most so many trials, until they find none.
    """
    while (left := limit_of(about) - finished(study)) > 0:
        launch(left)
        if others := running(study):
            say(f"search    waits for trials of other processes: {len(others)}")
            wait_for(about, others[0])


def note_model(about: About, space: str | None, root: str) -> None:
    """Tell that a space of conf/search/ is used for another model than its own."""
    if space is None:
        return
    own = compose(root, overrides=[f"search={space}"]).model.name
    if own != about.model:
        say(f"note      search={space} is a space of {own}; model={about.model} was typed")


def there(done: int, limit: int) -> str:
    """How many trials of a study have ended."""
    if done > limit:
        return f"{done} trials are there, more than the {limit} that are asked for; none is added"
    return f"{done} of {limit} trials are there"


def write_page(about: About) -> None:
    """Write `report.html` of a study that has ended, and what a report writes beside it."""
    from crs.report import collect, report
    from crs.report.write import write

    made = report.of([collect.collect(str(about.folder))], report.Asked(), f"Study {about.name}")
    write(made, about.folder)


def winner_of(words: list[str], root: str) -> str | None:
    """The folder of a command's result; None if it could not be made."""
    config = to_config(compose(root, overrides=words))
    asked = plan(config)[-1]
    folder = Store(config.store).folder(asked.name, asked.fingerprint)
    return str(folder) if folder.is_dir() else None


def finished(study: "Study") -> int:
    """How many trials have ended, well or not."""
    return sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def workers_of(settings: Sweeper, config: DictConfig) -> int:
    """How many trials run at once.

    Raises:
        UserError: for several without a launcher that runs them.
    """
    jobs = OmegaConf.select(config, "hydra.launcher.n_jobs", default=None)
    if (settings.workers or 1) > 1 and config.hydra.runtime.choices["hydra/launcher"] == "basic":
        raise UserError(
            f"hydra.sweeper.workers={settings.workers}: without a launcher one trial runs "
            f"after the other; type launcher=joblib hydra.launcher.n_jobs={settings.workers}"
        )
    if settings.workers or jobs is None:
        return settings.workers or 1
    return int(jobs) if jobs > 0 else available()


def end(study: "Study", about: About, root: str) -> list[list[str]]:
    """Write and tell what the search found.

    Returns:
        The commands that evaluate the best trial, one a seed.
    Raises:
        UserError: if no trial is complete.
    """
    states = [trial.state.name for trial in study.get_trials(deepcopy=False)]
    counts = ", ".join(
        f"{states.count(name)} {text}" for name, text in report.STATES.items() if name in states
    )
    headline = (
        f"Search of {about.model} on {about.dataset} by {about.objective} of {about.stage} on "
        f"validation: {len(states)} trials ({counts})."
    )
    report.write(study, about, headline)
    if "COMPLETE" not in states:
        errors = [t.user_attrs["error"] for t in study.trials if "error" in t.user_attrs]
        raise UserError(f"search: none of {len(states)} trials is complete ({errors[-1]})")
    best, parameters = study.best_trial, about.parameters()
    drawn = {key: parameters[key].exact(value) for key, value in best.params.items()}
    words = [parameters[key].word(value) for key, value in drawn.items()]
    which = f"trial {best.number} of {len(states)}"
    figure = f"{about.objective} {best.value:.4f} on validation, {which}"
    file = about.folder / report.EXPERIMENT
    seeds = [f"seed={seed}" for seed in about.seeds]
    own = seeds if len(seeds) == 1 else []
    found = f"Found by a search: {figure}.\nwith {told(about.fixed)}"
    file.write_text(experiment_of(root, [*about.fixed, *words, *own], [*about.space], found))
    about.best = {"trial": best.number, "value": best.value, "params": drawn}
    about.save()
    say(f"search    {counts}; table, pictures and trials in {about.folder}")
    say(f"best      {figure}: {shown(drawn)}")
    store = [word for word in about.fixed if key_of(word) == "store"]
    command = f"{TRAIN} {shlex.join([f'experiment={file}', *store])}"
    say(f"          {command}")
    return [[*about.fixed, *words, seed] for seed in seeds]
