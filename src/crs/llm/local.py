"""`llm=local`: a causal model on this machine, through transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crs.downloads.weights import find, load
from crs.llm.request import Reply, Request
from crs.settings.llm import LLM
from crs.settings.training import Trainer


def drawn(logits: Any, keys: list[str], step: int) -> Any:
    """Scores whose maximum is a draw from softmax(logits): the Gumbel-max trick.

    The noise of a row is a function of its request's key and the step alone, so an answer depends
    on no other row of its batch, and a run that is repeated draws it again.

    Args:
        logits: [B, V], already divided by the temperature.
        keys: of the rows' requests, hexadecimal, [B].
    Returns:
        [B, V].
    """
    import torch

    noise = torch.empty(logits.shape, dtype=torch.float32)
    for row, key in zip(noise, keys, strict=True):
        seed = torch.Generator().manual_seed((int(key, 16) + step) % 2**63)
        row.exponential_(generator=seed)
    return logits.float() - noise.log().to(logits.device)


class Local:
    """Batches of requests of like length, padded on the left."""

    def __init__(self, settings: LLM, trainer: Trainer, cache: Path) -> None:
        assert settings.precision is not None and settings.batch_size is not None
        self.settings, self.size = settings, settings.batch_size
        weights = find(settings, "llm", cache)
        self.tokenizer, self.model = load(
            weights, "AutoModelForCausalLM", settings.precision, trainer, "llm"
        )

    def tokens(self, request: Request) -> list[int]:
        """The conversation in the model's own chat template, ready for its answer.

        A model without a template is given the texts, and its tokeniser's opening token.
        """
        if self.tokenizer.chat_template is None:
            text = "\n\n".join(text for _, text in request.messages) + "\n\n"
            return self.tokenizer(text)["input_ids"]
        messages = [{"role": role, "content": text} for role, text in request.messages]
        found = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        return found["input_ids"]

    def answer(self, requests: dict[str, Request]) -> Iterator[list[Reply]]:
        """Replies batch by batch, longest requests first."""
        rows = {key: self.tokens(request) for key, request in requests.items()}
        order = sorted(rows, key=lambda key: (-len(rows[key]), key))
        for first in range(0, len(order), self.size):
            keys = order[first : first + self.size]
            yield self.batch({key: rows[key] for key in keys})

    def batch(self, rows: dict[str, list[int]]) -> list[Reply]:
        """Answers to requests of so many tokens each."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList
        from transformers.generation import TemperatureLogitsWarper, TopPLogitsWarper

        padded = self.tokenizer.pad({"input_ids": list(rows.values())}, return_tensors="pt")
        padded = padded.to(self.model.device)
        width, keys = padded["input_ids"].shape[1], list(rows)
        steps = LogitsProcessorList()
        if self.settings.temperature:
            steps.append(TemperatureLogitsWarper(self.settings.temperature))
            if self.settings.top_p is not None:
                steps.append(TopPLogitsWarper(self.settings.top_p))
            steps.append(lambda ids, scores: drawn(scores, keys, ids.shape[1] - width))
        ends = self.model.generation_config.eos_token_id or self.tokenizer.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        config = GenerationConfig(
            max_new_tokens=self.settings.max_tokens,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        with torch.inference_mode():
            out = self.model.generate(**padded, generation_config=config, logits_processor=steps)
        return [
            self.reply(key, new, len(rows[key]), ends)
            for key, new in zip(keys, out[:, width:].tolist(), strict=True)
        ]

    def reply(self, key: str, new: list[int], asked: int, ends: list[int]) -> Reply:
        """The tokens up to the first that ends an answer."""
        length = next((i for i, token in enumerate(new) if token in ends), len(new))
        text = self.tokenizer.decode(new[:length], skip_special_tokens=True).strip()
        outcome, why = ("done", "") if text else ("error", "an empty answer")
        return Reply(key, text or None, outcome, why, asked, length, cut=length == len(new))
