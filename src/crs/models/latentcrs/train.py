"""Stage `train` of LatentCRS: the three phases of EM."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crs.console import Context
from crs.data.cases import Cases, cases_of
from crs.models.latentcrs.networks import LatentCRS
from crs.models.latentcrs.recipe import LatentCRSTrainSettings, WordsSettings
from crs.models.latentcrs.training import PHASES, EMTraining, Prepared
from crs.models.latentcrs.words_training import run_intents
from crs.nn.sequential import encode, load_encoder
from crs.store.artifact import RESUME, UNFINISHED, Artifact, keep, kept, write_json
from crs.training.loop import derive, fit, save_weights


def states(name: str, cases: Cases, inputs: dict[str, Artifact], folder: Path) -> Tensor:
    """The frozen encoder's states of some cases, computed once and kept for a resumed stage."""
    place = folder / RESUME / f"{name}.npy"
    if not kept(place):
        place.parent.mkdir(exist_ok=True)
        h = encode(load_encoder(inputs["pretrain"]), cases)
        with (unfinished := place.with_suffix(UNFINISHED)).open("wb") as file:
            np.save(file, h.numpy())
        keep(unfinished, place)
    return torch.from_numpy(np.load(place))


def prepare(inputs: dict[str, Artifact], folder: Path) -> tuple[Prepared, Prepared, Tensor]:
    """Training and validation cases with states and texts, and the item table [N + 1, d]."""
    splits = []
    for split in ("train", "valid"):
        cases = cases_of(inputs, split)
        splits.append(Prepared.of(cases, states(split, cases, inputs, folder)))
    encoder = load_encoder(inputs["pretrain"])
    return splits[0], splits[1], encoder.item_table.weight[: encoder.items + 1].clone()


def run(
    settings: LatentCRSTrainSettings | WordsSettings,
    inputs: dict[str, Artifact],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json` (the shape that rebuilds it)."""
    if isinstance(settings, WordsSettings):
        return run_intents(settings, inputs, folder, context)
    train, valid, items = prepare(inputs, folder)
    centres = torch.from_numpy(np.array(inputs["intents"].load("centres.npy")))
    shape: dict[str, Any] = {
        "text_dim": train.x.shape[1],
        "text_hidden": settings.em.text_hidden,
        "hidden": settings.em.hidden,
        "dropout": settings.em.dropout,
    }
    torch.manual_seed(derive(settings.train.seed, "latentcrs"))
    model = LatentCRS(items, centres, **shape)
    summary: dict[str, Any] = {}
    released = settings.em.posterior == "amortised"
    for phase in PHASES:
        if phase == "distil" and released:
            continue  # the released schedule has no such phase
        module = EMTraining(model, settings.em, phase, train, valid)
        found = fit(module, phase, settings.train, folder, context)
        summary |= {f"{phase}_{key}": value for key, value in found.items()}
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", {**shape, "k": len(centres)})
    best = summary["em_best"]
    context.note(f"validation NDCG@10 {best:.4f} on {len(train.y):,} training cases")
    return summary
