"""The command line, checked before anything runs: a wrong key, type or choice is one sentence."""

import os
import uuid
import warnings
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

from hydra import initialize_config_dir
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from crs import extras, native
from crs.composition import all_composed, composed, root_of, sentence_of
from crs.config import OF_MODELS, Config
from crs.errors import UserError
from crs.idle import refuse_idle
from crs.installed import CONF, HERE, TRAIN
from crs.lazy_help import accept_lazy_help
from crs.overrides import experiment_file, one_by_one, parse, readable, refuse_keys_in_address
from crs.places import home
from crs.search.settings import SWEEPER, Sweeper
from crs.search.space import check_space, key_of, merged
from crs.search.typed import check_typed
from crs.settings.check import check as check_settings
from crs.settings.check import nearest
from crs.settings.keys import HELP, TYPES, refuse_key

WANDB = "wandb"
"""A folder of conf/ that W&B reads, and Hydra does not: sweeps of W&B."""
OF_MANY = ("search", "launcher")
"""Groups that choose how many jobs are run."""


def register() -> None:
    """Make the schema known to Hydra, `~` and the process id to its folder names, and an id of this
    launch to the jobs of a sweep: Hydra hands them what the cache of a resolver holds."""
    accept_lazy_help()
    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver("home", home, replace=True)
    OmegaConf.register_new_resolver("pid", os.getpid, replace=True, use_cache=True)
    OmegaConf.register_new_resolver(
        "launch_id", lambda: uuid.uuid4().hex, replace=True, use_cache=True
    )


def refuse_unknown(node: Any, prefix: str = "") -> None:
    """Refuse keys outside the schema, which `+key=value` slips past Hydra.

    Raises:
        UserError: at the first one.
    """
    if not isinstance(node, DictConfig | ListConfig) or node._is_missing() or node._is_none():
        return
    if isinstance(node, ListConfig):
        for item in node._iter_ex(resolve=False):
            refuse_unknown(item, prefix)
        return
    kind = OmegaConf.get_type(node)
    known = {f.name for f in fields(kind)} if is_dataclass(kind) else None
    for key in node:
        dotted = prefix + str(key)
        if known is not None and key not in known:
            raise refuse_key(dotted)
        refuse_unknown(node._get_node(key), f"{dotted}.")


def flags_of(words: list[str]) -> Namespace:
    """Hydra's flags and, as `overrides`, all other words.

    Raises:
        UserError: if there is no such flag, or two exclude each other.
    """
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; {TRAIN} --hydra-help lists the flags")

    setattr(parser, "error", refuse)  # noqa: B010 (argparse's own would print its usage and exit)
    flags = parser.parse_intermixed_args(words)
    modes = [flags.run, flags.multirun, flags.cfg, flags.info, flags.shell_completion]
    if sum(mode not in (None, False) for mode in modes) > 1:
        refuse("only one of --run, --multirun, --cfg, --info and --shell-completion can be had")
    return flags


def is_sweep(flags: Namespace) -> bool:
    """Whether a command line runs several jobs."""
    return flags.multirun or "hydra.mode=MULTIRUN" in flags.overrides


def conf_of(flags: Namespace | None) -> Path:
    """The folder of the root configuration: conf/, or that of `--config-path`."""
    own = flags and flags.config_path
    return (HERE / own).resolve() if own else CONF


@contextmanager
def searching(flags: Namespace | None = None) -> Iterator[None]:
    """Hydra, with the search path that a command line names: `conf/`, `--config-path`,
    `--config-dir` and `hydra.searchpath`.

    Raises:
        UserError: if the folder of a flag does not exist.
    """
    conf = conf_of(flags)
    more = flags and flags.config_dir
    for flag, folder in (("path", conf), ("dir", Path(more or conf))):
        if not folder.is_dir():
            raise UserError(f"--config-{flag}={folder}: there is no such folder")
    with initialize_config_dir(str(conf), version_base="1.3"):
        if more:
            path = GlobalHydra.instance().config_loader().get_search_path()
            place = f"file://{Path(more).resolve()}"
            path.prepend("command-line", place, SearchPathQuery(provider="schema"))
            GlobalHydra.instance().clear()
            Hydra.create_main_hydra2("train", path)
        yield


