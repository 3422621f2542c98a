"""C2-CRS as a recommender, and what it is compared with."""

from collections.abc import Sequence

import torch
from torch import Tensor

from crs.data.cases import ROW, Cases
from crs.data.contexts import Contexts
from crs.data.popularity import training_counts
from crs.dialogue.state import Talk
from crs.evaluation.repeat_newest import RepeatNewest
from crs.models.c2crs.build import trained
from crs.models.c2crs.live_contexts import TOKENS, Listener, heard
from crs.models.c2crs.networks import C2CRS
from crs.models.c2crs.training import queries_of
from crs.models.popularity.scorers import Popularity
from crs.recommender import Recommender
from crs.store.artifact import Artifact


class C2CRSScorer:
    """score_i = q . h_i + bias_i (docs/c2crs.md, eq. 5 and 6); H is computed once.

    Args:
        contexts: what the cases' rows are rows of.
        listener: makes contexts of live dialogues.
    """

    def __init__(
        self, model: C2CRS, contexts: Contexts, sees: str, listener: Listener | None = None
    ) -> None:
        self.model, self.contexts, self.sees = model, contexts, sees
        self.listener = listener
        with torch.no_grad():
            self.h = model.graph()

    @torch.no_grad()
    def queries(self, cases: Cases) -> Tensor:
        """q of each case's context, [B, d].

        Raises:
            ValueError: if the cases have no contexts.
        """
        device = self.h.device
        if TOKENS in cases.dialogue:
            own = heard(self.contexts, cases.dialogue)
            return queries_of(self.model, own, self.h, torch.arange(len(cases)), device)
        if ROW not in cases.dialogue:
            raise ValueError("C2-CRS needs cases with contexts")
        return queries_of(self.model, self.contexts, self.h, cases.dialogue[ROW], device)

    def read(self, cases: Cases, talks: Sequence[Talk]) -> dict[str, Tensor]:
        """The contexts of dialogues so far."""
        assert self.listener is not None
        return self.listener.hear(cases, talks)

    def catalogue(self) -> tuple[Tensor, Tensor]:
        """Item rows of H [N + 1, d] and their bias [N + 1]."""
        rows = self.model.items + 1
        return self.h[:rows], self.model.bias.detach()[:rows]


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Baselines first, then C2-CRS without pre-training (where it was trained) and with it."""
    dataset, contexts = inputs["dataset"], Contexts.of(inputs["contexts"])
    found: dict[str, Recommender] = {"popularity": Popularity(training_counts(dataset))}
    if dataset.summary.get("conversations"):
        found["repeat context"] = RepeatNewest(dataset.summary["items"], "items of the context")
    listener = Listener.of(contexts, inputs["graph"])
    trainings = {"no pre-training": "direct", "c2crs": "train"}
    for name, stage in trainings.items():
        if stage not in inputs:  # weights that were given
            continue
        model = trained(inputs[stage], inputs["graph"])
        sees = "context" if model.views == "all" else "entities of the context"
        found[name] = C2CRSScorer(model, contexts, sees, listener)
    return found
