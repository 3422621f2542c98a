"""Early stopping: which epoch is the best, and when training ends."""

from typing import Any

from crs.settings.training import Optimisation

KEPT = ("best", "best_epoch", "stale", "epoch", "history")
"""What the stopper keeps between epochs."""


class Stopper:
    """Early stopping: the best epoch so far, and whether training ends."""

    def __init__(self, settings: Optimisation) -> None:
        self.settings = settings
        self.best, self.best_epoch, self.stale, self.epoch = float("-inf"), -1, 0, -1
        self.history: list[dict[str, float]] = []

    def state(self) -> dict[str, Any]:
        """What is kept between epochs."""
        return {name: getattr(self, name) for name in KEPT}

    @property
    def over(self) -> bool:
        """No further epoch is to be made."""
        return self.stale > self.settings.patience or self.epoch + 1 >= self.settings.epochs

    def update(self, score: float, epoch: int, always: bool) -> bool:
        """Count an epoch; whether its weights are the ones to keep."""
        self.epoch = epoch
        if score > self.best or always:
            self.best, self.best_epoch, self.stale = score, epoch, 0
            return True
        self.stale += 1
        return False
