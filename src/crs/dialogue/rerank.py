"""What is shown in a turn: a model's ranking, and what the requirements make of it.

Three re-rankers (docs/multi_turn.md, re-ranking). `none`: by score, without the items shown before.
`hard`: items that break fewer hard requirements come first, over the whole catalogue, then by
score. `as_released`: the best 50 by score, those with more of the asked attributes first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from crs.data.cases import NOBODY, Cases, Ragged, together
from crs.dialogue.requirements import Wishes
from crs.evaluation.ranking import ranks, topk
from crs.recommender import Recommender

CHUNK = 256
"""Dialogues whose broken requirements are held at once, [CHUNK, N + 1]."""


@dataclass
class Picked:
    """What is shown.

    Attributes:
        items: best first, [B, k]; 0 where no item is left.
        broken: hard requirements that the worst of them breaks, [B]; above 0 there were too few
            items that keep them all.
    """

    items: Tensor
    broken: Tensor


class ByScore:
    """`none`: the best by score, without what was shown.

    Args:
        recommender: any that meets the contract.
        cases: with what is known of the dialogues; `shown` are the items shown before.
        wishes: of the same dialogues.
        seen: items of the history: `out` of the ranking, or left `in`.
        top: so many are re-ranked `as_released`.
    """

    def __init__(
        self, recommender: Recommender, cases: Cases, wishes: Wishes, seen: str, top: int
    ) -> None:
        self.queries, self.catalogue = recommender.queries(cases), recommender.catalogue()
        self.cases, self.wishes, self.top = cases, wishes, top
        self.n_items, self.rows = cases.sequences.n_items, len(self.catalogue[0])
        self.history: Ragged = cases.left_out if seen == "out" else (NOBODY, NOBODY)
        self.shown: Ragged = cases.refused_items
        self.gone = together(self.history, self.shown)

    def pick(self, k: int) -> Picked:
        """What to show."""
        items, scores = topk(self.queries, self.catalogue, k, self.gone, n_items=self.n_items)
        kept = torch.where(scores > -torch.inf, items, 0)
        return Picked(kept, torch.zeros(len(kept), dtype=torch.long))

    def ranks_before(self) -> Tensor:
        """Rank of each target by score alone, [B]."""
        return ranks(
            self.queries, self.catalogue, self.cases.target, self.history, n_items=self.n_items
        )

    def ranks_after(self) -> Tensor:
        """Rank of each target in the order that is shown, [B]."""
        return ranks(
            self.queries, self.catalogue, self.cases.target, self.gone, n_items=self.n_items
        )


class Hard(ByScore):
    """`hard`: by broken requirements, fewest first, then by score."""

    def level(self, level: Tensor | int, part: slice) -> Tensor:
        """Which items of the catalogue break so many requirements, [b, rows]."""
        broken = self.wishes[part].violations()
        kept = torch.zeros(len(broken), self.rows, dtype=torch.bool)
        kept[:, : broken.shape[1]] = broken == level
        return kept

    def chunks(self) -> Iterator[tuple[slice, Tensor]]:
        """Consecutive dialogues and what each item breaks, [b, N + 1]."""
        for first in range(0, len(self.queries), CHUNK):
            part = slice(first, first + CHUNK)
            yield part, self.wishes[part].violations()

    def pick(self, k: int) -> Picked:
        """What keeps all requirements; behind it, where that is too little, what breaks one, …"""
        k = min(k, self.n_items)
        items = torch.zeros(len(self.queries), k, dtype=torch.long)
        broken, filled = (torch.zeros(len(items), dtype=torch.long) for _ in range(2))
        most = max((int(part.max()) for _, part in self.chunks()), default=0)
        for level in range(most + 1):
            found, scores = topk(
                self.queries,
                self.catalogue,
                k,
                self.gone,
                n_items=self.n_items,
                allow=partial(self.level, level),
            )
            place = filled[:, None] + torch.arange(k)
            row, column = ((scores > -torch.inf) & (place < k)).nonzero(as_tuple=True)
            items[row, place[row, column]] = found[row, column]
            broken[row] = level
            filled += torch.bincount(row, minlength=len(items))
            if (filled == k).all():
                break
        return Picked(items, broken)

    def ranks_after(self) -> Tensor:
        """Items that break fewer, and then the rank among those that break as many, [B]."""
        target, (row, item) = self.cases.target, self.gone
        better = torch.zeros(len(target))
        for part, broken in self.chunks():
            fewer = broken < broken.gather(1, target[part, None])
            mine = (row >= part.start) & (row < part.stop)
            fewer[row[mine] - part.start, item[mine]] = False
            better[part] = fewer[:, 1:].sum(1).float()

        def alike(part: slice) -> Tensor:
            own = self.wishes[part].violations().gather(1, target[part, None])
            return self.level(own, part)

        return better + ranks(
            self.queries, self.catalogue, target, self.gone, n_items=self.n_items, allow=alike
        )


class Released(ByScore):
    """`as_released`: of the best `top` by score those with more of the asked attributes first;
    among equals the items shown before last."""

    def reranked(self) -> Tensor:
        """The re-ranked list, [B, top]; 0 behind its end."""
        items, scores = topk(
            self.queries, self.catalogue, self.top, self.history, n_items=self.n_items
        )
        items = torch.where(scores > -torch.inf, items, 0)
        wishes = self.wishes
        shared = (wishes.wanted * wishes.hard) @ wishes.facts.matrix.T
        if any(wishes.either):
            groups = torch.tensor([[float(len(one))] for one in wishes.either])
            shared = shared + groups - wishes.lacking_groups()
        shared[:, 0] = -1
        before = torch.zeros_like(shared)
        before[self.shown] = 1
        order = before.gather(1, items).argsort(dim=1, stable=True)
        asked = shared.gather(1, items).gather(1, order)
        order = order.gather(1, asked.argsort(dim=1, stable=True, descending=True))
        return items.gather(1, order)

    def pick(self, k: int) -> Picked:
        """The first of the re-ranked list."""
        items = self.reranked()[:, :k]
        return Picked(items, torch.zeros(len(items), dtype=torch.long))

    def ranks_after(self) -> Tensor:
        """Place in the re-ranked list; behind it the rank by score, [B]."""
        found = self.reranked() == self.cases.target[:, None]
        place = found.float().argmax(1) + 1.0
        return torch.where(found.any(1), place, self.ranks_before())


RERANKERS: dict[str, type[ByScore]] = {"none": ByScore, "hard": Hard, "as_released": Released}
