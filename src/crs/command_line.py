"""The command line, checked before anything runs: a wrong key, type or choice is one sentence."""

import difflib
import os
import re
import uuid
import warnings
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from math import inf, isfinite
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from hydra import compose, initialize_config_dir
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from crs import extras, native
from crs.config import Config, Dataset
from crs.errors import UserError
from crs.llm import address
from crs.places import home
from crs.secrets import redact

CONF = Path(__file__).parents[2] / "conf"
ROOT = "train"
"""The root of conf/."""
HELP = "python src/train.py --help lists them"
LARGEST = 2**63 - 1
"""Whole numbers above it fit into no table."""


def register() -> None:
    """Make the schema known to Hydra, `~` and the process id to its folder names, and an id of this
    launch to the jobs of a sweep: Hydra hands them what the cache of a resolver holds."""
    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver("home", home, replace=True)
    OmegaConf.register_new_resolver("pid", os.getpid, replace=True, use_cache=True)
    OmegaConf.register_new_resolver(
        "launch_id", lambda: uuid.uuid4().hex, replace=True, use_cache=True
    )


def nearest(word: str, known: list[str]) -> str:
    """` Did you mean X?`, or nothing if no known word is near."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


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


def flags_of(words: list[str]) -> Namespace:
    """Hydra's flags and, as `overrides`, all other words.

    Raises:
        UserError: if there is no such flag, or two exclude each other.
    """
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; python src/train.py --hydra-help lists the flags")

    setattr(parser, "error", refuse)  # noqa: B010 (argparse's own would print its usage and exit)
    flags = parser.parse_intermixed_args(words)
    modes = [flags.run, flags.multirun, flags.cfg, flags.info, flags.shell_completion]
    if sum(mode not in (None, False) for mode in modes) > 1:
        refuse("only one of --run, --multirun, --cfg, --info and --shell-completion can be had")
    return flags


def is_sweep(flags: Namespace) -> bool:
    """Whether a command line runs several jobs."""
    return flags.multirun or "hydra.mode=MULTIRUN" in flags.overrides


@contextmanager
def searching(flags: Namespace | None = None) -> Iterator[None]:
    """Hydra, with the search path that a command line names: `conf/`, `--config-path`,
    `--config-dir` and `hydra.searchpath`.

    Raises:
        UserError: if the folder of a flag is not there.
    """
    own = flags and flags.config_path  # Hydra counts it from the command's own folder
    conf = (CONF.parent / "src" / own).resolve() if own else CONF
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


def root_of(flags: Namespace | None) -> str:
    """The name of the root configuration."""
    return (flags and flags.config_name) or ROOT


def choices(flags: Namespace | None = None) -> dict[str, list[str]]:
    """Config groups and their choices, over the search path of the Hydra that is initialised.

    Raises:
        UserError: if `hydra.searchpath` is no list of places that are there.
    """
    # Hydra's own answer to where it looks, `hydra.searchpath` among it.
    loader: Any = GlobalHydra.instance().config_loader()
    words = [word for word in flags.overrides if "hydra.searchpath=" in word] if flags else []
    try:
        with warnings.catch_warnings(action="ignore"):  # of a place that is not there
            _, places = loader._parse_overrides_and_create_caching_repo(root_of(flags), words)
    except Exception as error:
        raise UserError(_sentence(error)) from error
    found: dict[str, set[str]] = {}
    for source in places.get_sources():
        if not source.available():
            raise UserError(f"hydra.searchpath: there is no {source.full_path()}")
        waiting = source.list("", ObjectType.GROUP)
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
    """The composed configuration as dataclasses, every value there and of its type.

    Raises:
        UserError: on an unknown key, a wrong type, or a value that is missing.
    """
    refuse_unknown(composed)
    try:
        if missing := sorted(OmegaConf.missing_keys(composed)):
            raise UserError(f"{missing[0]}: no value; type {missing[0]}=VALUE")
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise UserError(_sentence(error)) from error
    assert isinstance(config, Config)
    check_plain(config)
    check_values(config)
    config.store = home(config.store)
    if config.embedder.precision == "auto":
        config.embedder.precision = "bfloat16" if native.bfloat16() else "float32"
    return config


RANGES: dict[str, tuple[float, float]] = {
    "pretrain.dropout": (0, 0.99), "pretrain.attention_dropout": (0, 0.99), "em.dropout": (0, 0.99),
    "towers.dropout": (0, 0.99), "tasks.mask": (0, 1), "tasks.substitute": (0, 1),
    "tasks.mip": (0, inf), "tasks.sad": (0, inf), "tasks.generator_lr": (1e-9, inf),
    "dialogues.halving": (0, 1), "dialogues.refuse": (0, 1), "dialogues.seed": (0, inf),
    "warmup.lr": (1e-9, inf), "warmup.epochs": (1, inf), "warmup.patience": (0, inf),
    "warmup.clip": (0, inf), "towers.max_len": (2, inf), "tuning.negatives": (0, inf),
    "pretrain.crop": (0, 1), "pretrain.mask": (0, 1), "pretrain.reorder": (0, 1),
    "pretrain.lr": (1e-9, inf), "train.lr": (1e-9, inf), "pretrain.epochs": (1, inf),
    "train.epochs": (1, inf), "pretrain.patience": (0, inf), "train.patience": (0, inf),
    "pretrain.clip": (0, inf), "train.clip": (0, inf), "em.hidden": (1, inf),
    "em.text_hidden": (1, inf), "trainer.threads": (0, inf), "simulator.noise": (0, 1),
    "simulator.seed": (0, inf), "evaluation.level": (0.5, 0.999), "evaluation.resamples": (1, inf),
    "evaluation.permutations": (1, inf), "evaluation.seed": (0, inf), "pretrain.holdout": (0, inf),
    "multi_turn.resamples": (1, inf), "multi_turn.level": (0.5, 0.999), "multi_turn.seed": (0, inf),
    "llm.budget_usd": (0, inf),
    "llm.poll_seconds": (0, inf), "llm.wait_seconds": (0, inf), "llm.backoff_seconds": (0, inf),
    "c2crs.dropout": (0, 0.99), "c2crs.forget": (0, 0.99),
    "c2crs.query_dropout": (0, 0.99),
    "c2crs.coarse_epochs": (0, inf), "c2crs.fine_epochs": (0, inf),
    "c2crs.coarse_weight": (0, inf), "c2crs.fine_weight": (0, inf),
    "converse.lr": (1e-9, inf), "converse.epochs": (1, inf), "converse.patience": (0, inf),
    "pretrain.average": (0, 0.9999), "warmup.average": (0, 0.9999), "train.average": (0, 0.9999),
    "converse.average": (0, 0.9999),
    "converse.clip": (0, inf), "converse.least": (0, 1), "converse.penalty": (0, inf),
    "graph.min_count": (0, inf), "contexts.min_count": (1, inf), "contexts.length": (2, inf),
}  # fmt: skip
PROTOCOLS = {
    "full": ("out", False),
    "iclrec_as_released": ("zero", True),
    "latentcrs_as_released": ("in", True),
    "dialogues": ("in", False),
    "mip_sad_as_released": ("in", False),
}
"""What the names in the tables mean: (evaluation.seen, evaluation.padding)."""
PRECISIONS = ("32-true", "bf16-mixed")
CHOICES = {
    "pretrain.loss": ("bce", "sampled_softmax", "cross_entropy"),
    "pretrain.norm": ("post", "pre"),
    "pretrain.contrast": ("none", "instance", "intent", "hybrid"),
    "embedder.kind": ("minilm", "hashed", "llama_eol", "sentence_transformers"),
    "embedder.precision": ("float32", "bfloat16", "auto"),
    "simulator.kind": ("rules", "llm", "processed"),
    "llm.provider": ("none", "gemini_batch", "openai_batch", "openai", "local", "replay"),
    "dataset.bad_lines": ("refuse", "drop"),
    "dataset.duplicates": ("keep", "drop", "refuse"),
    "dataset.unknown_items": ("keep", "drop", "refuse"),
    "simulator.on_leak": ("keep", "drop", "redo"),
    "em.posterior": ("exact", "amortised"),
    "graph.loops": ("all", "released"),
    "towers.reads": ("auto", "mask", "newest"),
    "tasks.generator": ("sasrec", "flattened", "none"),
    "tasks.loss_on": ("logits", "sigmoid"),
    "tuning.loss_on": ("logits", "sigmoid"),
    "tasks.schedule": ("validated", "fixed"),
    "evaluation.seen": ("out", "zero", "in"),
    "evaluation.candidates": ("none", "random", "first"),
    "multi_turn.seen": ("out", "in"),
    "multi_turn.split": ("test", "valid"),
    "multi_turn.understanding": ("rules", "llm"),
    "multi_turn.text": ("newest", "joined", "mean"),
    "dataset.roles": ("recommender", "both"),
    "contexts.vocabulary": ("data", "source"),
    "contexts.on_leak": ("drop", "keep"),
    "c2crs.gate": ("mask", "multiplicative"),
    "c2crs.softmax": ("entities", "items"),
    "c2crs.start": ("informed", "released"),
    "c2crs.schedule": ("validated", "fixed"),
    "converse.schedule": ("validated", "fixed"),
    "model.views": ("graph", "all"),
    "tracker.kind": ("wandb", "none"),
    "stage.name": tuple(sorted(file.stem for file in (CONF / "stage").glob("*.yaml"))),
    "model.name": tuple(sorted(file.stem for file in (CONF / "model").glob("*.yaml"))),
    "trainer.accelerator": ("auto", "cpu", "gpu", "cuda", "mps", "tpu"),
    "pretrain.precision": PRECISIONS,
    "train.precision": PRECISIONS,
    "warmup.precision": PRECISIONS,
    "converse.precision": PRECISIONS,
}
NAMES = {
    "dataset.require": ("title", "year", "attributes", "description"),
    "model.requires": ("attributes",),
    "multi_turn.ways": ("none", "hard", "as_released"),
    "graph.facts": ("attributes", "year", "decade"),
    "c2crs.without": ("graph", "context", "review"),
}
"""What a list may hold."""
OWN_COLUMNS = ("crs.data.readers.custom:read", "crs.data.readers.recbole:read")
"""Readers of tables whose columns the user names."""
FILTERS = "min_rating min_user min_item bad_lines duplicates unknown_items require".split()
"""Settings of a data set that act on interactions."""
MULTIPLES = (
    ("pretrain.dim", "pretrain.heads"), ("towers.dim", "towers.heads"),
    ("c2crs.word_dim", "c2crs.heads"),
)  # fmt: skip
POSITIVE = (
    "pretrain.dim pretrain.layers pretrain.heads pretrain.max_len pretrain.batch_size "
    "pretrain.k pretrain.refit pretrain.temperature intents.k intents.restarts train.batch_size "
    "embedder.batch_size embedder.shard embedder.dim samples.shown dialogues.positions "
    "dialogues.shown dialogues.limit warmup.batch_size towers.dim towers.layers towers.heads "
    "tasks.subset tasks.negatives tasks.temperature "
    "multi_turn.cases multi_turn.turns multi_turn.shown multi_turn.top "
    "llm.max_tokens llm.workers llm.job_requests llm.tries llm.rounds "
    "c2crs.dim c2crs.bases c2crs.word_dim c2crs.layers c2crs.heads c2crs.hidden c2crs.temperature "
    "converse.batch_size converse.threshold converse.beams contexts.response contexts.entities "
    "contexts.reviews contexts.review"
).split()


def check_plain(node: Any, prefix: str = "") -> None:
    """Refuse texts that are empty, as an unset variable leaves them, numbers that are too long, and
    those that are none.

    Raises:
        UserError: at the first one.
    """
    values = {prefix + f.name: getattr(node, f.name) for f in fields(node)}
    for key, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and abs(one) > LARGEST:
                raise UserError(f"{key}={one}: must be at most {LARGEST}")
            if isinstance(one, float) and not isfinite(one):
                raise UserError(f"{key}={one}: a finite number expected")
        if value == "":
            none = f" or {key}=null" * (type(None) in TYPES.get(key, ()))
            raise UserError(f"{key} is empty; type {key}=VALUE{none}")
    for key, value in values.items():
        if is_dataclass(value):
            check_plain(value, f"{key}.")


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
    for key, choices in NAMES.items():
        for name in value(key):
            if name not in choices:
                raise UserError(
                    f"{key}: there is no {name!r}.{nearest(str(name), list(choices))} "
                    f"There are {', '.join(choices)}"
                )
    for key in POSITIVE:
        if (found := value(key)) is not None and found <= 0:
            raise UserError(f"{key}={value(key)}: must be above 0")
    for key, (low, high) in RANGES.items():
        if not low <= value(key) <= high:
            limit = f"from {low} to {high}" if high < inf else f"at least {low}"
            raise UserError(f"{key}={value(key)}: must be {limit}")
    e = config.evaluation
    if PROTOCOLS.get(e.protocol, (e.seen, e.padding)) != (e.seen, e.padding):
        raise UserError(
            f"evaluation.protocol={e.protocol} means seen and padding other than these; type "
            "evaluation.protocol=A_NAME_OF_YOUR_OWN"
        )
    em = config.em
    if em.posterior == "amortised" and em.candidates < 2:
        raise UserError(f"em.candidates={em.candidates}: em.posterior=amortised needs at least 2")
    if em.posterior == "exact" and em.candidates:
        raise UserError(
            f"em.candidates={em.candidates}: em.posterior=exact looks at the whole catalogue; type "
            "em.candidates=0 or em.posterior=amortised"
        )
    if config.samples.valid is not None and config.samples.valid < 1:
        raise UserError(f"samples.valid={config.samples.valid}: must be at least 1, or null: all")
    ks = config.evaluation.ks
    if 10 not in ks or min(ks) < 1:
        raise UserError(f"evaluation.ks={ks}: whole numbers from 1, with 10, which tables show")
    talk = config.multi_turn
    if not talk.ways or len(set(talk.ways)) < len(talk.ways):
        raise UserError(
            f"multi_turn.ways={talk.ways}: at least one of "
            f"{', '.join(NAMES['multi_turn.ways'])}, each once"
        )
    if 10 not in talk.ks or min(talk.ks) < 1:
        raise UserError(
            f"multi_turn.ks={talk.ks}: whole numbers from 1, with 10, which tables show"
        )
    if config.llm.base_url is not None:
        address.check(config.llm.base_url)
    if redact(extra := str(config.llm.extra)) != extra:
        raise UserError("llm.extra holds a key; keys are read from the environment alone")
    for key, divisor in MULTIPLES:
        if value(key) % value(divisor):
            raise UserError(
                f"{key}={value(key)} is not a multiple of {divisor}={value(divisor)}; choose one "
                "that is"
            )
    rated = config.dataset.columns.rating or not any(
        source.reader in OWN_COLUMNS for source in config.dataset.sources
    )
    if config.dataset.min_rating is not None and not rated:
        raise UserError(
            f"dataset.min_rating={config.dataset.min_rating:g}: no column has ratings; type "
            "dataset.columns.rating=NAME too"
        )
    if config.dataset.conversations:
        for name in FILTERS:
            if getattr(config.dataset, name) != getattr(Dataset(), name):
                raise UserError(
                    f"dataset.{name}: dataset={config.dataset.name} has dialogues, and this acts "
                    f"on interactions alone; leave dataset.{name} out"
                )
    if not config.tasks.mip and not config.tasks.sad:
        raise UserError(
            "tasks.mip=0 and tasks.sad=0 leave nothing to learn in the warm-up; type "
            "experiment=mip_sad_ablation_no_pretraining"
        )
    if not config.dataset.editions():
        names = ", ".join(sorted({source.name or "null" for source in config.dataset.sources}))
        raise UserError(
            f"dataset.source={config.dataset.source}: no such source. There are {names}"
        )
    if config.tuning.loss_on == "sigmoid" and not config.tuning.negatives:
        raise UserError(
            "tuning.negatives=0: tuning.loss_on=sigmoid compares with negatives; type "
            "tuning.negatives=1"
        )
    if config.checkpoint and config.model.name not in ("mip_sad", "c2crs"):
        raise UserError(
            f"checkpoint: model={config.model.name} takes no weights of its train stage; "
            "model=mip_sad and model=c2crs do, and pretrain.checkpoint=PATH gives an encoder"
        )
    if not config.samples.raw and not config.samples.seeds:
        raise UserError("samples: neither raw nor seeds, so nothing to train on; type samples=raw")


def _sentence(error: BaseException) -> str:
    """The first informative line of an OmegaConf or Hydra message, with its key."""
    inner = error.__cause__ or error
    key = getattr(inner, "full_key", None)
    text = str(getattr(inner, "msg", None) or inner).splitlines()[0]
    return f"{key}: {text}" if key and key not in text else text


def check(arguments: list[str]) -> list[str]:
    """Refuse a command line whose overrides cannot be composed; flags are Hydra's own affair.

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
        check_address(word)
    with searching(flags):
        arguments = [readable(word, is_sweep(flags)) for word in arguments]
        words = flags_of(arguments).overrides
        known = choices(flags)
        try:
            overrides = [parse(word) for word in words]
            for override, word in zip(overrides, words, strict=True):
                check_override(override, known)
                if override.is_sweep_override() and not is_sweep(flags):
                    raise UserError(
                        f"{word}: several values; type -m to run each, or quote a value that "
                        "has a comma"
                    )
            variants = one_by_one(overrides, words)
        except HydraException as error:
            raise UserError(str(error).splitlines()[0]) from error
        for variant in variants:
            to_config(composed(flags, variant))
    return sorted(arguments, key=words.__contains__)


