"""LatentCRS (Li et al., 2025): its settings and its stages."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from crs.models.recipe import Model
from crs.settings.base import Settings
from crs.settings.fields import choice, number
from crs.settings.training import Train
from crs.stages.stage import Configuration, Stage


@dataclass
class EM(Settings):
    """LatentCRS (docs/latentcrs.md)."""

    items: str = choice("encoder", "words", default="encoder", neutral="encoder")
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

    def problems(self) -> Iterator[str]:
        """Candidates that do not go with the posterior."""
        if self.posterior == "amortised" and self.candidates < 2:
            yield f"em.candidates={self.candidates}: em.posterior=amortised needs at least 2"
        if self.items == "words" and self.posterior == "amortised":
            yield "em.items=words: em.posterior=amortised has none; type em.posterior=exact"
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
    items: str = choice("encoder", "words", default="encoder", neutral="encoder")


def words(config: Configuration) -> list[str]:
    """The results that hold the items' words and the weights to start with, if they are read."""
    return ["embed_items", "fusion"] if config.em.items == "words" else []


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
            name="train",
            run="crs.models.latentcrs.train:run",
            version=1,
            settings=lambda config: LatentCRSTrainSettings(config.train, config.em),
            reads=lambda config: [
                "dataset",
                "pretrain",
                "intents",
                "samples",
                "simulate",
                "embed",
                *words(config),
            ],
            writes=("model.json", "model.safetensors"),
            about="the mixture of intents, by EM",
            phase=lambda config: "intents" if config.em.items == "words" else "em",
        ),
        Stage(
            name="direct",
            run="crs.models.latentcrs.no_intents:run",
            version=1,
            settings=lambda config: LatentCRSNoIntentsSettings(
                config.train,
                config.em.dropout,
                config.em.text_hidden,
                config.em.hidden,
                config.em.items,
            ),
            reads=lambda config: [
                "dataset",
                "pretrain",
                "samples",
                "simulate",
                "embed",
                *words(config),
            ],
            writes=("model.json", "model.safetensors"),
            about="the same network without intents",
            phase=lambda config: "residual" if config.em.items == "words" else "direct",
        ),
    ),
)
