"""LatentCRS and what it is compared with, each as a dot product of a query and an item row."""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from crs.data.attributes import attribute_matrix
from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.models.attribute_filter.scorers import AttributeFilter
from crs.models.latentcrs.networks import Direct, LatentCRS
from crs.models.latentcrs.words import IntentsOverWords, LatentCRSOverWords, OverWords
from crs.models.latentcrs.words_training import PARTS
from crs.models.popularity.scorers import Popularity
from crs.models.text_match.scorers import WeightedSum, parts_of, word_baselines
from crs.nn.encoder import Encoder
from crs.nn.sequential import Sequential, States, load_encoder
from crs.recommender import Recommender
from crs.store.artifact import Artifact


def text_of(cases: Cases) -> Tensor:
    """The text vectors, [B, D].

    Raises:
        ValueError: if the cases have none.
    """
    if cases.text is None:
        raise ValueError("this scorer needs cases with text")
    return cases.text


class OverItems:
    """A query [B, d] made from the encoder's state, over E with its padding row, [N + 1, d]."""

    sees = "history + text"

    def __init__(self, model: LatentCRS | Direct, states: States) -> None:
        self.model, self.states = model, states

    def catalogue(self) -> tuple[Tensor, None]:
        """E, [N + 1, d]; it has no bias."""
        return self.model.items, None


class NoText(OverItems):
    """Query r = sum_m q(m|u) W_v C_m (eq. 5): behaviour alone, through the intents."""

    sees = "history"
    model: LatentCRS

    def queries(self, cases: Cases) -> Tensor:
        """[B, d]."""
        q, intents = self.model.behaviour, self.model.generative.intents
        return q.item_query(q.log_q(self.states(cases), intents), intents)


class Linear(OverItems):
    """Query sum_m p(m|u,x) W_I C_m: ranks by E_p[log p(y|m)], a product of experts."""

    model: LatentCRS

    def prior(self, cases: Cases) -> Tensor:
        """p(m|u,x), [B, K]."""
        h = self.states(cases)
        return self.model.generative.log_prior(h, text_of(cases)).exp()

    def typical(self) -> Tensor:
        """How typical each item is of each intent: P(y|m), [N + 1, K]."""
        return self.model.item_probabilities()

    def queries(self, cases: Cases) -> Tensor:
        """[B, d]."""
        return self.prior(cases) @ self.model.generative.intent_queries()


class Mixture(Linear):
    """Query p(m|u,x) over P(y|m)': the exact predictive sum_m p(m|u,x) p(y|m)."""

    def queries(self, cases: Cases) -> Tensor:
        """[B, K]."""
        return self.prior(cases)

    def catalogue(self) -> tuple[Tensor, None]:
        """P(y|m) by item, [N + 1, K]."""
        return self.model.item_probabilities(), None


class DirectScorer(OverItems):
    """Query z, the fused vector itself: no intents."""

    model: Direct

    def queries(self, cases: Cases) -> Tensor:
        """[B, d]."""
        return self.model.fusion(self.states(cases), text_of(cases))


class WordsScorer(WeightedSum):
    """Query of `OverWords`: the parts of its start, the residual or the intents, all trained."""

    def __init__(self, model: OverWords, parts: dict[str, Recommender]) -> None:
        super().__init__([parts[name] for name in PARTS], [1.0] * len(PARTS))
        self.model = model

    def queries(self, cases: Cases) -> Tensor:
        """[B, d + D + A]."""
        return self.model.queries(*(part.queries(cases) for part in self.parts))

    def catalogue(self) -> tuple[Tensor, None]:
        """[e ; t ; m], [N + 1, d + D + A]."""
        return self.model.items, None


