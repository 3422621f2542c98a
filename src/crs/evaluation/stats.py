"""Intervals and tests that resample clusters (users or dialogues), not cases."""

from typing import Any

import numpy as np

CHUNK = 1 << 23
"""Random numbers held at once."""


def cluster_sums(values: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of values [n, m] over the cases of each cluster, [clusters, m], and cases in each."""
    _, index = np.unique(cluster, return_inverse=True)
    counts = np.bincount(index).astype(np.float64)
    sums = np.zeros((len(counts), values.shape[1]))
    np.add.at(sums, index, values)
    return sums, counts


def bootstrap_intervals(
    values: np.ndarray, cluster: np.ndarray, resamples: int, level: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile intervals of means over cases, clusters drawn with replacement.

    Args:
        values: m metrics of each case, [n, m]; all are resampled together.
        cluster: cluster of each case, [n].
        level: e.g. 0.95.
    Returns:
        low and high, both [m].
    """
    sums, counts = cluster_sums(values, cluster)
    rng, n, means = np.random.default_rng(seed), len(sums), []
    step = max(1, CHUNK // n)
    for first in range(0, resamples, step):
        drawn = rng.integers(n, size=(min(step, resamples - first), n))
        times = np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(np.float64)
        means.append(times @ sums / (times @ counts)[:, None])
    tail = 50 * (1 - level)
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail], axis=0)
    return low, high


def mean_rows(
    metrics: dict[tuple[str, int], np.ndarray],
    cluster: np.ndarray,
    resamples: int,
    level: float,
    seed: int,
) -> list[dict[str, Any]]:
    """The mean of each metric with its interval, a row each of a table in the long form.

    Args:
        metrics: (metric, k) -> [n].
    """
    values = np.stack(list(metrics.values()), axis=1).astype(np.float64)
    low, high = bootstrap_intervals(values, cluster, resamples, level, seed)
    return [
        {"metric": metric, "k": k, "value": mean, "low": lo, "high": hi, "cases": len(cluster)}
        for (metric, k), mean, lo, hi in zip(metrics, values.mean(0), low, high, strict=True)
    ]


def paired_tests(
    differences: np.ndarray, cluster: np.ndarray, permutations: int, seed: int
) -> np.ndarray:
    """Two-sided p-values of mean difference = 0, by flipping the sign of whole clusters.

    Args:
        differences: of two systems on the same cases, m comparisons at once, [n, m].
        cluster: [n].
    Returns:
        (1 + flips at least as extreme) / (1 + permutations), [m].
    """
    sums, _ = cluster_sums(differences, cluster)
    rng, extreme = np.random.default_rng(seed), np.zeros(sums.shape[1], dtype=int)
    # Sums of equal numbers in another order may differ in the last bits and must count as equal.
    observed = np.abs(sums.sum(0)) - 1e-9 * np.abs(sums).sum(0)
    step = max(1, CHUNK // len(sums))
    for first in range(0, permutations, step):
        shape = (min(step, permutations - first), len(sums))
        signs = rng.integers(0, 2, size=shape, dtype=np.int8) * 2.0 - 1.0
        extreme += (np.abs(signs @ sums) >= observed).sum(0)
    return (1 + extreme) / (1 + permutations)


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjustment of the p-values of one family, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted, running = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = running
    return adjusted
