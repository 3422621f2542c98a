"""The released objective (docs/latentcrs.md, section 4.4), for `experiment=…_as_released`.

Scores of [target, negatives] lists stand for the catalogue, the posterior is amortised by q alone,
and p(m|y) is a softmax over a raw score times a probability. Kept as it is to reproduce, not to
use: docs/latentcrs.md says why.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from crs.models.latentcrs.networks import LatentCRS

EPSILON = 1e-5


def draw_candidates(target: Tensor, n_items: int, candidates: int) -> Tensor:
    """[target, negatives]: item ids [B, candidates], label 0; negatives are uniform, not target."""
    shape = (len(target), candidates - 1)
    shift = torch.randint(1, n_items, shape, device=target.device)
    negatives = (target[:, None] - 1 + shift) % n_items + 1
    return torch.cat([target[:, None], negatives], dim=1)


def _first(scores: Tensor) -> Tensor:
    """Cross-entropy of the first of each row's candidates, [B, c] -> [B]."""
    return F.cross_entropy(
        scores, scores.new_zeros(len(scores), dtype=torch.long), reduction="none"
    )


def e_loss(
    model: LatentCRS, h: Tensor, x: Tensor, lists: Tensor, w_e: float, with_elbo: bool
) -> Tensor:
    """L_E = KL(q || p~) + w_e CE(scores of q), p~ = softmax_m( S_m(y) p(m|u,x) ).

    Args:
        h, x: states [B, d] and text vectors [B, D].
        lists: candidates, [B, c].
        with_elbo: False in the first phase, which has no p yet.
    """
    p, q = model.generative, model.behaviour
    log_q = q.log_q(h, p.intents)
    query = q.item_query(log_q, p.intents)
    loss = w_e * _first((model.items[lists] @ query[:, :, None]).squeeze(2)).mean()
    if with_elbo:
        with torch.no_grad():
            prior = p.log_prior(h, x).exp()
            target = torch.softmax(p.scores(model.items[lists[:, 0]]) * prior, dim=-1)
        elbo = log_q.exp() * ((target + EPSILON).log() - (log_q.exp() + EPSILON).log())
        loss = loss - elbo.sum(1).mean()
    return loss


def m_loss(model: LatentCRS, h: Tensor, x: Tensor, lists: Tensor, w_r: float, w_n: float) -> Tensor:
    """L_M = KL(q || p(m|u,x)) + w_n InfoNCE + w_r CE(linear scores).

    InfoNCE = mean over cases and intents of q_m CE( S_m(i) p(m|u,x) ).
    """
    p = model.generative
    prior = p.log_prior(h, x).exp()
    with torch.no_grad():
        q = model.behaviour.log_q(h, p.intents).exp()
    elbo = q * ((prior + EPSILON).log() - (q + EPSILON).log())
    items = model.items[lists]
    linear = (items @ (prior @ p.intent_queries())[:, :, None]).squeeze(2)
    loss = w_r * _first(linear).mean() - elbo.sum(1).mean()
    if w_n:
        # [B, c, K] for c candidates, never the catalogue.
        scores = items @ p.intent_queries().T * prior[:, None]
        loss = loss + w_n * (q * (scores.logsumexp(1) - scores[:, 0])).mean()
    return loss
