"""The query encoder as ONNX: a history, and what else the scorer reads, to the query.

The scorer itself is traced, with a stand-in for the encoder's states whose shapes do not depend on
the ids (`Packed.whole`).
"""

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.errors import UserError
from crs.models.text_match.asked import ASKED, AttributeMatch
from crs.models.text_match.scorers import TextMatch
from crs.nn.encoder import Encoder
from crs.nn.packed import Packed
from crs.nn.sequential import States
from crs.nn.transformer import Layer
from crs.recommender import reads_text
from crs.serving import System

HISTORY, TEXT, QUERY = "history", "text", "query"
"""Names of inputs and output; what the words ask for is `ASKED`."""
OPSET = 18


def parts_of(recommender: Any) -> list[Any]:
    """A scorer, or what it is the sum of, with itself."""
    return [recommender, *getattr(recommender, "parts", [])]


def encoder_of(system: System) -> Encoder:
    """The sequence encoder that the scorer reads histories with.

    Raises:
        UserError: if it has none, or one that sees what comes later, or one of other layers, which
            were not tried without packing.
    """
    for part in parts_of(system.recommender):
        states = getattr(part, "states", None)
        if not isinstance(states, States) or not states.encoder.causal:
            continue
        if all(type(layer) is Layer for layer in states.encoder.layers):
            return states.encoder
    raise UserError(
        f"{system.model}: its scorer {system.scorer!r} has no causal Transformer to write as "
        "ONNX; type --no-onnx to write the rest, or serve sasrec, iclrec, text_match or latentcrs"
    )


class Query(nn.Module):
    """A scorer's query as a function of tensors.

    Args:
        names: of the inputs behind the history.
    """

    def __init__(self, recommender: Any, encoder: Encoder, names: list[str]) -> None:
        super().__init__()
        self.state = torch.empty(0)
        # The scorer that is served keeps its own states.
        self.recommender, self.encoder, self.names = copy.copy(recommender), encoder, names
        parts = [copy.copy(part) for part in getattr(recommender, "parts", [])]
        if parts:
            self.recommender.parts = parts
        for part in parts_of(self.recommender):
            if isinstance(getattr(part, "states", None), States):
                part.states = lambda cases: self.state

    def forward(self, history: Tensor, *others: Tensor) -> Tensor:
        """Right-aligned numbers of items [B, T], 0 for none, and what else is read, to [B, d]."""
        states, packed = self.encoder(history, Packed.whole(history))
        self.state = packed.newest(states)
        known = dict(zip(self.names, others, strict=True))
        nobody = Sequences(history[0], history[0], self.encoder.items, 0.0)
        case = Cases(nobody, history[:, 0], history[:, 0], known.get(TEXT))
        case.dialogue = {name: known[name] for name in known if name == ASKED}
        return self.recommender.queries(case)


def inputs_of(system: System) -> dict[str, int]:
    """Widths of the inputs behind the history."""
    found = {}
    if reads_text(system.recommender) or any(
        isinstance(part, TextMatch) for part in parts_of(system.recommender)
    ):
        found[TEXT] = system.dim
    for part in parts_of(system.recommender):
        if isinstance(part, AttributeMatch):
            found[ASKED] = part.items.shape[1]
    return found


def names_of(system: System) -> list[str]:
    """The names of all inputs, in their order."""
    return [HISTORY, *inputs_of(system)]


def write(system: System, file: Path) -> dict[str, Any]:
    """Write the model; what its inputs are.

    Raises:
        UserError: as `encoder_of`.
    """
    encoder, widths = encoder_of(system), inputs_of(system)
    model = Query(system.recommender, encoder, [*widths]).eval()
    history = torch.ones(2, encoder.max_len, dtype=torch.long)
    example = (history, *(torch.zeros(2, width) for width in widths.values()))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch itself will change some day
        torch.onnx.export(
            model,
            example,
            str(file),
            input_names=[HISTORY, *widths],
            output_names=[QUERY],
            dynamic_axes={name: {0: "batch"} for name in (HISTORY, *widths, QUERY)},
            opset_version=OPSET,
            dynamo=False,  # the other exporter fixes the number of rows
        )
    return {"length": encoder.max_len, "inputs": names_of(system)}
