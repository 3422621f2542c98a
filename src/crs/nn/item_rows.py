"""The rows of an item table that a loss asks for, where the whole table is too large to read."""

from torch import Tensor, nn


class ItemRows:
    """An item table read row by row: `rows[index]` is a look-up, whose gradient has these rows.

    Row r is item r + 1, as in the slice of the table without padding and mask row.
    """

    def __init__(self, table: nn.Embedding, items: int) -> None:
        self.table, self.items = table, items

    def __len__(self) -> int:
        return self.items

    def __getitem__(self, row: Tensor) -> Tensor:
        """[n] -> [n, d] in float32, whatever the table is kept in."""
        return self.table(row + 1).float()
