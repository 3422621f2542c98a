"""Which question tells most about what somebody has in mind.

The answer is a function of the item that is meant, so its expected information is its entropy,
H(answer) = -Σ_v p(v) log2 p(v) bits, with p(v) the belief in the items that give the answer v
(generalised binary search; Zou and Kanoulas, CIKM 2020, ask by it).
"""

import torch
from torch import Tensor

from crs.dialogue.requirements import Facts, Wishes

NOTHING, DECADE = 0, -1
"""What is asked about, where it is no attribute's id: nothing, or the decade."""
CANDIDATES = 1000
"""The belief is in so many items, the best of the list that would be shown."""
LEAST = 0.1
"""Bits: a question that tells less is not asked."""


def beliefs(items: Tensor, wishes: Wishes) -> Tensor:
    """How likely each item is meant, [B, N + 1]: in proportion to 1 / place among the candidates
    that keep all that is asked for. Scores are no probabilities for most models; places are the
    same for any. A row is 0 if no candidate is left.

    Args:
        items: candidates, best first, [B, k]; 0 where there is none.
    """
    keeps = wishes.violations().gather(1, items) == 0
    weight = torch.where((items > 0) & keeps, 1 / torch.arange(1.0, items.shape[1] + 1), 0)
    weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-12)
    return torch.zeros(len(items), len(wishes.facts.place)).scatter_add(1, items, weight)


def bits(shares: Tensor) -> Tensor:
    """-p log2 p, elementwise; 0 at 0."""
    return -shares * shares.clamp(min=1e-12).log2()


def information(belief: Tensor, wishes: Wishes) -> tuple[Tensor, Tensor]:
    """Expected information in bits of the question about each attribute, [B, attributes + 1], and
    of the one about the decade, [B]; 0 of what is settled already.

    Args:
        belief: in each item, [B, N + 1].
    """
    facts = wishes.facts
    has = (belief @ facts.matrix).clamp(max=1)
    settled = (wishes.known + wishes.refused) > 0
    attributes = torch.where(settled, 0, bits(has) + bits(1 - has))
    shares = torch.zeros(len(belief), len(facts.calendar) // 10 + 3)
    shares.index_add_(1, decade_of(facts), belief)
    open_years = wishes.years[:, :-1].all(1)
    return attributes, torch.where(open_years, bits(shares).sum(1), 0)


def decade_of(facts: Facts) -> Tensor:
    """Each item's decade, counted from the first one of the catalogue, [N + 1]; the number behind
    the last one where the year is not known."""
    decades = torch.div(facts.calendar, 10, rounding_mode="floor")
    first, last = (int(decades[0]), int(decades[-1])) if len(decades) else (0, -1)
    return torch.cat([decades, torch.tensor([last + 1])])[facts.place] - first


def best_question(belief: Tensor, wishes: Wishes, asked: list[set[int]]) -> Tensor:
    """The question of most information in each dialogue, [B]: the id of an attribute, `DECADE`, or
    `NOTHING` if none tells `LEAST` bits. The first of equals.

    Args:
        asked: what was asked about before, by dialogue; it is not asked again.
    """
    attributes, decade = information(belief, wishes)
    for row, before in enumerate(asked):
        attributes[row, [one for one in before if one > 0]] = 0
        decade[row] *= DECADE not in before
    most, which = attributes.max(1)
    which = torch.where(decade > most, DECADE, which)
    return torch.where(torch.maximum(decade, most) < LEAST, NOTHING, which)
