"""The items of the history, the newest first: what any model must beat where items are repeated."""

import torch
from torch import Tensor

from crs.data.cases import Cases


class RepeatNewest:
    """score_i = 1 + the place of i's last occurrence in the history, 0 for other items.

    Queries are sparse rows over the items, and the catalogue is the identity, sparse as well.

    Args:
        n_items: N.
        sees: what the history is called in the tables.
    """

    def __init__(self, n_items: int, sees: str = "history") -> None:
        self.rows, self.sees = n_items + 1, sees

    def queries(self, cases: Cases) -> Tensor:
        """Sparse, [B, N + 1]."""
        row, item = cases.sequences.histories(cases.row, cases.cut)
        first = torch.searchsorted(row, torch.arange(len(cases)))
        place = torch.arange(1, len(row) + 1) - first[row]
        pairs, index = (row * self.rows + item).unique(return_inverse=True)
        # Items are in order, so the newest of an item's places is the largest.
        newest = torch.zeros(len(pairs), dtype=torch.long)
        newest.scatter_reduce_(0, index, place, "amax")
        where = torch.stack([pairs // self.rows, pairs % self.rows])
        size = (len(cases), self.rows)
        return torch.sparse_coo_tensor(
            where, newest.float(), size, is_coalesced=True, check_invariants=True
        )

    def catalogue(self) -> tuple[Tensor, None]:
        """The sparse identity, [N + 1, N + 1]."""
        index = torch.arange(self.rows)
        ones, size = torch.ones(self.rows), (self.rows, self.rows)
        return torch.sparse_coo_tensor(
            index.expand(2, -1), ones, size, is_coalesced=True, check_invariants=True
        ), None
