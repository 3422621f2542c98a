"""LatentCRS over items with words (docs/latentcrs.md, section 7).

Notation: h state [B, d], x text vector [B, D], a what the words ask for [B, A]; an item is
[e ; t ; m], its vector, the vector of its text, and what it has of what can be asked for.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHARPNESS = 2.0
"""How sharp p(m|u,x) starts: over the mean squared distance of a residual from its intent."""
NEAREST = 1e-2
"""That distance is taken to be at least so large: residuals may all be 0."""


class OverWords(nn.Module):
    """A query [α h + s ; γ (x + W x) ; g (a + U a)] over items [e ; t ; m].

    s is the residual r(h, x, a), or with intents Σ_m p(m|u,x) V_m. r, W and U start at 0, so that
    the query starts as that of the weighted sum which α, γ and g were chosen for.

    Args:
        items: e, t and m of the items with their padding row, [N + 1, d], [N + 1, D], [N + 1, A].
        weights: α, γ and g.
        k: intents; 0 for none.
    """

    def __init__(
        self,
        items: tuple[Tensor, Tensor, Tensor],
        weights: tuple[float, float, float],
        hidden: int,
        dropout: float,
        k: int,
    ) -> None:
        super().__init__()
        dim, text, asked = (part.shape[1] for part in items)
        self.items: Tensor
        # Not saved: who loads the weights has the parts.
        self.register_buffer("items", torch.cat(items, dim=1), persistent=False)
        self.weights = nn.Parameter(torch.tensor(weights))
        self.text = nn.Linear(text, text, bias=False)
        self.asked = nn.Linear(asked, asked, bias=False)
        self.norm, self.drop = nn.LayerNorm(dim), nn.Dropout(dropout)
        self.project = nn.Linear(text + asked, hidden)
        self.mlp = nn.Sequential(
            nn.Linear(dim + hidden, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.out = nn.Linear(hidden, dim)
        for layer in (self.text, self.asked, self.out):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.out.bias)
        self.intents = nn.Parameter(torch.zeros(k, dim))
        self.log_sharpness = nn.Parameter(torch.zeros(()))

    def residual(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """r(h, x, a), [B, d]."""
        # A unit vector of D dimensions has entries of 1 / √D, what is asked for has ones.
        said = torch.cat([x * x.shape[1] ** 0.5, a], dim=1)
        words = F.relu(self.project(self.drop(said)))
        return self.out(self.mlp(torch.cat([self.norm(h), words], dim=1)))

    def own(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """The query without the residual, [B, d + D + A]."""
        alpha, gamma, g = self.weights
        return torch.cat([alpha * h, gamma * (x + self.text(x)), g * (a + self.asked(a))], dim=1)

    def log_prior(self, r: Tensor) -> Tensor:
        """log p(m|u,x) = log softmax_m( -β |r - V_m|² / 2 ), [B, K]; |r|² is the same for all m."""
        scores = r @ self.intents.T - self.intents.square().sum(1) / 2
        return torch.log_softmax(self.log_sharpness.exp() * scores, dim=1)

    def queries(self, h: Tensor, x: Tensor, a: Tensor) -> Tensor:
        """[B, d + D + A]: ranks by E_p[log p(y|m,u,x)], or without intents by the query itself."""
        s = self.residual(h, x, a)
        if len(self.intents):
            s = self.log_prior(s).exp() @ self.intents
        return self.own(h, x, a) + F.pad(s, (0, self.items.shape[1] - s.shape[1]))

    def log_likelihood(self, h: Tensor, x: Tensor, a: Tensor, y: Tensor) -> Tensor:
        """log Σ_m p(m|u,x) p(y|m,u,x), [B], with p(y|m,u,x) = softmax_y( A_y + S_my ).

        A [B, N] are the scores of the query without the residual, S [K, N] those of the intents.
        All normalisers are one product exp(A) exp(S)ᵀ, [B, K].
        """
        log_prior = self.log_prior(self.residual(h, x, a))
        scores = self.own(h, x, a) @ self.items[1:].T
        of_intents = self.intents @ self.items[1:, : self.intents.shape[1]].T
        # The largest of each row is taken out, so that no exponential overflows.
        high = scores.detach().amax(1, keepdim=True)
        most = of_intents.detach().amax(1, keepdim=True)
        sums = (scores - high).exp() @ (of_intents - most).exp().T
        log_z = sums.log() + high + most.T
        chosen = scores.gather(1, y[:, None] - 1) + of_intents.T[y - 1]
        return (log_prior + chosen - log_z).logsumexp(1)

    @torch.no_grad()
    def begin_intents(self, residuals: Tensor, seed: int) -> None:
        """Put the intents at the centres of the residuals of training cases, [n, d]."""
        centres, spread = clustered(residuals, len(self.intents), seed)
        self.intents.copy_(centres)
        self.log_sharpness.fill_(SHARPNESS / max(spread, NEAREST)).log_()


def clustered(points: Tensor, k: int, seed: int, steps: int = 25) -> tuple[Tensor, float]:
    """Centres [k, d] by Lloyd's algorithm from points drawn at random, and the mean squared
    distance of a point [n, d] from its centre. A centre that owns no point stays where it is."""
    drawn = torch.randint(len(points), (k,), generator=torch.Generator().manual_seed(seed))
    centres = points[drawn].clone()
    for _ in range(steps):
        owner = torch.cdist(points, centres).argmin(1)
        counts = torch.bincount(owner, minlength=k)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, owner, points)
        centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
    return centres, torch.cdist(points, centres).amin(1).square().mean().item()
