"""The network of C2-CRS for a data set, new or as it was trained."""

from typing import Any

import numpy as np
from safetensors.torch import load_file

from crs.config import C2CRS as Options
from crs.data.contexts import Contexts
from crs.models.c2crs.networks import C2CRS
from crs.store import Artifact


def build(
    options: Options, inputs: dict[str, Artifact], views: str = "graph"
) -> tuple[C2CRS, Contexts, dict[str, Any]]:
    """A new network, the contexts it reads, and the shape that rebuilds it.

    Args:
        inputs: `dataset`, `graph` and `contexts`.
    """
    contexts, graph = Contexts.of(inputs["contexts"]), inputs["graph"].summary
    shape: dict[str, Any] = {
        "entities": graph["entities"], "relations": graph["relations"],
        "items": inputs["dataset"].summary["items"], "words": len(contexts.words),
        "dim": options.dim, "bases": options.bases, "word_dim": options.word_dim,
        "layers": options.layers, "heads": options.heads, "hidden": options.hidden,
        "dropout": options.dropout, "views": views, "bare": "graph" in options.without,
        "length": max(contexts.tokens.shape[1], contexts.review_tokens.shape[1]),
    }  # fmt: skip
    return rebuild(inputs["graph"], shape), contexts, shape


def rebuild(graph: Artifact, shape: dict[str, Any]) -> C2CRS:
    """A network of a given shape; a `bare` one has no edges: an entity is its own vector."""
    edges = np.array(graph.load("edges.npy"))
    bare = shape["bare"]
    return C2CRS(edges[:, :0] if bare else edges, **{k: v for k, v in shape.items() if k != "bare"})


def trained(train: Artifact, graph: Artifact) -> C2CRS:
    """The network of a `train` (or `direct`) artifact, ready to score."""
    model = rebuild(graph, train.load("model.json"))
    model.load_state_dict(load_file(train.path / "model.safetensors"))
    return model.eval().requires_grad_(False)
