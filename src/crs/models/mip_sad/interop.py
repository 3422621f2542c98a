"""Weights from a file: ours, or the authors' (docs/mip_sad.md, section 7)."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crs.errors import UserError
from crs.models.mip_sad.networks import MIPSAD
from crs.models.mip_sad.recipe import Towers
from crs.nn.interop import check_same_items, item_rows, layers, raw_numbers, read, reading_weights
from crs.store.artifact import Artifact

NAMES = {
    "position_embeddings.weight": "item_tower.positions.weight",
    "LayerNorm.weight": "item_tower.norm.weight",
    "LayerNorm.bias": "item_tower.norm.bias",
    "item_norm.weight": "fusion.weight",
    "item_norm.bias": "fusion.bias",
    "prefer_norm.weight": "judge.weight",
    "prefer_norm.bias": "judge.bias",
}
TABLE = "embeddings.weight"
"""The authors' one table: padding, items, mask, attributes."""
KEY = "checkpoint"


def translate(released: dict[str, Tensor], dataset: Artifact) -> dict[str, Tensor]:
    """The authors' names as ours, their rows in the order of our ids.

    Users and the tower of refused items are left out: no loss and no score reads them.

    Raises:
        KeyError: with the names that are missing; of layers, the first.
        UserError: if the table belongs to another catalogue.
    """
    if missing := [name for name in (TABLE, *NAMES) if name not in released]:
        raise KeyError(", ".join(missing))
    table = released[TABLE]
    rows = item_rows(table, dataset, KEY)
    own = raw_numbers(dataset, "attributes", "name", KEY) + dataset.summary["items"] + 1
    return {
        **{our: released[their] for their, our in NAMES.items()},
        **layers(released, "SAS_encoder.layer", "item_tower.layers"),
        **layers(released, "prefer_SAS_encoder.layer", "attribute_tower.layers"),
        "item_tower.item_table.weight": table[rows],
        "attribute_tower.table.weight": table[torch.cat([torch.tensor([0]), own])],
    }


def load(path: Path, dataset: Artifact, towers: Towers) -> tuple[MIPSAD, dict[str, Any]]:
    """A network with the weights of a file, its shape read from them.

    Args:
        path: our `model.safetensors`, or a state dict of the authors' fine-tuned model.
        towers: for what no weight shows: dropout, heads, and how a history is read. Weights of
            ours have a `model.json` beside them that knows heads and reading; the authors' files
            are read as their code reads, at the newest item, unless `towers.reads` says otherwise.
    Returns:
        the network and the arguments that build it.
    Raises:
        UserError: if the file is neither, lacks weights (which are named), or belongs to another
            catalogue.
    """
    with reading_weights(path, KEY):
        if path.suffix == ".safetensors":
            weights = read(path, KEY)
        else:
            loaded = read(path, KEY)
            if not isinstance(loaded, dict):
                raise UserError(
                    f"checkpoint={path.name} is no state dict, but a {type(loaded).__name__}"
                )
            weights = translate(loaded, dataset)
        released = path.suffix != ".safetensors"
        rows, dim = weights["item_tower.item_table.weight"].shape
        beside = path.with_name("model.json")
        about = {} if released or not beside.is_file() else json.loads(beside.read_text())
        usual = "newest" if released else about.get("reads", "mask")
        shape: dict[str, Any] = {
            "items": rows - 2,
            "attributes": len(weights["attribute_tower.table.weight"]) - 1,
            "dim": dim,
            "heads": about.get("heads", towers.heads),
            "dropout": towers.dropout,
            "layers": sum(bool(re.fullmatch(r"item_tower.*qkv\.weight", n)) for n in weights),
            "max_len": len(weights["item_tower.positions.weight"]),
            "sees": ["items", "attributes"],
        }
        if "told" in weights:
            shape["said"] = weights["told"].shape[1]
        if (usual if towers.reads == "auto" else towers.reads) == "newest":
            shape["reads"] = "newest"
    summary = dataset.summary
    if (shape["items"], shape["attributes"]) != (summary["items"], summary["attributes"]):
        raise UserError(
            f"checkpoint={path.name} knows {shape['items']} items and {shape['attributes']} "
            f"attributes, the dataset has {summary['items']} and {summary['attributes']}; give the "
            "dataset it was trained on"
        )
    if not released:
        check_same_items(path, dataset, KEY)
    model = MIPSAD(**shape)
    try:
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # its second line says what is misshapen
        reason = str(error).splitlines()[1].strip()
        raise UserError(f"checkpoint={path.name} does not fit: {reason}") from error
    if missing or unexpected:
        raise UserError(
            f"checkpoint={path.name} lacks {', '.join(missing) or 'nothing'} and has too many of "
            f"{', '.join(unexpected) or 'none'}"
        )
    return model, shape
