"""The stages: what makes each kind of result, from which settings and which other results.

A stage is a function `run(settings, inputs, folder, context) -> summary` named by its path, so
that this module imports no stage package and a run that finds everything imports no torch.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from crs import config as c

ENCODER = "text2embedding.encoders:build"
"""(Embedder, Trainer, cache for downloads) -> who has `encode(texts) -> [n, dim] float32`."""
USER = "data_generator.answers:build"
"""(Simulate, prompt, dataset artifact, context, cache) -> `crs.dialogue.state.User`."""
WITH = {
    "attributes": (
        "ml100k", "ml1m", "lastfm", "cds", "video_games", "tiny",
        *(f"{name} with dataset.items=FILE" for name in (
            "beauty", "sports", "toys", "yelp", "custom", "recbole")),
    ),
    "responses": ("inspired", "redial", "tgredial"),
}  # fmt: skip
"""Datasets that have a view which others lack."""


def import_object(path: str) -> Any:
    """What `package.module:name` names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Stage:
    """How one kind of result is made."""

    target: str
    """`package.module` whose `run` makes it; `{model}` stands for the model's name."""
    version: int
    """Raised when the same settings begin to give another result."""
    settings: Callable[[c.Config], c.Settings]
    needs: Callable[[c.Config], list[str]]
    about: str
    handed: dict[str, str] = field(default_factory=dict)
    """Functions of other stages' packages that the pipeline gives it, by name: no stage imports
    another (docs/architecture.md, imports)."""
    calls_llm: Callable[[c.Config], bool] = lambda x: False
    """Whether it calls a language model; then its module has `quote`, for `dry_run=true`."""


MODEL_SETTINGS: dict[tuple[str, str], Callable[[c.Config], c.Settings]] = {
    ("latentcrs", "train"): lambda x: c.Latent(x.train, x.em),
    ("c2crs", "warmup"): lambda x: c.Aligned(x.warmup, x.c2crs),
    ("c2crs", "train"): lambda x: c.Recommending(x.train, x.c2crs, x.model.views, x.checkpoint),
    ("c2crs", "direct"): lambda x: c.Recommending(x.train, x.c2crs, x.model.views),
    ("c2crs", "converse"): lambda x: c.Conversing(x.converse, x.c2crs, x.model.fill_items),
    ("latentcrs", "direct"): lambda x: c.Fused(
        x.train, x.em.dropout, x.em.text_hidden, x.em.hidden
    ),
    ("mip_sad", "warmup"): lambda x: c.WarmedUp(x.warmup, x.towers, x.tasks),
    ("mip_sad", "train"): lambda x: c.Tuned(x.train, x.towers, x.tuning, x.checkpoint),
    ("mip_sad", "alone"): lambda x: c.Tuned(x.train, x.towers, x.tuning),
}
"""Settings of a model's own stages, by model and stage."""


def own_dialogues(config: c.Config) -> bool:
    """Whether the data set brings attribute dialogues: their turns are the cases then."""
    return any(source.dialogues for source in config.dataset.editions())


def needs_of_evaluation(config: c.Config) -> list[str]:
    """What the scorers read; a dataset with dialogues of its own needs no simulated texts."""
    texts = {"samples", "simulate"} if own_dialogues(config) else set()
    return [name for name in config.model.needs.evaluate if name not in texts]


STAGES: dict[str, Stage] = {
    "dataset": Stage(
        "crs.data.build_dataset", 1, lambda x: x.dataset, lambda x: [],
        "raw data to canonical tables",
    ),
    "pretrain": Stage(
        "pre_rec_model.pretrain", 1, lambda x: x.pretrain, lambda x: ["dataset"],
        "the sequence encoder",
    ),
    "intents": Stage(
        "pre_rec_model.intents", 1, lambda x: x.intents, lambda x: ["pretrain"],
        "k-means over user states",
    ),
    "samples": Stage(
        "data_generator.samples", 1, lambda x: x.samples, lambda x: ["dataset"],
        "the cases that get a text",
    ),
    "simulate": Stage(
        "data_generator.simulate", 1, lambda x: c.Simulate(x.simulator, x.llm),
        lambda x: ["dataset", "samples"], "what the simulated users say",
        calls_llm=lambda x: x.simulator.kind == "llm",
    ),
    "embed": Stage(
        "text2embedding.embed", 1, lambda x: x.embedder, lambda x: ["simulate"],
        "texts to vectors",
    ),
    "graph": Stage(
        "data_generator.graph", 1, lambda x: x.graph, lambda x: ["dataset"],
        "the knowledge graph as typed edges",
    ),
    "contexts": Stage(
        "data_generator.contexts", 2, lambda x: x.contexts,
        lambda x: ["dataset", "graph", "samples", "simulate"],
        "what was said before each response, as tensors",
    ),
    "dialogues": Stage(
        "data_generator.dialogues", 1, lambda x: x.dialogues, lambda x: ["dataset"],
        "what users accept, attribute by attribute",
    ),
    "warmup": Stage(
        "crs.models.{model}.warmup", 2, lambda x: MODEL_SETTINGS[x.model.name, "warmup"](x),
        lambda x: list(x.model.needs.warmup), "the model's own pre-training",
    ),
    "train": Stage(
        "crs.models.{model}.train", 1, lambda x: MODEL_SETTINGS[x.model.name, "train"](x),
        lambda x: list(x.model.needs.restore if x.checkpoint else x.model.needs.train),
        "the model itself",
    ),
    "alone": Stage(
        "crs.models.{model}.alone", 1, lambda x: MODEL_SETTINGS[x.model.name, "alone"](x),
        lambda x: list(x.model.needs.alone), "each tower by itself",
    ),
    "direct": Stage(
        "crs.models.{model}.direct", 1, lambda x: MODEL_SETTINGS[x.model.name, "direct"](x),
        lambda x: list(x.model.needs.direct), "the same network without what the model is about",
    ),
    "converse": Stage(
        "crs.models.{model}.converse", 1, lambda x: MODEL_SETTINGS[x.model.name, "converse"](x),
        lambda x: list(x.model.needs.converse), "responses, and their scores below the ranking's",
    ),
    "evaluate": Stage(
        "crs.evaluation.evaluate", 2, lambda x: c.Evaluate(x.model.name, x.seed, x.evaluation),
        needs_of_evaluation, "ranks, metrics and their intervals",
    ),
    "multi_turn": Stage(
        "multi_turn.dialogues", 1,
        lambda x: c.Talks(x.model.name, x.seed, x.multi_turn, c.Simulate(x.simulator, x.llm),
                          x.llm if x.multi_turn.understanding == "llm" else None,
                          x.embedder if "embed" in x.model.needs.evaluate else None),
        lambda x: list(dict.fromkeys(["dataset", "samples", "simulate", *x.model.needs.evaluate])),
        "dialogues with the simulated user", {"encoder": ENCODER, "user": USER},
        lambda x: "llm" in (x.simulator.kind, x.multi_turn.understanding),
    ),
}  # fmt: skip
