"""Ranking in catalogues so wide that a row of scores is large: tiles of cases by items.

The numbers are those of `crs.evaluation.ranking`; what is held at once is one tile, whatever the
number of cases and of items.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

CASES, ITEMS = 256, 1 << 15
"""Of a tile: 32 MB of scores, and 8 MB of items at d = 64."""
NARROW = 64
"""A product has as many rows and columns at least: the kernels for smaller ones add in other
orders, so that items that are equal would not tie."""


def tiles(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    exclude: tuple[Tensor, Tensor] | None,
    seen: str,
    n_items: int,
) -> Iterator[tuple[slice, int, Tensor]]:
    """Scores of the items 1 to N, item block by item block, each for all cases.

    Yields:
        which cases, the id of the first item, and their scores [b, w], those of `exclude` at zero
        or -inf, in a buffer that is used again.
    """
    items, bias = catalogue
    row, item = exclude or (torch.empty(0, dtype=torch.long),) * 2
    block_of, order = ((item - 1) // ITEMS).sort(stable=True)  # rows stay in their order
    row, item = row[order], item[order]
    firsts = range(1, n_items + 1, ITEMS)
    bounds = torch.searchsorted(block_of, torch.arange(len(firsts) + 1)).tolist()
    padded = F.pad(queries, (0, 0, 0, max(0, NARROW - len(queries) % CASES)))
    buffer = queries.new_empty(max(CASES, NARROW) * max(ITEMS, NARROW))
    for number, first in enumerate(firsts):
        last = min(first + ITEMS, n_items + 1)
        size = last - first
        block = items[first:last].to(queries.dtype)
        if size < NARROW:
            block = F.pad(block, (0, 0, 0, NARROW - size))
        block = block.T.contiguous()
        mine = slice(bounds[number], bounds[number + 1])
        rows, columns = row[mine], item[mine] - first
        starts = torch.searchsorted(rows, torch.arange(0, len(queries) + CASES, CASES)).tolist()
        for part, a in enumerate(range(0, len(queries), CASES)):
            cases = slice(a, min(a + CASES, len(queries)))
            rows_of = padded[a : a + max(NARROW, cases.stop - a)]
            product = buffer[: len(rows_of) * block.shape[1]].view(len(rows_of), -1)
            torch.mm(rows_of, block, out=product)
            scores = product[: cases.stop - a, :size]
            if bias is not None:
                scores += bias[first:last]
            some = slice(starts[part], starts[part + 1])
            scores[rows[some] - a, columns[some]] = 0.0 if seen == "zero" else -torch.inf
            yield cases, first, scores


def own_scores(queries: Tensor, items: Tensor) -> Tensor:
    """Score of each row's own item, both [b, d], by the same product as a tile's, [b].

    A sum over d adds in another order: items that are equal would not tie with the target.
    """
    more = max(0, NARROW - len(items))
    queries, table = (F.pad(x, (0, 0, 0, more)) for x in (queries, items))
    return torch.mm(queries, table.T.contiguous()).diagonal()[: len(items)]


def wide_ranks(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    targets: Tensor,
    exclude: tuple[Tensor, Tensor] | None,
    seen: str,
    n_items: int,
) -> Tensor:
    """Mid-rank of each case's target, [B]; arguments as in `crs.evaluation.ranking.ranks`."""
    items, bias = catalogue
    own = torch.cat([
        own_scores(part, items[of].to(part.dtype)) + (0.0 if bias is None else bias[of])
        for part, of in zip(queries.split(CASES), targets.split(CASES), strict=True)
    ])  # fmt: skip
    if seen == "zero" and exclude is not None:  # a repeated target like any seen item
        row, item = exclude
        own[row[item == targets[row]]] = 0.0
    # Items ahead less those behind, as in `mid_ranks`.
    ahead = torch.zeros(len(queries), dtype=torch.float64, device=queries.device)
    for cases, first, scores in tiles(queries, catalogue, exclude, seen, n_items):
        place = targets[cases] - first
        here = ((place >= 0) & (place < scores.shape[1])).nonzero()[:, 0]
        scores[here, place[here]] = own[cases][here]
        ahead[cases] += scores.sub_(own[cases, None]).sign_().sum(1)
    return ((n_items + 1 + ahead) / 2).to(queries.dtype).cpu()


def wide_topk(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    k: int,
    exclude: tuple[Tensor, Tensor] | None,
    seen: str,
    n_items: int,
) -> tuple[Tensor, Tensor]:
    """Ids and scores of the k best items, [B, k]; arguments as in `crs.evaluation.ranking.topk`."""
    found = torch.zeros(len(queries), k, dtype=torch.long, device=queries.device)
    values = queries.new_full((len(queries), k), -torch.inf)
    for cases, first, scores in tiles(queries, catalogue, exclude, seen, n_items):
        best, column = scores.topk(min(k, scores.shape[1]), dim=1)
        best, ids = (
            torch.cat(pair, dim=1)
            for pair in ((values[cases], best), (found[cases], column + first))
        )
        values[cases], chosen = best.topk(k, dim=1)
        found[cases] = ids.gather(1, chosen)
    return found, values
