"""Reading encoder weights: the authors' state dict, or ours (docs/iclrec.md)."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crs.errors import UserError
from crs.nn.encoder import Encoder
from crs.nn.released import layers

NAMES = {
    "item_embeddings.weight": "item_table.weight",
    "position_embeddings.weight": "positions.weight",
    "LayerNorm.weight": "norm.weight",
    "LayerNorm.bias": "norm.bias",
}


def translate(released: dict[str, Tensor]) -> dict[str, Tensor]:
    """The authors' names as ours; query, key and value become one matrix.

    Raises:
        KeyError: with the first name that is missing.
    """
    ours = {our: released[theirs] for theirs, our in NAMES.items()}
    ours |= layers(released, "item_encoder.layer", "layers")
    return ours


def load(path: Path, items: int, heads: int, norm: str) -> tuple[Encoder, dict[str, int | float]]:
    """An encoder with the weights of a file, its shape read from them.

    Args:
        path: a torch state dict of the authors, or our `encoder.safetensors`.
        items: number of items of the dataset.
        heads, norm: attention heads and place of layer norm, which no weight shows; the authors'
            encoder has it behind (`post`).
    Returns:
        the encoder and the arguments that build it.
    Raises:
        UserError: if the file is neither, lacks a weight, or belongs to another catalogue.
    """
    try:
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            norm = "post"
            weights = translate(torch.load(path, map_location="cpu", weights_only=True))
        rows, dim = weights["item_table.weight"].shape
        max_len = len(weights["positions.weight"])
    except KeyError as error:
        raise UserError(f"pretrain.checkpoint={path.name} has no weight {error}") from error
    except (SafetensorError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise UserError(
            f"pretrain.checkpoint={path.name} is not a state dict of plain tensors "
            f"({type(error).__name__})"
        ) from error
    except Exception as error:  # torch raises pickle's own errors for anything but tensors
        raise UserError(
            f"pretrain.checkpoint={path.name} holds more than tensors and was not loaded"
        ) from error
    if rows != items + 2:
        raise UserError(
            f"pretrain.checkpoint={path.name} knows {rows - 2} items and the dataset has {items}; "
            "give the dataset it was trained on"
        )
    shape: dict[str, int | float] = {
        "items": items, "dim": dim, "heads": heads, "max_len": max_len,
        "layers": sum(name.endswith(".qkv.weight") for name in weights),
        "dropout": 0.0, "attention_dropout": 0.0, "norm": norm,
    }  # fmt: skip
    encoder = Encoder(**shape)  # type: ignore[arg-type]
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:  # its second line says what is missing, left over or misshapen
        reason = str(error).splitlines()[1].strip()
        raise UserError(f"pretrain.checkpoint={path.name} does not fit: {reason}") from error
    return encoder, shape
