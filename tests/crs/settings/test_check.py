"""Every value that a field does not allow is refused, and what it allows passes."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass
from math import inf, isfinite
from typing import Any, get_args

import pytest

from crs.config import OF_MODELS, Config
from crs.errors import UserError
from crs.models import recipes
from crs.settings.check import check
from crs.settings.fields import Marks, choice, marks_of, number
from tests.contracts.tiny import config

MODELS = [name for name, model in recipes().items() if model.groups]


def declared(node: type, prefix: str = "") -> Iterator[tuple[str, Any, Marks]]:
    """Key, type and marks of every setting of a schema."""
    for f in fields(node):
        kinds = get_args(f.type) or (f.type,)
        groups = [kind for kind in kinds if is_dataclass(kind)]
        if not groups:
            yield prefix + f.name, f.type, marks_of(f)
        for group in groups if not str(f.type).startswith(("list", "dict")) else ():
            yield from declared(group, f"{prefix}{f.name}.")


SETTINGS = {key: (kind, marks) for key, kind, marks in declared(Config)}
NUMBERS = [key for key, (kind, _) in SETTINGS.items()
           if {int, float} & {kind, *get_args(kind)} and ".expect." not in key]  # fmt: skip
CHOICES = [key for key, (_, marks) in SETTINGS.items() if marks.choices]


def refused(key: str, value: Any) -> str:
    """What is said of a configuration with another value at a key; empty if it passes."""
    group = key.partition(".")[0]
    model = OF_MODELS[group].name if group in OF_MODELS else "latentcrs"
    whole = node = deepcopy(config(f"model={model}"))
    *path, leaf = key.split(".")
    for part in path:
        node = getattr(node, part)
    listed = str(SETTINGS[key][0]).startswith("list")
    setattr(node, leaf, [value] if listed else value)
    try:
        check(whole)
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_outside_its_bounds_and_what_is_no_number_are_refused(key):
    marks = SETTINGS[key][1]
    assert marks.bounds or key.endswith((".seed", "min_rating")), f"{key} declares no bounds"
    low, high = max(marks.low, marks.above), marks.high
    outside = [value for value in (low - 1, high + 1) if isfinite(value)]
    outside += [marks.above] * isfinite(marks.above)
    for value in outside:
        assert refused(key, value) == f"{key}={value}: must be {marks.bounds}"
    for value in (float("nan"), inf, -inf):
        assert refused(key, value) == f"{key}={value}: a finite number expected"


@pytest.mark.parametrize("key", CHOICES)
def test_a_value_outside_a_list_is_refused_with_the_list(key):
    said = refused(key, "nothing_like_it")
    assert said.startswith(key) and "nothing_like_it" in said
    assert all(name in said for name in SETTINGS[key][1].choices)


@dataclass
class Small:
    """For what the configuration has no case of."""

    size: int = number(4, low=2, high=6, multiple_of="parts")
    parts: int = number(2, low=1)
    share: float = number(0.5, above=0, high=1)
    kinds: list[str] = choice("one", "two", default=["one"])
    name: str | None = "x"


@pytest.mark.parametrize(("key", "value"), [
    ("size", 2), ("size", 6), ("share", 1.0), ("share", 1e-12), ("kinds", []),
    ("kinds", ["two", "one"]), ("name", None),
])  # fmt: skip
def test_the_ends_of_what_is_allowed_pass(key, value):
    check(Small(**{key: value}))


@pytest.mark.parametrize(("key", "value", "told"), [
    ("size", 5, "small.size=5 is not a multiple of small.parts=2; choose one that is"),
    ("size", 8, "small.size=8: must be from 2 to 6"),
    ("share", 0.0, "small.share=0.0: must be above 0, at most 1"),
    ("parts", 2**63, "small.parts=9223372036854775808: must be at most 9223372036854775807"),
    ("kinds", ["tow"], "small.kinds: there is no 'tow'. Did you mean two? There are one, two"),
    ("name", "", "small.name is empty; type small.name=VALUE or small.name=null"),
])  # fmt: skip
def test_what_is_not_allowed_is_one_sentence(key, value, told):
    with pytest.raises(UserError) as caught:
        check(Small(**{key: value}), "small.")
    assert str(caught.value) == told
