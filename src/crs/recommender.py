"""The contract of every recommender."""

from collections.abc import Collection, Iterable
from typing import Protocol

from torch import Tensor

from crs.data.cases import Cases


class Recommender(Protocol):
    """Scores an item by the dot product of a case's query with the item's row.

    Attributes:
        sees: what of a case it reads, for the tables: `history`, `history + text`, ….
    """

    sees: str

    def queries(self, cases: Cases) -> Tensor:
        """Cases to queries, [B, d]."""
        ...

    def catalogue(self) -> tuple[Tensor, Tensor | None]:
        """Item vectors [N + 1 or more, d], row i is item id i, row 0 padding; bias [rows] or None.

        Rows behind the last item are not items (a mask row); ranking leaves them out.
        """
        ...


def reads_text(recommender: Recommender) -> bool:
    """Whether it reads the vector of the text (a `context` is no such vector)."""
    return "text" in recommender.sees.split(" + ")


RERANKED = {"none": "", "hard": " + requirements", "as_released": " + re-ranking"}
"""What a re-ranker adds to the name of a scorer in the tables of dialogues."""


def scorer_and_reranker(label: str) -> tuple[str, str]:
    """The scorer of a label of those tables, and what its re-ranker added to it."""
    for ending in filter(None, RERANKED.values()):
        if label.endswith(ending):
            return label.removesuffix(ending), ending
    return label, ""


def own_scorers(own: Collection[str], names: Iterable[str]) -> list[str]:
    """Those of some scorers that are a model's own and no baselines; all of them if none is.

    Args:
        own: the names that the model's recipe states (`Model.own_scorers`).
        names: as in the tables, those of dialogues too.
    """
    known = list(names)
    return [name for name in known if scorer_and_reranker(name)[0] in own] or known