def composed(flags: Namespace, words: list[str]) -> DictConfig:
    """What overrides compose to.

    Raises:
        UserError: if they compose to nothing.
    """
    try:
        return compose(root_of(flags), overrides=words)
    except Exception as error:  # Hydra and OmegaConf raise built-in ones too
        raise UserError(_sentence(error)) from error


def configured(checked: list[str]) -> Config:
    """The one configuration that a command line without `-m` composes, once `check` passed it."""
    flags = flags_of(checked)
    with searching(flags):
        return to_config(composed(flags, flags.overrides))


def check_address(word: str) -> None:
    """Refuse an `llm.base_url=…` with a key before any message could repeat it."""
    key, _, value = word.partition("=")
    if key.lstrip("+") == "llm.base_url":
        for url in value.split(","):  # of a sweep
            if url != "null" and not url.startswith("${"):
                address.check(url.strip("'\""))


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
    """What to compose so that each value of a sweep is seen, the others at their first value."""
    values = [
        [f"{o.get_key_element()}={value}" for value in o.sweep_string_iterator()]
        if o.is_sweep_override()
        else [word]
        for o, word in zip(overrides, words, strict=True)
    ]
    if [] in values:
        raise UserError(f"{words[values.index([])]}: there is no such value")
    first = [options[0] for options in values]
    return [first] + [
        [*first[:i], option, *first[i + 1 :]]
        for i, options in enumerate(values)
        for option in options[1:]
    ]
