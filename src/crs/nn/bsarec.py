"""BSARec's layer: a filter of frequencies beside self-attention (docs/iclrec.md, blocks)."""

import math

import torch
from torch import Tensor, nn

from crs.nn.packed import Packed
from crs.nn.transformer import EPSILON, Layer


def low_pass(length: int, cutoff: int) -> Tensor:
    """The matrix that keeps the lowest frequencies of a sequence, [length, length].

    K_ts = (1 / length) sum over |f| <= cutoff // 2 of cos(2 pi f (t - s) / length): what rfft,
    zeros above those frequencies and irfft do to `length` positions.
    """
    place = torch.arange(length, dtype=torch.float64)
    lag = place[:, None] - place
    top = min(cutoff // 2, length // 2)
    total = torch.ones(length, length, dtype=torch.float64)
    for f in range(1, top + 1):
        pair = 1 if 2 * f == length else 2  # f and -f are one frequency at half the length
        total += pair * torch.cos(2 * math.pi * f * lag / length)
    return (total / length).float()


class BSARecLayer(Layer):
    """A filter F beside self-attention A, alpha F + (1 - alpha) A, then feed-forward.

    F has the frequencies of all `max_len` positions, of which those without an item are zero.

    Args:
        alpha: share of the filter; 0 is self-attention alone.
        cutoff: c of the paper, frequencies kept by the low pass, negative ones among them.
        ahead: the filter reads later items of the row too, as released.
    """

    kernel: Tensor

    def __init__(
        self,
        dim: int,
        heads: int,
        dropout: float,
        attention_dropout: float,
        norm: str,
        *,
        max_len: int,
        alpha: float,
        cutoff: int,
        ahead: bool,
    ) -> None:
        super().__init__(dim, heads, dropout, attention_dropout, norm)
        self.alpha = alpha
        self.filter_norm = nn.LayerNorm(dim, eps=EPSILON)
        self.sqrt_beta = nn.Parameter(torch.randn(dim))
        kernel = low_pass(max_len, cutoff)
        self.register_buffer("kernel", kernel if ahead else kernel.tril(), persistent=False)

    def filtered(self, x: Tensor, packed: Packed) -> Tensor:
        """LFC(x) + beta (x - LFC(x)) over each row, beta = sqrt_beta^2, [n, d]."""
        low = torch.cat(
            [
                block.packed(self.kernel[: block.width, : block.width] @ block.grid(x))
                for block in packed.blocks
            ]
        )
        return low + self.sqrt_beta.square() * (x - low)

    def mixed(self, x: Tensor, packed: Packed) -> Tensor:
        """alpha F + (1 - alpha) A, each with a residual and a norm of its own, [n, d]."""
        if self.before:
            filtered = x + self.dropout(self.filtered(self.filter_norm(x), packed))
        else:
            filtered = self.filter_norm(x + self.dropout(self.filtered(x, packed)))
        return self.alpha * filtered + (1 - self.alpha) * super().mixed(x, packed)
