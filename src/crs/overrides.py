"""The words of a command line, as Hydra's grammar of overrides reads them."""

import os
import re
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from crs.config import OF_MODELS
from crs.errors import UserError
from crs.installed import CONF
from crs.places import home
from crs.settings.address import check_address
from crs.settings.keys import TYPES

GLOBAL = "# @package _global_"
"""Says that the keys of a file are those of the root."""
PLACES = (
    "store", "force", "strict", "verify", "dry_run", "trainer", "engine", "tracker", "launcher",
    "hydra",
)  # fmt: skip
"""Settings of how to run: they are in no result."""


def readable(word: str, swept: bool = False) -> str:
    """`key=TEXT` with quotes round a text that Hydra's grammar cannot read as it is, or would read
    as something else than a text: `é`, `用户`, `Rating (1-10)`, `;`, `1e5`, `[1].csv`.

    Args:
        swept: commas separate several values.
    """
    key, _, text = word.partition("=")
    if str not in TYPES.get(key.lstrip("+"), ()):
        return word
    try:
        override = parse(word)
    except UserError:
        parts = text.split(",") if swept else [text]
        return f"{key}={','.join(map(quoted, parts))}"
    value = None if override.is_sweep_override() else override.value()
    plain = value is None or isinstance(value, str) or str(value) == text
    return word if plain else f"{key}={quoted(text)}"


def quoted(text: str) -> str:
    """A text as Hydra's grammar reads any: within quotes a backslash acts before a quote alone."""
    inside = re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + "\\'" * bool(m[2]), text)
    return f"'{inside}'"


def parse(word: str) -> Override:
    """One word of the command line, while Hydra is initialised (for `glob`)."""
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    try:
        return parser.parse_overrides([word])[0]
    except HydraException as error:
        key = word.partition("=")[0] or "KEY"
        raise UserError(
            f"{word}: {str(error).splitlines()[0]}; type KEY=VALUE, a value with other signs in "
            f"quotes: \"{key}='VALUE'\""
        ) from error


def ends(override: Override) -> tuple[float, float]:
    """Both ends of an interval: whole numbers for a setting that is one.

    Raises:
        UserError: for a setting that is no number, and for ends that it cannot be.
    """
    interval: Any = override.value()
    kinds, text = TYPES.get(override.key_or_group, ()), override.input_line
    if float in kinds:
        return float(interval.start), float(interval.end)
    if int not in kinds:
        raise UserError(f"{text}: no number; type {override.key_or_group}=choice(A,B)")
    if interval.start % 1 or interval.end % 1:
        raise UserError(f"{text}: whole numbers expected")
    return int(interval.start), int(interval.end)


def values_of(override: Override) -> list[str]:
    """The texts of a sweep's values; of an interval, of its ends."""
    if override.is_interval_sweep():
        return [str(end) for end in ends(override)]
    return list(override.sweep_string_iterator())


def experiment_file(word: str) -> str:
    """`experiment=FILE.yaml`, a file anywhere, as the choice of a group that Hydra reads.

    Raises:
        UserError: if there is no such file, or it does not begin as an experiment does.
    """
    key, _, name = word.partition("=")
    if key.lstrip("+") != "experiment" or not name.endswith(".yaml"):
        return word
    path = Path(home(name))
    if not path.is_file():
        raise UserError(f"{word}: there is no such file; give an existing one")
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f"{word}: cannot be read as text") from error
    if GLOBAL not in lines:
        raise UserError(f"{word}: an experiment begins with the line {GLOBAL}")
    # Hydra joins the choice to the folder of its group.
    return f"{key}={quoted(os.path.relpath(path.resolve().with_suffix(''), CONF / 'experiment'))}"


def one_by_one(overrides: list[Override], words: list[str]) -> list[list[str]]:
    """What to compose so that each value of a sweep is seen, the others at their first value.

    A setting of a model is seen beside that model, if the sweep has it.
    """
    values = [
        [f"{o.get_key_element()}={value}" for value in values_of(o)]
        if o.is_sweep_override()
        else [word]
        for o, word in zip(overrides, words, strict=True)
    ]
    if [] in values:
        raise UserError(f"{words[values.index([])]}: there is no such value")
    variants = [[options[0] for options in values]]
    for i, (override, options) in enumerate(zip(overrides, values, strict=True)):
        owner = OF_MODELS.get(override.key_or_group.split(".")[0])
        model = f"model={owner.name}" if owner else ""
        others = [model if model in choices else choices[0] for choices in values]
        variants += [[*others[:i], option, *others[i + 1 :]] for option in options]
    return [one for i, one in enumerate(variants) if one not in variants[:i]]


def refuse_keys_in_address(word: str) -> None:
    """Refuse an `llm.base_url=…` with a key before any message could repeat it."""
    key, _, value = word.partition("=")
    if key.lstrip("+") == "llm.base_url":
        for url in value.split(","):  # of a sweep
            if url != "null" and not url.startswith("${"):
                check_address(url.strip("'\""))