def choices(flags: Namespace | None = None) -> dict[str, list[str]]:
    """Config groups and their choices, over the search path of the Hydra that is initialised.

    Raises:
        UserError: if `hydra.searchpath` is no list of places that exist.
    """
    # Hydra's own answer to where it looks, `hydra.searchpath` among it.
    loader: Any = GlobalHydra.instance().config_loader()
    words = [word for word in flags.overrides if "hydra.searchpath=" in word] if flags else []
    try:
        with warnings.catch_warnings(action="ignore"):  # of a place that does not exist
            _, places = loader._parse_overrides_and_create_caching_repo(root_of(flags), words)
    except Exception as error:
        raise UserError(sentence_of(error)) from error
    found: dict[str, set[str]] = {}
    for source in places.get_sources():
        if not source.available():
            raise UserError(f"hydra.searchpath: there is no {source.full_path()}")
        waiting = [name for name in source.list("", ObjectType.GROUP) if name != WANDB]
        while waiting:
            group = waiting.pop()
            found.setdefault(group, set()).update(source.list(group, ObjectType.CONFIG))
            waiting += [f"{group}/{name}" for name in source.list(group, ObjectType.GROUP)]
    return {group: sorted(names) for group, names in sorted(found.items())}


def groups() -> dict[str, list[str]]:
    """The groups of conf/ and their choices."""
    with searching():
        return {group: names for group, names in choices().items() if (CONF / group).is_dir()}


def check_override(override: Override, groups: dict[str, list[str]]) -> None:
    """Refuse an override of a group or key that does not exist.

    Args:
        groups: those that can be chosen from, with their choices.
    Raises:
        UserError: with the nearest right one.
    """
    key = override.key_or_group.split("@")[0]
    if key.split(".")[0] == "hydra":
        return
    if key == "experiment" and str(override.value()).startswith(".."):
        return  # a file, which `experiment_file` has seen
    if key not in groups:
        if key not in TYPES:
            if "." not in key:
                near = nearest(key, [*TYPES, *groups])
                raise UserError(f"{key}: no such setting.{near} ({HELP})")
            raise refuse_key(key)
        return
    names = groups[key]
    if override.is_delete():
        return
    values = override.sweep_iterator() if override.is_sweep_override() else [override.value()]
    for value in values:
        for choice in value if isinstance(value, list) else [value]:
            name = "null" if choice is None else str(choice)
            if name not in names:
                if extra := extras.CHOICES.get(f"{key}={name}"):
                    raise UserError(f"{key}={name} needs more: {extras.install(extra)}")
                raise UserError(
                    f"{key}={name}: no such choice.{nearest(name, names)} "
                    f"There are {', '.join(names)}"
                )


def to_config(composed: DictConfig) -> Config:
    """The composed configuration as dataclasses, every value given and of its type.

    Raises:
        UserError: on an unknown key, a wrong type, or a value that is missing.
    """
    refuse_unknown(composed)
    chosen = OmegaConf.select(composed, "model.name")
    for group, model in OF_MODELS.items():
        if model.name != chosen:  # the values of another model act on nothing, and may be missing
            composed[group] = None
    try:
        if missing := sorted(OmegaConf.missing_keys(composed)):
            if (group := missing[0].split(".")[0]) in OF_MODELS:
                raise UserError(
                    f"model={chosen} has no values of {group}; begin its file with "
                    f"defaults: [{chosen}, _self_]"
                )
            raise UserError(f"{missing[0]}: no value; type {missing[0]}=VALUE")
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise UserError(sentence_of(error)) from error
    assert isinstance(config, Config)
    check_settings(config)
    config.store = home(config.store)
    if config.embedder.precision == "auto":
        config.embedder.precision = "bfloat16" if native.bfloat16() else "float32"
    return config


