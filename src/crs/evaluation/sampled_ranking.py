"""The second protocol: a target ranked among 100 items that share its first attribute.

`random` is the protocol `sampled_100` (docs/protocols.md), `first` is that of MIP-SAD's released
code.
"""

import torch
from torch import Tensor

from crs.data.cases import Cases
from crs.evaluation.ranking import CHUNK_FLOATS, check_finite, mid_ranks, multiplied
from crs.evaluation.results import CANDIDATES


def draw(cases: Cases, owners: Tensor, kind: str, seen: str, seed: int) -> Tensor:
    """The target of each case and its sampled items, [B, 1 + CANDIDATES]; 0 is padding.

    `random` draws for each case among the items that have the first attribute asked for; where
    there are fewer than 100, or nothing was asked, the rest is drawn from all items.
    `first` takes those with the smallest numbers, and no others.

    Args:
        owners: which item has which attribute, [N + 1, attributes + 1].
        seen: with `out`, items of the history and refused ones are not sampled.
    """
    target, n = cases.target, cases.sequences.n_items
    asked = cases.asked[:, 0] if cases.known is not None else torch.zeros_like(target)
    by_attribute = owners.T.clone()
    by_attribute[0] = 0.0
    generator, parts = torch.Generator().manual_seed(seed), []
    for part in torch.arange(len(cases)).split(max(1, CHUNK_FLOATS // (n + 1))):
        have = by_attribute[asked[part]]
        if kind == "first":
            keys = have * (2 - torch.arange(n + 1) / (n + 1))
            keys[have == 0] = -torch.inf
        else:
            keys = have + torch.rand(len(part), n + 1, generator=generator)
        if seen == "out":
            keys.index_put_(cases[part].excluded, torch.tensor(-torch.inf))
        keys[:, 0] = -torch.inf
        keys.scatter_(1, target[part, None], -torch.inf)
        best, found = keys.topk(min(CANDIDATES, n + 1), dim=1)
        parts.append(found.masked_fill(best == -torch.inf, 0))
    sampled = torch.cat(parts) if parts else torch.empty(0, CANDIDATES, dtype=torch.long)
    return torch.cat([target[:, None], sampled], 1)


def ranks_among(queries: Tensor, catalogue: tuple[Tensor, Tensor | None], lists: Tensor) -> Tensor:
    """Mid-rank of the first of each case's list among the list, [B].

    Args:
        queries: [B, d].
        catalogue: item vectors [N + 1 or more, d] and bias or None.
        lists: item ids, 0 for none, [B, C].
    """
    check_finite(queries, catalogue)
    items, bias = catalogue
    step = max(1, CHUNK_FLOATS // (lists.shape[1] * items.shape[1]))
    out = torch.empty(len(queries))
    product = multiplied(queries, catalogue, slice(None), step) if items.is_sparse else None
    for a in range(0, len(queries), step):
        part = lists[a : a + step]
        if product is None:
            scores = torch.einsum("bd,bcd->bc", queries[a : a + step], items[part])
        else:
            scores = product(a).gather(1, part)
        if bias is not None:
            scores = scores + bias[part]
        scores = scores.masked_fill(part == 0, -torch.inf)
        out[a : a + step] = mid_ranks(scores, scores[:, :1].clone()).cpu()
    return out
