"""The contract of every recommender."""

from typing import Protocol

from torch import Tensor

from crs.data.cases import Cases


class Recommender(Protocol):
    """Scores an item by the dot product of a case's query with the item's row.

    Attributes:
        sees: what of a case it looks at, for the tables: `history`, `history + text`, ….
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
    """Whether it looks at the vector of what is said (a `context` is another matter)."""
    return "text" in recommender.sees.split(" + ")
