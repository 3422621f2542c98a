"""Item vectors as a FAISS index by inner product: exact, a graph, or codes in cells."""

from pathlib import Path
from typing import Any

import numpy as np

from crs.errors import UserError
from crs.places import home, refusal

KINDS = ("flat", "hnsw", "ivfpq")
"""`flat` compares a query with every item. `hnsw` walks a graph of near items (Malkov and Yashunin,
2020) and keeps the vectors. `ivfpq` looks into the nearest cells and keeps a code of half a byte a
number (Jégou et al., 2011)."""
NEIGHBOURS, BUILD, SEARCH = 32, 200, 200
"""HNSW: links of an item, and candidates that are kept while one is put in and in a search."""
PROBED = 1 / 8
"""IVF: share of the cells that a search looks into; there are √N."""
LEAST = 10_000
"""Items from which 256 codes of each part of a vector are learnt."""


def check(kind: str, items: int) -> None:
    """Refuse an index that does not exist, or that cannot be learnt from so few items.

    Raises:
        UserError: with what to type.
    """
    if kind not in KINDS:
        raise UserError(f"--index={kind}: no such index. There are {', '.join(KINDS)}")
    if kind == "ivfpq" and items < LEAST:
        raise UserError(
            f"--index=ivfpq learns its codes from {LEAST:,} items at least, and there are "
            f"{items:,}; type --index=flat"
        )


def build(vectors: np.ndarray, ids: np.ndarray, kind: str) -> Any:
    """An index of vectors, [N, d] float32, that answers with their ids, [N]."""
    import faiss

    items, dim = vectors.shape
    product = faiss.METRIC_INNER_PRODUCT
    if kind == "ivfpq":
        # A rotation to an even number of columns keeps products, and spreads what the codes keep.
        even = dim + dim % 2
        cells = round(items**0.5)
        inner = faiss.index_factory(dim, f"RR{even},IVF{cells},PQ{even // 2}x8np", product)
        ivf: Any = faiss.downcast_index(faiss.extract_index_ivf(inner))
        ivf.nprobe = max(1, round(cells * PROBED))
        # `np`: not the polysemous training, which takes minutes; and a quarter of FAISS' own points
        # and rounds, a seventeenth of the work.
        ivf.pq.cp.max_points_per_centroid, ivf.pq.cp.niter = 64, 6
        inner.train(vectors)
    elif kind == "hnsw":
        inner = faiss.IndexHNSWFlat(dim, NEIGHBOURS, product)
        inner.hnsw.efConstruction, inner.hnsw.efSearch = BUILD, SEARCH
    else:
        inner = faiss.IndexFlatIP(dim)
    index = faiss.IndexIDMap(inner)
    index.add_with_ids(vectors, ids)
    return index


def recall(index: Any, exact: np.ndarray, queries: np.ndarray) -> float:
    """Share of the best items, ids [B, k], that the index finds among its k best for queries."""
    _, found = index.search(queries, exact.shape[1])
    return float(
        np.mean(
            [len(np.intersect1d(*pair)) / exact.shape[1] for pair in zip(found, exact, strict=True)]
        )
    )


def write(index: Any, path: str | Path) -> None:
    """Write an index to a file.

    Raises:
        UserError: if the file cannot be written.
    """
    import faiss

    # FAISS itself tells of no error that comes as late as a file's last bytes.
    content, file = faiss.serialize_index(index), Path(home(path))
    try:
        file.write_bytes(content.data)
    except OSError as error:
        if file.is_file():
            file.unlink()
        why = refusal(error) or "there is no such folder"
        raise UserError(f"{path} cannot be written ({why}); give another file") from error
