"""The plan of a sweep (`-m … dry_run=true`): all results of its jobs, each once."""

from collections import Counter
from dataclasses import dataclass

from crs.config import Config
from crs.console import say
from crs.errors import DamageError, UserError
from crs.pipeline.plan import (
    Step,
    Survey,
    ancestors,
    line,
    plan,
    refuse_damaged,
    refuse_without_data,
    survey,
)
from crs.pipeline.price import FREE, asking_of, quote_step
from crs.pipeline.run import check_forced, in_a_sentence
from crs.store.store import Store

NAMED = 4
"""Jobs of a result that are named; of more the number is told."""


@dataclass
class Planned:
    """A result that jobs of a sweep need."""

    step: Step
    state: str
    jobs: list[int]


def show_jobs(jobs: list[list[str]], configs: list[Config]) -> None:
    """Print which results of a sweep exist, which will be made, and the price of these.

    Args:
        jobs: the words of each.
        configs: what these compose to.
    Raises:
        UserError: if a job makes no sense, or a result is damaged.
    """
    check_forced(configs[0])
    store = Store(configs[0].store)
    steps: dict[int, list[Step]] = {}
    refused: dict[str, list[int]] = {}
    for number, config in enumerate(configs):
        try:
            steps[number] = plan(config)
        except UserError as why:
            refused.setdefault(str(why), []).append(number)
    seen = {number: survey(some, store, configs[number]) for number, some in steps.items()}
    for number, found in seen.items():
        try:
            refuse_without_data(found, configs[number])
        except UserError as why:
            refused.setdefault(str(why), []).append(number)
    say(f"plan      {counted(len(jobs), 'job')}, store {store.root}")
    for number, words in enumerate(what_varies(jobs)):
        say(f"  job {number:<8}{words}")
    planned = in_order(steps, seen)
    for one in planned:
        say(f"{line(one.step, one.state)}, {named(one.jobs, len(jobs))}")
    say(f"  in all      {in_all(planned)}")
    damaged: dict[str, DamageError] = {str(d): d for some in seen.values() for d in some.damaged}
    refuse_damaged([*damaged.values()])
    with in_a_sentence(store):
        show_price(steps, seen, store, configs)
    if refused:
        raise UserError("; ".join(
            f"{who(its, len(jobs))} cannot run: {why}" for why, its in refused.items()
        ))  # fmt: skip


def counted(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def what_varies(jobs: list[list[str]]) -> list[str]:
    """The words of each job that not all jobs have; of a single one all."""
    shared = set.intersection(*map(set, jobs)) if len(jobs) > 1 else set()
    return [" ".join(word for word in words if word not in shared) for words in jobs]


def in_order(steps: dict[int, list[Step]], seen: dict[int, Survey]) -> list[Planned]:
    """The results of all jobs, those of one stage together, each stage behind what it reads."""
    found: dict[str, Planned] = {}
    depth: Counter[str] = Counter()
    for number, some in steps.items():
        for step in some:
            state = seen[number].states[step.name]
            found.setdefault(step.fingerprint, Planned(step, state, [])).jobs.append(number)
            depth[step.name] = max(depth[step.name], len(ancestors(step)))
    return sorted(found.values(), key=lambda one: (depth[one.step.name], one.step.name))


def named(jobs: list[int], every: int) -> str:
    """Which jobs a result is for."""
    if len(jobs) == every:
        return counted(every, "job")
    if len(jobs) > NAMED:
        return f"{len(jobs)} of {every} jobs"
    return f"job{'s' * (len(jobs) > 1)} {', '.join(map(str, jobs))}"


def who(jobs: list[int], every: int) -> str:
    """Which jobs cannot run: `job 1 of 2`, `2 jobs`."""
    told = named(jobs, every)
    return f"{told} of {every}" if told.startswith("job") else told


def in_all(planned: list[Planned]) -> str:
    """How many results there are, by their state."""
    states = Counter(one.state for one in planned)
    made = [one for one in planned if one.state != "found"]
    shared = sum(len(one.jobs) > 1 for one in made)
    told = ", ".join(f"{number} {state}" for state, number in states.items())
    return f"{told}; {shared} of these {len(made)} are shared by several jobs" if shared else told


def show_price(
    steps: dict[int, list[Step]], seen: dict[int, Survey], store: Store, configs: list[Config]
) -> None:
    """Print what the language model would cost; a result that jobs share costs once."""
    asked: set[str] = set()
    for number, some in steps.items():
        found, config = seen[number].found, configs[number]
        for step in asking_of(some, found, config):
            if step.fingerprint not in asked:
                asked.add(step.fingerprint)
                quote_step(step, f"{step.name} of job {number}", found, store, config)
    if not asked:
        say(FREE)
