"""The text that a recommender embeds at turn t, made as in training as far as that goes.

Training embeds one utterance with one or two wishes; at turn 1 that is what there is. Later
(docs/multi_turn.md, texts) it is the newest wish, all wishes joined, or the mean of their vectors.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from crs.console import Context

CHUNK = 1024
"""Texts compared with the training texts at once, [CHUNK, training texts]."""


class Texts:
    """What each dialogue has said so far, as a vector.

    Args:
        mode: `newest`, `joined` or `mean`.
        first: vectors of the first utterances, [D, dim].
        training: vectors of the training texts, [n, dim].
        encode: texts to vectors [n, dim].
        shard: so many texts are encoded at once.
    """

    def __init__(
        self,
        mode: str,
        first: Tensor,
        training: Tensor,
        encode: Callable[[list[str]], np.ndarray],
        shard: int,
    ) -> None:
        self.mode, self.first, self.encode, self.shard = mode, first, encode, shard
        self.training = F.normalize(training, dim=1)
        self.sum, self.vectors = torch.zeros_like(first), torch.zeros_like(first)
        self.said: list[list[str]] = [[] for _ in range(len(first))]

    def embed(self, dialogues: list[int], texts: list[str], context: Context) -> np.ndarray:
        """Vectors of what some dialogues say now, [n, dim], in half precision as training's are.

        First utterances have theirs from the stage `embed`. Of the others each different text is
        embedded once, the longest first.
        """
        if not dialogues or not self.said[dialogues[0]]:
            return self.first[dialogues].half().numpy()
        if self.mode == "joined":
            texts = [" ".join([*self.said[d], text])
                     for d, text in zip(dialogues, texts, strict=True)]  # fmt: skip
        different = sorted(dict.fromkeys(texts), key=lambda text: (-len(text), text))
        parts = []
        with context.bar(len(different), label="embed", unit="text") as bar:
            for a in range(0, len(different), self.shard):
                parts.append(self.encode(different[a : a + self.shard]).astype(np.float16))
                bar.update(len(parts[-1]))
        place = {text: i for i, text in enumerate(different)}
        return np.concatenate(parts)[[place[text] for text in texts]]

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

    def nearest(self, dialogues: list[int]) -> np.ndarray:
        """Cosine of each vector with the nearest training text: how far has it strayed? [n]"""
        parts = F.normalize(self.vectors[dialogues], dim=1).split(CHUNK) if dialogues else []
        return np.concatenate([np.empty(0, np.float32)] + [
            (part @ self.training.T).amax(1).numpy() for part in parts
        ])  # fmt: skip