def check(arguments: list[str], also: Iterable[str] = ()) -> list[str]:
    """Refuse a command line whose overrides cannot be composed; flags are Hydra's own affair.

    Args:
        also: groups of settings that the command reads beside its stages.
    Returns:
        The command line with flags first, as Hydra reads it, and with quotes round the texts that
        it cannot read without.
    Raises:
        UserError: what is wrong, where, and what to type.
    """
    flags = flags_of(arguments)
    if flags.shell_completion:  # its words are no overrides
        return arguments
    for word in arguments:
        refuse_keys_in_address(word)
    with searching(flags):
        arguments = [experiment_file(readable(word, is_sweep(flags))) for word in arguments]
        words = flags_of(arguments).overrides
        known = choices(flags)
        try:
            for word in words:
                check_override(parse(word), known)
            sweeper = sweeper_of(flags, words)
            jobs = merged(sweeper.params, words) if sweeper else words
            overrides = [parse(word) for word in jobs]
            for override, word in zip(overrides, jobs, strict=True):
                check_override(override, known)
                check_several(override, word, is_sweep(flags), sweeper is not None)
            variants = one_by_one(overrides, jobs)
        except HydraException as error:
            raise UserError(str(error).splitlines()[0]) from error
        if sweeper:
            check_settings(sweeper, "hydra.sweeper.")
            check_space(jobs, sweeper.sampler)
        configs = [to_config(one) for one in all_composed(flags, variants, known)]
    if is_sweep(flags) and (several := max(config.trainer.nodes for config in configs)) > 1:
        raise UserError(
            f"trainer.nodes={several}: a sweep does not run on several machines; leave out -m, or "
            "type trainer.nodes=1 launcher=slurm"
        )
    refuse_idle(overrides, configs, sweeper is not None, also)
    typed = [word for word in arguments if word not in words]
    if flags.config_path:  # the last one counts; Hydra would count it from the code's own folder
        typed.append(f"--config-path={conf_of(flags)}")
    return [*typed, *(word for word in arguments if word in words)]


def sweeper_of(flags: Namespace, words: list[str]) -> Sweeper | None:
    """The settings of the search that a command line asks for; None if it asks for none.

    Raises:
        UserError: if they cannot be composed, and for a search of one job.
    """
    groups = ("experiment", *OF_MANY)
    chosen = [word for word in words if word.startswith("hydra") or key_of(word) in groups]
    if typed := [word for word in words if word.lstrip("+~").startswith("hydra.")]:
        of_groups = [word for word in chosen if word not in typed]
        one_each = [word for word in of_groups if not parse(word).is_sweep_override()]
        hydra = composed(flags, one_each, hydra=True).hydra
        for word in typed:
            check_typed(parse(word), hydra)
    if not is_sweep(flags):
        for word in chosen:
            name, _, choice = word.partition("=")
            if name in OF_MANY and choice != "null":
                raise UserError(f"{word}: a {name} runs many jobs; type -m before it")
        return None
    whole = composed(flags, [w for w in chosen if not parse(w).is_sweep_override()], hydra=True)
    settings = whole.hydra.sweeper
    if settings._target_ != SWEEPER:
        return None
    try:
        return Sweeper(**cast(Any, OmegaConf.to_container(settings)))
    except OmegaConfBaseException as error:
        raise UserError(sentence_of(error)) from error


def check_several(override: Override, word: str, many: bool, search: bool) -> None:
    """Refuse several values where one is run, and an interval where nothing draws from it.

    Raises:
        UserError: with what to type.
    """
    if override.is_sweep_override() and not many:
        raise UserError(
            f"{word}: several values; type -m to run each, or quote a value that has a comma"
        )
    if override.is_sweep_override() and override.key_or_group == "launcher":
        raise UserError(f"{word}: all jobs of a sweep have one launcher; type one")
    if override.is_interval_sweep() and not search:
        raise UserError(f"{word}: a search draws from an interval; type -m hydra/sweeper=optuna")


def configured(checked: list[str]) -> Config:
    """The one configuration that a command line without `-m` composes, once `check` passed it."""
    flags = flags_of(checked)
    with searching(flags):
        return to_config(composed(flags, flags.overrides))
