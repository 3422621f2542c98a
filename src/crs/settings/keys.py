"""The dotted keys of all settings, and the sentence for a key that does not exist."""

import difflib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args

from crs.config import Config
from crs.errors import UserError
from crs.settings.check import nearest
from crs.settings.fields import ALWAYS_NAMED, marks_of

HELP = "docs/settings.md lists them"


def typed_keys(schema: type = Config, prefix: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every dotted key of the schema, and the types that its value may have."""
    for f in fields(schema):
        kinds: Any = get_args(f.type) if isinstance(f.type, UnionType) else (f.type,)
        yield prefix + f.name, kinds
        for kind in kinds:
            if isinstance(kind, type) and is_dataclass(kind):
                yield from typed_keys(kind, f"{prefix}{f.name}.")


TYPES = dict(typed_keys())


def known_keys(schema: type = Config) -> Iterator[str]:
    """Every dotted key of the schema."""
    return (key for key, _ in typed_keys(schema))


def neutral_values(schema: type = Config, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted keys of settings that are in no name at one value, with that value."""
    for f in fields(schema):
        if (neutral := marks_of(f).neutral) is not ALWAYS_NAMED:
            yield prefix + f.name, neutral
        for kind in get_args(f.type) or (f.type,):
            if isinstance(kind, type) and is_dataclass(kind):
                yield from neutral_values(kind, f"{prefix}{f.name}.")


NEUTRAL = dict(neutral_values())


def renamed_keys(schema: type = Config, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Older dotted keys, each with the one that has taken its place."""
    for f in fields(schema):
        marks = marks_of(f)
        older = (f"{prefix}{marks.stored_as}",) if marks.stored_as else marks.formerly
        yield from ((key, prefix + f.name) for key in older)
        for kind in get_args(f.type) or (f.type,):
            if isinstance(kind, type) and is_dataclass(kind):
                yield from renamed_keys(kind, f"{prefix}{f.name}.")


RENAMED = dict(renamed_keys())
RECIPE = ("model.needs", "model.requires")
"""Older settings that a model's recipe says now."""


def refuse_key(key: str) -> UserError:
    """The sentence for a setting that does not exist."""
    if key in RENAMED:
        return UserError(f"{key} is called {RENAMED[key]} now; type {RENAMED[key]}=VALUE")
    if key.startswith(RECIPE):
        return UserError(f"{key}: the recipe of a model says this now (docs/add_a_model.md)")
    known = list(known_keys())
    parent, _, leaf = key.rpartition(".")
    siblings = [k.rpartition(".")[2] for k in known if k.rpartition(".")[0] == parent]
    close = difflib.get_close_matches(leaf, siblings, n=1, cutoff=0.5)
    if close:
        hint = f" Did you mean {f'{parent}.' if parent else ''}{close[0]}?"
    else:
        hint = nearest(key, known)
    return UserError(f"{key}: no such setting.{hint} ({HELP})")
