"""What C2-CRS' decoder says in a live dialogue."""

from collections.abc import Sequence

import torch
from safetensors.torch import load_file
from torch import nn

from crs.data.cases import Cases
from crs.data.contexts import Contexts
from crs.data.response_tokens import words_of
from crs.dialogue.state import Talk
from crs.models.c2crs.build import trained
from crs.models.c2crs.decoder import Decoder, new_decoder, search
from crs.models.c2crs.decoder_sources import read, sources_of
from crs.models.c2crs.live_contexts import Listener, heard
from crs.models.c2crs.networks import C2CRS
from crs.store.artifact import Artifact

CPU = torch.device("cpu")


class Decoding:
    """The decoder and what it reads with, searched as in stage `converse`.

    Args:
        contexts: those of training.
        listener: makes contexts of live dialogues.
        beams, penalty: as in the group `converse`.
    """

    def __init__(
        self,
        model: C2CRS,
        decoder: Decoder,
        contexts: Contexts,
        listener: Listener,
        beams: int,
        penalty: float,
    ) -> None:
        self.model, self.decoder, self.contexts = model, decoder, contexts
        self.listener, self.beams, self.penalty = listener, beams, penalty
        with torch.no_grad():
            self.h = model.graph()

    def tokens(self, cases: Cases, talks: Sequence[Talk]) -> list[list[str]]:
        """The response to each dialogue so far (`crs.chat.decoder_speaker.Speech`)."""
        return self.responses(heard(self.contexts, self.listener.hear(cases, talks)))

    @torch.no_grad()
    def responses(self, contexts: Contexts) -> list[list[str]]:
        """The response to each context."""
        states, rows = read(self.model, contexts, CPU), torch.arange(len(contexts))
        given = sources_of(self.model, contexts, self.h, states, rows, CPU)
        length = contexts.responses.shape[1]
        said = search(self.decoder, given, length, self.beams, self.penalty)
        return words_of(said, contexts.words)


def speech(result: Artifact, inputs: dict[str, Artifact]) -> Decoding:
    """The decoder of a `converse` result.

    Args:
        inputs: those of the `evaluate` result that it was made from.
    """
    contexts = Contexts.of(inputs["contexts"])
    model = trained(inputs["train"], inputs["graph"])
    settings = result.manifest["settings"]
    decoder = new_decoder(model.words.weight, contexts, settings["c2crs"])
    parts: dict[str, nn.Module] = {"decoder": decoder}
    if contexts.has_reviews:  # the encoder of reviews has learned on
        parts |= {"review": model.review, "pool": model.pool["words"]}
    nn.ModuleDict(parts).load_state_dict(load_file(result.path / "model.safetensors"))
    return Decoding(
        model,
        decoder.eval().requires_grad_(False),
        contexts,
        Listener.of(contexts, inputs["graph"]),
        settings["converse"]["beams"],
        settings["converse"]["penalty"],
    )
