"""Settings that act on nothing: which groups the stages of a plan are handed."""

from collections.abc import Iterable
from typing import Any

from crs.config import Config, Reading
from crs.errors import UserError
from crs.pipeline.plan import plan
from crs.settings.keys import TYPES

BESIDE = ("trainer", "tracker", "hydra")
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


def idle(keys: Iterable[str], jobs: list[Config], made: str) -> dict[str, str]:
    """The settings that no stage of any job reads, each with the sentence that says so.

    Args:
        made: what the jobs are, in words.
    """
    keys = [key for key in keys if "." in key and key.split(".")[0] not in BESIDE]
    if not keys:
        return {}
    try:
        read = set().union(*map(groups_read, jobs))
    except UserError:  # a job without a plan says so itself
        return {}
    return {key: sentence(key, made, read) for key in keys if key.split(".")[0] not in read}


def sentence(key: str, made: str, read: set[str]) -> str:
    """What is wrong with a setting, and which settings of the same name are read."""
    leaf = key.partition(".")[2]
    near = [f"{group}.{leaf}" for group in sorted(read) if f"{group}.{leaf}" in TYPES]
    other = f"it reads {' and '.join(near)}" if near else "leave it out"
    return f"{key} acts on nothing that {made} makes; {other}"
