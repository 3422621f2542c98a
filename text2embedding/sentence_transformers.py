"""Any sentence encoder, through sentence-transformers."""

import os
from pathlib import Path

import numpy as np

from crs.downloads.weights import kept_back, reason_of
from crs.errors import UserError
from crs.extras import install
from crs.settings.training import Trainer
from crs.stages.embed import Embedder, prefix_of


class SentenceEncoder:
    """A model of sentence-transformers.

    Args:
        place: a folder, or a name on the hub.
        prefixes: words before a text, for models tuned on instructions; the vectors of
            several are averaged. [""] is the text alone.
        unit: scale vectors to unit length (a model that does so itself needs it not).
    """

    def __init__(
        self, place: str, settings: Embedder, trainer: Trainer, prefixes: list[str], unit: bool
    ) -> None:
        if not settings.hub:
            os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging
        except ImportError as error:
            raise UserError(
                f"embedder={settings.kind} needs {error.name}: {install('text')}, or "
                "type embedder=hashed"
            ) from error
        logging.disable_progress_bar()
        device = "cuda" if trainer.accelerator != "cpu" and torch.cuda.is_available() else "cpu"
        self.batch_size, self.prefixes, self.unit = settings.batch_size, prefixes, unit
        asked = settings.hub and not Path(place).is_dir()
        # A model that was loaded before is in the client's cache.
        why = kept_back(place, settings.revision) if asked else None
        local = not asked or why is not None
        try:
            self.model = SentenceTransformer(
                place,
                device=device,
                revision=settings.revision,
                local_files_only=local,
                model_kwargs={"dtype": getattr(torch, settings.precision)},
            )
            self.model.default_prompt_name = None  # no words before a text but `prefixes`
        except Exception as error:  # of damaged files, or without a network, almost anything comes
            if settings.hub or Path(place).is_dir():
                raise UserError(
                    f"embedder.model={place} could not be loaded ({why or reason_of(error)}); type "
                    "embedder.model=FOLDER of a whole model"
                ) from error
            raise UserError(
                f"embedder.model={place}: it is in no folder and was not loaded before; to ask the "
                "model hub type embedder.hub=true"
            ) from error

    def encode(self, texts: list[str]) -> np.ndarray:
        """Texts to [n, dim] float32."""
        total = np.zeros(1, dtype=np.float32)
        for prefix in self.prefixes:
            vectors = self.model.encode(
                texts,
                batch_size=self.batch_size,
                show_progress_bar=False,
                convert_to_tensor=True,
                prompt=prefix or None,
                normalize_embeddings=self.unit,
            )
            total = total + vectors.float().cpu().numpy()
        if len(self.prefixes) == 1:
            return total
        return total / np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)


def encoder(settings: Embedder, trainer: Trainer, cache: Path) -> SentenceEncoder:
    """The encoder of `embedder=sentence_transformers`."""
    place = Path(settings.model or "").expanduser()
    name = str(place) if place.is_dir() else str(settings.model)
    prefixes = [prefix_of(prompt) for prompt in settings.prompts]
    return SentenceEncoder(name, settings, trainer, prefixes, unit=True)
