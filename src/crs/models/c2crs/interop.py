"""Weights of C2-CRS from a file: ours, or what the authors' code saves of its recommender."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crs.data.self_loops import by_line, released_loops
from crs.errors import UserError
from crs.models.c2crs.networks import C2CRS
from crs.nn.interop import check_same_items, read
from crs.store.artifact import Artifact

SELF_LOOP = "self loop"
"""The name of the loops' relation in a `graph`."""
GRAPH = "user_model.kGModel."
NAMES = {
    f"{GRAPH}kg_encoder.weight": "graph.bases",
    f"{GRAPH}kg_encoder.comp": "graph.mix",
    f"{GRAPH}kg_encoder.root": "graph.root",
    f"{GRAPH}kg_encoder.bias": "graph.bias",
    f"{GRAPH}kg_attn.a": "pool.graph.inner.weight",
    f"{GRAPH}kg_attn.b": "pool.graph.outer.weight",
    "recommender.rec_bias.bias": "bias",
}
"""The authors' names of what their recommender reads, and ours."""
READ = ("graph.", "pool.graph.", "bias")
"""How the names of ours begin that a query by `c2crs.views=graph` reads."""
SWITCHES = {
    "pool.graph.age": "c2crs.recency=false",
    "graph.project": "c2crs.words=false",
    "graph.said": "c2crs.words=false",
}
"""What a query of ours can read and the authors' cannot, and the settings that turn it off."""


class _Ignored:
    """Stands for the settings object that the authors' files carry; it holds data and does
    nothing."""

    def __setstate__(self, state: Any) -> None:
        pass


