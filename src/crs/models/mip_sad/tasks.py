"""Masked item prediction and substituted attribute discrimination (docs/mip_sad.md, section 4).

Everything that is drawn is tensor code on the masked slots of a batch, S of them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def masked_slots(ids: Tensor, rate: float) -> Tensor:
    """Which items are masked, [B, T]: each with probability `rate`, the newest always.

    Args:
        ids: right-aligned, [B, T].
    """
    mask = torch.rand(ids.shape, device=ids.device) < rate
    mask[:, -1] = True
    return mask & (ids > 0)


def subsets(lists: Tensor, most: int) -> Tensor:
    """A random part of each list in random order: k of n, k uniform in 1 … min(n, most).

    Args:
        lists: attribute ids, 0 behind, [S, W].
    Returns:
        [S, at most W], 0 behind; an empty list stays empty.
    """
    real = lists > 0
    draw = torch.rand(lists.shape, device=lists.device)
    order = draw.masked_fill(~real, 2.0).argsort(1)
    size = real.sum(1).clamp_max(most)
    k = (torch.rand(len(lists), device=lists.device) * size).long() + (size > 0).long()
    width = int(k.max()) if len(k) else 1
    chosen = lists.gather(1, order)[:, : max(1, width)]
    return chosen * (torch.arange(chosen.shape[1], device=lists.device) < k[:, None])


def outsiders(owned: Tensor, shape: torch.Size, attributes: int) -> Tensor:
    """Uniform attributes that an item does not have, [S, K].

    Args:
        owned: each item's attributes, ascending, 0 behind, [S, W].
        shape: [S, K].
        attributes: how many there are; where an item has them all, the answer is 0.
    """
    others = attributes - (owned > 0).sum(1, keepdim=True)
    place = (torch.rand(shape, device=owned.device) * others).long() + 1
    # The p-th number that is not in an ascending list: step over each member that is not behind it.
    for member in owned.unbind(1):
        place += (member[:, None] > 0) & (place >= member[:, None])
    return place * (others > 0)


def substituted(chosen: Tensor, owned: Tensor, rate: float, attributes: int) -> Tensor:
    """`chosen` with a share of its attributes replaced by some that the item does not have.

    Each one independently, with probability `rate`.

    Args:
        chosen: [S, K], 0 behind.
        owned: as in `outsiders`, [S, W].
    Returns:
        [S, K]; where it equals `chosen` the attribute is original.
    """
    replaced = (torch.rand(chosen.shape, device=chosen.device) < rate) & (chosen > 0)
    other = outsiders(owned, chosen.shape, attributes)
    return torch.where(replaced & (other > 0), other, chosen)


def draw_negatives(logits: Tensor, taken: Tensor, count: int) -> Tensor:
    """Negatives from softmax(logits) without padding and without what is taken.

    Args:
        logits: of all items and the padding row, [S, N + 1]; overwritten.
        taken: the items that are no negatives, the target among them, masks [S, N + 1].
    Returns:
        [S, count], with replacement.
    """
    logits[:, 0] = -torch.inf
    logits.masked_fill_(taken, -torch.inf)
    return torch.multinomial(logits.softmax(1), count, replacement=True)


def candidate_loss(query: Tensor, table: Tensor, candidates: Tensor, loss_on: str) -> Tensor:
    """Mean over rows of -log softmax of the first candidate: BPR where there are two (eq. 4).

    Args:
        query: u, [S, d].
        table: E, [N + 1, d].
        candidates: target first, then negatives, [S, 1 + m].
        loss_on: `logits`, or their `sigmoid`, as released.
    """
    # An embedding: its backward adds up rows faster than that of an index.
    scores = torch.einsum("sd,scd->sc", query, F.embedding(candidates, table))
    if loss_on == "sigmoid":
        scores = scores.sigmoid()
    return F.cross_entropy(scores, scores.new_zeros(len(scores), dtype=torch.long))


def discrimination_loss(judged: Tensor, state: Tensor, original: Tensor) -> Tensor:
    """Mean over real attributes of BCE( sigmoid( (W_p h_j + b_p) . f ), original_j ) (eq. 6).

    Args:
        judged: W_p h_j + b_p of every attribute of every list, no padding, [n, d].
        state: f of the slot that each belongs to, [n, d].
        original: whether it is the item's own, [n].
    Returns:
        Scalar; 0 if there is no attribute.
    """
    logits = (judged * state).sum(1)
    total = F.binary_cross_entropy_with_logits(logits, original.to(logits), reduction="sum")
    return total / max(1, len(logits))
