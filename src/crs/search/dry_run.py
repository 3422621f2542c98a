"""The plan of a search (`dry_run=true`): its space, its study, and what a trial makes."""

from hydra import compose

from crs.command_line import to_config
from crs.console import say
from crs.pipeline.plan import Step, line, plan, refuse_damaged, refuse_without_data, survey
from crs.pipeline.price import FREE, asking_of, quote_step
from crs.pipeline.run import check_forced, in_a_sentence
from crs.search.objective import stop_at
from crs.search.run import finished, first_point, study_of, there
from crs.search.settings import Sweeper
from crs.search.space import Parameter, Space, Value, merged
from crs.search.study import JOURNAL, About, limit_of, note_grid, open_study
from crs.store.store import Store


def show_search(settings: Sweeper, arguments: list[str], root: str) -> None:
    """Print what a search would do; nothing is trained, and no study begins.

    Args:
        arguments: the words of the command line that are not Hydra's own.
    Raises:
        UserError: if there is nothing to search, or a result is damaged.
    """
    about, space = study_of(settings, arguments, root), Space.of(merged(settings.params, arguments))
    config = first_point(space, root)
    check_forced(config)
    asked = plan(config)
    steps, store = plan(stop_at(config, about.stage)), Store(config.store)
    seen, own = survey(steps, store, config), drawn(space, steps, about, root)
    show_space(about, space)
    say(f"plan      {trials_of(limit_of(about) - ended(about), about.seeds)}, store {store.root}")
    for step in steps:
        varies = step.name in own
        say(unnamed(step, "each trial") if varies else line(step, seen.states[step.name]))
    names = {step.fingerprint for step in steps}
    for step in asked:
        if step.fingerprint not in names:
            say(unnamed(step, "the best"))
    refuse_damaged(seen.damaged)
    refuse_without_data(seen, config)
    asking = asking_of(steps, seen.found, config)
    if not asking:
        say(FREE)
    with in_a_sentence(store):
        for step in asking:
            label = f"{step.name} of one trial" if step.name in own else step.name
            quote_step(step, label, seen.found, store, config)


def show_space(about: About, space: Space) -> None:
    """Print the study of a command, how it is searched, and what is drawn."""
    say(
        f"search    {about.model} on {about.dataset}, stage {about.stage}: "
        f"{there(ended(about), limit_of(about))}, {about.folder}"
    )
    note_grid(about)
    how = f"({about.direction}), sampler {about.sampler}, pruner {about.pruner}"
    say(f"  by {about.objective} {how}")
    width = max(map(len, space.parameters)) + 2
    for key, parameter in space.parameters.items():
        say(f"  {key:<{width}}{parameter.text}")


def trials_of(left: int, seeds: list[int]) -> str:
    """How many trials are still to be run, and how often each trains."""
    if left <= 0:
        return "no further trial"
    each = f"{left} further {'trial' if left == 1 else 'trials'}"
    return each if len(seeds) == 1 else f"{each}, each with seed={','.join(map(str, seeds))}"


def ended(about: About) -> int:
    """How many trials of a study have ended, which may not have begun."""
    return finished(open_study(about)) if (about.folder / JOURNAL).is_file() else 0


def drawn(space: Space, steps: list[Step], about: About, root: str) -> set[str]:
    """The stages whose results differ between trials, or between the seeds of one."""
    first = space.first()
    points = [
        [*first[:number], parameter.word(last_of(parameter)), *first[number + 1 :]]
        for number, parameter in enumerate(space.parameters.values())
    ]
    seeds = [f"seed={seed}" for seed in space.seeds[:1]]
    variants = [[*point, *seeds] for point in points]
    variants += [[*first, f"seed={seed}"] for seed in space.seeds[1:2]]
    names = {step.name: step.fingerprint for step in steps}
    return {
        step.name
        for words in variants
        for step in trial_of([*space.fixed, *words], about, root)
        if names.get(step.name) != step.fingerprint
    }


def last_of(parameter: Parameter) -> Value:
    """The value of a parameter that is farthest from that of the first point."""
    return parameter.options[-1][0] if parameter.options else parameter.high


def trial_of(words: list[str], about: About, root: str) -> list[Step]:
    """The plan of a trial."""
    return plan(stop_at(to_config(compose(root, overrides=words)), about.stage))


def unnamed(step: Step, whose: str) -> str:
    """A step whose result has no name before a trial has its values."""
    return f"  {step.name:<12}{whose:<29}{step.stage.about}"
