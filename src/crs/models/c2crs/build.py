"""The network of C2-CRS for a data set, new or as it was trained."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from crs.data.contexts import Contexts
from crs.data.popularity import training_counts
from crs.models.c2crs import recipe
from crs.models.c2crs.graph import GraphWithWords
from crs.models.c2crs.networks import C2CRS
from crs.models.c2crs.vectors import put_vectors
from crs.store.artifact import Artifact


def build(
    options: recipe.C2CRS, inputs: dict[str, Artifact], views: str = "graph"
) -> tuple[C2CRS, Contexts, dict[str, Any]]:
    """A new network, the contexts it reads, and the shape that rebuilds it.

    Args:
        inputs: `dataset`, `graph` and `contexts`.
    """
    contexts, graph = Contexts.of(inputs["contexts"]), inputs["graph"].summary
    shape: dict[str, Any] = {
        "entities": graph["entities"],
        "relations": graph["relations"],
        "items": inputs["dataset"].summary["items"],
        "words": len(contexts.words),
        "dim": options.dim,
        "bases": options.bases,
        "word_dim": options.word_dim,
        "layers": options.layers,
        "heads": options.heads,
        "hidden": options.hidden,
        "dropout": options.dropout,
        "views": views,
        "bare": "graph" in options.without,
        "length": max(contexts.tokens.shape[1], contexts.review_tokens.shape[1]),
        "ages": contexts.entities.shape[1] if options.recency else 0,
    }
    said = said_of(inputs, graph["entities"]) if options.words else None
    if said is not None:
        shape["said"] = said.shape[1]
    model = rebuild(inputs["graph"], shape)
    if options.vectors is not None:
        put_vectors(model.words.weight, Path(options.vectors).expanduser(), contexts.words)
    if options.start == "informed":
        inform(model, training_counts(inputs["dataset"]))
    if isinstance(model.graph, GraphWithWords) and said is not None:
        model.graph.said.copy_(said)
    return model, contexts, shape


def said_of(inputs: dict[str, Artifact], entities: int) -> Tensor:
    """The vectors of the entities' texts, times √D, [E + 1, D]; zeros for those that have none.

    A unit vector has entries of 1 / √D; these are about 1, as other inputs of a linear layer.

    Args:
        inputs: `entity_texts` and `embed_entities`.
    """
    embedded = inputs["embed_entities"]
    vectors = embedded.load("vectors.npy")[embedded.load("index.npy")]
    found = torch.zeros(entities + 1, vectors.shape[1], dtype=torch.float16)
    entity = inputs["entity_texts"].load("texts.parquet")["entity"].to_numpy(copy=True)
    found[torch.from_numpy(entity)] = torch.from_numpy(vectors) * vectors.shape[1] ** 0.5
    return found


@torch.no_grad()
def inform(model: C2CRS, counts: Tensor) -> None:
    """A start that knows what is popular, that neighbours are alike, and that the new matters.

    The bias of an item is log(1 + its training count). All relations begin as nearly the same
    mixture of bases, so that entities with common neighbours begin with like states, at a scale
    where their products say something beside the bias. Entities of a context begin with weights
    1 / (1 + age).

    Args:
        counts: of items, [N + 1].
    """
    graph = model.graph
    bases, _, dim = graph.bases.shape
    for weight in (graph.bases, graph.root):
        torch.nn.init.normal_(weight, std=dim**-0.5)
    graph.mix.copy_((2 + 0.2 * torch.randn_like(graph.mix)) / bases)
    age = model.pool["graph"].age
    if isinstance(age, nn.Parameter):
        age.copy_(-torch.arange(len(age)).log1p())
    model.bias[: len(counts)] = counts.float().log1p()


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
