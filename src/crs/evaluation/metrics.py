"""HR, NDCG and MRR of single-target rankings, from ranks alone."""

import numpy as np


def per_case(ranks: np.ndarray, ks: list[int]) -> dict[tuple[str, int], np.ndarray]:
    """Each case's contribution to each metric.

    Args:
        ranks: [n], 1 is best; a half stands for a tie.
        ks: cut-offs.
    Returns:
        (metric, k) -> [n]: hr = [rank <= k], ndcg = [rank <= k] / log2(rank + 1),
        mrr = [rank <= k] / rank.
    """
    out = {}
    for k in ks:
        hit = (ranks <= k).astype(np.float64)
        out["hr", k] = hit
        out["ndcg", k] = hit / np.log2(ranks + 1)
        out["mrr", k] = hit / ranks
    return out
