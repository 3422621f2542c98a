"""Blocks of C2-CRS' text encoders and decoder: attention, positions, pooling, heads.

Text encoders never compute at padding: the real positions are packed (crs/nn/packed.py).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crs.nn.packed import Packed

BLOCK_ROWS = 16
"""Rows of texts that share one call of attention: texts differ more in length than histories."""


def grids(x: Tensor, packed: Packed) -> list[Tensor]:
    """The rows of each block, left-aligned, 0 behind, [n, d] -> [rows, width, d] each."""
    slots, sizes = places(packed)
    whole = x.new_zeros(sum(sizes), x.shape[1]).index_copy(0, slots, x)
    parts = zip(whole.split(sizes), packed.blocks, strict=True)
    return [part.view(block.rows, block.width, -1) for part, block in parts]


def places(packed: Packed) -> tuple[Tensor, list[int]]:
    """Where the real positions are in all blocks' grids end to end, [n], and the grids' sizes."""
    sizes = [block.rows * block.width for block in packed.blocks]
    before = (sum(sizes[:k]) for k in range(len(sizes)))
    slots = [block.slot + first for block, first in zip(packed.blocks, before, strict=True)]
    return torch.cat(slots), sizes


def place_of(packed: Packed, index: Tensor) -> Tensor:
    """Where real positions of the flattened batch are among the packed ones, [m]."""
    ascending, place = packed.index.sort()
    return place[torch.searchsorted(ascending, index)]


def positions(length: int, dim: int) -> Tensor:
    """Sinusoidal positions, [length, dim]: sine in the even columns, cosine in the odd ones."""
    place = torch.arange(length)[:, None]
    rate = 10_000.0 ** (-torch.arange(0, dim, 2) / dim)
    out = torch.empty(length, dim)
    out[:, 0::2], out[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate)[:, : dim // 2]
    return out


Memory = tuple[Tensor, Tensor]
"""Keys and values, [B, heads, S, dim / heads] each."""


class Attention(nn.Module):
    """softmax(q k' / sqrt(d_head)) v of several heads, the keys and values made beforehand."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(dim, dim) for _ in range(4))
        for layer in (self.query, self.key, self.value, self.out):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def split(self, x: Tensor) -> Tensor:
        """[B, T, d] -> [B, heads, T, d / heads]."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def memory(self, x: Tensor) -> Memory:
        """Keys and values of what is attended to, [B, S, d]."""
        return self.split(self.key(x)), self.split(self.value(x))

    def forward(
        self, x: Tensor, memory: Memory, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """[B, T, d] -> [B, T, d].

        Args:
            mask: what may be attended to, [B, S]; at least one place a row.
        """
        seen = F.scaled_dot_product_attention(
            self.split(self.query(x)),
            *memory,
            is_causal=causal,
            attn_mask=None if mask is None else mask[:, None, None],
        )
        return self.out(seen.transpose(1, 2).flatten(2))

    def within(self, x: Tensor, packed: Packed) -> Tensor:
        """Each real position of a padded batch attends to those of its row, [n, d] -> [n, d]."""
        layers = (self.query, self.key, self.value)
        weight, bias = (
            torch.cat([getattr(x, name) for x in layers]) for name in ("weight", "bias")
        )
        parts = []
        for grid, block in zip(
            grids(F.linear(x, weight, bias), packed), packed.blocks, strict=True
        ):
            q, k, v = (self.split(part) for part in grid.chunk(3, dim=2))
            seen = F.scaled_dot_product_attention(q, k, v, attn_mask=block.real)
            parts.append(seen.transpose(1, 2).flatten(2).flatten(0, 1))
        return self.out(torch.cat(parts)[places(packed)[0]])


class FeedForward(nn.Sequential):
    """Linear, ReLU, dropout, linear."""

    compiles = ("forward",)

    def __init__(self, dim: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(dim, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, dim)
        )


class Layer(nn.Module):
    """x = LN(x + attention(x)); x = LN(x + feed-forward(x))."""

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.attention, self.attention_norm = Attention(dim, heads), nn.LayerNorm(dim)
        self.inner, self.norm = FeedForward(dim, hidden, dropout), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, packed: Packed) -> Tensor:
        """[n, d] -> [n, d]."""
        x = self.attention_norm(x + self.dropout(self.attention.within(x, packed)))
        return self.norm(x + self.dropout(self.inner(x)))


class TextEncoder(nn.Module):
    """Words to states: embeddings scaled by sqrt(d), sinusoidal positions, Transformer layers.

    Args:
        length: longest text.
    """

    def __init__(
        self, length: int, dim: int, layers: int, heads: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.positions: Tensor
        self.register_buffer("positions", positions(length, dim), persistent=False)
        self.layers = nn.ModuleList(Layer(dim, heads, hidden, dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: nn.Embedding, tokens: Tensor) -> tuple[Tensor, Packed]:
        """States at the real positions of left-aligned texts, [n, d], and their places.

        Args:
            words: the vector of each word.
            tokens: [B, T]; a row may be empty.
        """
        packed = Packed.of(tokens, BLOCK_ROWS)
        place = self.positions[packed.index % tokens.shape[1]]
        x = words(tokens.flatten()[packed.index])
        x = self.dropout(x * x.shape[1] ** 0.5 + place)
        for layer in self.layers if len(x) else ():
            x = layer(x, packed)
        return x, packed


class Pool(nn.Module):
    """Self-attentive pooling: Σ_j α_j h_j, α = softmax_j( b · tanh(A h_j) + c_age(j) ).

    Args:
        ages: how many of the newest rows have a learned c of their own, older ones that of the
            oldest of them; 0: there is no c.
    """

    def __init__(self, dim: int, ages: int = 0) -> None:
        super().__init__()
        self.age = nn.Parameter(torch.zeros(ages)) if ages else None
        self.inner, self.outer = nn.Linear(dim, dim, bias=False), nn.Linear(dim, 1, bias=False)
        for layer in (self.inner, self.outer):
            nn.init.xavier_uniform_(layer.weight, gain=1.414)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, L, d] and the real rows [B, L] to [B, d]; zeros where there are none."""
        logits = self.outer(torch.tanh(self.inner(x))).squeeze(2)
        if self.age is not None:
            # Rows are left-aligned, the newest is the last real one.
            behind = mask.sum(1, keepdim=True) - 1 - torch.arange(x.shape[1], device=x.device)
            logits = logits + self.age[behind.clamp(0, len(self.age) - 1)]
        weights = torch.softmax(logits.masked_fill(~mask, -1e30), dim=1) * mask
        return (weights[:, None] @ x).squeeze(1)


def pooled(pool: nn.Module, x: Tensor, packed: Packed) -> Tensor:
    """Each row of a packed batch pooled, [n, d] -> [B, d]; zeros for an empty row."""
    batch, dim = len(packed.last), x.shape[1]
    if not packed.blocks:
        return x.new_zeros(batch, dim)
    real = (block.real[:, 0, 0] for block in packed.blocks)
    parts = torch.cat([pool(*one) for one in zip(grids(x, packed), real, strict=True)])
    rows = packed.row.unique_consecutive()  # empty ones are behind them
    return parts.new_zeros(batch, dim).index_copy(0, rows, parts[: len(rows)])


class Head(nn.Sequential):
    """Projection for the contrastive losses: linear, ReLU, linear, unit length."""

    def __init__(self, dim: int, out: int) -> None:
        super().__init__(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, out))

    def forward(self, x: Tensor) -> Tensor:
        """[…, dim] -> […, out], unit length."""
        return F.normalize(super().forward(x), dim=-1)
