"""MIP-SAD and what it is compared with, each as a dot product of a query and an item row."""

from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from crs.data.attributes import attribute_matrix
from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.models.attribute_filter.scorers import AttributeFilter
from crs.models.mip_sad.networks import MIPSAD
from crs.models.popularity.scorers import Popularity
from crs.nn.sequential import Sequential, States, load_encoder
from crs.recommender import Recommender
from crs.store.artifact import Artifact

CHUNK = 512


class Fused:
    """Query u = W_f [s^I ; s^A] + b_f over the item table (docs/mip_sad.md, eq. 3)."""

    def __init__(self, model: MIPSAD) -> None:
        self.model = model
        names = {"items": "history", "attributes": "attributes"}
        self.sees = " + ".join(names[tower] for tower in model.sees)

    @torch.no_grad()
    def queries(self, cases: Cases) -> Tensor:
        """[B, d]; turns that share a history share its encoding.

        Raises:
            ValueError: if the cases carry no attributes.
        """
        model, found = self.model, torch.empty(len(cases), self.model.dim)
        # Cases of one history come together, in whatever order they were asked for.
        key = cases.row * (int(cases.cut.max()) + 1 if len(cases) else 1) + cases.cut
        for part in key.argsort(stable=True).split(CHUNK):
            some = cases[part]
            _, row, size = key[part].unique_consecutive(return_inverse=True, return_counts=True)
            history = some[size.cumsum(0) - size].history(model.window)
            place = (history, row, some.asked)
            found[part] = model.queries(*(x.to(self.device) for x in place)).cpu()
        return found

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.table.device

    def catalogue(self) -> tuple[Tensor, None]:
        """E, [N + 1, d]; it has no bias."""
        return self.model.table.detach().cpu(), None


def load_model(artifact: Artifact, name: str = "model") -> MIPSAD:
    """A trained network of a `train` or `alone` artifact, ready to score."""
    shape: dict[str, Any] = artifact.load(f"{name}.json")
    model = MIPSAD(**shape)
    model.load_state_dict(load_file(artifact.path / f"{name}.safetensors"))
    return model.eval().requires_grad_(False)


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Baselines first, then each tower trained by itself (unless weights were given), then both."""
    sequences = Sequences.of(inputs["dataset"])
    found: dict[str, Recommender] = {
        "popularity": Popularity(sequences),
        "attribute filter": AttributeFilter(sequences, attribute_matrix(inputs["dataset"])),
        "sasrec": Sequential(States(load_encoder(inputs["pretrain"]))),
    }
    if "alone" in inputs:
        found["item tower"] = Fused(load_model(inputs["alone"], "items"))
        found["attribute tower"] = Fused(load_model(inputs["alone"], "attributes"))
    return found | {"mip sad": Fused(load_model(inputs["train"]))}
