"""Stage `entity_texts`: one text for each entity that has a name (docs/c2crs.md, section 3)."""

from pathlib import Path
from typing import Any

from crs.console import Context
from crs.stages.entity_texts import EntityTexts
from crs.store.artifact import Artifact
from data_generator.item_texts import graph_neighbours, readable
from data_generator.items import attribute_names


def name_of(kind: str, key: str, attributes: list[str]) -> str:
    """The name of an entity that is no item; nothing for an id that says nothing.

    Args:
        kind, key: as the stage `graph` writes them.
        attributes: names by id.
    """
    if kind == "attribute":
        return attributes[int(key)].lower()
    return "" if kind == "mirror" else readable(key)


def run(
    settings: EntityTexts, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `texts.parquet`: entity and text, without the entities that nothing is known of.

    The text of an item is that of `item_texts`; any other entity has its name, and behind it those
    of some neighbours in the source's own graph.
    """
    dataset, table = inputs["dataset"], inputs["graph"].load("entities.parquet")
    items = inputs["item_texts"].load("texts.parquet").set_index("item")["text"]
    attributes, neighbours = attribute_names(dataset), graph_neighbours(dataset)

    def text(entity: int, kind: str, key: str) -> str:
        if kind == "item":
            return str(items[entity])
        name = name_of(kind, key, attributes)
        facts = neighbours.get(entity, [])[: settings.facts]
        return ": ".join(filter(None, [name, ", ".join(facts)])) if name else ""

    table["text"] = [text(*row) for row in table[["entity", "kind", "key"]].itertuples(index=False)]
    found = table.loc[table["text"] != "", ["entity", "text"]]
    found.to_parquet(folder / "texts.parquet", index=False)
    context.note(f"{len(found):,} of {len(table):,} entities have a text")
    return {"texts": len(found), "entities": len(table)}
