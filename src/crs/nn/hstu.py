"""HSTU's layer: pointwise attention without softmax, and a gate (docs/iclrec.md, blocks)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crs.nn.packed import Packed
from crs.nn.transformer import EPSILON


class HSTULayer(nn.Module):
    """x + W_2 dropout(LN(SiLU(Q K^T + B) V) * U), with U, V, Q, K = SiLU(W_1 LN x), causal.

    B_ts is a learned bias of the distance t - s, one for each head.
    """

    lag: Tensor
    past: Tensor

    def __init__(self, dim: int, heads: int, dropout: float, max_len: int) -> None:
        super().__init__()
        self.heads, self.max_len = heads, max_len
        self.before_norm = nn.LayerNorm(dim, eps=EPSILON)
        self.uvqk = nn.Linear(dim, 4 * dim)
        self.distance = nn.Parameter(torch.zeros(heads, max_len))
        self.norm = nn.LayerNorm(dim, eps=EPSILON)
        self.out = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)
        place = torch.arange(max_len)
        lag = place[:, None] - place
        self.register_buffer("lag", lag.clamp_min(0), persistent=False)
        self.register_buffer("past", lag >= 0, persistent=False)

    def attend(self, vqk: Tensor, packed: Packed) -> Tensor:
        """sum over s <= t of SiLU(q_t . k_s + B_ts) v_s / max_len, [n, 3 d] -> [n, d]."""
        parts = []
        for block in packed.blocks:
            width = block.width
            grid = block.grid(vqk).view(block.rows, width, 3, self.heads, -1)
            v, q, k = grid.permute(2, 0, 3, 1, 4)
            bias = self.distance[:, self.lag[:width, :width]]
            weight = F.silu(q @ k.transpose(2, 3) + bias) * self.past[:width, :width]
            parts.append(block.packed((weight @ v / self.max_len).transpose(1, 2)))
        return torch.cat(parts)

    def forward(self, x: Tensor, packed: Packed) -> Tensor:
        """[n, d] -> [n, d]."""
        dim = x.shape[1]
        u, vqk = F.silu(self.uvqk(self.before_norm(x))).split([dim, 3 * dim], dim=1)
        return x + self.out(self.dropout(self.norm(self.attend(vqk, packed)) * u))
