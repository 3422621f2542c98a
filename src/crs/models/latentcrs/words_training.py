"""Training of LatentCRS over items with words: the residual first, then intents in its place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crs.console import Context
from crs.data.cases import Cases, cases_of
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.latentcrs.words import OverWords
from crs.models.text_match.scorers import ATTRIBUTES, ENCODER, TEXT, parts_of
from crs.nn.losses import linear_cross_entropy
from crs.nn.sequential import States, load_encoder
from crs.settings.training import Train
from crs.store.artifact import Artifact, write_json
from crs.training.loop import TrainingTask, derive, fit, save_weights

START = "encoder + attributes + text match"
"""The baseline whose weights the query starts with."""
PARTS = (ENCODER, TEXT, ATTRIBUTES)
"""Of queries and items, in their order."""


@dataclass
class Heard:
    """Cases with their parts of the query.

    Attributes:
        parts: h [n, d], x [n, D] and a [n, A].
        y: targets, [n].
        excluded: what the ranking leaves out.
    """

    parts: tuple[Tensor, Tensor, Tensor]
    y: Tensor
    excluded: tuple[Tensor, Tensor]


class WordsTraining(TrainingTask):
    """One phase: cross-entropy of the query over all items, or the likelihood of the mixture."""

    def __init__(self, model: OverWords, train: Heard, valid: Heard) -> None:
        super().__init__()
        self.model, self.train_cases, self.valid_cases = model, train, valid

    def cases(self) -> int:
        """Training cases."""
        return len(self.train_cases.y)

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """-log p(y|u,x), the mean over a batch of case numbers."""
        index = batch.cpu()
        h, x, a = (part.index_select(0, index).to(self.device) for part in self.train_cases.parts)
        y, model = self.train_cases.y[index].to(self.device), self.model
        if len(model.intents):
            loss = -model.log_likelihood(h, x, a, y).mean()
        else:
            loss = linear_cross_entropy(model.queries(h, x, a), model.items[1:], y - 1)
        self.record("loss", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10 over the whole catalogue, and with intents the log-likelihood."""
        device, cases = self.device, self.valid_cases
        model = self.model.cpu().eval()
        found = ranks(
            model.queries(*cases.parts),
            (model.items, None),
            cases.y,
            cases.excluded,
            n_items=len(model.items) - 1,
        )
        out = means(found.numpy())
        if len(model.intents):
            likelihood = model.log_likelihood(*cases.parts, cases.y)
            out["log_likelihood"] = likelihood.mean().item()
        model.to(device)
        return out


def run_words(
    train: Train,
    hidden: int,
    dropout: float,
    k: int,
    inputs: dict[str, Artifact],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json`.

    Phase `residual` trains the query without intents. Phase `intents` follows if k is not 0: they
    start at the centres of the residuals of the training cases.
    """
    parts = parts_of(inputs, States(load_encoder(inputs["pretrain"])))

    def heard(cases: Cases) -> Heard:
        h, x, a = (parts[name].queries(cases) for name in PARTS)
        return Heard((h, x, a), cases.target, cases.excluded)

    splits = heard(cases_of(inputs, "train")), heard(cases_of(inputs, "valid"))
    e, t, m = (parts[name].catalogue()[0] for name in PARTS)
    chosen = inputs["fusion"].load("weights.json")[START]["weights"]
    weights = (1.0, chosen[TEXT], chosen[ATTRIBUTES])
    torch.manual_seed(derive(train.seed, "words"))
    model = OverWords((e, t, m), weights, hidden, dropout, k=0)
    found = fit(WordsTraining(model, *splits), "residual", train, folder, context)
    summary: dict[str, Any] = {f"residual_{key}": value for key, value in found.items()}
    if k:
        mixed = OverWords((e, t, m), weights, hidden, dropout, k)
        mixed.load_state_dict(model.state_dict() | {"intents": mixed.intents})
        with torch.no_grad():
            residuals = model.cpu().eval().residual(*splits[0].parts)
        mixed.begin_intents(residuals, derive(train.seed, "intents"))
        found = fit(WordsTraining(mixed, *splits), "intents", train, folder, context)
        summary |= {f"intents_{key}": value for key, value in found.items()}
        model = mixed
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", {"hidden": hidden, "dropout": dropout, "k": k})
    context.note(f"validation NDCG@10 {found['best']:.4f} on {len(splits[0].y):,} training cases")
    return summary
