"""The Transformer's layer over packed positions (docs/iclrec.md, encoder)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crs.nn.packed import Packed

EPSILON = 1e-12


class Layer(nn.Module):
    """Self-attention and feed-forward, each with a residual; layer norm after that or before."""

    compiles = ("position_wise",)

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
        qkv = self.qkv(x)
        rate = self.attention_dropout if self.training else 0.0
        parts = []
        for block in packed.blocks:
            grid = block.grid(qkv).view(block.rows, block.width, 3, self.heads, -1)
            q, k, v = grid.permute(2, 0, 3, 1, 4)
            mask = None if self.causal else block.real
            seen = F.scaled_dot_product_attention(
                q, k, v, mask, is_causal=self.causal, dropout_p=rate
            )
            parts.append(block.packed(seen.transpose(1, 2)))
        return torch.cat(parts)

    def mixed(self, x: Tensor, packed: Packed) -> Tensor:
        """What has seen other positions: attention with its residual and norm, [n, d]."""
        if self.before:
            return x + self.dropout(self.out(self.attend(self.attention_norm(x), packed)))
        return self.attention_norm(x + self.dropout(self.out(self.attend(x, packed))))

    def position_wise(self, x: Tensor) -> Tensor:
        """x + W_2 gelu(W_1 x) with its norm, [n, d]: what reads one position at a time."""
        if self.before:
            return x + self.dropout(self.outer(F.gelu(self.inner(self.norm(x)))))
        return self.norm(x + self.dropout(self.outer(F.gelu(self.inner(x)))))

    def forward(self, x: Tensor, packed: Packed) -> Tensor:
        """[n, d] -> [n, d]."""
        return self.position_wise(self.mixed(x, packed))
