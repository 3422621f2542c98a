"""MIP-SAD (Zhou et al., CIKM 2020): its settings and its stages."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from omegaconf import MISSING

from crs.models.recipe import Model
from crs.settings.base import Settings
from crs.settings.fields import choice, number, path, setting, unfingerprinted
from crs.settings.training import Train, Warmup
from crs.stages.stage import Configuration, Stage


@dataclass
class Towers(Settings):
    """The two towers of MIP-SAD (docs/mip_sad.md, section 3)."""

    dim: int = number(low=1, multiple_of="heads")
    layers: int = number(low=1)
    heads: int = number(low=1)
    max_len: int = number(low=2)
    """Positions of the item tower, the masked one at the end included."""
    dropout: float = number(low=0, high=0.99)
    reads: str = choice("auto", "mask", "newest", neutral="auto")
    """Where the state of a history is read: at a [MASK] behind it (`mask`) or at its `newest` item;
    `auto` is `newest` for the authors' weights (`checkpoint`), as their code reads, else `mask`."""
    words: bool = setting(neutral=False)
    """The fusion has a third input: the mean vector of the texts of the history's items
    (`item_texts`, `embedder`), frozen. Given weights say themselves whether they have it."""


@dataclass
class Tasks(Settings):
    """MIP and SAD, the tasks of the warm-up (docs/mip_sad.md, section 4)."""

    mask: float = number(low=0, high=1)
    """Share of the items that are masked; the newest always is."""
    subset: int = number(low=1)
    """Attributes of a masked item that are shown, at most."""
    substitute: float = number(low=0, high=1)
    """Share of those that SAD replaces by others."""
    mip: float = number(low=0)
    """Weight of masked item prediction; 0 leaves it out."""
    sad: float = number(low=0)
    """Weight of substituted attribute discrimination; 0 leaves it out."""
    negatives: int = number(low=1)
    """Negatives of a masked item."""
    generator: str = choice("sasrec", "flattened", "none")
    """Where those of the second phase come from: `sasrec`, `flattened` (as released) or `none`."""
    temperature: float = number(above=0)
    """Of the generator's softmax."""
    generator_lr: float = number(above=0)
    """Learning rate of the second phase."""
    loss_on: str = choice("logits", "sigmoid")
    """Losses compare `logits`, or (released) their `sigmoid`."""
    schedule: str = choice("validated", "fixed")
    """`validated`: the best epoch of a phase is kept; `fixed`: the last one (released)."""

    def problems(self) -> Iterator[str]:
        """A pre-training without a task."""
        if not self.mip and not self.sad:
            yield (
                "tasks.mip=0 and tasks.sad=0 leave nothing to learn in the warm-up; type "
                "experiment=mip_sad_ablation_no_pretraining"
            )


@dataclass
class Tuning(Settings):
    """Fine-tuning of MIP-SAD (docs/mip_sad.md, section 5)."""

    negatives: int = number(low=0)
    """Uniform negatives of a turn; 0 takes the whole catalogue."""
    loss_on: str = choice("logits", "sigmoid")
    pretrained: bool = unfingerprinted()
    """Start from the towers of `warmup`; false starts from random weights. In the result's name it
    counts as an input."""
    opening: bool = MISSING
    """Each dialogue also has a case before its first attribute."""

    def problems(self) -> Iterator[str]:
        """A loss over negatives without any."""
        if self.loss_on == "sigmoid" and not self.negatives:
            yield (
                "tuning.negatives=0: tuning.loss_on=sigmoid compares with negatives; type "
                "tuning.negatives=1"
            )


@dataclass
class MIPSADWarmupSettings(Settings):
    """Settings of MIP-SAD's `warmup` stage."""

    warmup: Warmup = field(default_factory=Warmup)
    towers: Towers = field(default_factory=Towers)
    tasks: Tasks = field(default_factory=Tasks)

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; the warm-up masks the newest item, whatever is read later."""
        plain = super().identity()
        plain["towers"].pop("reads", None)
        return plain


@dataclass
class MIPSADTrainSettings(Settings):
    """Settings of its `train` stage, and of `alone`, which trains each tower by itself."""

    train: Train = field(default_factory=Train)
    towers: Towers = field(default_factory=Towers)
    tuning: Tuning = field(default_factory=Tuning)
    checkpoint: str | None = path(key="checkpoint")
    """Weights to take instead of training."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; how given weights are read is always in the name."""
        plain = super().identity()
        if self.checkpoint is not None:
            plain["towers"]["reads"] = self.towers.reads
        return plain


def what_tuning_reads(config: Configuration) -> list[str]:
    """The dialogues, the items' words if any, and the pre-trained towers if training starts from
    them."""
    if config.checkpoint:
        return ["dataset"]
    start = ["warmup"] if config.tuning.pretrained else []
    return ["dataset", "dialogues", *words(config), *start]


def words(config: Configuration) -> list[str]:
    """The stage that has the items' words, if they are asked for."""
    return ["embed_items"] if config.towers.words else []


def settings_alone(config: Configuration) -> MIPSADTrainSettings:
    """Settings of `alone`: a tower by itself hears no words."""
    return MIPSADTrainSettings(config.train, replace(config.towers, words=False), config.tuning)


MODEL = Model(
    name="mip_sad",
    reads=("dataset", "samples", "simulate", "dialogues", "pretrain", "train", "alone"),
    own_scorers=("mip sad",),
    requires=("attributes",),
    groups={"towers": Towers, "tasks": Tasks, "tuning": Tuning},
    takes_checkpoint=True,
    stages=(
        Stage(
            name="warmup",
            run="crs.models.mip_sad.warmup:run",
            version=2,
            settings=lambda config: MIPSADWarmupSettings(
                config.warmup, config.towers, config.tasks
            ),
            reads=lambda config: [
                "dataset",
                "dialogues",
                *words(config),
                *([] if config.tasks.generator == "none" else ["pretrain"]),
            ],
            writes=("model.json", "model.safetensors"),
            about="pre-training by masked items and substituted attributes",
            phase=lambda config: (
                "random again" if config.tasks.generator == "none" else "generator"
            ),
        ),
        Stage(
            name="train",
            run="crs.models.mip_sad.train:run",
            version=1,
            settings=lambda config: MIPSADTrainSettings(
                config.train, config.towers, config.tuning, config.checkpoint
            ),
            reads=what_tuning_reads,
            writes=("model.json", "model.safetensors"),
            about="fine-tuning on dialogues",
            phase="train",
        ),
        Stage(
            name="alone",
            run="crs.models.mip_sad.single_towers:run",
            version=1,
            settings=settings_alone,
            reads=lambda config: ["dataset", "dialogues"],
            writes=("attributes.safetensors", "items.safetensors"),
            about="each tower by itself",
        ),
    ),
)
