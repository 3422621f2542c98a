"""The sequence encoder that SASRec, ICLRec and LatentCRS share.

A causal Transformer with layer norm after each block, as released, or before it (docs/iclrec.md,
encoder). It never computes at padding: real positions are packed end to end for everything that
works position by position, and only attention sees rows, in blocks of rows of similar length.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-12
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


class Layer(nn.Module):
    """Self-attention and feed-forward, each with a residual; layer norm after that or before."""

    def __init__(
        self,
        dim: int,
        heads: int,
        dropout: float,
        attention_dropout: float,
        norm: str,
        causal: bool = True,
    ) -> None:
        super().__init__()
        self.heads, self.attention_dropout, self.causal = heads, attention_dropout, causal
        self.before = norm == "pre"
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.attention_norm = nn.LayerNorm(dim, eps=EPSILON)
        self.inner = nn.Linear(dim, 4 * dim)
        self.outer = nn.Linear(4 * dim, dim)
        self.norm = nn.LayerNorm(dim, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)

    def attend(self, x: Tensor, packed: Packed) -> Tensor:
        """softmax(q k^T / sqrt(d_head)) v over the real positions up to each one, [n, d].

        Rows are left-aligned here, so the causal mask alone keeps padding out; without it every
        position sees all real ones of its row.
        """
        qkv, dim = self.qkv(x), x.shape[1]
        rate = self.attention_dropout if self.training else 0.0
        parts = []
        for block in packed.blocks:
            grid = qkv.new_zeros(block.rows * block.width, 3 * dim)
            grid = grid.index_copy(0, block.slot, qkv[block.tokens])
            q, k, v = grid.view(block.rows, block.width, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            mask = None if self.causal else block.real
            seen = F.scaled_dot_product_attention(
                q, k, v, mask, is_causal=self.causal, dropout_p=rate
            )
            parts.append(seen.transpose(1, 2).reshape(-1, dim)[block.slot])
        return torch.cat(parts)

    def forward(self, x: Tensor, packed: Packed) -> Tensor:
        """[n, d] -> [n, d]."""
        if self.before:
            x = x + self.dropout(self.out(self.attend(self.attention_norm(x), packed)))
            return x + self.dropout(self.outer(F.gelu(self.inner(self.norm(x)))))
        x = self.attention_norm(x + self.dropout(self.out(self.attend(x, packed))))
        return self.norm(x + self.dropout(self.outer(F.gelu(self.inner(x)))))


def init_weights(network: nn.Module) -> None:
    """Normal weights with deviation 0.02 for linear layers and tables, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


class Encoder(nn.Module):
    """Item ids to states; an item scores by the dot product of a state with its own embedding.

    The item table has a row for padding (0) and, after the last item, one that the released code
    calls the mask and never uses.

    Args:
        items: number of items N.
        dim: width d of states and embeddings.
        max_len: positions; the newest item is always at position max_len - 1.
        norm: `post`, layer norm of the input and after each block; `pre`, before each block and of
            the last state.
        causal: states see what came before them, or (False) the whole row.
        project: states are mapped once more before they are compared with items, s -> W s + b.
    """

    def __init__(
        self,
        items: int,
        dim: int,
        layers: int,
        heads: int,
        max_len: int,
        dropout: float,
        attention_dropout: float,
        norm: str,
        causal: bool = True,
        project: bool = False,
    ) -> None:
        super().__init__()
        self.items, self.dim, self.max_len, self.before = items, dim, max_len, norm == "pre"
        self.causal = causal
        self.item_table = nn.Embedding(items + 2, dim)
        self.positions = nn.Embedding(max_len, dim)
        self.norm = nn.LayerNorm(dim, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            Layer(dim, heads, dropout, attention_dropout, norm, causal) for _ in range(layers)
        )
        self.head = nn.Linear(dim, dim) if project else None
        init_weights(self)

    def forward(self, ids: Tensor, packed: Packed | None = None) -> tuple[Tensor, Packed]:
        """States at the real positions of right-aligned ids.

        Args:
            ids: [B, T], T at most max_len, 0 is padding.
            packed: at these positions instead.
        Returns:
            states [n, d] and their places.
        """
        packed = Packed.of(ids) if packed is None else packed
        column = packed.index % ids.shape[1] + self.max_len - ids.shape[1]
        x = self.item_table(ids.flatten()[packed.index]) + self.positions(column)
        x = self.dropout(x if self.before else self.norm(x))
        for layer in self.layers if len(x) else ():
            x = layer(x, packed)
        x = self.norm(x) if self.before else x
        return x if self.head is None else self.head(x), packed

    def states(self, ids: Tensor) -> Tensor:
        """State at each row's newest item, [B, T] -> [B, d]."""
        states, packed = self(ids)
        return packed.newest(states)
