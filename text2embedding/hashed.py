"""Signed feature hashing of words and pairs of words: deterministic, no model, no network."""

import re
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np

from crs.settings.training import Trainer
from crs.stages.embed import Embedder


class Hashed:
    """A feature's crc32 says which of the dimensions it counts in, and with which sign."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim] float32, unit length."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            words = re.findall(r"\w+", text.lower())
            for feature in [*words, *map(" ".join, pairwise(words))]:
                code = zlib.crc32(feature.encode())
                row[code % self.dim] += 1 if code & 0x80000000 else -1
        return out / np.linalg.norm(out, axis=1, keepdims=True).clip(1e-12)


def encoder(settings: Embedder, trainer: Trainer, cache: Path) -> Hashed:
    """The encoder of `embedder=hashed`."""
    assert settings.dim is not None
    return Hashed(settings.dim)
