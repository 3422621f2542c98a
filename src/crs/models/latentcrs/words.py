"""LatentCRS over items with words (docs/latentcrs.md, section 7).

Notation: h state [B, d], x text vector [B, D], a what the words ask for [B, A]; an item is
[e ; t ; m], its vector, the vector of its text, and what it has of what can be asked for.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crs.models.latentcrs.networks import Behaviour

NEAREST = 1e-2
"""The mean squared distance of a residual from its intent is taken to be at least so large:
residuals may all be 0."""


class OverWords(nn.Module):
    """A query [α h + r ; γ (x + W x) ; g (a + U a)] over items [e ; t ; m] (eq. 6).

    r(h, x, a), W and U start at 0, so that the query starts as that of the weighted sum which α,
    γ and g were chosen for.

    Args:
        items: e, t and m of the items with their padding row, [N + 1, d], [N + 1, D], [N + 1, A].
        weights: α, γ and g.
    """

    compiles = ("residual",)

    def __init__(
        self,
        items: tuple[Tensor, Tensor, Tensor],
        weights: tuple[float, float, float],
        text_hidden: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        dim, text, asked = self.widths = tuple(part.shape[1] for part in items)
        self.items: Tensor
        # Not saved: who loads the weights has the parts.
        self.register_buffer("items", torch.cat(items, dim=1), persistent=False)
        self.weights = nn.Parameter(torch.tensor(weights))
        self.text = nn.Linear(text, text, bias=False)
        self.asked = nn.Linear(asked, asked, bias=False)
        self.norm, self.drop = nn.LayerNorm(dim), nn.Dropout(dropout)
        self.project = nn.Linear(text + asked, text_hidden)
        self.mlp = nn.Sequential(
            nn.Linear(dim + text_hidden, hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.out = nn.Linear(hidden, dim)
        for layer in (self.text, self.asked, self.out):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.out.bias)

    def residual(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """r(h, x, a), [B, d]."""
        # A unit vector of D dimensions has entries of 1 / √D, what is asked for has ones.
        said = torch.cat([x * x.shape[1] ** 0.5, a], dim=1)
        words = F.relu(self.project(self.drop(said)))
        return self.out(self.mlp(torch.cat([self.norm(h), words], dim=1)))

    def own(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """Q, the query without the residual, [B, d + D + A]."""
        alpha, gamma, g = self.weights
        return torch.cat([alpha * h, gamma * (x + self.text(x)), g * (a + self.asked(a))], dim=1)

    def moved(self, own: Tensor, s: Tensor) -> Tensor:
        """[Q + s], [B, d + D + A]: s [B, d] is added where items have e."""
        return own + F.pad(s, (0, own.shape[1] - s.shape[1]))

    def queries(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """Q + r, [B, d + D + A]."""
        return self.moved(self.own(h, x, a), self.residual(h, x, a))


class IntentsOverWords(OverWords):
    """The same with intents V [K, d] in the place of the residual: p(m|u,x) and p(y|m,u,x)."""

    def __init__(
        self,
        items: tuple[Tensor, Tensor, Tensor],
        weights: tuple[float, float, float],
        text_hidden: int,
        hidden: int,
        dropout: float,
        k: int,
    ) -> None:
        super().__init__(items, weights, text_hidden, hidden, dropout)
        self.intents = nn.Parameter(torch.zeros(k, items[0].shape[1]))
        self.log_sharpness = nn.Parameter(torch.zeros(()))

    def log_prior(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """log p(m|u,x) = log softmax_m( -β |r - V_m|² / 2 ), [B, K] (eq. 7)."""
        r = self.residual(h, x, a)
        # |r|² is the same for all m.
        scores = r @ self.intents.T - self.intents.square().sum(1) / 2
        return torch.log_softmax(self.log_sharpness.exp() * scores, dim=1)

    def queries(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """Q + Σ_m p(m|u,x) V_m, [B, d + D + A]: ranks by E_p[log p(y|m,u,x)]."""
        return self.moved(self.own(h, x, a), self.log_prior(h, x, a).exp() @ self.intents)

    def log_joint(self, h: Tensor, x: Tensor, a: Tensor, y: Tensor) -> Tensor:
        """log p(m|u,x) + log p(y|m,u,x), [B, K], with p(y|m,u,x) = softmax_y( A_y + S_my ).

        A [B, N] are the scores of Q, S [K, N] those of the intents. All normalisers are one
        product exp(A) exp(S)ᵀ, [B, K].
        """
        scores = self.own(h, x, a) @ self.items[1:].T
        of_intents = self.intents @ self.items[1:, : self.intents.shape[1]].T
        # The largest of each row is taken out, so that no exponential overflows.
        high = scores.detach().amax(1, keepdim=True)
        most = of_intents.detach().amax(1, keepdim=True)
        sums = (scores - high).exp() @ (of_intents - most).exp().T
        log_z = sums.log() + high + most.T
        chosen = scores.gather(1, y[:, None] - 1) + of_intents.T[y - 1]
        return self.log_prior(h, x, a) + chosen - log_z

    @torch.no_grad()
    def begin_intents(self, centres: Tensor, residuals: Tensor, sharpness: float) -> None:
        """Put the intents at the centres [K, d] of residuals [n, d].

        Args:
            sharpness: β times the mean squared distance of a residual from its intent.
        """
        spread = torch.cdist(residuals, centres).amin(1).square().mean().item()
        self.intents.copy_(centres)
        self.log_sharpness.fill_(sharpness / max(spread, NEAREST)).log_()


class LatentCRSOverWords(nn.Module):
    """Both networks: `generative`, which hears the words, and `behaviour`, which does not."""

    def __init__(self, generative: IntentsOverWords) -> None:
        super().__init__()
        self.generative = generative
        self.behaviour = Behaviour(generative.widths[0])
        # So that the query without words starts as that of the encoder.
        nn.init.zeros_(self.behaviour.value.weight)

    @property
    def vectors(self) -> Tensor:
        """e with its padding row, [N + 1, d]."""
        return self.generative.items[:, : self.generative.widths[0]]

    def log_q(self, h: Tensor) -> Tensor:
        """log q(m|u), [B, K] (eq. 4)."""
        return self.behaviour.log_q(h, self.generative.intents)

    def silent_queries(self, h: Tensor, log_q: Tensor) -> Tensor:
        """h + Σ_m q(m|u) W_v V_m, [B, d]: no words (eq. 9)."""
        return h + self.behaviour.item_query(log_q, self.generative.intents)
