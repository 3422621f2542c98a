"""Histories with items at their end that somebody has named as liked."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import torch

from crs.data.cases import Cases
from crs.data.sequences import Sequences


def with_liked(cases: Cases, liked: Sequence[Sequence[int]]) -> Cases:
    """Cases whose histories end with the items that are liked and were not in them.

    Where nothing is liked the cases are the same object, so that what a recommender keeps of them
    holds. Whose the histories are stays known. The item that is chosen stays what it is; an item
    that is liked and is the chosen one is not told.

    Args:
        liked: items by case, oldest first, [B].
    """
    if not any(liked):
        return cases
    old, rows = cases.sequences, cases.row.tolist()
    # A user who has two of the cases has two histories by now, which are nobody's number.
    ours = len(set(rows)) == len(rows)
    places = rows if ours else list(range(1, len(rows) + 1))
    told: list[list[int]] = [[] for _ in range(len(old.offsets) - 1 if ours else len(rows) + 1)]
    cuts = cases.cut.tolist()
    for number, (row, place) in enumerate(zip(rows, places, strict=True)):
        first = int(old.offsets[row])
        *history, chosen = old.items[first : first + cuts[number] + 1].tolist()
        new = [item for item in dict.fromkeys(liked[number]) if item not in (*history, chosen)]
        told[place] = [*history, *new, chosen]
        cuts[number] += len(new)
    items = torch.tensor([item for sequence in told for item in sequence])
    offsets = torch.tensor([0, *accumulate(map(len, told))])
    sequences = Sequences(items, offsets, old.n_items, float(old.repeating), old.of_users and ours)
    return replace(cases, sequences=sequences, row=torch.tensor(places), cut=torch.tensor(cuts))
