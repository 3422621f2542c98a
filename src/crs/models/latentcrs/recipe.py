"""LatentCRS (Li et al., 2025): its settings and its stages."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from crs.errors import UserError
from crs.models.recipe import Model
from crs.settings.base import Settings
from crs.settings.fields import choice, number
from crs.settings.training import Train
from crs.stages.pretrain import CrossFit
from crs.stages.stage import Configuration, Stage

SHARPNESS = 2.0
"""The usual `em.sharpness`."""


@dataclass
class EM(Settings):
    """LatentCRS (docs/latentcrs.md)."""

    items: str = choice("words", "encoder", neutral="encoder")
    """What an item is: its vector of the `encoder`, or with its `words` beside it."""
    posterior: str = choice("exact", "amortised")
    """`exact`: gamma by Bayes' rule. `amortised`: the released objective."""
    candidates: int = number(low=0)
    """With `amortised`: losses over the target and one fewer negatives; `exact` takes 0, the
    whole catalogue."""
    w_e: float = number(low=0)
    """Weight of the behaviour-only item loss in the E step."""
    w_r: float = number(low=0)
    """Weight of the linear item loss in the M step."""
    w_n: float = number(low=0)
    """Weight of the released InfoNCE term; only with `posterior=amortised`."""
    dropout: float = number(low=0, high=0.99)
    text_hidden: int = number(low=1)
    hidden: int = number(low=1)
    sharpness: float = number(above=0, neutral=SHARPNESS)
    """Of p(m|u,x) at the start: beta times the mean squared distance of a residual from its
    intent; only with `items=words`."""
    folds: int = number(low=0, neutral=0)
    """Cross-fitting: train on states of users whom the encoder has not seen, by so many encoders,
    each of all users but its fold. 0: the states of the one encoder. Only with `items=words`."""

    def problems(self) -> Iterator[str]:
        """What goes with only one kind of items or of posterior."""
        if self.folds == 1:
            yield "em.folds=1: one fold leaves no users to train on; type at least 2, or 0"
        if self.posterior == "amortised" and self.candidates < 2:
            yield f"em.candidates={self.candidates}: em.posterior=amortised needs at least 2"
        if self.items == "words":
            if self.posterior == "amortised":
                yield "em.posterior=amortised: it takes em.items=encoder"
            for name in ("w_r", "w_n"):
                if value := getattr(self, name):
                    yield f"em.{name}={value:g}: em.items=words has no such loss; leave it out"
        elif self.folds:
            yield f"em.folds={self.folds}: it takes em.items=words; leave it out"
        elif self.sharpness != SHARPNESS:
            yield f"em.sharpness={self.sharpness:g}: it takes em.items=words; leave it out"
        if self.posterior == "exact" and self.candidates:
            yield (
                f"em.candidates={self.candidates}: em.posterior=exact reads the whole "
                "catalogue; type em.candidates=0 or em.posterior=amortised"
            )


@dataclass
class LatentCRSTrainSettings(Settings):
    """Settings of LatentCRS' `train` stage."""

    train: Train = field(default_factory=Train)
    em: EM = field(default_factory=EM)


@dataclass
class LatentCRSNoIntentsSettings(Settings):
    """Settings of its `direct` stage: what the network has in common with LatentCRS."""

    train: Train = field(default_factory=Train)
    dropout: float = number()
    text_hidden: int = number()
    hidden: int = number()


@dataclass
class WordsNoIntentsSettings(LatentCRSNoIntentsSettings):
    """The same over items with words."""

    items: str = choice("words", default="words")


@dataclass
class WordsSettings(Settings):
    """Settings of the `train` stage over items with words; the network's sizes are `direct`'s."""

    train: Train = field(default_factory=Train)
    dropout: float = number()
    w_e: float = number()
    sharpness: float = number()
    items: str = choice("words", default="words")


def over_words(config: Configuration) -> bool:
    """Whether items have words."""
    return bool(config.em.items == "words")


def train_settings(config: Configuration) -> Settings:
    """Settings of `train`."""
    em = config.em
    if over_words(config):
        return WordsSettings(config.train, em.dropout, em.w_e, em.sharpness)
    return LatentCRSTrainSettings(config.train, em)


def direct_settings(config: Configuration) -> Settings:
    """Settings of `direct`."""
    sizes = config.em.dropout, config.em.text_hidden, config.em.hidden
    kind = WordsNoIntentsSettings if over_words(config) else LatentCRSNoIntentsSettings
    return kind(config.train, *sizes)


def cross_fit_settings(config: Configuration) -> Settings:
    """Settings of `cross_fit`.

    Raises:
        UserError: if there are no folds, or the encoder is not trained here.
    """
    if not config.em.folds:
        raise UserError("stage=cross_fit: em.folds=0 makes no folds; type em.folds=2 or more")
    if config.pretrain.checkpoint is not None:
        raise UserError(
            f"em.folds={config.em.folds}: the encoder of pretrain.checkpoint has seen every user; "
            "leave one of the two out"
        )
    return CrossFit(config.pretrain, config.em.folds)


def words_of(config: Configuration) -> list[str]:
    """What training reads beside its cases: over items with words, their words and states."""
    crossed = ["cross_fit"] * bool(config.em.folds)
    return [*WORDS, *crossed] if over_words(config) else []


CASES = ["dataset", "pretrain", "samples", "simulate", "embed"]
"""The results that hold cases with text and states."""
WORDS = ["embed_items", "fusion"]
"""Those that hold the items' words, and the weights to start with."""

MODEL = Model(
    name="latentcrs",
    reads=(
        "dataset",
        "pretrain",
        "samples",
        "simulate",
        "embed",
        "embed_items",
        "fusion",
        "train",
        "direct",
    ),
    own_scorers=("latentcrs no text", "latentcrs linear", "latentcrs mixture"),
    requires=("attributes",),
    groups={"em": EM},
    stages=(
        Stage(
            name="cross_fit",
            run="pre_rec_model.cross_fit:run",
            version=1,
            settings=cross_fit_settings,
            reads=lambda config: CASES,
            writes=("states.npy",),
            about="states of training cases by encoders that never saw their users",
        ),
        Stage(
            name="train",
            run="crs.models.latentcrs.train:run",
            version=1,
            settings=train_settings,
            reads=lambda config: [
                *CASES,
                *words_of(config),
                *["direct"] * over_words(config),
                "intents",
            ],
            writes=("model.json", "model.safetensors"),
            about="the mixture of intents, by EM",
            phase=lambda config: "intents" if over_words(config) else "em",
        ),
        Stage(
            name="direct",
            run="crs.models.latentcrs.no_intents:run",
            version=1,
            settings=direct_settings,
            reads=lambda config: CASES + words_of(config),
            writes=("model.json", "model.safetensors"),
            about="the same network without intents",
            phase=lambda config: "residual" if over_words(config) else "direct",
        ),
    ),
    clusters=lambda config: "direct" if over_words(config) else "pretrain",
)
