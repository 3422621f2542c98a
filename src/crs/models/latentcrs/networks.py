"""The two networks of LatentCRS and their probabilities (docs/latentcrs.md).

Notation: h encoder state [B, d], x text vector [B, D], K intents, C [K, d] intent table,
E [N, d] item vectors (frozen, items only). Everything costs [B, K] + [K, N] + [B, N].
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def exact_posterior(log_prior: Tensor, scores_y: Tensor, log_z: Tensor) -> Tensor:
    """Posterior over intents given history, text and the chosen item: gamma (E step).

    gamma_m = softmax_m( log p(m|u,x) + S_m(y) - log Z_m ), Bayes' rule for the model of
    docs/latentcrs.md, eq. 3. Detached: the M step must not move its own target.

    Args:
        log_prior: log p(m|u,x), [B, K].
        scores_y: S_m(y), score of each case's target under each intent, [B, K].
        log_z: log-normaliser of p(y|m) over the catalogue, [K].
    Returns:
        gamma, [B, K]; rows sum to 1.
    """
    return torch.softmax(log_prior + scores_y - log_z, dim=-1).detach()


def identity(dim: int) -> nn.Linear:
    """A linear map that starts as the identity: an intent's vector is a state (a centre of some),
    so at first it asks for the items that the encoder asks for in that state."""
    layer = nn.Linear(dim, dim)
    nn.init.eye_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(widths: list[int], dropout: float) -> nn.Sequential:
    """Linear layers with layer norm, ReLU and dropout between them; the last one is bare."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths[:-1]):
        layers += [nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class Fusion(nn.Module):
    """z = MLP([LN(h) ; proj(x)]): history and utterance to one vector (eq. 1)."""

    compiles = ("forward",)

    def __init__(
        self, dim: int, text_dim: int, text_hidden: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.project = nn.Sequential(
            nn.Linear(text_dim, text_hidden, bias=False),
            nn.Dropout(dropout),
            nn.LayerNorm(text_hidden),
            nn.ReLU(),
            nn.Linear(text_hidden, dim),
        )
        self.mlp = mlp([2 * dim, hidden, dim, dim], dropout)

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        """[B, d], [B, D] -> [B, d]."""
        return self.join(h, self.project(x))

    def join(self, h: Tensor, projected: Tensor) -> Tensor:
        """The same from proj(x), [B, d], where it is computed already."""
        return self.mlp(torch.cat([self.norm(h), projected], dim=-1))


class Generative(nn.Module):
    """p(m|u,x) and p(y|m): the network that the M step updates, owner of the intent table C."""

    def __init__(self, centres: Tensor, fusion: Fusion) -> None:
        super().__init__()
        self.fusion = fusion
        self.intents = nn.Parameter(centres.clone())
        self.intent_items = identity(centres.shape[1])

    def log_prior(self, h: Tensor, x: Tensor) -> Tensor:
        """log p(m|u,x) = log softmax_m(z . C_m), [B, K] (eq. 1)."""
        return self.log_prior_of(self.fusion(h, x))

    def log_prior_of(self, z: Tensor) -> Tensor:
        """The same from z, [B, d]."""
        return torch.log_softmax(z @ self.intents.T, dim=-1)

    def intent_queries(self) -> Tensor:
        """W_I C: what each intent asks of an item, [K, d]; S = W_I C E' (eq. 2)."""
        return self.intent_items(self.intents)

    def log_z(self, items: Tensor) -> Tensor:
        """log Z_m = log sum_i exp S_m(i), exact over all items E [N, d], [K]."""
        return (self.intent_queries() @ items.T).logsumexp(dim=1)

    def scores(self, y: Tensor) -> Tensor:
        """S_m(y) for item vectors y [B, d], [B, K]."""
        return y @ self.intent_queries().T


class Behaviour(nn.Module):
    """q(m|u): the posterior that sees behaviour alone, and recommends without text (eq. 4)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (identity(dim) for _ in range(3))

    def log_q(self, h: Tensor, intents: Tensor) -> Tensor:
        """log q(m|u) = log softmax_m( W_q h . W_k C_m / sqrt(d) ), [B, K]; C is read detached."""
        scores = self.query(h) @ self.key(intents.detach()).T
        return torch.log_softmax(scores / h.shape[1] ** 0.5, dim=-1)

    def item_query(self, log_q: Tensor, intents: Tensor) -> Tensor:
        """r = sum_m q_m W_v C_m, [B, d]; an item scores r . e_i (eq. 5)."""
        return log_q.exp() @ self.value(intents.detach())


class LatentCRS(nn.Module):
    """Both networks over one frozen item table.

    Args:
        items: item vectors with the padding row first, [N + 1, d].
        centres: initial intent table, [K, d].
        text_dim: width of the text vectors.
    """

    def __init__(
        self,
        items: Tensor,
        centres: Tensor,
        text_dim: int,
        text_hidden: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        dim = items.shape[1]
        self.items: Tensor
        self.register_buffer("items", items.clone())
        fusion = Fusion(dim, text_dim, text_hidden, hidden, dropout)
        self.generative = Generative(centres, fusion)
        self.behaviour = Behaviour(dim)

    @property
    def real_items(self) -> Tensor:
        """E, the rows of real items, [N, d]; item i is row i - 1."""
        return self.items[1:]

    def log_joint(self, log_prior: Tensor, y: Tensor) -> Tensor:
        """log p(m|u,x) + log p(y|m) of item ids y, [B, K] (eq. 3, before normalising)."""
        p = self.generative
        return log_prior + p.scores(self.items[y]) - p.log_z(self.real_items)

    def item_probabilities(self) -> Tensor:
        """P(y|m)' with a zero row for padding, [N + 1, K]: the mixture scorer's item vectors."""
        p = torch.softmax(self.generative.intent_queries() @ self.real_items.T, dim=1)
        return F.pad(p.T, (0, 0, 1, 0))


class Direct(nn.Module):
    """The same fusion giving the item query itself: what do the intents add?"""

    def __init__(
        self, items: Tensor, text_dim: int, text_hidden: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.items: Tensor
        self.register_buffer("items", items.clone())
        self.fusion = Fusion(items.shape[1], text_dim, text_hidden, hidden, dropout)
