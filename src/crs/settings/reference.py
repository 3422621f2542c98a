"""What every setting is, read from the classes and from conf/: docs/settings.md and `--help`."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING as NOTHING
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from textwrap import dedent, fill, indent
from typing import Any, get_args, get_origin

from omegaconf import MISSING

from crs.config import OF_MODELS, Config, Reading
from crs.errors import UserError
from crs.installed import TRAIN
from crs.models import recipes
from crs.settings.check import nearest
from crs.settings.fields import ALWAYS_NAMED, Marks, marks_of
from crs.settings.values import (
    default_choices,
    group_classes,
    setters,
    values_of,
    yaml,
)
from crs.stages import declared_stages

WIDTH = 80
MOST = 16
"""A group of more choices is not spelled out on the screen of `--help`."""
USAGE = f"""\
CRS Suite: from raw data to the scores of a conversational recommender.

  {TRAIN} model=latentcrs dataset=ml100k
  {TRAIN} model=latentcrs dataset=ml100k stage=embed dry_run=true
  {TRAIN} -m model=sasrec,iclrec,latentcrs dataset=tiny seed=1,2,3

Groups (choose one with group=choice):
"""
MORE = """\
--help GROUP describes the settings of a group (change one with key.key=value),
docs/settings.md those of all groups; --hydra-help lists the flags.
"""
INTRODUCTION = """\
# Settings

`python scripts/refresh_settings.py` writes this page from the classes that declare the settings and
from conf/; a test compares. `python src/train.py --help GROUP` prints one group. A default is the
value in the group's default choice; `${...}` is the value of another setting; none: there must be
one. `[]` and `{}` stand for an entry of a list and of a table.

*Not in a name*: the value is not in the fingerprint. What it leads to can be: a data set counts by
the content of its files, and a switch such as `c2crs.views` in the stages that it changes, as its
meaning says. *`x` in names*: the fingerprint calls the setting `x`. *Set by*: the model's file
(conf/model/) or some of its presets (conf/preset/) give a value of their own."""


@dataclass(frozen=True)
class Setting:
    """One setting, in words.

    Attributes:
        key: as on the command line; `[]` and `{}` stand for an entry of a list or a table.
        allowed: its bounds or choices.
        default: empty if it has none.
        meaning: the text under the field.
        notes: its part in names, and what else sets it.
    """

    key: str
    type: str
    allowed: str
    default: str
    meaning: str
    notes: str


@cache
def readers() -> dict[str, list[str]]:
    """The stages that are handed settings of a group, by the group's name."""
    found: dict[str, list[str]] = {}
    own = [(model.name, stage) for model in recipes().values() for stage in model.stages]
    for model, stage in [*((None, stage) for stage in declared_stages().values()), *own]:
        config = Config()
        config.model.name = model or "latentcrs"
        reading = Reading(config)
        stage.settings(reading)
        told = f"`{stage.name}` of {model}" if model else f"`{stage.name}`"
        for name in reading.read:
            found.setdefault(name, []).append(told)
    return found


@cache
def texts_of(cls: type) -> dict[str, str]:
    """The text under each field of a class, on one line."""
    found: dict[str, str] = {}
    for one in reversed([base for base in cls.__mro__ if is_dataclass(base)]):
        if one is Config:  # made, not written: it has no source, and adds groups only
            continue
        [node] = ast.parse(dedent(inspect.getsource(one))).body
        assert isinstance(node, ast.ClassDef)
        for field, text in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                found[ast.unparse(field.target)] = " ".join(ast.literal_eval(text.value).split())
    return found


def type_of(f: Field[Any]) -> str:
    """The type of a field in words."""
    kind: Any = f.type
    text = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    return re.sub(r"\b\w+\.", "", text).replace(" | None", " or null").replace(" | ", " or ")


def allowed(marks: Marks, prefix: str) -> str:
    """The bounds or choices of a setting in words."""
    divisor = f"a multiple of {prefix}{marks.multiple_of}" if marks.multiple_of else ""
    return ", ".join(filter(None, [marks.bounds, *(marks.choices or ()), divisor]))


def in_names(marks: Marks) -> list[str]:
    """What a setting is in the name of a result, where that is not simply its value."""
    told = []
    if marks.unfingerprinted:
        told.append("not in a name")
    if marks.neutral is not ALWAYS_NAMED:
        told.append(f"not in a name at {spelled(marks.neutral)}")
    if marks.stored_as:
        told.append(f"`{marks.stored_as}` in names")
    if marks.path:
        told.append("in names by its content")
    return told


def spelled(value: Any) -> str:
    """A value as one types it; nothing for one that is missing."""
    if value is NOTHING or value == MISSING:
        return ""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    return str(value)


def default_of(f: Field[Any], values: Any) -> Any:
    """The default of a setting."""
    if isinstance(values, dict) and f.name in values:
        return values[f.name]
    return f.default if f.default_factory is NOTHING else f.default_factory()


