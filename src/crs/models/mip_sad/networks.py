"""The two towers of MIP-SAD and their late fusion (docs/mip_sad.md, section 3).

Notation: s^I state of the history [B, d], s^A state of the accepted attributes [B, d], E the item
table [N, d], which is both what the item tower reads and what an item is scored with.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crs.nn.encoder import Encoder, init_weights
from crs.nn.packed import Packed
from crs.nn.transformer import Layer

LIST_ROWS = 1024
"""Attribute lists that share one attention call: they are short."""


class AttributeTower(nn.Module):
    """Bidirectional layers over attribute embeddings; a list has no positions (eq. 2)."""

    def __init__(self, attributes: int, dim: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.table = nn.Embedding(attributes + 1, dim)
        self.layers = nn.ModuleList(
            Layer(dim, heads, dropout, dropout, "post", causal=False) for _ in range(layers)
        )
        init_weights(self)

    def forward(self, lists: Tensor) -> tuple[Tensor, Packed]:
        """Outputs [n, d] at the real attributes of lists [B, L], 0 is padding, and their places."""
        packed = Packed.of(lists, LIST_ROWS)
        x = self.table(lists.flatten()[packed.index])
        for layer in self.layers if len(x) else ():
            x = layer(x, packed)
        return x, packed


class MIPSAD(nn.Module):
    """Both towers, W_f that fuses them and W_p that judges attributes.

    Args:
        items, attributes: how many.
        max_len: positions of the item tower; the newest is the last.
        sees: the towers whose states enter the query, `items`, `attributes` or both.
        reads: where the state of a history is read: at a [MASK] behind it (`mask`), or at its
            `newest` item, as the released fine-tuning does.
        said: width of the vectors of the items' texts; 0 if they have none.
    """

    def __init__(
        self,
        items: int,
        attributes: int,
        dim: int,
        layers: int,
        heads: int,
        max_len: int,
        dropout: float,
        sees: tuple[str, ...] = ("items", "attributes"),
        reads: str = "mask",
        said: int = 0,
    ) -> None:
        super().__init__()
        self.reads = reads
        self.items, self.mask, self.dim, self.max_len = items, items + 1, dim, max_len
        self.sees = sees
        self.item_tower = Encoder(
            items, dim, layers, heads, max_len, dropout, dropout, "post", causal=False
        )
        self.attribute_tower = AttributeTower(attributes, dim, layers, heads, dropout)
        self.fusion = nn.Linear(2 * dim, dim)
        self.judge = nn.Linear(dim, dim)
        if said:
            # Frozen, with rows for padding and the mask that stay zero. W_t begins at 0, so that
            # queries begin as those of two towers.
            self.said: Tensor
            self.register_buffer("said", torch.zeros(items + 2, said, dtype=torch.float16))
            self.told = nn.Parameter(torch.zeros(dim, said))

    @property
    def table(self) -> Tensor:
        """E with its padding row, [N + 1, d]."""
        return self.item_tower.item_table.weight[: self.items + 1]

    @property
    def window(self) -> int:
        """Items of a history that are read: a [MASK] takes a position."""
        return self.max_len - (self.reads == "mask")

    def history_states(self, history: Tensor) -> Tensor:
        """s^I: the state at a [MASK] behind the history, where the next item will be, or at the
        newest item.

        Args:
            history: right-aligned items, [B, T], T at most `window`; may be all padding.
        Returns:
            [B, d]; without a [MASK] zeros for an empty history.
        """
        if self.reads == "newest":
            return self.item_tower.states(history)
        return self.item_tower.states(F.pad(history, (0, 1), value=self.mask))

    def attribute_states(self, lists: Tensor) -> Tensor:
        """s^A: the output at the newest attribute, zeros for an empty list, [B, L] -> [B, d]."""
        states, packed = self.attribute_tower(lists)
        return packed.newest(states)

    @property
    def has_words(self) -> bool:
        """Whether items have vectors of their texts."""
        return hasattr(self, "told")

    def history_words(self, history: Tensor) -> Tensor | None:
        """s^T: the mean vector of the texts of a history's items, [B, T] -> [B, D].

        Zeros if it holds no item, or nothing but a [MASK]; None if items have no words.
        """
        if not self.has_words:
            return None
        real = ((history > 0) & (history <= self.items)).float()
        share = real / real.sum(1, keepdim=True).clamp_min(1)
        return F.embedding_bag(history, self.said.float(), per_sample_weights=share, mode="sum")

    def query(self, s_items: Tensor, s_attributes: Tensor, s_words: Tensor | None = None) -> Tensor:
        """u = W_f [s^I ; s^A] + W_t s^T + b_f, [B, d]; item i scores u . e_i (eq. 3)."""
        u = self.fusion(torch.cat([s_items, s_attributes], dim=-1))
        return u if s_words is None else u + s_words @ self.told.T

    def queries(self, history: Tensor, row: Tensor, lists: Tensor) -> Tensor:
        """u of several attribute lists to a history, each history encoded once.

        Args:
            history: [H, T].
            row: history of each list, [B].
            lists: [B, L].
        Returns:
            [B, d]; a tower that is not seen gives zeros.
        """
        none = self.table.new_zeros(len(row), self.dim)
        s_items = self.history_states(history)[row] if "items" in self.sees else none
        s_attributes = self.attribute_states(lists) if "attributes" in self.sees else none
        words = self.history_words(history)
        return self.query(s_items, s_attributes, None if words is None else words[row])
