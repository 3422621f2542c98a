"""Stage `graph`: the knowledge graph as typed edges."""

from dataclasses import dataclass
from typing import Any

from crs.data.reader import label_of
from crs.settings.base import Settings
from crs.settings.fields import choice, number
from crs.stages.dataset import Source
from crs.stages.stage import Configuration, Stage


@dataclass
class Graph(Settings):
    """The knowledge graph (stage `graph`)."""

    min_count: int = number(low=0)
    """Relations with fewer edges than this are left out."""
    loops: str = choice("all", "released", neutral="all")
    """Self-loops: on `all` entities, or on those that have one in the `released` graph."""
    facts: list[str] = choice("attributes", "year", "decade")
    """What of the item table becomes triples: `attributes`, `year`, `decade`."""
    mirror: Source | None = None
    """A wheel with a graph of the items, where there is one."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; a mirror counts by its content."""
        plain = super().identity()
        plain["mirror"] = self.mirror and (self.mirror.sha256 or self.mirror.pip)
        if self.mirror and (reader := label_of(self.mirror.reader, "graph")):
            plain["reader"] = reader
        return plain


def mirror(config: Configuration) -> list[str]:
    """The module that reads a wheel's graph."""
    source = config.graph.mirror
    return [source.reader.partition(":")[0]] if source else []


STAGE = Stage(
    name="graph",
    run="data_generator.graph:run",
    version=1,
    settings=lambda config: config.graph,
    reads=lambda config: ["dataset"],
    writes=("edges.npy", "entities.parquet", "relations.parquet"),
    about="the knowledge graph as typed edges",
    code=mirror,
)