def settings_of(cls: type, values: Any, prefix: str, outside: str = "") -> Iterator[Setting]:
    """Every setting of a class, and of the classes within it.

    Args:
        values: what conf/ gives it.
        outside: the note of a class that is in no name as a whole.
    """
    for f in fields(cls):
        marks, key, value = marks_of(f), prefix + f.name, default_of(f, values)
        whole = "not in a name" if marks.unfingerprinted else outside
        notes = dict.fromkeys([*filter(None, [outside]), *in_names(marks), setters().get(key, "")])
        kinds = get_args(f.type) or (f.type,)
        inner = next((kind for kind in kinds if is_dataclass(kind)), None)
        if inner is not f.type:
            yield Setting(
                key,
                type_of(f),
                allowed(marks, prefix),
                "" if inner and value is not None else spelled(value),
                texts_of(cls).get(f.name, ""),
                "; ".join(filter(None, notes)),
            )
        if isinstance(inner, type) and "[]" not in prefix:  # `expect` of a source is dataset.expect
            container: Any = get_origin(f.type)
            entry = {list: "[]", dict: ".{}"}.get(container, "")
            yield from settings_of(inner, {} if entry else value, f"{key}{entry}.", whole)


def settings_of_group(name: str) -> list[Setting]:
    """The settings of a group."""
    outside = "" if readers().get(name) else "not in a name"
    return list(settings_of(group_classes()[name], values_of(name), f"{name}.", outside))


def settings_of_no_group() -> list[Setting]:
    """The settings of the root itself."""
    groups, values, texts = group_classes(), yaml("train"), texts_of(Config)
    return [
        Setting(
            f.name,
            type_of(f),
            allowed(marks_of(f), ""),
            spelled(values[f.name]),
            texts.get(f.name, ""),
            "",
        )
        for f in fields(Config)
        if f.name not in groups
    ]


def about(name: str) -> str:
    """What a group is, which model declares it, and which stages read it."""
    told = [" ".join((group_classes()[name].__doc__ or "").split())]
    if name in OF_MODELS:
        told.append(f"Only with model={OF_MODELS[name].name}.")
    if by := readers().get(name):
        told.append(f"Stages that read it: {', '.join(by)}.")
    return " ".join(told)


def screen(groups: dict[str, list[str]]) -> str:
    """What `--help` prints.

    Args:
        groups: the groups of conf/ (and of the user's folder) with their choices.
    """
    lines = [
        f"{name}: {', '.join(names)}" if len(names) <= MOST else f"{name}: one of {len(names)}"
        for name, names in groups.items()
        if len(names) > 1
    ]
    alone = [name for name, names in groups.items() if len(names) == 1]
    lines.append(f"of one choice: {', '.join(alone)}")
    lines.append(f"settings of no group: {', '.join(one.key for one in settings_of_no_group())}")
    return f"{USAGE}{filled(lines)}\n\n{MORE}"


def filled(lines: list[str]) -> str:
    """Lines that are broken where the screen ends."""
    return "\n".join(
        fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in lines
    )


def described(name: str, groups: dict[str, list[str]]) -> str:
    """What `--help GROUP` prints.

    Raises:
        UserError: if there is no such group, with the nearest one.
    """
    if name not in groups and name not in group_classes():
        near = nearest(name, [*groups])
        raise UserError(f"--help {name}: no such group.{near} ({TRAIN} --help)")
    choices = f"Choices: {', '.join(groups.get(name, []))}"
    if name not in group_classes():
        return f"{filled([choices])}\n"
    parts = [filled([f"{name}: {about(name)}", choices])]
    for one in settings_of_group(name):
        what = "; ".join(filter(None, [one.type, one.allowed, one.notes]))
        inside = [indent(fill(text, WIDTH - 4), "    ") for text in (what, one.meaning) if text]
        parts.append("\n".join([f"{one.key}={one.default}", *inside]))
    return "\n\n".join(parts).replace("`", "") + "\n"


def help_of(names: list[str], groups: dict[str, list[str]]) -> str:
    """What `--help` prints, alone or with names of groups.

    Raises:
        UserError: as `described`.
    """
    return "\n".join(described(name, groups) for name in names) or screen(groups)


def table(settings: list[Setting]) -> str:
    """Settings as a table of Markdown."""
    rows = ["| setting | type | allowed | default | meaning | notes |", "|---|---|---|---|---|---|"]
    for one in settings:
        default = f"`{one.default}`" if one.default else ""
        cells = (f"`{one.key}`", one.type, one.allowed, default, one.meaning, one.notes)
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def document() -> str:
    """The text of docs/settings.md."""
    chosen = default_choices()
    parts = [INTRODUCTION, "## No group", table(settings_of_no_group())]
    for name in group_classes():
        what = f"{about(name)} Default choice: `{name}={chosen[name]}`."
        parts += [
            f"## {name}",
            fill(what, WIDTH, break_on_hyphens=False),
            table(settings_of_group(name)),
        ]
    return "\n\n".join(parts) + "\n"