def weights_of(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, loaded weights-only.

    Raises:
        UserError: if it holds anything but tensors and the authors' settings.
    """
    try:
        with torch.serialization.safe_globals([(_Ignored, "crslab.config.config.Config")]):
            loaded = read(path, "checkpoint")
    except UserError:
        raise
    except Exception as error:  # torch's reader raises whatever it trips over
        raise UserError(
            f"checkpoint={path.name} is not a file of plain tensors ({type(error).__name__})"
        ) from error
    found = loaded.get("rec_state_dict", loaded) if isinstance(loaded, dict) else {}
    if not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise UserError(f"checkpoint={path.name} holds no state dict of tensors")
    return found


def entity_rows(dataset: Artifact, graph: Artifact) -> Tensor:
    """The row of each of our entities in the authors' tables, [E]: its id in the source.

    Raises:
        UserError: if we have entities that the source does not.
    """
    source = dataset.load("entities.parquet")["source"].to_numpy(copy=True)
    if len(source) != graph.summary["entities"] or (source < 0).any():
        raise UserError(
            "checkpoint: the graph has entities that the authors' has not; type graph.facts=[]"
        )
    return torch.from_numpy(source)


def relation_rows(dataset: Artifact, graph: Artifact) -> Tensor:
    """The row of each of our relations in the authors' table, [R].

    They number relations as they meet them, and leave gaps for none of those that are too rare. An
    entity's loop comes before its triples in ReDial, and behind the triple in TG-ReDial.
    """
    table = graph.load("relations.parquet")
    kept = table[table["relation"] >= 0].set_index("name")["relation"]
    name = dataset.load("relations.parquet").set_index("relation")["name"]
    triples = dataset.load("triples.parquet")
    if by_line(dataset):
        met = [*name.loc[triples["relation"]]]
        met.insert(1, SELF_LOOP)
    else:
        source = dataset.load("entities.parquet")["source"].to_numpy()
        order = np.argsort(source[triples["head"].to_numpy() - 1], kind="stable")
        met = [SELF_LOOP, *name.loc[triples["relation"].to_numpy()[order]]]
    number = {one: i for i, one in enumerate(x for x in dict.fromkeys(met) if x in kept.index)}
    return torch.tensor([number[one] for one in kept.sort_values().index])


def translated(weights: dict[str, Tensor], dataset: Artifact, graph: Artifact) -> dict[str, Tensor]:
    """The authors' weights under our names and in our order of entities and relations.

    Raises:
        UserError: with the names that are missing, or if they are of other data.
    """
    if missing := [name for name in NAMES if name not in weights]:
        raise UserError(f"checkpoint lacks {', '.join(missing)}")
    found = {ours: weights[theirs] for theirs, ours in NAMES.items()}
    rows, relations = entity_rows(dataset, graph), relation_rows(dataset, graph)
    have, mixed = len(found["graph.root"]), len(found["graph.mix"])
    if int(rows.max()) >= have or mixed != len(relations):
        raise UserError(
            f"checkpoint has {have} entities and {mixed} relations, the data have ids up to "
            f"{int(rows.max())} and {len(relations)} relations; type graph.min_count as it was "
            "trained with, and give the data it was trained on"
        )

    def ordered(table: Tensor, dim: int) -> Tensor:
        picked = table.index_select(dim, rows)
        return torch.cat([torch.zeros_like(picked.narrow(dim, 0, 1)), picked], dim)

    found["graph.bases"] = ordered(found["graph.bases"], 1)
    found["graph.root"], found["bias"] = ordered(found["graph.root"], 0), ordered(found["bias"], 0)
    found["graph.mix"] = found["graph.mix"][relations]
    # Theirs multiply from the right.
    for name in ("inner", "outer"):
        found[f"pool.graph.{name}.weight"] = found[f"pool.graph.{name}.weight"].T
    return {name: value.contiguous() for name, value in found.items()}


def take_off_loops(weights: dict[str, Tensor], dataset: Artifact, graph: Artifact) -> None:
    """Subtract self-loops that the authors' graph does not have.

    With `graph.loops=all` our graph has a loop on every entity. Where theirs has none, the loop's
    message is subtracted from the entity's root vector.
    """
    if graph.manifest.get("settings", {}).get("loops") == "released":
        return
    loop = graph.load("relations.parquet").set_index("name")["relation"][SELF_LOOP]
    if loop >= 0:
        entities = dataset.load("entities.parquet")["entity"]
        bare = torch.from_numpy(np.setdiff1d(entities, released_loops(dataset)))
        mix, bases = weights["graph.mix"][loop], weights["graph.bases"][:, bare]
        weights["graph.root"][bare] -= torch.einsum("b,bed->ed", mix, bases)


def restore(model: C2CRS, path: Path, dataset: Artifact, graph: Artifact) -> bool:
    """Put a file's weights into a network.

    The authors' recommender reads the graph alone: our text encoders stay as they are, and no query
    reads them.

    Returns:
        whether the file is the authors'.
    Raises:
        UserError: if a weight that a query reads is missing (it is named), or of another shape.
    """
    weights = weights_of(path)
    released = any(name.startswith(GRAPH) for name in weights)
    if released:
        if model.views != "graph":
            raise UserError("checkpoint: the authors' recommender has c2crs.views=graph alone")
        weights = translated(weights, dataset, graph)
    own = model.state_dict()
    read = {name for name in own if not released or name.startswith(READ)}
    missing = sorted(read - set(weights))
    wrong = [
        f"{name} {list(value.shape)} ({list(own[name].shape)} needed)"
        for name, value in weights.items()
        if name in own and value.shape != own[name].shape
    ]
    if missing or wrong:
        what = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(wrong)}"
        off = sorted({SWITCHES.get(name, "") for name in missing})
        hint = (
            f"type {' '.join(off)}" if all(off) and off else "give the settings it was trained with"
        )
        raise UserError(f"checkpoint={path.name} {what}; {hint}")
    if released:
        take_off_loops(weights, dataset, graph)
    else:
        check_same_items(path, dataset, "checkpoint")
    model.load_state_dict(own | {name: weights[name] for name in own if name in weights})
    return released
