"""The command line, checked before anything runs: a wrong key, type or choice is one sentence."""

import difflib
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from math import inf
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from crs import native
from crs.config import Config, Dataset
from crs.errors import UserError
from crs.llm import address
from crs.secrets import redact

CONF = Path(__file__).parents[2] / "conf"
PATHS = "dataset.archive dataset.path dataset.items pretrain.checkpoint embedder.path store".split()
"""Settings that name a file or a folder."""
HELP = "python src/train.py --help lists them"


def register() -> None:
    """Make the schema known to Hydra, the process id to its folder names, and an id of this launch
    to the jobs of a sweep: Hydra hands them what the cache of a resolver holds."""
    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver("pid", os.getpid, replace=True, use_cache=True)
    OmegaConf.register_new_resolver(
        "launch_id", lambda: uuid.uuid4().hex, replace=True, use_cache=True
    )


def nearest(word: str, known: list[str]) -> str:
    """` Did you mean X?`, or nothing if no known word is near."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


def known_keys(schema: type = Config, prefix: str = "") -> Iterator[str]:
    """Every dotted key of the schema."""
    for f in fields(schema):
        yield prefix + f.name
        kinds: Any = get_args(f.type) if isinstance(f.type, UnionType) else (f.type,)
        for kind in kinds:
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
    if override.is_delete():
        return
    values = override.sweep_iterator() if override.is_sweep_override() else [override.value()]
    for value in values:
        for choice in value if isinstance(value, list) else [value]:
            name = "null" if choice is None else str(choice)
            if name not in choices:
                raise UserError(
                    f"{key}={name}: no such choice.{nearest(name, choices)} "
                    f"There are {', '.join(choices)}"
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
    check_values(config)
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
    "simulator.kind": ("rules", "llm"),
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
OWN_COLUMNS = ("crs.data.custom:read", "crs.data.recbole:read")
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
        The command line with flags first, as Hydra reads it, and with quotes round the file names
        that it cannot read without.
    Raises:
        UserError: what is wrong, where, and what to type.
    """
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for word in arguments:
            check_address(word)
        arguments = [readable(word) for word in arguments]
        flags = get_args_parser().parse_intermixed_args(arguments)
        words = flags.overrides
        multirun = flags.multirun or "hydra.mode=MULTIRUN" in words
        try:
            overrides = [parse(word) for word in words]
            for override, word in zip(overrides, words, strict=True):
                check_override(override)
                if override.is_sweep_override() and not multirun:
                    raise UserError(
                        f"{word}: several values; type -m to run each, or quote a value that "
                        "has a comma"
                    )
            variants = one_by_one(overrides, words)
        except HydraException as error:
            raise UserError(str(error).splitlines()[0]) from error
        for variant in variants:
            try:
                composed = compose("train", overrides=variant)
            except Exception as error:  # Hydra and OmegaConf raise built-in ones too
                raise UserError(_sentence(error)) from error
            to_config(composed)
    return sorted(arguments, key=words.__contains__)


def check_address(word: str) -> None:
    """Refuse an `llm.base_url=…` with a key before any message could repeat it."""
    key, _, value = word.partition("=")
    if key.lstrip("+") == "llm.base_url":
        for url in value.split(","):  # of a sweep
            if url != "null" and not url.startswith("${"):
                address.check(url.strip("'\""))


def readable(word: str) -> str:
    """`key=PATH` with quotes round a path that Hydra's grammar cannot read as it is: `é`, `(1)`."""
    key, _, path = word.partition("=")
    if key.lstrip("+") not in PATHS:
        return word
    try:
        parse(word)
        return word
    except UserError:
        # Within quotes a backslash acts before a quote alone.
        inside = re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + "\\'" * bool(m[2]), path)
        return f"{key}='{inside}'"


def parse(word: str) -> Override:
    """One word of the command line, while Hydra is initialised (for `glob`)."""
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    try:
        return parser.parse_overrides([word])[0]
    except HydraException as error:
        raise UserError(f"{word}: {str(error).splitlines()[0]}; type KEY=VALUE") from error


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
