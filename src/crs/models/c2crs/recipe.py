"""C2-CRS (Zhou et al., WSDM 2022): its settings and its stages."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from crs.models.recipe import Model
from crs.settings.base import Settings
from crs.settings.fields import choice, number, path, setting, unfingerprinted
from crs.settings.training import Optimisation, Train, Warmup
from crs.stages.stage import Configuration, Stage


@dataclass
class C2CRS(Settings):
    """The network of C2-CRS and its objectives (docs/c2crs.md)."""

    dim: int = number(low=1)
    """Width of entity states, and of the space where views are compared."""
    bases: int = number(low=1)
    """Basis matrices of the graph encoder."""
    word_dim: int = number(low=1, multiple_of="heads")
    """Width of word and review states."""
    layers: int = number(low=1)
    heads: int = number(low=1)
    hidden: int = number(low=1)
    dropout: float = number(low=0, high=0.99)
    temperature: float = number(above=0)
    coarse_epochs: int = number(low=0)
    """Maximum number of epochs of the coarse phase; 0 leaves it out."""
    fine_epochs: int = number(low=0)
    """Maximum number of epochs of the fine phase, which follows."""
    coarse_weight: float = number(low=0)
    """Weight of the coarse loss in the fine phase."""
    fine_weight: float = number(low=0)
    gate: str = choice("mask", "multiplicative")
    """Fine loss: `mask` compares with units of other entities; `multiplicative` as released."""
    softmax: str = choice("entities", "items")
    """The recommendation loss is over all `entities` (released) or over the `items`."""
    start: str = choice("informed", "released")
    """`informed`: biases start at popularity, relations equal; `released`: random."""
    recency: bool = MISSING
    """Pooling of entities reads how long ago each was first mentioned."""
    entity_dropout: float = number(low=0, high=0.99, stored_as="forget")
    """Share of a context's entities that a step of the recommender's training leaves out."""
    query_dropout: float = number(low=0, high=0.99)
    """Share of the query's components that such a step leaves out."""
    schedule: str = choice("validated", "fixed")
    """`validated`: the best epoch of a phase of pre-training is kept; `fixed`: the last one."""
    vectors: str | None = path()
    """Word vectors to start from, a text file of words and numbers; null draws them."""
    words: bool = setting(neutral=False)
    """Entities have words: a frozen vector of the text of each (`entity_texts`, `embedder`),
    projected, is added to its state."""
    views: str = choice("graph", "all", unfingerprinted=True, formerly=("model.views",))
    """Views of a query: `graph`, as released, or `all` of graph, context and reviews. The
    names of the stages that it changes have it (`C2CRSTrainSettings.views`)."""
    fill_items: bool = unfingerprinted(formerly=("model.fill_items",))
    """Put recommended titles into the item slots of a response. It is in the name of `converse`
    (`C2CRSConverseSettings.fill_items`)."""
    without: list[str] = choice("graph", "context", "review")
    """Left out: `graph` (its edges), `context` or `review` (that view)."""


@dataclass
class Converse(Optimisation):
    """The decoder of responses: training and beam search (stage `converse`)."""

    threshold: float = number(above=0)
    """Tokens that occur more often than this in training responses weigh less in the loss."""
    min_token_weight: float = number(low=0, high=1, stored_as="least")
    """The least weight of a token."""
    dropout: bool = MISSING
    """Train with dropout; the released code does not."""
    schedule: str = choice("validated", "fixed")
    """`validated`: the best epoch is kept; `fixed`: the last one (released)."""
    beams: int = number(low=1)
    """Beams of the search; 1 is greedy."""
    penalty: float = number(low=0)
    """Beams are compared by log-probability over tokens to this power."""


@dataclass
class C2CRSWarmupSettings(Settings):
    """Settings of C2-CRS' `warmup` stage."""

    warmup: Warmup = field(default_factory=Warmup)
    c2crs: C2CRS = field(default_factory=C2CRS)


@dataclass
class C2CRSTrainSettings(Settings):
    """Settings of its `train` and `direct` stages."""

    train: Train = field(default_factory=Train)
    c2crs: C2CRS = field(default_factory=C2CRS)
    views: str = MISSING
    checkpoint: str | None = path(key="checkpoint")
    """Weights to take instead of training: ours, or what the authors' code saves."""


@dataclass
class C2CRSConverseSettings(Settings):
    """Settings of its `converse` stage."""

    converse: Converse = field(default_factory=Converse)
    c2crs: C2CRS = field(default_factory=C2CRS)
    fill_items: bool = MISSING

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; with all views, the items beside a response were those of a
        recommender that the decoder's training had changed."""
        plain = super().identity()
        if self.c2crs.views == "all":
            plain["recommender"] = "train"
        return plain


def training_inputs(config: Configuration) -> list[str]:
    """What its training reads: the graph, contexts as tensors, and the entities' words if any."""
    words = ["entity_texts", "embed_entities"] if config.c2crs.words else []
    return ["dataset", "graph", "samples", "simulate", "contexts", *words]


MODEL = Model(
    name="c2crs",
    reads=("dataset", "graph", "samples", "simulate", "contexts", "train", "direct"),
    own_scorers=("c2crs",),
    requires=("attributes",),
    groups={"c2crs": C2CRS, "converse": Converse},
    takes_checkpoint=True,
    speaks="converse",
    stages=(
        Stage(
            name="warmup",
            run="crs.models.c2crs.warmup:run",
            version=3,
            settings=lambda config: C2CRSWarmupSettings(config.warmup, config.c2crs),
            reads=training_inputs,
            writes=("model.json", "model.safetensors"),
            about="pre-training: views are aligned, from coarse to fine",
            phase=lambda config: "fine" if config.c2crs.fine_epochs else "coarse",
        ),
        Stage(
            name="train",
            run="crs.models.c2crs.train:run",
            version=2,
            settings=lambda config: C2CRSTrainSettings(
                config.train, config.c2crs, config.c2crs.views, config.checkpoint
            ),
            reads=lambda config: [
                *training_inputs(config),
                *([] if config.checkpoint else ["warmup"]),
            ],
            writes=("model.json", "model.safetensors"),
            about="the recommender",
            phase="train",
        ),
        Stage(
            name="direct",
            run="crs.models.c2crs.no_pretraining:run",
            version=2,
            settings=lambda config: C2CRSTrainSettings(
                config.train, config.c2crs, config.c2crs.views
            ),
            reads=training_inputs,
            writes=("model.json", "model.safetensors"),
            about="the same recommender without pre-training",
            phase="train",
        ),
        Stage(
            name="converse",
            run="crs.models.c2crs.converse:run",
            version=2,
            settings=lambda config: C2CRSConverseSettings(
                config.converse, config.c2crs, config.c2crs.fill_items
            ),
            reads=lambda config: ["dataset", "graph", "contexts", "train", "evaluate"],
            writes=("model.json", "model.safetensors"),
            about="responses, and their scores below the ranking's",
            phase="converse",
            tables={"responses.parquet": ("context", "truth", "response")},
        ),
    ),
)
