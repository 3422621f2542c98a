"""Attributes that mean nearly the same as a word that no rule knows, by a text encoder.

They are offered and never taken for granted: on the written table too few words are matched rightly
for a filter to rest on them (docs/understanding.md, meaning).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np

NEAR = 0.6
"""The cosine from which an attribute is offered; chosen for MiniLM by benchmarks/meanings.py."""


class Meanings:
    """A catalogue's attributes by what they mean.

    Args:
        names: by id, names[0] unused.
        encode: texts to vectors [n, dim].
    """

    def __init__(self, names: Sequence[str], encode: Callable[[list[str]], np.ndarray]) -> None:
        self.names, self.encode = list(names[1:]), encode

    def unit(self, texts: list[str]) -> np.ndarray:
        """Vectors of unit length, [n, dim]."""
        vectors = np.asarray(self.encode(texts), np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)

    @cached_property
    def vectors(self) -> np.ndarray:
        """Of the attributes, [A, dim]."""
        return self.unit(self.names)

    def nearest(self, words: Iterable[str]) -> list[tuple[str, str, float]]:
        """Each word with the attribute that is nearest to it, and their cosine."""
        asked = list(words)
        if not asked or not self.names:
            return []
        cosines = self.unit(asked) @ self.vectors.T
        places = cosines.argmax(1).tolist()
        return [
            (word, self.names[place], float(row[place]))
            for word, place, row in zip(asked, places, cosines, strict=True)
        ]

    def offered(self, words: Iterable[str]) -> list[tuple[str, str]]:
        """The words that are near enough to an attribute, each with it."""
        return [(word, name) for word, name, cosine in self.nearest(words) if cosine >= NEAR]
