"""Stage `contexts`: what was said before each response, as tensors."""

from dataclasses import dataclass

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.settings.fields import choice, number
from crs.stages.stage import Stage


@dataclass
class Contexts(Settings):
    """What was said before each response, as tensors (stage `contexts`)."""

    length: int = number(low=2)
    """Tokens of a context, the last ones."""
    response: int = number(low=1)
    """Tokens of a response, its end among them."""
    entities: int = number(low=1)
    """Entities of a context, the last ones."""
    reviews: int = number(low=1)
    """Reviews of a context, those of the newest items."""
    on_leak: str = choice("drop", "keep")
    """Reviews that the source chose, of what the dialogue names only in the response or later:
    `drop` them, or `keep` them (released)."""
    review: int = number(low=1)
    """Tokens of a review."""
    lower: bool = MISSING
    vocabulary: str = choice("data", "source")
    """`data`: words of the training texts. `source`: the source's own, where it has some."""
    min_count: int = number(low=1)
    """Words of `data` that are rarer in the training texts are unknown."""
    slot: bool = MISSING
    """Responses have one token for all items; false gives each its own."""


STAGE = Stage(
    name="contexts",
    run="data_generator.contexts:run",
    version=2,
    settings=lambda config: config.contexts,
    reads=lambda config: ["dataset", "graph", "samples", "simulate"],
    writes=("tokens.npy", "responses.npy", "split.npy", "words.json"),
    about="what was said before each response, as tensors",
)
