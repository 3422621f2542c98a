"""What the readers of weights share: names of layers in released state dicts, which have one
ancestor, their errors, and whether the rows of a table are the items of a data set."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crs.console import say
from crs.errors import UserError
from crs.store.artifact import MANIFEST, Artifact

NAMES = {
    "attention.dense": "out",
    "attention.LayerNorm": "attention_norm",
    "intermediate.dense_1": "inner",
    "intermediate.dense_2": "outer",
    "intermediate.LayerNorm": "norm",
}
QKV = [f"attention.{part}" for part in ("query", "key", "value")]


def tensors_of(loaded: Any) -> Iterator[Tensor]:
    """The tensors in dictionaries of dictionaries."""
    if isinstance(loaded, Tensor):
        yield loaded
    elif isinstance(loaded, dict):
        for value in loaded.values():
            yield from tensors_of(value)


def read(path: Path, key: str) -> Any:
    """What a file of weights holds: safetensors, or what torch saves, loaded weights-only.

    Args:
        key: the setting that names the file.
    Raises:
        UserError: if it says that it holds more than its own size.
        Exception: whatever torch's reader and that of safetensors trip over.
    """
    if path.suffix == ".safetensors":
        return load_file(path)  # it compares what the header says with the size itself
    size = path.stat().st_size

    def check(declared: int) -> None:
        if declared > size:
            raise UserError(
                f"{key}={path.name} says that it holds more than its {size:,} bytes; it is not "
                "read. Give the file as its authors saved it"
            )

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            check(sum(part.file_size for part in parts.infolist()))
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    # A tensor's shape may be larger than what is kept of it: a row that stands for a thousand.
    for tensor in tensors_of(loaded):
        check(tensor.numel() * tensor.element_size())
    return loaded


@contextmanager
def reading_weights(path: Path, key: str) -> Iterator[None]:
    """Errors of reading a file of weights as one sentence.

    Args:
        key: the setting that names the file.
    Raises:
        UserError: if a weight is missing, or if the file is no state dict of plain tensors.
    """
    try:
        yield
    except KeyError as error:
        raise UserError(f"{key}={path.name} has no weight {error}") from error
    except (SafetensorError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise UserError(
            f"{key}={path.name} is not a state dict of plain tensors ({type(error).__name__})"
        ) from error
    except UserError:
        raise
    except Exception as error:  # torch raises pickle's own errors for anything but tensors
        raise UserError(f"{key}={path.name} holds more than tensors and was not loaded") from error


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


def raw_numbers(dataset: Artifact, table: str, column: str, key: str) -> Tensor:
    """The source's own ids, where these are numbers, by ours from 1, [n].

    Args:
        key: the setting that names the weights.
    Raises:
        UserError: if the source has other ids than numbers.
    """
    names = dataset.load(f"{table}.parquet")[column]
    if not names.str.isdecimal().all():
        raise UserError(
            f"{key}: the authors number items and attributes, this dataset names them; use "
            "dataset=lastfm dataset.source=precrs"
        )
    return torch.from_numpy(names.astype("int64").to_numpy(copy=True))


def item_rows(table: Tensor, dataset: Artifact, key: str) -> Tensor:
    """Rows of padding, our items and mask in Pre-CRS' table, which has attributes behind them.

    Args:
        key: the setting that names the weights.
    Raises:
        UserError: if the table belongs to another catalogue.
    """
    items, attributes = dataset.summary["items"], dataset.summary["attributes"]
    if len(table) != items + attributes + 2:
        raise UserError(
            f"{key}: its table has {len(table)} rows, and {items} items, {attributes} attributes, "
            f"padding and mask make {items + attributes + 2}; give the dataset it was trained on"
        )
    own = raw_numbers(dataset, "items", "raw", key)
    return torch.cat([torch.tensor([0]), own, torch.tensor([items + 1])])


def check_same_items(path: Path, dataset: Artifact, key: str) -> None:
    """Refuse weights of ours that were trained on another data set: their rows are other items.

    The manifest beside the weights names their data set. Without a manifest a line says that it is
    not known.

    Args:
        key: the setting that names the weights.
    Raises:
        UserError: if the data sets differ.
    """
    beside = path.with_name(MANIFEST)
    try:
        trained_on = json.loads(beside.read_text())["inputs"]["dataset"]
    except (OSError, ValueError, KeyError, TypeError):
        say(
            f"note      {key}={path.name}: no {MANIFEST} beside it says which items its rows are; "
            "they are taken for those of this data set"
        )
        return
    if trained_on["digest"] != dataset.digest:
        raise UserError(
            f"{key}={path}: it was trained on the data set {trained_on['fingerprint']}, this one "
            f"is {dataset.fingerprint} and has other items or interactions; give weights of it"
        )
