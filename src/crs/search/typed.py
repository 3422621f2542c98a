"""Words of a command line that set Hydra's own configuration, `hydra.sweeper.…` of a search first.

Hydra tells a wrong one in several lines, or not before the jobs begin.
"""

from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from crs.errors import UserError
from crs.search.settings import SWEEPER, Sweeper
from crs.settings.check import nearest

SEARCH = "hydra.sweeper"
OWN = ("_target_", "study", "parent")
"""What a search sets itself, for its workers."""
SETTINGS = {f.name: f for f in fields(Sweeper) if f.name not in (*OWN, "params")}
"""What can be typed, by name."""


def of_search(key: str) -> str:
    """The name of a setting of a search in a key; nothing for another key."""
    return key.removeprefix(f"{SEARCH}.") if key.startswith(f"{SEARCH}.") else ""


def check_typed(override: Override, hydra: DictConfig) -> None:
    """Refuse a word `hydra.KEY=VALUE` whose key does not exist, or that is no setting of a search.

    Args:
        hydra: Hydra's configuration without such words.
    Raises:
        UserError: with what to type.
    """
    key = override.key_or_group
    node: Any = hydra
    parts = key.split(".")
    for depth, part in enumerate(parts[1:], 1):
        above = ".".join(parts[:depth])
        if isinstance(node, DictConfig) and (node._is_none() or OmegaConf.get_type(node) is dict):
            return  # any key may be added
        if above == SEARCH and node.get("_target_") == SWEEPER:
            check_setting(override, parts[depth:])
            return
        if not isinstance(node, DictConfig) or part not in node:
            raise refuse(above, part, list(node) if isinstance(node, DictConfig) else [])
        node = node._get_node(part)
    if key == SEARCH and not isinstance(override.value(), dict):
        raise UserError(f"{override.input_line}: a group; type hydra/sweeper=NAME, e.g. optuna")


def refuse(above: str, name: str, siblings: list[str]) -> UserError:
    """The sentence for a key of Hydra's configuration that does not exist."""
    if above == SEARCH and name in SETTINGS:  # another sweeper is chosen
        return UserError(
            f"{above}.{name}: a search alone reads it; type -m and search=MODEL or "
            "hydra/sweeper=optuna beside it"
        )
    near = nearest(name, siblings).replace("mean ", f"mean {above}.")
    return UserError(f"{above}.{name}: no such setting.{near}")


def refuse_setting(name: str) -> UserError:
    """The sentence for a setting that a search does not have."""
    return UserError(f"{refuse(SEARCH, name, [*SETTINGS])} There are {', '.join(SETTINGS)}")


def check_setting(override: Override, names: list[str]) -> None:
    """Refuse what is no setting of a search, and a value of another type.

    Args:
        names: what follows `hydra.sweeper.` in the key, split at its dots.
    Raises:
        UserError: with what to type.
    """
    key, word = override.key_or_group, override.input_line
    if names[0] == "params":
        inner = ".".join(names[1:]) or "KEY"
        raise UserError(f"{word}: a parameter is typed by its own key; type {inner}=VALUES")
    if names[0] in OWN:
        raise UserError(f"{word}: a search sets it itself; leave it out")
    if names[0] not in SETTINGS or len(names) > 1:
        raise refuse_setting(".".join(names))
    usual = SETTINGS[names[0]].default
    example = f"type {key}={2 if usual is None else usual}"
    if override.is_delete():
        raise UserError(f"{word}: a setting of a search cannot be taken away; leave it out")
    if override.is_sweep_override():
        raise UserError(f"{word}: several values, and a search has one {names[0]}; {example}")
    if not fits(override.value(), names[0]):
        what = "a whole number" if int in kinds_of(names[0]) else "a name"
        raise UserError(f"{word}: {what} expected; {example}")


def kinds_of(name: str) -> tuple[type, ...]:
    """The types of a setting's values."""
    hint = get_type_hints(Sweeper)[name]
    return get_args(hint) or (hint,)


def fits(value: Any, name: str) -> bool:
    """Whether a value is of a setting's type; a text may look like a number."""
    kinds = kinds_of(name)
    if value is None:
        return NoneType in kinds
    if int in kinds:
        return isinstance(value, int) and not isinstance(value, bool)
    return not isinstance(value, list | dict)
