"""Any decoder as a text encoder: the state in which it would say a text's meaning in one word.

PromptEOL (Jiang et al., 2023), as LatentCRS embeds utterances: the prompt quotes the text and asks
for one word, in the model's own chat template; the vector is the last layer's state at the last
token, from which that word would be said. Vectors of several prompts are averaged (MetaEOL, Lei et
al., 2024).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crs.downloads.weights import find, load
from crs.settings.training import Trainer
from crs.stages.embed import Embedder


class LastToken:
    """A decoder without its head.

    Args:
        prompts: each has `{text}` in it.
    """

    def __init__(self, settings: Embedder, trainer: Trainer, cache: Path) -> None:
        weights = find(settings, "embedder", cache)
        self.tokenizer, self.model = load(
            weights, "AutoModel", settings.precision, trainer, "embedder"
        )
        self.prompts, self.batch_size = settings.prompts, settings.batch_size

    def tokens(self, text: str) -> list[int]:
        """A prompt in the model's chat template, to the point where the model would speak.

        The template brings the opening token where there is one: it is not added again. A model
        without a template is given the bare prompt, after its opening token.
        """
        if self.tokenizer.chat_template is None:
            return self.tokenizer(text)["input_ids"]
        message = [{"role": "user", "content": text}]
        return self.tokenizer.apply_chat_template(message, add_generation_prompt=True)["input_ids"]

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim] float32, unit length."""
        total = np.zeros(1, dtype=np.float32)
        for prompt in self.prompts:
            rows = [self.tokens(prompt.replace("{text}", text)) for text in texts]
            total = total + self.states(rows)
        return total / np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)

    def states(self, rows: list[list[int]]) -> np.ndarray:
        """The last layer at each row's last token, [n, dim]; rows of like length go together."""
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        found = np.concatenate([self.batch([rows[i] for i in part]) for part in self.parts(order)])
        return found[np.argsort(order)]

    def parts(self, order: list[int]) -> Iterator[list[int]]:
        """Consecutive batches."""
        for first in range(0, len(order), self.batch_size):
            yield order[first : first + self.batch_size]

    def batch(self, rows: list[list[int]]) -> np.ndarray:
        """The last state of each row, padded on the left, [B, dim]."""
        import torch

        padded = self.tokenizer.pad({"input_ids": rows}, return_tensors="pt")
        padded = padded.to(self.model.device)
        # Positions count from a row's first token, so that padding moves none of them.
        positions = (padded["attention_mask"].cumsum(1) - 1).clamp_min(0)
        with torch.inference_mode():
            out = self.model(
                input_ids=padded["input_ids"],
                attention_mask=padded["attention_mask"],
                position_ids=positions,
                use_cache=False,
            )
        return out.last_hidden_state[:, -1].float().cpu().numpy()


def encoder(settings: Embedder, trainer: Trainer, cache: Path) -> LastToken:
    """The encoder of `embedder=llama_eol`."""
    return LastToken(settings, trainer, cache)
