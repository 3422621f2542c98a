"""Ranks and lists of scorers on cases."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from crs.data.cases import Cases, Ragged
from crs.evaluation import sampled_ranking
from crs.evaluation.ranking import ranks, topk
from crs.evaluation.results import OF_ALL, SECOND
from crs.stages.evaluation import Evaluation


def masked(cases: Cases, settings: Evaluation) -> Ragged:
    """The items to which `settings.seen` applies."""
    # The released protocol scores every seen item 0, also where users take items again.
    return cases.seen if settings.seen == "zero" else cases.excluded


def case_ranks(
    queries: torch.Tensor,
    catalogue: tuple[torch.Tensor, torch.Tensor | None],
    cases: Cases,
    settings: Evaluation,
    sampled: torch.Tensor | None = None,
) -> dict[str, np.ndarray]:
    """Ranks of the targets, [cases], by the protocol's name.

    Args:
        queries, catalogue: of a recommender.
        sampled: the targets and sampled items of `crs.evaluation.sampled_ranking.draw`, or None.
    """
    found = {
        settings.protocol: ranks(
            queries,
            catalogue,
            cases.target,
            masked(cases, settings),
            seen=settings.seen,
            n_items=None if settings.padding else cases.sequences.n_items,
        ).numpy()
    }
    if sampled is not None:
        few = sampled_ranking.ranks_among(queries, catalogue, sampled)
        asked = cases.known is not None
        found[SECOND[settings.candidates] if asked else OF_ALL] = few.numpy()
    return found


def case_lists(
    queries: torch.Tensor,
    catalogue: tuple[torch.Tensor, torch.Tensor | None],
    cases: Cases,
    settings: Evaluation,
) -> np.ndarray:
    """The items that each case is recommended, best first, 0 where there are no more, [cases, k].

    k is the largest of `settings.ks`. Padding is in no list, whatever the protocol ranks.
    """
    items, scores = topk(
        queries,
        catalogue,
        max(settings.ks),
        masked(cases, settings),
        seen=settings.seen,
        n_items=cases.sequences.n_items,
    )
    return items.masked_fill(scores == -torch.inf, 0).int().cpu().numpy()


def shuffled_texts(cases: Cases, seed: int) -> Cases:
    """The same cases with their texts dealt out anew: is the text used at all?"""
    assert cases.text is not None
    order = torch.randperm(len(cases), generator=torch.Generator().manual_seed(seed))
    said = {name: tensor[order] for name, tensor in cases.dialogue.items()}
    return replace(cases, text=cases.text[order], dialogue=said)


@dataclass
class Ranked:
    """One scorer's ranks of one set of cases.

    Attributes:
        part: the slice's name.
        ranks: [cases].
        protocol: among what the targets were ranked.
        lists: item ids, [cases, k]; None where the protocol ranks no catalogue.
    """

    scorer: str
    part: str
    ranks: np.ndarray
    cases: Cases
    protocol: str
    lists: np.ndarray | None = None

    def slices(self) -> Iterator[tuple[str, np.ndarray]]:
        """The whole set and its parts: name and which cases."""
        yield self.part, np.ones(len(self.ranks), dtype=bool)
        for name, mask in self.cases.slices.items():
            if mask.any():
                yield name, mask.numpy()
