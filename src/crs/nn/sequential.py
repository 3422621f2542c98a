"""The pre-trained sequence encoder as a recommender (SASRec and ICLRec differ in training only)."""

import torch
from safetensors.torch import load_file
from torch import Tensor

from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.models.popularity.scorers import Popularity
from crs.nn.encoder import Encoder
from crs.recommender import Recommender
from crs.store.artifact import Artifact

CHUNK = 512


def load_encoder(pretrain: Artifact) -> Encoder:
    """The encoder of a `pretrain` artifact, ready to score (no dropout, no gradients)."""
    encoder = Encoder(**pretrain.load("encoder.json"))
    encoder.load_state_dict(load_file(pretrain.path / "encoder.safetensors"))
    return encoder.eval().requires_grad_(False)


@torch.no_grad()
def encode(encoder: Encoder, cases: Cases) -> Tensor:
    """State of each case's whole history (its last `max_len` items), [B, d], on the CPU."""
    device = encoder.positions.weight.device
    states = [
        encoder.states(part.history(encoder.max_len).to(device)).cpu()
        for part in cases.chunks(CHUNK)
    ]
    return torch.cat(states) if states else torch.empty(0, encoder.dim)


class States:
    """A frozen encoder's states, kept for the cases asked last: several scorers share them."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.asked: tuple[object, ...] = ()
        self.kept = torch.empty(0)

    def __call__(self, cases: Cases) -> Tensor:
        """State of each history, [B, d]."""
        # The same sequences, rows and cuts, whatever the texts: the same histories.
        wanted = cases.sequences, cases.row, cases.cut
        if list(map(id, self.asked)) != list(map(id, wanted)):
            self.asked, self.kept = wanted, encode(self.encoder, cases)
        return self.kept


class Sequential:
    """score_i = h . e_i (docs/iclrec.md, scoring).

    Args:
        rows: how much of the item table is ranked; all of it has a padding and a mask row.
    """

    sees = "history"

    def __init__(self, states: States, rows: int | None = None) -> None:
        self.states, self.rows = states, rows

    def queries(self, cases: Cases) -> Tensor:
        """State of each history, [B, d]."""
        return self.states(cases)

    def catalogue(self) -> tuple[Tensor, None]:
        """The item table from its padding row on, [rows, d]."""
        return self.states.encoder.item_table.weight.detach().cpu()[: self.rows], None


def scorers(inputs: dict[str, Artifact], name: str) -> dict[str, Recommender]:
    """Popularity and the encoder, under the name of how it was trained."""
    return {
        "popularity": Popularity(Sequences.of(inputs["dataset"])),
        name: Sequential(States(load_encoder(inputs["pretrain"]))),
    }
