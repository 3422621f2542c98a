"""Which entities have a self-loop in the graphs of C2-CRS' released code."""

import numpy as np

from crs.store import Artifact


def by_line(dataset: Artifact) -> bool:
    """The authors read TG-ReDial's triples line by line, ReDial's entity by entity."""
    return dataset.summary["label"].startswith("tgredial")


def released_loops(dataset: Artifact) -> np.ndarray:
    """Our entities with a self-loop in the authors' graph, ascending, [n].

    TG-ReDial's loops are on what is in a triple; ReDial's on what has an entry of its own in
    `dbpedia_subkg.json`: the heads of triples, and the items, each of which has one.
    """
    triples = dataset.load("triples.parquet")
    others = triples["tail"] if by_line(dataset) else dataset.load("items.parquet")["item"]
    return np.union1d(triples["head"], others)
