"""All files of an export: index, item vectors, weights, configuration, query encoder."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import save_file

from crs.data.cases import Cases
from crs.errors import UserError
from crs.evaluation.ranking import topk
from crs.export import index, query
from crs.ids import Number
from crs.models.text_match.asked import ASKED
from crs.places import home, refusal, unwritable
from crs.serving import System
from crs.version import __version__

INDEX, ITEMS, TABLE, CONFIG, ONNX = (
    "items.faiss", "items.safetensors", "items.csv", "config.json", "query.onnx",
)  # fmt: skip
SHAPES = ("encoder.json", "model.json")
"""What the stages write beside their weights to build the network."""
CHECKED = 16
"""Users whose histories the ONNX model and ours are asked about."""
SEARCHED = 256
"""Users whose best items an index that is not exact is asked for."""
RECALL = "recall@10"
SAID = "a quiet drama from the 1990s, no horror"
"""The words, where the scorer reads words."""


def write(system: System, folder: str | Path, onnx: bool, kind: str = "flat") -> list[str]:
    """Write all of it into a new or empty folder; a line for each part.

    Args:
        kind: of the index, one of `index.KINDS`.
    Raises:
        UserError: if the folder has files, cannot be written, there is no such index, or the scorer
            has no encoder to write as ONNX and this is asked for.
    """
    place = Path(home(folder))
    if place.is_dir() and any(place.iterdir()):
        raise UserError(f"{folder} has files; give a new folder")
    index.check(kind, system.sequences.n_items)
    if onnx:
        query.encoder_of(system)
    try:
        place.mkdir(parents=True, exist_ok=True)
        return [*parts(system, place, onnx, kind)]
    except OSError as error:
        raise unwritable(folder, refusal(error) or str(error.strerror), "FOLDER") from error
    except SafetensorError as error:
        raise unwritable(folder, refusal(error) or str(error), "FOLDER") from error


def parts(system: System, place: Path, onnx: bool, kind: str) -> list[str]:
    """Write the parts; a line for each."""
    dim = write_items(system, place)
    about = write_index(system, place / INDEX, kind)
    found = f", {RECALL} {about[RECALL]:.3f}" if RECALL in about else ""
    said = [
        f"{INDEX:<18} {system.sequences.n_items:,} items by inner product, {kind}{found}",
        f"{ITEMS:<18} their vectors of {dim} numbers; row 0 is padding",
        f"{TABLE:<18} their numbers, ids and titles",
        *(f"{name:<18} weights" for name in copy_weights(system, place)),
    ]
    config: dict[str, Any] = {
        "suite": __version__,
        "model": system.model,
        "scorer": system.scorer,
        "sees": system.recommender.sees,
        "dataset": system.label,
        "result": f"{system.result.stage}/{system.result.fingerprint}",
        "items": system.sequences.n_items,
        "dim": dim,
        **about,
    }
    if onnx:
        config |= query.write(system, place / ONNX)
        config["apart"] = apart(system, config["length"], session(place / ONNX))
        said.append(f"{ONNX:<18} query encoder; scores differ by {config['apart']:.1e} at most")
    (place / CONFIG).write_text(json.dumps(config, indent=1, sort_keys=True))
    return [*said, f"{CONFIG:<18} what these are"]


def write_index(system: System, file: Path, kind: str) -> dict[str, Any]:
    """Write the index; its kind and, where it is not exact, how much of the exact best it finds."""
    vectors, ids = system.indexed()
    made = index.build(vectors, ids, kind)
    index.write(made, file)
    if kind == "flat":
        return {"index": kind}
    asked = [system.recommender.queries(case) for case in cases_of(system, SEARCHED)]
    best, _ = topk(torch.cat(asked), system.recommender.catalogue(), 10, n_items=len(ids))
    bias = vectors.shape[1] - asked[0].shape[1]
    queries = F.pad(torch.cat(asked), (0, bias), value=1.0).numpy().astype(np.float32)
    return {"index": kind, RECALL: round(index.recall(made, ids[best.numpy() - 1], queries), 4)}


def write_items(system: System, place: Path) -> int:
    """Write item vectors and titles; the width of the vectors."""
    items, bias = system.recommender.catalogue()
    tensors = {"items": items.to_dense() if items.is_sparse else items}
    tensors |= {} if bias is None else {"bias": bias}
    save_file({name: one.contiguous().clone() for name, one in tensors.items()}, place / ITEMS)
    numbers = range(1, system.sequences.n_items + 1)
    table = {"number": numbers, "id": system.item_ids.raw[1:], "title": system.titles[1:]}
    pd.DataFrame(table).to_csv(place / TABLE, index=False)
    return items.shape[1]


def copy_weights(system: System, place: Path) -> list[str]:
    """Copy the weights of each stage with the shapes of its network; their names."""
    found = []
    for stage, artifact in system.inputs.items():
        for file in artifact.manifest["files"]:
            if file.endswith(".safetensors") or file in SHAPES:
                (place / stage).mkdir(exist_ok=True)
                shutil.copy(artifact.path / file, place / stage / file)
                found.append(f"{stage}/{file}")
    return found


Run = Callable[[dict[str, np.ndarray]], np.ndarray]


def session(file: Path) -> Run:
    """The written model, checked, as a function of its inputs."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(file))
    opened = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda inputs: opened.run([query.QUERY], inputs)[0]


def apart(system: System, length: int, run: Run) -> float:
    """By how much a score of the written model differs from ours, at most.

    Args:
        length: of the histories that it takes.
    """
    items, most = system.recommender.catalogue()[0], 0.0
    for case in cases_of(system, CHECKED):
        history = F.pad(case.history(length), (length - case.history(length).shape[1], 0))
        known = {query.HISTORY: history, query.TEXT: case.text, ASKED: case.dialogue.get(ASKED)}
        given = {name: one.numpy() for name, one in known.items() if one is not None}
        theirs = torch.from_numpy(run({name: given[name] for name in query.names_of(system)}))
        difference = (theirs - system.recommender.queries(case)) @ items.T
        most = max(most, float(difference.abs().max()))
    return most


def cases_of(system: System, users: int) -> Iterator[Cases]:
    """What the first users are asked about, one by one: their histories, and words where the scorer
    reads words."""
    for user in system.sequences.users[:users].tolist():
        talk = system.talk([*map(Number, history_of(system, user))])
        if query.inputs_of(system):
            talk.hear(SAID)
        yield talk.asked()


def history_of(system: System, user: int) -> list[int]:
    """The items of a user, our numbers, oldest first."""
    first, last = system.sequences.offsets[user : user + 2].tolist()
    return system.sequences.items[first:last].tolist()
