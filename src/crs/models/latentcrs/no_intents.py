"""Stage `direct`: the same network without intents, to see what they add."""

from pathlib import Path
from typing import Any

import torch

from crs.console import Context
from crs.models.latentcrs.networks import Direct
from crs.models.latentcrs.recipe import LatentCRSNoIntentsSettings, WordsNoIntentsSettings
from crs.models.latentcrs.train import prepare
from crs.models.latentcrs.training import DirectTraining
from crs.models.latentcrs.words_training import run_no_intents
from crs.store.artifact import Artifact, write_json
from crs.training.loop import derive, fit, save_weights


def run(
    settings: LatentCRSNoIntentsSettings | WordsNoIntentsSettings,
    inputs: dict[str, Artifact],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json` (the shape that rebuilds it)."""
    if isinstance(settings, WordsNoIntentsSettings):
        return run_no_intents(settings, inputs, folder, context)
    train, valid, items = prepare(inputs, folder)
    shape: dict[str, Any] = {
        "text_dim": train.x.shape[1],
        "text_hidden": settings.text_hidden,
        "hidden": settings.hidden,
        "dropout": settings.dropout,
    }
    torch.manual_seed(derive(settings.train.seed, "direct"))
    model = Direct(items, **shape)
    summary = fit(DirectTraining(model, train, valid), "direct", settings.train, folder, context)
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", shape)
    context.note(f"validation NDCG@10 {summary['best']:.4f}")
    return summary
