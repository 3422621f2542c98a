"""The command line, checked before anything runs: a wrong key, type or choice is one sentence."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from crs.config import Config
from crs.errors import UserError

CONF = Path(__file__).parents[2] / "conf"
HELP = "python src/train.py --help lists them"


def register() -> None:
    """Make the schema known to Hydra, and the process id to its folder names."""
    import os

    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver("pid", os.getpid, replace=True, use_cache=True)


def nearest(word: str, known: list[str]) -> str:
    """` Did you mean X?`, or nothing if no known word is near."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


def known_keys(schema: type = Config, prefix: str = "") -> Iterator[str]:
    """Every dotted key of the schema."""
    for f in fields(schema):
        yield prefix + f.name
        kind: Any = f.type
        if isinstance(kind, type) and is_dataclass(kind):
            yield from known_keys(kind, f"{prefix}{f.name}.")


def refuse_key(key: str) -> UserError:
    """The sentence for a setting that does not exist."""
    known = list(known_keys())
    parent, _, leaf = key.rpartition(".")
    siblings = [k.rpartition(".")[2] for k in known if k.rpartition(".")[0] == parent]
    close = difflib.get_close_matches(leaf, siblings, n=1, cutoff=0.5)
    if close:
        hint = f" Did you mean {f'{parent}.' if parent else ''}{close[0]}?"
    else:
        hint = nearest(key, known)
    return UserError(f"{key}: no such setting.{hint} ({HELP})")


def refuse_unknown(node: Any, prefix: str = "") -> None:
    """Refuse keys outside the schema, which `+key=value` slips past Hydra.

    Raises:
        UserError: at the first one.
    """
    if isinstance(node, ListConfig):
        for item in node._iter_ex(resolve=False):
            refuse_unknown(item, prefix)
    if not isinstance(node, DictConfig) or node._is_missing() or node._is_none():
        return
    kind = OmegaConf.get_type(node)
    known = {f.name for f in fields(kind)} if is_dataclass(kind) else None
    for key in node:
        dotted = prefix + str(key)
        if known is not None and key not in known:
            raise refuse_key(dotted)
        refuse_unknown(node._get_node(key), f"{dotted}.")


def groups() -> dict[str, list[str]]:
    """Config groups and their choices."""
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(CONF.iterdir())
        if folder.is_dir()
    }


def check_override(override: Override) -> None:
    """Refuse an override of a group or key that does not exist.

    Raises:
        UserError: with the nearest right one.
    """
    key = override.key_or_group.split("@")[0]
    if key.split(".")[0] == "hydra" or key.startswith("hydra/"):
        return
    choices = groups().get(key)
    if choices is None:
        if key not in set(known_keys()) and not key.startswith("hydra"):
            known = [*known_keys(), *groups()]
            if "." not in key:
                raise UserError(f"{key}: no such setting.{nearest(key, known)} ({HELP})")
            raise refuse_key(key)
        return
    values = override.sweep_iterator() if override.is_sweep_override() else [override.value()]
    for value in values:
        for choice in value if isinstance(value, list) else [value]:
            if choice is not None and str(choice) not in choices:
                raise UserError(
                    f"{key}={choice}: no such choice.{nearest(str(choice), choices)} "
                    f"There are {', '.join(choices)}"
                )


def to_config(composed: DictConfig) -> Config:
    """The composed configuration as dataclasses, every value there and of its type.

    Raises:
        UserError: on an unknown key, a wrong type, or a value that is missing.
    """
    refuse_unknown(composed)
    if missing := sorted(OmegaConf.missing_keys(composed)):
        raise UserError(f"{missing[0]}: no value; type {missing[0]}=VALUE")
    try:
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise UserError(_sentence(error)) from error
    assert isinstance(config, Config)
    check_values(config)
    return config


CHOICES = {
    "pretrain.loss": ("bce", "sampled_softmax", "cross_entropy"),
    "pretrain.contrast": ("none", "instance", "intent", "hybrid"),
    "embedder.kind": ("minilm", "hashed"),
    "embedder.precision": ("float32", "bfloat16"),
    "simulator.kind": ("rules",),
    "simulator.on_leak": ("keep", "drop", "redo"),
    "em.posterior": ("exact", "amortised"),
    "evaluation.seen": ("out", "zero", "in"),
    "tracker.kind": ("wandb", "none"),
}
POSITIVE = (
    "pretrain.dim pretrain.layers pretrain.heads pretrain.max_len pretrain.batch_size "
    "pretrain.k pretrain.refit pretrain.temperature intents.k intents.restarts train.batch_size "
    "embedder.batch_size embedder.shard embedder.dim samples.shown"
).split()


def check_values(config: Config) -> None:
    """Refuse values that no schema type can: names outside a list, sizes below one.

    Raises:
        UserError: with the values that are possible.
    """

    def value(key: str) -> Any:
        section, name = key.split(".")
        return getattr(getattr(config, section), name)

    for key, choices in CHOICES.items():
        if value(key) not in choices:
            raise UserError(
                f"{key}={value(key)}: no such choice.{nearest(str(value(key)), list(choices))} "
                f"There are {', '.join(choices)}"
            )
    for key in POSITIVE:
        if value(key) <= 0:
            raise UserError(f"{key}={value(key)}: must be above 0")
    if config.pretrain.dim % config.pretrain.heads:
        raise UserError(
            f"pretrain.dim={config.pretrain.dim} is not a multiple of "
            f"pretrain.heads={config.pretrain.heads}; choose one that is"
        )
    if not config.samples.raw and not config.samples.seeds:
        raise UserError("samples: neither raw nor seeds, so nothing to train on; type samples=raw")


def _sentence(error: BaseException) -> str:
    """The first informative line of an OmegaConf or Hydra message, with its key."""
    inner = error.__cause__ or error
    key = getattr(inner, "full_key", None)
    text = str(getattr(inner, "msg", None) or inner).splitlines()[0]
    return f"{key}: {text}" if key and key not in text else text


def check(arguments: list[str]) -> None:
    """Refuse a command line whose overrides cannot be composed; flags are Hydra's own affair.

    Raises:
        UserError: what is wrong, where, and what to type.
    """
    words = [word for word in arguments if re.match(r"[~+]*[\w/@.]+(=|$)", word)]
    try:
        overrides = OverridesParser.create().parse_overrides(words)
    except HydraException as error:
        raise UserError(str(error).splitlines()[0]) from error
    for override in overrides:
        check_override(override)
    # A sweep is checked value by value, the other overrides at their first value.
    first = [
        f"{o.get_key_element()}={next(iter(o.sweep_string_iterator()))}"
        if o.is_sweep_override()
        else word
        for o, word in zip(overrides, words, strict=True)
    ]
    variants = [first]
    for i, o in enumerate(overrides):
        if o.is_sweep_override():
            values = list(o.sweep_string_iterator())[1:]
            variants += [
                [*first[:i], f"{o.get_key_element()}={v}", *first[i + 1 :]] for v in values
            ]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for variant in variants:
            try:
                composed = compose("train", overrides=variant)
            except (HydraException, OmegaConfBaseException) as error:
                raise UserError(_sentence(error)) from error
            to_config(composed)
