"""Stage `fusion`: the weights of the baselines that add up scores, chosen on validation."""

from collections.abc import Iterator
from dataclasses import dataclass

from crs.settings.base import Settings
from crs.settings.fields import number
from crs.stages.stage import Stage


@dataclass
class Fusion(Settings):
    """Weights that are tried on validation (stage `fusion`); the encoder's is 1."""

    text: list[float] = number(above=0)
    """Of the product of the utterance's vector with the vector of the item's text."""
    attributes: list[float] = number(above=0)
    """Of the number of attributes and years asked for that the item has."""

    def problems(self) -> Iterator[str]:
        """Nothing to choose from."""
        for name, grid in (("text", self.text), ("attributes", self.attributes)):
            if not grid:
                yield f"fusion.{name}=[]: at least one weight, as fusion.{name}=[1,4,16]"


STAGE = Stage(
    name="fusion",
    run="crs.models.text_match.fusion:run",
    version=1,
    settings=lambda config: config.fusion,
    reads=lambda config: ["dataset", "pretrain", "samples", "simulate", "embed", "embed_items"],
    writes=("weights.json",),
    about="weights of the baselines, chosen on validation",
)