class IntentsScorer(WordsScorer):
    """The same with intents: Q + Σ_m p(m|u,x) V_m."""

    model: IntentsOverWords

    def prior(self, cases: Cases) -> Tensor:
        """p(m|u,x), [B, K]."""
        return self.model.log_prior(*(part.queries(cases) for part in self.parts)).exp()

    def typical(self) -> Tensor:
        """How typical each item is of each intent: softmax_y( V_m . e_y ), [N + 1, K]."""
        vectors = self.model.items[1:, : self.model.intents.shape[1]]
        return F.pad((vectors @ self.model.intents.T).softmax(0), (0, 0, 1, 0))


class SilentScorer:
    """Query h + Σ_m q(m|u) W_v V_m over e: the same intents, and no words."""

    sees = "history"

    def __init__(self, model: LatentCRSOverWords, states: States) -> None:
        self.model, self.states = model, states

    def queries(self, cases: Cases) -> Tensor:
        """[B, d]."""
        h = self.states(cases)
        return self.model.silent_queries(h, self.model.log_q(h))

    def catalogue(self) -> tuple[Tensor, None]:
        """e, [N + 1, d]."""
        return self.model.vectors, None


def word_scorers(inputs: dict[str, Artifact], states: States) -> dict[str, Recommender]:
    """The scorers of LatentCRS over items with words."""
    parts = parts_of(inputs, states)
    e, t, m = (parts[name].catalogue()[0] for name in PARTS)
    start = (e, t, m), (1.0, 1.0, 1.0)
    direct = OverWords(*start, **inputs["direct"].load("model.json"))
    model = LatentCRSOverWords(IntentsOverWords(*start, **inputs["train"].load("model.json")))
    for stage, network in (("direct", direct), ("train", model)):
        network.load_state_dict(load_file(inputs[stage].path / "model.safetensors"))
        network.eval().requires_grad_(False)
    return {
        "latentcrs no text": SilentScorer(model, states),
        "latentcrs linear": IntentsScorer(model.generative, parts),
        "direct": WordsScorer(direct, parts),
    }


def load_model(train: Artifact, encoder: Encoder) -> LatentCRS:
    """The model of a `train` artifact."""
    shape = train.load("model.json")
    k = shape.pop("k")
    items = torch.zeros(encoder.items + 1, encoder.dim)
    model = LatentCRS(items, torch.zeros(k, encoder.dim), **shape)
    model.load_state_dict(load_file(train.path / "model.safetensors"))
    return model.eval().requires_grad_(False)


def load_direct(direct: Artifact, encoder: Encoder) -> Direct:
    """The model of a `direct` artifact."""
    items = torch.zeros(encoder.items + 1, encoder.dim)
    model = Direct(items, **direct.load("model.json"))
    model.load_state_dict(load_file(direct.path / "model.safetensors"))
    return model.eval().requires_grad_(False)


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Baselines first, then LatentCRS without text and with it, by both of its scorers.

    The released objective trains no p(y|m), so a model of it has no mixture. Over items with words
    the mixture is no product of a query with an item.
    """
    sequences = Sequences.of(inputs["dataset"])
    encoder = load_encoder(inputs["pretrain"])
    states = States(encoder)
    found: dict[str, Recommender] = {
        "popularity": Popularity(sequences),
        "attribute filter": AttributeFilter(sequences, attribute_matrix(inputs["dataset"])),
        # The released LatentCRS drops the mask row, whatever the protocol.
        "encoder": Sequential(states, encoder.items + 1),
        **word_baselines(inputs, states),
    }
    settings = inputs["train"].manifest["settings"]
    if settings.get("items") == "words":
        return found | word_scorers(inputs, states)
    model, direct = load_model(inputs["train"], encoder), load_direct(inputs["direct"], encoder)
    found |= {
        "latentcrs no text": NoText(model, states),
        "latentcrs linear": Linear(model, states),
        "latentcrs mixture": Mixture(model, states),
        "direct": DirectScorer(direct, states),
    }
    if settings["em"]["posterior"] == "amortised":
        del found["latentcrs mixture"]
    return found
