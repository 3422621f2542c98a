"""Stage `entity_texts`: one text for each entity of the graph that has a name."""

from dataclasses import dataclass

from crs.settings.base import Settings
from crs.settings.fields import number
from crs.stages.stage import Stage


@dataclass
class EntityTexts(Settings):
    """What is written of an entity (stage `entity_texts`)."""

    facts: int = number(low=0)
    """Neighbours in the source's graph whose names follow that of an entity which is no item, at
    most: the first ones. The text of an item is that of `item_texts`."""


STAGE = Stage(
    name="entity_texts",
    run="data_generator.entity_texts:run",
    version=1,
    settings=lambda config: config.entity_texts,
    reads=lambda config: ["dataset", "graph", "item_texts"],
    writes=("texts.parquet",),
    about="one text an entity that has a name",
)
