"""What a text encoder is, and how the one that the settings name is found."""

from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

from crs.settings.training import Trainer
from crs.stages.embed import Embedder


class TextEncoder(Protocol):
    """Texts to vectors."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim] float32, each row a unit vector."""
        ...


def build(settings: Embedder, trainer: Trainer, cache: Path) -> TextEncoder:
    """The encoder of `text2embedding.<embedder.kind>`.

    Args:
        cache: folder for downloads.
    """
    return import_module(f"text2embedding.{settings.kind}").encoder(settings, trainer, cache)
