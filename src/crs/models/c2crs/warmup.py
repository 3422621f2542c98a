"""Stage `warmup` of C2-CRS: coarse, then fine contrastive pre-training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from crs.console import Context
from crs.data.cases import cases_of
from crs.models.c2crs.build import build
from crs.models.c2crs.recipe import C2CRSWarmupSettings
from crs.models.c2crs.training import Warmup, rows_of
from crs.store.artifact import Artifact, write_json
from crs.training.loop import derive, fit, save_weights


def run(
    settings: C2CRSWarmupSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json` (the shape that rebuilds it).

    Phase `coarse` aligns whole contexts; `fine` adds words, entities and reviews. A
    phase of no epochs, or data with a single view, is left out.
    """
    options, warmup = settings.c2crs, settings.warmup
    torch.manual_seed(derive(warmup.seed, "c2crs"))
    model, contexts, shape = build(options, inputs)
    rows, valid = (rows_of(cases_of(inputs, split)) for split in ("train", "valid"))
    views = ["graph", "context", *(["review"] if contexts.has_reviews else [])]
    views = [view for view in views if view == "graph" or view not in options.without]
    phases = {"coarse": options.coarse_epochs, "fine": options.fine_epochs}
    if len(views) < 2:
        context.note("one view: there is nothing to align")
        phases = {}
    summary: dict[str, Any] = {"views": views}
    for phase, epochs in phases.items():
        if epochs:
            module = Warmup(model, contexts, rows, valid, options, phase == "fine")
            own = replace(warmup, epochs=min(epochs, warmup.epochs))
            found = fit(module, phase, own, folder, context)
            summary |= {f"{phase}_{key}": value for key, value in found.items()}
            context.note(
                f"{phase}: validation loss {-found['best']:.3f} at epoch "
                f"{found['best_epoch'] + 1} of {found['epochs']}"
            )
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", shape)
    return summary
