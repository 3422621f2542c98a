"""Training of LatentCRS over items with words: the query, its intents, and no words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from crs.console import Context
from crs.data.cases import Cases, cases_of
from crs.evaluation.metrics import means
from crs.evaluation.ranking import CHUNK_FLOATS, ranks
from crs.models.latentcrs.recipe import WordsNoIntentsSettings, WordsSettings
from crs.models.latentcrs.words import IntentsOverWords, LatentCRSOverWords, OverWords
from crs.models.text_match.scorers import ATTRIBUTES, ENCODER, TEXT, parts_of
from crs.nn.losses import linear_cross_entropy
from crs.nn.sequential import States, load_encoder
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

    def metrics(self, queries: Tensor, items: Tensor) -> dict[str, float]:
        """HR, NDCG and MRR at 10 over the whole catalogue, seen items out."""
        found = ranks(queries, (items, None), self.y, self.excluded, n_items=len(items) - 1)
        return means(found.numpy())


class WordsTask(TrainingTask):
    """What the phases share: prepared cases, batches of them by number."""

    def __init__(self, train: Heard, valid: Heard) -> None:
        super().__init__()
        self.train_cases, self.valid_cases = train, valid

    def cases(self) -> int:
        """Training cases."""
        return len(self.train_cases.y)

    def batch(self, index: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """(h, x, a) and y of some training cases, on the module's device."""
        cases, index = self.train_cases, index.cpu()
        h, x, a = (part.index_select(0, index).to(self.device) for part in cases.parts)
        return (h, x, a), cases.y[index].to(self.device)


