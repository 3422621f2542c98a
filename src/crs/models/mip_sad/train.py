"""Stage `train` of MIP-SAD: fine-tuning on every turn of the training dialogues."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from crs.console import Context
from crs.data.attribute_dialogues import TABLE, Turns
from crs.data.cases import Cases, turn_cases
from crs.data.sequences import Sequences
from crs.models.mip_sad import interop
from crs.models.mip_sad.networks import MIPSAD
from crs.models.mip_sad.recipe import MIPSADTrainSettings, Towers
from crs.models.mip_sad.training import Tune
from crs.models.text_match.scorers import TextMatch
from crs.store.artifact import Artifact, write_json
from crs.training.loop import derive, fit, save_weights


def prepare(inputs: dict[str, Artifact]) -> tuple[Sequences, Turns, Cases]:
    """Users' items, the training dialogues, and a case for each validation turn."""
    table = inputs["dialogues"].load(TABLE)
    train = Turns.of(table[table["split"] == "train"])
    return Sequences.of(inputs["dataset"]), train, turn_cases(inputs["dataset"], table, "valid")


def network(
    inputs: dict[str, Artifact],
    towers: Towers,
    seed: int,
    sees: tuple[str, ...] = ("items", "attributes"),
) -> tuple[MIPSAD, dict[str, Any]]:
    """A fresh network, and the arguments that build it.

    Args:
        inputs: `dataset`, and `embed_items` if `towers.words`.
    """
    dataset = inputs["dataset"]
    said = TextMatch.of(inputs["embed_items"]).catalogue()[0] if towers.words else None
    shape: dict[str, Any] = {
        "items": dataset.summary["items"],
        "attributes": dataset.summary["attributes"],
        "dim": towers.dim,
        "layers": towers.layers,
        "heads": towers.heads,
        "max_len": towers.max_len,
        "dropout": towers.dropout,
        "sees": list(sees),
        **({"reads": "newest"} if towers.reads == "newest" else {}),
        **({} if said is None else {"said": said.shape[1]}),
    }
    torch.manual_seed(derive(seed, "mip_sad", *sees))
    model = MIPSAD(**shape)
    if said is not None:
        model.said[: len(said)] = said
    return model, shape


def save(model: MIPSAD, shape: dict[str, Any], folder: Path, name: str = "model") -> None:
    """Write `<name>.safetensors` and `<name>.json` (the arguments that rebuild it)."""
    save_weights(model, folder / f"{name}.safetensors")
    write_json(folder / f"{name}.json", shape)


def run(
    settings: MIPSADTrainSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json`; begins with the warmed-up weights if any."""
    if settings.checkpoint is not None:
        model, shape = interop.load(
            Path(settings.checkpoint).expanduser(), inputs["dataset"], settings.towers
        )
        save(model, shape, folder)
        where = {"mask": "at a [MASK] behind it", "newest": "at its newest item"}[model.reads]
        context.note(f"weights of {Path(settings.checkpoint).name}; a history is read {where}")
        return {"checkpoint": Path(settings.checkpoint).name, "reads": model.reads}
    model, shape = network(inputs, settings.towers, settings.train.seed)
    if "warmup" in inputs:
        model.load_state_dict(load_file(inputs["warmup"].path / "model.safetensors"))
    module = Tune(model, settings.tuning, *prepare(inputs))
    summary = fit(module, "train", settings.train, folder, context)
    save(model, shape, folder)
    context.note(f"validation NDCG@10 {summary['best']:.4f} on {module.cases():,} dialogues")
    return summary
