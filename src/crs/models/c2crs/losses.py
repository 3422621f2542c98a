"""The contrastive losses of C2-CRS (docs/c2crs.md, eq. 3 and 4) and its weighted cross-entropy."""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Agreement of two views of the same rows.

    -1/2n Σ_i log( exp(z_i · z_i⁺ / τ) / Σ_{j ≠ i} exp(z_i · z_j / τ) ) over the 2n rows of both
    views; z_i⁺ is the same row in the other view, the other 2n - 2 rows are negatives.

    Args:
        a, b: unit vectors, [n, d] each, n at least 1.
    """
    z = torch.cat([a, b])
    scores = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    return F.cross_entropy(scores, torch.arange(len(z), device=z.device).roll(len(a)))


def coarse_loss(views: list[tuple[Tensor, ...]], temperature: float) -> tuple[Tensor, int]:
    """Mean InfoNCE over the pairs of views, each over the rows that have both.

    Args:
        views: unit vectors [B, d] and which rows have this view [B].
    Returns:
        the loss and the number of pairs that have at least two rows; (0, 0) if none has.
    """
    losses = []
    for (a, has_a), (b, has_b) in combinations(views, 2):
        both = has_a & has_b
        if int(both.sum()) > 1:
            losses.append(info_nce(a[both], b[both], temperature))
    if not losses:
        return views[0][0].sum() * 0, 0
    return torch.stack(losses).mean(), len(losses)


def fine_loss(z: Tensor, entity: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Agreement of the units of one entity, whichever view and row they come from.

    For anchor i with positives P (other units of its entity) and negatives N (units of other
    entities): -1/|P| Σ_{p in P} log( e^{s_ip} / (e^{s_ip} + Σ_{n in N} e^{s_in}) ), s = z·z / τ;
    mean over the anchors that have both.

    Args:
        z: unit vectors, [n, d].
        entity: what each unit is about, [n].
    Returns:
        the loss (0 without an anchor) and the mean number of negatives an anchor.
    """
    scores = z @ z.T / temperature
    same = entity[:, None] == entity
    positive = same.clone().fill_diagonal_(False)
    log_negatives = scores.masked_fill(same, -torch.inf).logsumexp(1, keepdim=True)
    positives, negatives = positive.sum(1), (~same).sum(1)
    anchor = (positives > 0) & (negatives > 0)
    if not anchor.any():
        return z.sum() * 0, z.new_zeros(())
    scores, positive = scores[anchor], positive[anchor]
    terms = scores - torch.logaddexp(scores, log_negatives[anchor])
    loss = -(terms * positive).sum(1) / positives[anchor]
    return loss.mean(), negatives[anchor].float().mean()


def released_fine_loss(
    z: Tensor, entity: Tensor, row: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The released form: units whose entity occurs once are dropped; logits of units of other rows
    are multiplied by 0, positives among them; a unit's other positives count as negatives.

    Args:
        row: row of the batch that each unit belongs to, [n].
    Returns:
        as `fine_loss`.
    """
    _, index, count = entity.unique(return_inverse=True, return_counts=True)
    kept = count[index] > 1
    z, entity, row = z[kept], entity[kept], row[kept]
    if len(z) < 2:
        return z.sum() * 0, z.new_zeros(())
    scores = z @ z.T * (row[:, None] == row) / temperature
    positive = (entity[:, None] == entity).fill_diagonal_(False)
    log_z = scores.clone().fill_diagonal_(-torch.inf).logsumexp(1, keepdim=True)
    # A unit with several positives is repeated for each: a mean over pairs, not over units.
    return (log_z - scores)[positive].mean(), (len(z) - 1 - positive.sum(1)).float().mean()


def frequency_weight(frequency: Tensor, threshold: float, least: float) -> Tensor:
    """Weight of a token: 1 up to `threshold` occurrences, then threshold / f, at least `least`.

    Args:
        frequency: f of each token, [V]; 0 counts as 1.
    Returns:
        [V]; padding, token 0, has 0.
    """
    weight = (threshold / frequency.clamp_min(1)).clamp(least, 1.0)
    weight[0] = 0.0
    return weight


def weighted_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Σ_t w(y_t) (-log p(y_t)) over the number of real targets (eq. 7).

    Args:
        logits: [n, V] at real positions.
        target: [n], none of them padding.
        weight: [V].
    """
    return (F.cross_entropy(logits, target, reduction="none") * weight[target]).mean()
