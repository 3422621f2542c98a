"""The text that a recommender embeds at turn t, made as in training as far as that goes.

Training embeds one utterance with one or two wishes; at turn 1 that is what there is. Later
(docs/multi_turn.md, texts) it is the newest wish, all wishes joined, or the mean of their vectors.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 1024
"""Texts compared with the training texts at once, [CHUNK, training texts]."""


def half(vectors: np.ndarray) -> np.ndarray:
    """Vectors as the stage `embed` stores what training reads: in half precision."""
    return vectors.astype(np.float16)


class Texts:
    """What each dialogue has said so far, as a vector.

    Args:
        mode: `newest`, `joined` or `mean`.
        dialogues: how many, D.
        dim: of a vector.
        encode: texts to vectors [n, dim].
    """

    def __init__(
        self, mode: str, dialogues: int, dim: int, encode: Callable[[list[str]], np.ndarray]
    ) -> None:
        self.mode, self.encode = mode, encode
        self.vectors = torch.zeros(dialogues, dim)
        self.sum = torch.zeros_like(self.vectors)
        self.said: list[list[str]] = [[] for _ in range(dialogues)]

    def embed(self, dialogues: list[int], texts: list[str]) -> np.ndarray:
        """Vectors of what some dialogues say now, [n, dim] float16.

        Each different text is encoded once, the longest first.
        """
        if self.mode == "joined":
            texts = [
                " ".join([*self.said[d], text]) for d, text in zip(dialogues, texts, strict=True)
            ]
        different = sorted(dict.fromkeys(texts), key=lambda text: (-len(text), text))
        if not different:
            return np.zeros((0, self.vectors.shape[1]), np.float16)
        vectors = half(self.encode(different))
        place = {text: i for i, text in enumerate(different)}
        return vectors[[place[text] for text in texts]]

    def add(self, dialogues: list[int], texts: list[str], vectors: np.ndarray) -> None:
        """Take in what was said and its vectors, [n, dim]."""
        new = torch.from_numpy(vectors.astype(np.float32))
        for dialogue, text in zip(dialogues, texts, strict=True):
            self.said[dialogue].append(text)
        if self.mode == "mean":
            self.sum[dialogues] += new
            later = torch.tensor([len(self.said[d]) > 1 for d in dialogues], dtype=torch.bool)
            new = torch.where(later[:, None], F.normalize(self.sum[dialogues], dim=1), new)
        self.vectors[dialogues] = new


def nearest(vectors: Tensor, training: Tensor) -> np.ndarray:
    """Cosine of each vector [n, dim] with the nearest training text: how far has it strayed? [n]"""
    if not len(vectors):
        return np.empty(0, np.float32)
    unit = F.normalize(training, dim=1).T
    parts = [(F.normalize(part, dim=1) @ unit).amax(1) for part in vectors.split(CHUNK)]
    return torch.cat(parts).numpy()
