"""Reading encoder weights: ICLRec's authors', Pre-CRS' generator, or ours (docs/iclrec.md)."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from crs.errors import UserError
from crs.nn.encoder import Encoder
from crs.nn.interop import check_same_items, item_rows, layers, read, reading_weights
from crs.store.artifact import Artifact

NAMES = {
    "item_embeddings.weight": "item_table.weight",
    "position_embeddings.weight": "positions.weight",
    "LayerNorm.weight": "norm.weight",
    "LayerNorm.bias": "norm.bias",
}
GENERATOR_NAMES = {
    "position_embeddings.weight": "positions.weight",
    "LayerNorm.weight": "norm.weight",
    "LayerNorm.bias": "norm.bias",
    "item_norm.weight": "head.weight",
    "item_norm.bias": "head.bias",
}
TABLE = "embeddings.weight"
"""One table of Pre-CRS' generator: padding, items, mask, attributes. It tells its files."""
KEY = "pretrain.checkpoint"
BY_SETTINGS = {"heads": None, "norm": None, "block": "transformer", "alpha": None, "cutoff": None,
               "ahead": False}  # fmt: skip
"""Arguments of an encoder that settings say and no weight shows, and what they are if unsaid."""


def of_iclrec(released: dict[str, Tensor], dataset: Artifact) -> dict[str, Tensor]:
    """The names of ICLRec's authors as ours; query, key and value become one matrix.

    Raises:
        KeyError: with the first name that is missing.
        UserError: if the data set does not number its items as the authors' files do: row i of
            their table is item i.
    """
    names = dataset.load("items.parquet")["raw"].tolist()
    other = [name for i, name in enumerate(names, 1) if name != str(i)]
    if other:
        raise UserError(
            f"{KEY}: row i of the authors' table is the item that their file calls i, and this "
            f"data set's items are not called 1 to {len(names)} (item {other[0]!r}); type "
            "dataset=beauty dataset.archive=FILE with the file of numbers that it was trained on"
        )
    ours = {our: released[theirs] for theirs, our in NAMES.items()}
    return ours | layers(released, "item_encoder.layer", "layers")


def of_generator(released: dict[str, Tensor], dataset: Artifact) -> dict[str, Tensor]:
    """The names of Pre-CRS' generator as ours, its rows in the order of our ids.

    Its readers of attributes and of refused items, and its users, score nothing and are left aside.

    Raises:
        KeyError: with the first name that is missing.
        UserError: if its table belongs to another catalogue.
    """
    table = released[TABLE]
    rows = item_rows(table, dataset, KEY)
    ours = {our: released[theirs] for theirs, our in GENERATOR_NAMES.items()}
    ours |= layers(released, "SAS_encoder.layer", "layers")
    return ours | {"item_table.weight": table[rows]}


def check_shape(path: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """What `encoder.json` beside weights of ours says that no weight and no setting does.

    Args:
        asked: arguments of `Encoder` by the settings.
    Raises:
        UserError: if it says something else than the settings.
    """
    if not (file := path.with_name("encoder.json")).is_file():
        return {}
    made = json.loads(file.read_text())
    told = {name: made.get(name, usual) for name, usual in BY_SETTINGS.items()}
    other = {name: v for name, v in told.items() if v != asked.get(name, BY_SETTINGS[name])}
    if "ahead" in other:
        other["cases"] = "prefix" if other.pop("ahead") else "sequence"
    if other:
        typed = {name: value for name, value in other.items() if value is not None}
        words = " ".join(f"pretrain.{name}={value}" for name, value in typed.items())
        raise UserError(f"{KEY}={path.name} was trained with other settings; type {words}")
    return {name: made[name] for name in ("causal", "project") if name in made}


def load(
    path: Path, dataset: Artifact, heads: int, norm: str, **block: Any
) -> tuple[Encoder, dict[str, Any]]:
    """An encoder with the weights of a file, its shape read from them.

    Args:
        path: a torch state dict of ICLRec's authors, Pre-CRS' generator, or our
            `encoder.safetensors`.
        dataset: whose items its rows are.
        heads, norm: attention heads and place of layer norm, which no weight shows; the authors'
            encoders have it behind (`post`).
        block: arguments of `Encoder` for the kind of its layers; none for the Transformer's.
    Returns:
        the encoder and the arguments that build it.
    Raises:
        UserError: if the file is none of these, lacks a weight, belongs to another catalogue, or
            is of ours and was trained with other settings than these.
    """
    items, more = dataset.summary["items"], {}
    with reading_weights(path, KEY):
        if path.suffix == ".safetensors":
            weights = read(path, KEY)
        else:
            norm = "post"
            loaded = read(path, KEY)
            if TABLE in loaded:
                weights = of_generator(loaded, dataset)
                more = {"causal": False, "project": True}
            else:
                weights = of_iclrec(loaded, dataset)
        rows, dim = weights["item_table.weight"].shape
        max_len = len(weights["positions.weight"])
    if rows != items + 2:
        raise UserError(
            f"{KEY}={path.name} knows {rows - 2} items and the dataset has {items}; "
            "give the dataset it was trained on"
        )
    if path.suffix == ".safetensors":
        check_same_items(path, dataset, KEY)
        more = check_shape(path, {"heads": heads, "norm": norm, **block})
    if dim % heads:
        raise UserError(
            f"pretrain.heads={heads} does not divide the {dim} dimensions of {path.name}"
        )
    shape: dict[str, Any] = {
        "items": items,
        "dim": dim,
        "heads": heads,
        "max_len": max_len,
        "layers": len({name.split(".")[1] for name in weights if name.startswith("layers.")}),
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "norm": norm,
        **block,
        **more,
    }
    encoder = Encoder(**shape)
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:  # its second line says what is missing, left over or misshapen
        reason = str(error).splitlines()[1].strip()
        raise UserError(f"{KEY}={path.name} does not fit: {reason}") from error
    return encoder, shape
