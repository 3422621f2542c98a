"""Which entities have a self-loop in the graphs of C2-CRS' released code."""

import numpy as np

from crs.store.artifact import Artifact


def by_line(dataset: Artifact) -> bool:
    """The authors read TG-ReDial's triples line by line, ReDial's entity by entity."""
    return dataset.summary["label"].startswith("tgredial")


def released_loops(dataset: Artifact) -> np.ndarray:
    """Our entities with a self-loop in the authors' graph, ascending, [n].

    TG-ReDial's loops are on what is in a triple; ReDial's on what has an entry of its own in
    `dbpedia_subkg.json`: the heads of triples, and the items, each of which has one. A source
    without a graph knows items alone.
    """
    items = dataset.load("items.parquet")["item"].to_numpy()
    if not (dataset.path / "triples.parquet").is_file():
        return items
    triples = dataset.load("triples.parquet")
    return np.union1d(triples["head"], triples["tail"] if by_line(dataset) else items)
