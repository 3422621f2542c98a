"""Full-catalogue ranking for every model: chunks of cases, no loop over cases, nothing kept."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

CHUNK_FLOATS = 1 << 23
"""Scores held at once, whatever the number of cases: 32 MB."""
PIECE_FLOATS = 1 << 19
"""Scores that are gone over three times before the next: 2 MB, what stays in a core's cache."""


def mid_ranks(scores: Tensor, own: Tensor) -> Tensor:
    """Mid-rank of each row's target among its row: 1 + others higher + half of the other ties.

    Args:
        scores: [B, N], excluded items at -inf; overwritten.
        own: score of the target, [B, 1], which is one of the row.
    Returns:
        [B] float ranks, 1 is best.
    """
    # sum sign(s_i - s) = higher - lower and N = higher + lower + ties + 1, so
    # 1 + higher + ties/2 = (N + 1 + sum sign) / 2, in place.
    n = scores.shape[1]
    pieces = (x.split(max(1, PIECE_FLOATS // n)) for x in (scores, own))
    more = [part.sub_(s).sign_().sum(1) for part, s in zip(*pieces, strict=True)]
    return (n + 1 + torch.cat(more)) / 2


def scored_chunks(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    exclude: tuple[Tensor, Tensor] | None,
    n_items: int | None,
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Scores of all items for consecutive cases, in one buffer that is used again and again.

    Yields:
        which cases, their scores [b, N] (with `n_items=None` of all rows), and the rows and columns
        in them of `exclude`.
    """
    table, bias = (None if x is None else ranked(x, n_items) for x in catalogue)
    assert table is not None
    width = len(table)
    table = table.T.contiguous()  # a product with it takes three quarters of that with the view
    step = max(1, CHUNK_FLOATS // width)
    buffer = queries.new_empty(min(step, len(queries)), width)
    row, item = exclude or (torch.empty(0, dtype=torch.long),) * 2
    starts = torch.arange(0, len(queries) + step, step)
    bounds = torch.searchsorted(row, starts).tolist()
    for number, a in enumerate(range(0, len(queries), step)):
        part = queries[a : a + step]
        scores = torch.mm(part, table, out=buffer[: len(part)])
        if bias is not None:
            scores += bias
        mine = slice(bounds[number], bounds[number + 1])
        places = torch.stack([row[mine] - a, item[mine] - first_id(n_items)])
        yield slice(a, a + len(part)), scores, places.to(scores.device)


def first_id(n_items: int | None) -> int:
    """Id of the first column of the scores."""
    return 0 if n_items is None else 1


def ranked(rows: Tensor, n_items: int | None) -> Tensor:
    """The rows (or, of a mask, the columns) of items, without padding and what lies behind."""
    return rows if n_items is None else rows[1 : n_items + 1]


def ranks(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    targets: Tensor,
    exclude: tuple[Tensor, Tensor] | None = None,
    *,
    seen: str = "out",
    n_items: int | None = None,
    allow: Callable[[slice], Tensor] | None = None,
) -> Tensor:
    """Rank of each case's target in the whole catalogue.

    Args:
        queries: [B, d].
        catalogue: item vectors [N + 1 or more, d] and bias or None; row i is item id i, row 0 is
            padding, rows beyond `n_items` are no items.
        targets: item ids, [B]. A target is never excluded.
        exclude: ragged ids, (row [m] ascending, item [m]), usually the history.
        seen: what happens to them: `out`, scored `zero`, or left `in`.
        n_items: N; None ranks padding and any rows behind the items too (as some released code).
        allow: given a slice of cases, a mask [b, rows] of the items that may be ranked.
    Returns:
        [B] float mid-ranks, 1 is best.
    """
    out = queries.new_empty(len(queries))
    exclude = None if seen == "in" else exclude
    for cases, scores, (row, item) in scored_chunks(queries, catalogue, exclude, n_items):
        target = targets[cases, None] - first_id(n_items)
        places = row * scores.shape[1] + item
        if seen == "zero":  # the released protocol zeroes a repeated target like any seen item
            scores.view(-1).index_fill_(0, places, 0.0)
        own = scores.gather(1, target)
        if seen == "out":
            scores.view(-1).index_fill_(0, places, -torch.inf)
        if allow is not None:
            scores.masked_fill_(~ranked(allow(cases).T, n_items).T, -torch.inf)
        out[cases] = mid_ranks(scores.scatter_(1, target, own), own)
    return out.cpu()


def topk(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    k: int,
    exclude: tuple[Tensor, Tensor] | None = None,
    *,
    n_items: int,
    allow: Callable[[slice], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """The k best items of each case, excluded ones and padding out.

    Args:
        queries, catalogue, exclude, n_items, allow: as in `ranks`.
    Returns:
        item ids and scores, both [B, k], best first; a score of -inf marks what is no
        recommendation.
    """
    k = min(k, n_items)
    found = torch.empty(len(queries), k, dtype=torch.long, device=queries.device)
    values = queries.new_empty(len(queries), k)
    for cases, scores, (row, item) in scored_chunks(queries, catalogue, exclude, n_items):
        scores[row, item] = -torch.inf
        if allow is not None:
            scores.masked_fill_(~ranked(allow(cases).T, n_items).T, -torch.inf)
        values[cases], found[cases] = scores.topk(k, dim=1)
    return found + first_id(n_items), values
