"""Metrics of single-target rankings, from ranks alone: HR, NDCG and MRR.

A metric is one registered function. Results, tables, W&B and docs/protocols.md read its name, its
label, its meaning (the first line of its docstring) and its source from the registration.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT = ("ndcg", 10)
"""The metric that is charted, and by which the better of several scorers is chosen."""


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    Attributes:
        name: as in `results.parquet`.
        label: as in printed tables.
        function: computes it at one cut-off.
        shown: cut-offs that a printed table shows.
        needs: what a list must have, where the metric is not defined for every list.
    """

    name: str
    label: str
    function: Callable[..., Any]
    equation: str
    source: str
    shown: tuple[int, ...]
    needs: str

    @property
    def meaning(self) -> str:
        """One sentence."""
        return (self.function.__doc__ or "").partition("\n")[0]

    @property
    def k(self) -> int:
        """The cut-off of a table that shows one: 10, or the last where 10 is not shown."""
        return 10 if 10 in self.shown else self.shown[-1]

    def at(self, k: int) -> str:
        """Heading of a column."""
        return f"{self.label}@{k}"


def metric(
    registry: dict[str, Metric],
    label: str,
    equation: str,
    source: str,
    shown: tuple[int, ...] = (10,),
    needs: str = "",
) -> Callable[[F], F]:
    """Register a function as a metric under its own name (see `Metric`)."""

    def register(function: F) -> F:
        name = function.__name__
        registry[name] = Metric(name, label, function, equation, source, shown, needs)
        return function

    return register


RANK_METRICS: dict[str, Metric] = {}
"""Metrics of ranks. A function takes mid-ranks [cases], 1 is best, and k, and returns [cases]."""


@metric(RANK_METRICS, "HR", "[r ≤ k]", "Deshpande & Karypis 2004", (1, 5, 10, 20, 50))
def hr(ranks: np.ndarray, k: int) -> np.ndarray:
    """Hit rate: share of cases whose target is among the first k."""
    return (ranks <= k).astype(np.float64)


@metric(RANK_METRICS, "NDCG", "[r ≤ k] / log2(r + 1)", "Järvelin & Kekäläinen 2002", (5, 10, 20))
def ndcg(ranks: np.ndarray, k: int) -> np.ndarray:
    """Normalised discounted cumulative gain of one target: a hit counts less further down."""
    return hr(ranks, k) / np.log2(ranks + 1)


@metric(RANK_METRICS, "MRR", "[r ≤ k] / r", "Voorhees 1999", (20,))
def mrr(ranks: np.ndarray, k: int) -> np.ndarray:
    """Mean reciprocal rank of the target, 0 behind the first k."""
    return hr(ranks, k) / ranks


def per_case(ranks: np.ndarray, ks: list[int]) -> dict[tuple[str, int], np.ndarray]:
    """Each case's contribution to each metric.

    Args:
        ranks: [n], 1 is best; a half stands for a tie.
        ks: cut-offs.
    Returns:
        (metric, k) -> [n].
    """
    return {(name, k): one.function(ranks, k) for k in ks for name, one in RANK_METRICS.items()}


def key(name: str, k: int) -> str:
    """Name of a metric at a cut-off in summaries and logs: `ndcg@10`."""
    return f"{name}@{k}"


def means(ranks: np.ndarray, ks: tuple[int, ...] = (10,)) -> dict[str, float]:
    """Mean of each metric over cases, by `metric@k`: what a validation epoch records."""
    return {key(*one): float(v.mean()) for one, v in per_case(ranks, list(ks)).items()}
