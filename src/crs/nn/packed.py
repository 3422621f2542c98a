"""The real positions of a padded batch, packed end to end.

What works position by position never computes at padding; only what mixes positions sees rows, in
blocks of rows of similar length.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

BLOCK_ROWS = 64
"""Rows that share one attention call; more rows waste more on the longest of them."""


@dataclass
class Block:
    """Some rows of a batch, left-aligned for attention."""

    tokens: slice
    """Which packed positions they own."""
    rows: int
    width: int
    slot: Tensor
    """Place of each of those positions in the [rows * width] grid, [n]."""

    def grid(self, states: Tensor) -> Tensor:
        """These rows of packed states, left-aligned, 0 behind, [n, d] -> [rows, width, d]."""
        grid = states.new_zeros(self.rows * self.width, states.shape[1])
        return grid.index_copy(0, self.slot, states[self.tokens]).view(self.rows, self.width, -1)

    def packed(self, grid: Tensor) -> Tensor:
        """The real positions of a grid, [rows, width, d] -> [n, d]."""
        return grid.reshape(self.rows * self.width, -1)[self.slot]

    @cached_property
    def real(self) -> Tensor:
        """Which places of the grid are real, as an attention mask, [rows, 1, 1, width]."""
        grid = torch.zeros(self.rows * self.width, dtype=torch.bool, device=self.slot.device)
        return grid.index_fill(0, self.slot, True).view(self.rows, 1, 1, self.width)


@dataclass
class Packed:
    """The real positions of a padded batch `[B, T]`, row by row, longest row first.

    Attributes:
        index: place of each position in the flattened batch, [n]; `x.flatten()[index]` packs
            anything that is aligned with the ids.
        row: row of the batch that each position belongs to, [n].
        last: where the newest position of each row is, [B]; n for an empty row.
        blocks: the rows for attention.
    """

    index: Tensor
    row: Tensor
    last: Tensor
    blocks: list[Block]

    @classmethod
    def of(cls, ids: Tensor, block_rows: int | None = None) -> "Packed":
        """Pack the non-zero positions of ids, [B, T]."""
        batch, width = ids.shape
        block_rows = block_rows or BLOCK_ROWS
        real = ids > 0
        order = real.sum(1).argsort(descending=True, stable=True)
        sorted_real = real[order]
        lengths = sorted_real.sum(1)
        flat = sorted_real.flatten().nonzero().squeeze(1)
        row = flat // width
        place = (sorted_real.cumsum(1) - 1).flatten()[flat]
        ends = lengths.cumsum(0)
        last = torch.empty_like(order)
        last[order] = torch.where(lengths > 0, ends - 1, len(flat))
        bounds, widths = [0, *ends.tolist()], lengths.tolist()
        blocks = []
        for first in range(0, batch, block_rows):
            stop = min(first + block_rows, batch)
            tokens = slice(bounds[first], bounds[stop])
            if tokens.stop > tokens.start:
                slot = (row[tokens] - first) * widths[first] + place[tokens]
                blocks.append(Block(tokens, stop - first, widths[first], slot))
        return cls(order[row] * width + flat % width, order[row], last, blocks)

    @classmethod
    def whole(cls, ids: Tensor) -> "Packed":
        """All positions of right-aligned ids without holes, [B, T], as one block.

        Rows are turned so that padding comes last, where a causal encoder does not see it. No shape
        depends on the ids: an exported encoder computes so.
        """
        batch, width = ids.shape
        row, column = torch.arange(batch)[:, None], torch.arange(width)
        length = (ids > 0).sum(1, keepdim=True)
        index = row * width + (column - length) % width
        last = torch.where(length > 0, row * width + length - 1, batch * width)
        places = (row * width + column).flatten()
        block = Block(slice(0, batch * width), batch, width, places)
        return cls(index.flatten(), (row + 0 * column).flatten(), last[:, 0], [block])

    def newest(self, states: Tensor) -> Tensor:
        """State at each row's newest position, zeros for an empty row, [n, d] -> [B, d]."""
        return torch.cat([states, states.new_zeros(1, states.shape[1])])[self.last]

    def mean(self, states: Tensor) -> Tensor:
        """Mean over each row's real positions, zeros for an empty row, [n, d] -> [B, d]."""
        total = states.new_zeros(len(self.last), states.shape[1]).index_add(0, self.row, states)
        count = torch.bincount(self.row, minlength=len(self.last)).clamp_min(1)
        return total / count[:, None]
