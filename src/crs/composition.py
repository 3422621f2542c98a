"""What words compose to; what Hydra and OmegaConf say where that is nothing, as one sentence."""

import copy
import re
from argparse import Namespace
from collections.abc import Container, Iterator
from itertools import combinations
from typing import Any

from hydra import compose
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig
from omegaconf.errors import ConfigKeyError

from crs import extras
from crs.config import OF_MODELS
from crs.errors import UserError
from crs.overrides import parse
from crs.search.typed import of_search, refuse_setting
from crs.settings.keys import refuse_key

ROOT = "train"
"""The root of conf/."""


def root_of(flags: Namespace | None) -> str:
    """The name of the root configuration."""
    return (flags and flags.config_name) or ROOT


def composed(flags: Namespace, words: list[str], hydra: bool = False) -> DictConfig:
    """What overrides compose to.

    Args:
        hydra: with Hydra's own configuration.
    Raises:
        UserError: if they compose to nothing.
    """
    try:
        return compose(root_of(flags), overrides=words, return_hydra_config=hydra)
    except Exception as error:  # Hydra and OmegaConf raise built-in ones too
        raise UserError(sentence_of(error)) from error


def all_composed(
    flags: Namespace, variants: list[list[str]], known: Container[str]
) -> Iterator[DictConfig]:
    """What each variant composes to.

    Hydra takes a quarter of a second for each, so those that set the same keys and differ in plain
    values alone are copies of one composition, with their values.

    Args:
        known: the config groups; a choice of one is no plain value.
    Raises:
        UserError: if a variant composes to nothing.
    """
    bases: dict[tuple[str, ...], tuple[DictConfig, list[str]]] = {}
    for words in variants:
        typed = [parse(word) for word in words]
        # Where words set the same place, the last one counts, so they stay in their order.
        apart = not overlap([one.key_or_group for one in typed])
        values = [one for one in typed if apart and is_value(one, known)]
        plain = [str(one.input_line) for one in values]
        alike = tuple(word.partition("=")[0] if word in plain else word for word in words)
        if alike not in bases:
            bases[alike] = composed(flags, words), plain
        base, its = bases[alike]
        config = copy.deepcopy(base)
        changed = [one for one, word in zip(values, plain, strict=True) if word not in its]
        try:
            ConfigLoaderImpl._apply_overrides_to_config(changed, config)
        except Exception as error:
            raise UserError(sentence_of(error)) from error
        yield config


def overlap(keys: list[str]) -> bool:
    """Whether a key is there twice, or with a key below it."""
    return any(
        f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
        for one, other in combinations(keys, 2)
    )


def is_value(override: Override, known: Container[str]) -> bool:
    """Whether a word sets one plain value: no choice of a group, nothing added or taken away, and
    no mapping, which is merged."""
    change = override.type == OverrideType.CHANGE and override.key_or_group not in known
    return change and not isinstance(override.value(), dict)


def sentence_of(error: BaseException) -> str:
    """The first informative line of an OmegaConf or Hydra message, with its key."""
    inner = error.__cause__ or error
    key = getattr(inner, "full_key", None)
    text = str(getattr(inner, "msg", None) or inner).splitlines()[0]
    within: Any = error.__context__
    if text.startswith("In '") and (of_file := getattr(within, "full_key", None)):
        told: Any = f"{of_file}: {str(within.msg).splitlines()[0]}"
        if isinstance(within, ConfigKeyError):
            told = refuse_setting(name) if (name := of_search(of_file)) else refuse_key(of_file)
        return f"{text.split(':')[0]}: {told}"
    if (found := re.match(r"Could not override '(\w+)'", text)) and found[1] in OF_MODELS:
        owner = OF_MODELS[found[1]].name
        return f"{found[1]}: no other model than model={owner} reads it; leave it out"
    found = re.search(r"Could not find '(hydra/\w+)/(\w+)'", text)
    if found and (extra := extras.CHOICES.get(choice := f"{found[1]}={found[2]}")):
        return f"{choice} needs more: {extras.install(extra)}"
    if key and text.endswith("is not a ListConfig, list or tuple."):
        typed = getattr(inner, "value", None)
        return f"{key}={typed}: a list is expected; type {key}=[{typed}]"
    return f"{key}: {text}" if key and key not in text else text
