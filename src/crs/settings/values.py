"""The values that conf/ gives to settings, by group and by preset."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args

from omegaconf import OmegaConf

from crs.config import OF_MODELS, Config, Named
from crs.installed import CONF
from crs.models import recipes


def group_classes() -> dict[str, type]:
    """The class of each group of settings."""
    found = {f.name: (get_args(f.type) or (f.type,))[0] for f in fields(Config)}
    return {name: cls for name, cls in found.items() if isinstance(cls, type) and is_dataclass(cls)}


def default_choices() -> dict[str, str]:
    """The choice of each group that conf/train.yaml makes, or that a model makes of its groups."""
    chosen = dict.fromkeys(OF_MODELS, "default")
    for entry in yaml("train")["defaults"]:
        if isinstance(entry, dict):
            chosen |= {name.removeprefix("optional "): value for name, value in entry.items()}
    return chosen


@cache
def yaml(name: str) -> dict[str, Any]:
    """A file of conf/, its interpolations as they are written."""
    plain: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"), resolve=False)
    return plain or {}


def values_of(group: str) -> dict[str, Any]:
    """What the default choice of a group holds."""
    choice = default_choices()[group]
    if group_classes()[group] is Named:
        return {"name": choice}
    values = yaml(f"{group}/{choice}")
    nested = [entry for entry in values.get("defaults", []) if isinstance(entry, dict)]
    inner = {name: yaml(f"{group}/{name}/{one}") for entry in nested for name, one in entry.items()}
    return inner | {name: value for name, value in values.items() if name != "defaults"}


@cache
def setters() -> dict[str, str]:
    """What gives a setting another value than its default: the models, and the presets of which."""
    models: dict[str, list[str]] = {}
    presets: dict[str, list[str]] = {}
    for kind, found in (("model", models), ("preset", presets)):
        for file in sorted((CONF / kind).glob("*.yaml")):
            named = [name for name in recipes() if file.stem.startswith(name)]
            if not named:  # a user's own file
                continue
            model = max(named, key=len)
            for key in keys_of(with_parents(kind, file.stem)):
                found.setdefault(key, []).append(model)
    return {
        key: "; ".join(
            f"{what} {', '.join(dict.fromkeys(found[key]))}"
            for what, found in (("set by model", models), ("set by presets of", presets))
            if key in found
        )
        for key in [*models, *presets]
    }


def with_parents(kind: str, name: str) -> dict[str, Any]:
    """A file of values, over those of its own kind that it begins with."""
    values = yaml(f"{kind}/{name}")
    parents = [
        one for one in values.get("defaults", []) if isinstance(one, str) and one != "_self_"
    ]
    found = OmegaConf.merge(*(with_parents(kind, one) for one in parents), values)
    plain: Any = OmegaConf.to_container(found, resolve=False)
    return plain


def keys_of(node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted keys of all values of a file."""
    for name, value in node.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{prefix}{name}.")
        elif name != "defaults":
            yield prefix + name
