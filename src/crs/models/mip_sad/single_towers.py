"""Stage `alone`: each tower trained by itself, to see what the other one adds."""

from pathlib import Path
from typing import Any

from crs.console import Context
from crs.models.mip_sad.recipe import MIPSADTrainSettings
from crs.models.mip_sad.train import network, prepare, save
from crs.models.mip_sad.training import Tune
from crs.store.artifact import Artifact
from crs.training.loop import fit


def run(
    settings: MIPSADTrainSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `items.safetensors`, `attributes.safetensors` and their shapes (`.json`).

    Both are fine-tuned as the whole is, but from nothing: the warm-up joins the towers.
    """
    data = prepare(inputs)
    summary: dict[str, Any] = {}
    for tower in ("items", "attributes"):
        model, shape = network(inputs, settings.towers, settings.train.seed, (tower,))
        found = fit(Tune(model, settings.tuning, *data), tower, settings.train, folder, context)
        save(model, shape, folder, tower)
        summary |= {f"{tower}_{key}": value for key, value in found.items()}
    best = " and ".join(f"{summary[f'{tower}_best']:.4f}" for tower in ("items", "attributes"))
    context.note(f"validation NDCG@10 {best}")
    return summary
