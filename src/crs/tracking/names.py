"""What people see of a run: its name, group, tags, and the command that it records."""

import re
import shlex
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from crs.config import Config
from crs.installed import TRAIN
from crs.overrides import PLACES
from crs.secrets import redact

TOLD = "model dataset stage seed".split()
"""Settings that have a place of their own in a name."""

LONGEST = 128
"""Characters of a name that W&B takes."""
NUMBER = re.compile(r"-?\d*\.\d+(e-?\d+)?|-?\d+e-?\d+", re.IGNORECASE)
"""A number that is not whole."""


def words_typed() -> list[str]:
    """The overrides of this job; none where no command line was typed."""
    if not HydraConfig.initialized():
        return []
    return list(HydraConfig.get().overrides.task)


def group_of(config: Config) -> str | None:
    """`tracker.group`, or the name of the sweep's folder."""
    if config.tracker.group or not HydraConfig.initialized():
        return config.tracker.group
    hydra: Any = HydraConfig.get()
    swept = hydra.mode == RunMode.MULTIRUN
    return str(hydra.sweep.dir).rstrip("/").rpartition("/")[2] if swept else None


def key_of(word: str) -> str:
    """The setting or group that an override sets."""
    return word.partition("=")[0].lstrip("+~")


def what_differs(words: list[str]) -> list[str]:
    """The overrides that change a result, beside model, dataset, stage and seed, by sorted key."""
    return sorted(word for word in words if key_of(word).split(".")[0] not in (*TOLD, *PLACES))


def short(words: list[str]) -> list[str]:
    """Overrides without the group of their setting, where no two are then alike."""
    last = [key_of(word).rpartition(".")[2] for word in words]
    return [
        f"{name}={word.partition('=')[2]}" if last.count(name) == 1 else word
        for name, word in zip(last, words, strict=True)
    ]


def rounded(word: str) -> str:
    """An override whose number has four digits at most."""
    key, _, value = word.partition("=")
    if not NUMBER.fullmatch(value):
        return word
    few = f"{float(value):.4g}"
    return word if float(few) == float(value) else f"{key}={few}"


def name_of(config: Config, words: list[str], label: str = "") -> str:
    """As a person names a run: `latentcrs ml100k k=64 s1`, after a label: `trial 3 latentcrs …`."""
    stage = [] if config.stage.name == "evaluate" else [config.stage.name]
    own = [word for word in what_differs(words) if key_of(word) != "search"]  # a space, no value
    typed = [redact(rounded(word)) for word in short(own)]
    parts = [label, config.model.name, config.dataset.name, *stage, *typed]
    name, seed = " ".join(part for part in parts if part), f" s{config.seed}"
    if len(name) + len(seed) > LONGEST:
        name = f"{name[: LONGEST - len(seed) - 2].rpartition(' ')[0]} …"
    return f"{name}{seed}"


def command_of(words: list[str]) -> str:
    """The command line that makes this job's result, without secrets."""
    return redact(f"{TRAIN} {shlex.join(words)}".rstrip())
