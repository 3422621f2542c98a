"""The exponential moving average of the weights over the steps of training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """The exponential moving average of a module's weights, w̄ ← decay · w̄ + (1 - decay) · w.

    `update` computes it after each step (Polyak and Juditsky, 1992). With decay 0 nothing is kept,
    and w̄ is w.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.weights = [p for p in module.parameters() if p.requires_grad] if decay else []
        self.kept = [p.detach().clone() for p in self.weights]
        self.move = get_ema_multi_avg_fn(decay)

    def update(self) -> None:
        """Take the present weights into the average."""
        if self.kept:
            self.move(self.kept, self.weights, 0)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within it the module has the averaged weights."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()

    @torch.no_grad()
    def exchange(self) -> None:
        """Swap the module's weights and the averaged ones."""
        for weight, kept in zip(self.weights, self.kept, strict=True):
            now = weight.clone()
            weight.copy_(kept)
            kept.copy_(now)

    def take(self, kept: list[Tensor]) -> None:
        """Resume from the average that an earlier run kept."""
        for mine, theirs in zip(self.kept, kept, strict=True):
            mine.copy_(theirs)
