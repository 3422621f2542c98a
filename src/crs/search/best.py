"""`best.yaml`: what a search found, as an experiment."""

import shlex
from typing import Any

from hydra import compose
from omegaconf import DictConfig, OmegaConf

from crs.overrides import GLOBAL, PLACES
from crs.search.space import key_of
from crs.secrets import redact

LEFT_OUT = (
    "experiment", "search", "launcher", "preset", "local", "debug", "trainer", "engine", "tracker",
)  # fmt: skip
"""Groups that an experiment does not choose: their values count, or how a command runs."""


def experiment_of(root: str, words: list[str], keys: list[str], about: str) -> str:
    """The text of an experiment that sets what words set, beyond the defaults.

    Args:
        keys: what was searched, which it sets whatever the defaults are.
        about: its comment, of one or more lines.
    """
    wanted = compose(root, overrides=words, return_hydra_config=True)
    chosen = choices(wanted)
    names = [f"{group}={chosen[group]}" for group in ("model", "dataset")]
    usual = choices(compose(root, overrides=names, return_hydra_config=True))
    more = {g: c for g, c in chosen.items() if g not in LEFT_OUT and usual.get(g, c) != c}
    groups = {"model": chosen["model"], "dataset": chosen["dataset"]} | more
    overrides = [f"{group}={'null' if c is None else c}" for group, c in groups.items()]
    base = values_of(compose(root, overrides=overrides))
    values = beyond(values_of(wanted), base)
    defaults = [*({f"override /{group}": choice} for group, choice in groups.items()), "_self_"]
    experiment = OmegaConf.create({"defaults": defaults, **values})
    for key in keys:
        if key not in chosen:
            name = key.lstrip("+")
            OmegaConf.update(experiment, name, OmegaConf.select(wanted, name))
    comment = "\n".join(f"# {line}" for line in about.splitlines())
    return f"{GLOBAL}\n{comment}\n{OmegaConf.to_yaml(experiment)}"


def told(words: list[str]) -> str:
    """The words that an experiment holds, as they are typed and without secrets."""
    kept = [word for word in words if key_of(word).split(".")[0] not in PLACES]
    return redact(shlex.join(kept))


def choices(composed: DictConfig) -> dict[str, Any]:
    """The choices of our groups."""
    every = composed.hydra.runtime.choices
    return {group: choice for group, choice in every.items() if not group.startswith("hydra/")}


def values_of(composed: DictConfig) -> dict[str, Any]:
    """The values that a result depends on, with references as they stand."""
    plain: Any = OmegaConf.to_container(composed, resolve=False)
    return {key: value for key, value in plain.items() if key not in PLACES}


def beyond(wanted: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """What is not as in a base."""
    found: dict[str, Any] = {}
    for key, value in wanted.items():
        old = base.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            if inside := beyond(value, old):
                found[key] = inside
        elif key not in base or value != old:
            found[key] = value
    return found