class ResidualTraining(WordsTask):
    """Cross-entropy of Q + r over the whole catalogue."""

    def __init__(self, model: OverWords, train: Heard, valid: Heard) -> None:
        super().__init__(train, valid)
        self.model = model

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """CE((Q + r) . i, y)."""
        parts, y = self.batch(batch)
        queries = self.model.queries(*parts)
        loss = linear_cross_entropy(queries, self.model.items[1:], y - 1)
        loss = self.overall(loss, len(y))
        self.record("loss", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10."""
        device, cases, model = self.device, self.valid_cases, self.model.cpu().eval()
        out = cases.metrics(model.queries(*cases.parts), model.items)
        model.to(device)
        return out


class IntentsTraining(WordsTask):
    """The M step: the likelihood of the mixture (eq. 8).

    By Fisher's identity its gradient is that of the expected joint with the exact posterior.
    """

    def __init__(self, model: IntentsOverWords, train: Heard, valid: Heard) -> None:
        super().__init__(train, valid)
        self.model = model

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """-log p(y|u,x), the mean over a batch."""
        parts, y = self.batch(batch)
        loss = -self.model.log_joint(*parts, y).logsumexp(1).mean()
        loss = self.overall(loss, len(y))
        self.record("loss_m", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10, and the log-likelihood."""
        device, cases, model = self.device, self.valid_cases, self.model.cpu().eval()
        out = cases.metrics(model.queries(*cases.parts), model.items)
        step = max(1, CHUNK_FLOATS // len(model.items))  # [cases, N] of all at once is gigabytes
        chunks = zip(*(part.split(step) for part in (*cases.parts, cases.y)), strict=True)
        likelihood = torch.cat([model.log_joint(*chunk).logsumexp(1) for chunk in chunks])
        out["log_likelihood"] = likelihood.mean().item()
        model.to(device)
        return out


class BehaviourTraining(WordsTask):
    """The E step: q(m|u) learns the exact posterior of the trained mixture, and an item loss."""

    def __init__(self, model: LatentCRSOverWords, w_e: float, train: Heard, valid: Heard) -> None:
        super().__init__(train, valid)
        self.model, self.w_e = model, w_e
        model.generative.requires_grad_(False)

    def start_epoch(self, epoch: int) -> None:
        """The posterior is that of the trained mixture, without dropout."""
        self.model.generative.eval()

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """-Σ_m γ_m log q(m|u) + w_e CE((h + Σ_m q(m|u) W_v V_m) . e, y)."""
        model = self.model
        (h, x, a), y = self.batch(batch)
        with torch.no_grad():
            posterior = model.generative.log_joint(h, x, a, y).softmax(1)
        log_q = model.log_q(h)
        item_loss = linear_cross_entropy(model.silent_queries(h, log_q), model.vectors[1:], y - 1)
        loss = self.w_e * item_loss - (posterior * log_q).sum(1).mean()
        loss = self.overall(loss, len(y))
        self.record("loss_e", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10 of the query without words."""
        device, cases, model = self.device, self.valid_cases, self.model.cpu().eval()
        h = cases.parts[0]
        out = cases.metrics(model.silent_queries(h, model.log_q(h)), model.vectors)
        model.to(device)
        return out


@dataclass
class Prepared:
    """What both stages read.

    Attributes:
        items: e, t and m with their padding row.
        weights: α, γ and g to start with.
    """

    train: Heard
    valid: Heard
    items: tuple[Tensor, Tensor, Tensor]
    weights: tuple[float, float, float]


def prepare(inputs: dict[str, Artifact]) -> Prepared:
    """The cases and items with words, and the weights that `fusion` chose."""
    parts = parts_of(inputs, States(load_encoder(inputs["pretrain"])))

    def heard(cases: Cases) -> Heard:
        h, x, a = (parts[name].queries(cases) for name in PARTS)
        return Heard((h, x, a), cases.target, cases.excluded)

    e, t, m = (parts[name].catalogue()[0] for name in PARTS)
    chosen = inputs["fusion"].load("weights.json")[START]["weights"]
    train = heard(cases_of(inputs, "train"))
    if "cross_fit" in inputs:  # elsewhere h is of the encoder of all users
        states = torch.from_numpy(np.array(inputs["cross_fit"].load("states.npy")))
        train.parts = (states, *train.parts[1:])
    return Prepared(
        train,
        heard(cases_of(inputs, "valid")),
        (e, t, m),
        (1.0, chosen[TEXT], chosen[ATTRIBUTES]),
    )


def run_no_intents(
    settings: WordsNoIntentsSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Phase `residual`.

    Writes `model.safetensors`, `model.json`, and r of the training cases as `residuals.npy`.
    """
    data = prepare(inputs)
    shape: dict[str, Any] = {
        "text_hidden": settings.text_hidden,
        "hidden": settings.hidden,
        "dropout": settings.dropout,
    }
    torch.manual_seed(derive(settings.train.seed, "words"))
    model = OverWords(data.items, data.weights, **shape)
    task = ResidualTraining(model, data.train, data.valid)
    summary = fit(task, "residual", settings.train, folder, context)
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", shape)
    with torch.no_grad():
        residuals = model.cpu().eval().residual(*data.train.parts)
    np.save(folder / "residuals.npy", residuals.numpy())
    context.note(f"validation NDCG@10 {summary['best']:.4f} on {task.cases():,} training cases")
    return summary


def run_intents(
    settings: WordsSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Phases `intents` and `behaviour`, from the weights of `direct` on.

    The intents start at the centres of its residuals. Writes `model.safetensors`, `model.json`.
    """
    data, direct = prepare(inputs), inputs["direct"]
    centres = torch.from_numpy(np.array(inputs["intents"].load("centres.npy")))
    residuals = torch.from_numpy(np.array(direct.load("residuals.npy")))
    shape = direct.load("model.json") | {"dropout": settings.dropout, "k": len(centres)}
    torch.manual_seed(derive(settings.train.seed, "latentcrs words"))
    generative = IntentsOverWords(data.items, data.weights, **shape)
    generative.load_state_dict(load_file(direct.path / "model.safetensors"), strict=False)
    generative.begin_intents(centres, residuals, settings.sharpness)
    splits = data.train, data.valid
    found = fit(IntentsTraining(generative, *splits), "intents", settings.train, folder, context)
    summary: dict[str, Any] = {f"intents_{key}": value for key, value in found.items()}
    model = LatentCRSOverWords(generative)
    task = BehaviourTraining(model, settings.w_e, *splits)
    silent = fit(task, "behaviour", settings.train, folder, context)
    summary |= {f"behaviour_{key}": value for key, value in silent.items()}
    save_weights(model, folder / "model.safetensors")
    write_json(folder / "model.json", shape)
    context.note(f"validation NDCG@10 {found['best']:.4f} on {task.cases():,} training cases")
    return summary
