"""The words of a command line, as Hydra's grammar of overrides reads them."""

import re

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from crs.config import OF_MODELS
from crs.errors import UserError
from crs.settings.keys import TYPES


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


def one_by_one(overrides: list[Override], words: list[str]) -> list[list[str]]:
    """What to compose so that each value of a sweep is seen, the others at their first value.

    A setting of a model is seen beside that model, if the sweep has it.
    """
    values = [
        [f"{o.get_key_element()}={value}" for value in o.sweep_string_iterator()]
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
