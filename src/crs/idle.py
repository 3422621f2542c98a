"""Settings that act on nothing, refused or told: which groups a plan's stages are handed."""

from collections.abc import Iterable
from typing import Any

from hydra.core.override_parser.types import Override

from crs.config import OF_MODELS, Config, Reading
from crs.console import say
from crs.errors import UserError
from crs.pipeline.plan import plan
from crs.search.objective import searched_stage, stop_at
from crs.settings.keys import TYPES

USUAL_STAGE = "evaluate"
"""What a command makes that names no stage."""
BESIDE = ("trainer", "engine", "tracker", "hydra")
"""Groups that say how a command runs."""


def groups_read(config: Config) -> set[str]:
    """The groups of settings that a command's stages are handed.

    Raises:
        UserError: if the command has no plan.
    """
    reading: Any = Reading(config)
    for step in plan(config):
        step.stage.settings(reading)
    read: set[str] = reading.read
    return read


def idle(
    keys: Iterable[str], jobs: list[Config], made: str, also: Iterable[str] = ()
) -> dict[str, str]:
    """The settings that no stage of any job reads, each with the sentence that says so.

    Args:
        made: what the jobs are, in words.
        also: groups that the command itself reads.
    """
    keys = [key for key in keys if "." in key and key.split(".")[0] not in BESIDE]
    if not keys:
        return {}
    try:
        read = set(also).union(*map(groups_read, jobs))
    except UserError:  # a job without a plan says so itself
        return {}
    return {key: sentence(key, made, read) for key in keys if key.split(".")[0] not in read}


def sentence(key: str, made: str, read: set[str]) -> str:
    """What is wrong with a setting, and which settings of the same name are read."""
    leaf = key.partition(".")[2]
    near = [f"{group}.{leaf}" for group in sorted(read) if f"{group}.{leaf}" in TYPES]
    other = f"it reads {' and '.join(near)}" if near else "leave it out"
    return f"{key} acts on nothing that {made} makes; {other}"


def refuse_idle(
    overrides: list[Override], jobs: list[Config], search: bool, also: Iterable[str] = ()
) -> None:
    """Refuse a setting that no model of the command reads, and one with several values that no
    stage of it reads; say which others no stage reads.

    Args:
        search: jobs end with the searched stage.
        also: groups that the command itself reads.
    Raises:
        UserError: with the setting or the model to type.
    """
    models = {job.model.name for job in jobs}
    for override in overrides:
        owner = OF_MODELS.get(override.key_or_group.split(".")[0])
        if owner is not None and owner.name not in models:
            raise UserError(
                f"{override.key_or_group}: model={', '.join(sorted(models))} does not read it; "
                f"leave it out, or type model={owner.name}"
            )
    swept = [o.key_or_group for o in overrides if o.is_sweep_override()]
    alone = [o.key_or_group for o in overrides if not o.is_sweep_override()]
    made = ", ".join(dict.fromkeys(map(told, jobs)))
    notes = idle(alone, jobs, made, also)
    if search:
        jobs, made = [stop_at(job, searched_stage(job)) for job in jobs], f"a trial of {made}"
    for sentence in idle(swept, jobs, made).values():
        raise UserError(sentence)
    for sentence in notes.values():
        say(f"note      {sentence}")


def told(job: Config) -> str:
    """A job by its model, and by its stage where that is not the usual one."""
    stage = f" stage={job.stage.name}" if job.stage.name != USUAL_STAGE else ""
    return f"model={job.model.name}{stage}"
