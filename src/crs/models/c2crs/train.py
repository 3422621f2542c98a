"""Stage `train` of C2-CRS: the recommender, from the pre-trained encoders."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from crs.console import Context
from crs.data.cases import cases_of
from crs.models.c2crs.build import build
from crs.models.c2crs.interop import restore
from crs.models.c2crs.recipe import C2CRSTrainSettings
from crs.models.c2crs.training import Recommend
from crs.store.artifact import Artifact, write_json
from crs.training.loop import derive, fit, save_weights

TEXT_ENCODERS = ["words", "context", "review"]
"""Parts of the network that the authors' file of their recommender does not fill."""


def run(
    settings: C2CRSTrainSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json` (the shape that rebuilds it).

    Without a `warmup` among the inputs the encoders start from the same random weights that the
    pre-training of this seed starts from. With a checkpoint nothing is trained.
    """
    torch.manual_seed(derive(settings.train.seed, "c2crs"))
    model, contexts, shape = build(settings.c2crs, inputs, settings.views)
    if settings.checkpoint is not None:
        path = Path(settings.checkpoint).expanduser()
        released = restore(model, path, inputs["dataset"], inputs["graph"])
        save_weights(model, folder / "model.safetensors")
        write_json(folder / "model.json", shape)
        return {"checkpoint": path.name, "untrained": TEXT_ENCODERS if released else []}
    if "warmup" in inputs:
        # What pre-training has no part in, the fusion, starts as it is made.
        model.load_state_dict(
            model.state_dict() | load_file(inputs["warmup"].path / "model.safetensors")
        )
    train, valid = (cases_of(inputs, split) for split in ("train", "valid"))
    seen_out = not inputs["dataset"].summary.get("conversations")
    module = Recommend(model, contexts, train, valid, settings.c2crs, seen_out)
    summary = fit(module, "train", settings.train, folder, context)
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", shape)
    context.note(
        f"validation NDCG@10 {summary['best']:.4f} at epoch {summary['best_epoch'] + 1} of "
        f"{summary['epochs']}, {module.cases():,} training cases"
    )
    return summary
