"""Stage `dialogues`: what users accept, attribute by attribute."""

from dataclasses import dataclass

from crs.settings.base import Settings
from crs.settings.fields import number
from crs.stages.stage import Stage


@dataclass
class Dialogues(Settings):
    """Attribute dialogues with a simulated user (stage `dialogues`, docs/mip_sad.md)."""

    positions: int = number(low=1)
    """Training dialogues of a user: one about each of so many latest training items."""
    halving: float = number(low=0, high=1)
    """Share of questions whose attribute best halves the candidates; other attributes are drawn."""
    refuse: float = number(low=0, high=1)
    """Probability that a turn after the first is a refused recommendation."""
    shown: int = number(low=1)
    """Items of a recommendation; so many candidates, or fewer, end a dialogue."""
    limit: int = number(low=1)
    """Attributes of a dialogue, at most."""
    seed: int = number(low=0)


STAGE = Stage(
    name="dialogues",
    run="data_generator.dialogues:run",
    version=1,
    settings=lambda config: config.dialogues,
    reads=lambda config: ["dataset"],
    writes=("attribute_dialogues.parquet",),
    about="what users accept, attribute by attribute",
    tables={
        "attribute_dialogues.parquet": (
            "dialogue",
            "user",
            "turn",
            "kind",
            "attribute",
            "remaining",
        )
    },
)
