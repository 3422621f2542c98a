"""Stage `pretrain`: the sequence encoder."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.settings.fields import choice, number, path
from crs.settings.training import Optimisation
from crs.stages.stage import Stage


@dataclass
class Pretrain(Optimisation):
    """The sequence encoder and ICLRec's contrastive terms (stage `pretrain`)."""

    dim: int = number(low=1, multiple_of="heads")
    layers: int = number(low=1)
    heads: int = number(low=1)
    max_len: int = number(low=1)
    dropout: float = number(low=0, high=0.99)
    attention_dropout: float = number(low=0, high=0.99)
    norm: str = choice("post", "pre")
    """Layer norm: `post`, after each block (released), or `pre`, before it."""
    block: str = choice("transformer", "bsarec", "hstu", neutral="transformer")
    """Kind of the layers: `transformer`, `bsarec` (a filter of frequencies beside self-attention)
    or `hstu` (attention without softmax, and a gate)."""
    alpha: float = number(low=0, high=1, neutral=0.7)
    """Share of the filter in `bsarec`."""
    cutoff: int = number(low=1, neutral=5)
    """Lowest frequencies that the filter of `bsarec` keeps, negative ones among them."""
    cases: str = choice("sequence", "prefix", neutral="sequence")
    """A training case: a user's `sequence` with a target at each position, or each `prefix` of it
    with the one target behind it."""
    loss: str = choice("bce", "sampled_softmax", "cross_entropy")
    """Next-item loss: `bce`, `sampled_softmax` or `cross_entropy`."""
    negatives: int = number(low=1)
    """Shared negatives of `sampled_softmax`."""
    sampler: str = choice("uniform", "mixed", neutral="uniform")
    """Negatives of `sampled_softmax`: `uniform` ones, or `mixed`, the targets of the batch beside
    them, corrected by log q."""
    table: str = choice("dense", "rowwise", "sharded", neutral="dense")
    """How the item table is trained: `dense`, each row in each step by AdamW, or `rowwise`, the
    rows of a batch by row-wise Adam (crs/training/rowwise.py). `sharded` is `rowwise`, also in
    names, with a share of the rows on each of `trainer.devices`."""
    table_precision: str = choice("float32", "bfloat16", neutral="float32")
    """What a table that is trained by rows is kept in; `bfloat16` is rounded stochastically."""
    contrast: str = choice("none", "instance", "intent", "hybrid")
    """`none`, `instance`, `intent` or `hybrid`."""
    instance_weight: float = number(low=0)
    intent_weight: float = number(low=0)
    views: int = number(low=1)
    """Pairs of augmented views in each step (the released `n_views` of 3 means 3 pairs)."""
    temperature: float = number(above=0)
    crop: float = number(low=0, high=1)
    mask: float = number(low=0, high=1)
    reorder: float = number(low=0, high=1)
    k: int = number(low=1)
    """Clusters of the contrastive term."""
    refit: int = number(low=1)
    """k-means is refitted every so many epochs."""
    gpu: bool = MISSING
    """Run k-means on a GPU; an error where faiss cannot."""
    holdout: int = number(low=0)
    """So many of each user's newest training targets are left out of the next-item loss: a model on
    top of the encoder then has training cases that the encoder was not fitted to."""
    checkpoint: str | None = path()
    """Weights to take instead of training: the authors' format or ours, loaded weights-only."""

    def identity(self) -> dict[str, Any]:
        """Where the rows of a table lie is in no name, nor how many devices train."""
        plain = super().identity()
        return plain | {"table": "rowwise"} if self.table == "sharded" else plain

    def problems(self) -> Iterator[str]:
        """A sampler without samples, and what would read every row of a table in each step."""
        if self.sampler != "uniform" and self.loss != "sampled_softmax":
            yield (
                f"pretrain.sampler={self.sampler}: pretrain.loss={self.loss} has no samples; type "
                "pretrain.loss=sampled_softmax"
            )
        if self.table == "dense" and self.table_precision != "float32":
            yield (
                f"pretrain.table_precision={self.table_precision}: pretrain.table=dense is kept in "
                "float32; type pretrain.table=rowwise"
            )
        if self.table != "dense":
            every = {"weight_decay": "0", "max_grad_norm": "0", "ema_decay": "0"}
            changes = {key: value for key, value in every.items() if getattr(self, key)}
            if self.loss == "cross_entropy":
                changes["loss"] = "sampled_softmax"
            for key, value in changes.items():
                yield (
                    f"pretrain.{key}={getattr(self, key)} reads each row of the item table in each "
                    f"step, and pretrain.table={self.table} those of the batch; type "
                    f"pretrain.{key}={value}"
                )


@dataclass
class CrossFit(Settings):
    """Stage `cross_fit` of models on top of the encoder: more encoders, trained in the same way."""

    pretrain: Pretrain = field(default_factory=Pretrain)
    folds: int = number(low=2)


STAGE = Stage(
    name="pretrain",
    run="pre_rec_model.pretrain:run",
    version=1,
    settings=lambda config: config.pretrain,
    reads=lambda config: ["dataset"],
    writes=("encoder.json", "encoder.safetensors", "states.npy", "users.npy"),
    about="the sequence encoder",
    phase="pretrain",
)
