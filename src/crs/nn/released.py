"""Names of Transformer layers in released state dicts, which share one ancestor, and ours."""

import torch
from torch import Tensor

NAMES = {
    "attention.dense": "out",
    "attention.LayerNorm": "attention_norm",
    "intermediate.dense_1": "inner",
    "intermediate.dense_2": "outer",
    "intermediate.LayerNorm": "norm",
}
QKV = [f"attention.{part}" for part in ("query", "key", "value")]


def layers(released: dict[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    """All layers under the prefix `theirs` with our names; query, key and value become one matrix.

    Raises:
        KeyError: with the first name that is missing.
    """
    found, number = {}, 0
    while any(name.startswith(f"{theirs}.{number}.") for name in released):
        their, our = f"{theirs}.{number}.", f"{ours}.{number}."
        for kind in ("weight", "bias"):
            found[f"{our}qkv.{kind}"] = torch.cat([released[f"{their}{p}.{kind}"] for p in QKV])
            for their_part, our_part in NAMES.items():
                found[f"{our}{our_part}.{kind}"] = released[f"{their}{their_part}.{kind}"]
        number += 1
    return found
