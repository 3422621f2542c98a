"""The one check of settings: each value against what its field declares."""

import difflib
from dataclasses import fields, is_dataclass
from math import isfinite
from types import NoneType
from typing import Any, get_args

from crs.errors import UserError
from crs.settings.base import Settings
from crs.settings.fields import Marks, marks_of

LARGEST = 2**63 - 1
"""Larger whole numbers fit into no table."""


def nearest(word: str, known: list[str]) -> str:
    """` Did you mean X?`, or nothing if no known word is near: one that begins so comes first."""
    begun = [name for name in known if name.startswith(word)]
    close = begun or difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


def check(node: Any, prefix: str = "") -> None:
    """Check a dataclass of settings and all groups within it.

    Raises:
        UserError: at the first value that is not allowed: which, and what is.
    """
    groups = {}
    for f in fields(node):
        key, value, marks = prefix + f.name, getattr(node, f.name), marks_of(f)
        if is_dataclass(value):
            groups[key] = value
        elif isinstance(value, dict):
            groups |= {f"{key}.{name}": one for name, one in value.items() if is_dataclass(one)}
        elif value == "":
            none = f" or {key}=null" * (NoneType in get_args(f.type))
            raise UserError(f"{key} is empty; type {key}=VALUE{none}")
        else:
            for one in value if isinstance(value, list) else [value]:
                check_value(key, one, marks, listed=isinstance(value, list))
    for f in fields(node):  # after each value by itself: no divisor is 0
        divisor = marks_of(f).multiple_of
        if divisor and getattr(node, f.name) % getattr(node, divisor):
            raise UserError(
                f"{prefix}{f.name}={getattr(node, f.name)} is not a multiple of {prefix}{divisor}="
                f"{getattr(node, divisor)}; choose one that is"
            )
    for key, group in groups.items():
        check(group, f"{key}.")
    if isinstance(node, Settings):
        for sentence in node.problems():
            raise UserError(sentence)


def check_value(key: str, value: Any, marks: Marks, listed: bool) -> None:
    """Check one value, or one entry of a list.

    Raises:
        UserError: if it is not allowed.
    """
    if marks.choices is not None and value is not None and value not in marks.choices:
        what = f"{key}: there is no {value!r}." if listed else f"{key}={value}: no such choice."
        known = list(marks.choices)
        raise UserError(f"{what}{nearest(str(value), known)} There are {', '.join(known)}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if isinstance(value, int) and abs(value) > LARGEST:
        raise UserError(f"{key}={value}: must be at most {LARGEST}")
    if not isfinite(value):
        raise UserError(f"{key}={value}: a finite number expected")
    if not (marks.low <= value <= marks.high and value > marks.above):
        raise UserError(f"{key}={value}: must be {marks.bounds}")
