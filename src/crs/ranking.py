"""Full-catalogue ranking for every model: chunks of cases, no loop over cases, nothing kept."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

CHUNK_FLOATS = 1 << 21
"""Scores held at once, whatever the number of cases: 8 MB, about what stays in a cache."""


def mid_ranks(scores: Tensor, target: Tensor) -> Tensor:
    """Mid-rank of each row's target among its row: 1 + others higher + half of the other ties.

    Args:
        scores: [B, N], excluded items at -inf; overwritten.
        target: column of the target, [B].
    Returns:
        [B] float ranks, 1 is best.
    """
    s = scores.gather(1, target[:, None])
    # sum sign(s_i - s) = higher - lower and N = higher + lower + ties + 1, so
    # 1 + higher + ties/2 = (N + 1 + sum sign) / 2: one pass, in place.
    return (scores.shape[1] + 1 + scores.sub_(s).sign_().sum(1)) / 2


def scored_chunks(
    queries: Tensor,
    catalogue: tuple[Tensor, Tensor | None],
    exclude: tuple[Tensor, Tensor] | None,
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Scores of all rows for consecutive cases, in one buffer that is used again and again.

    Yields:
        which cases, their scores [b, rows], and the flat places in them of `exclude`.
    """
    items, bias = catalogue
    step = max(1, CHUNK_FLOATS // len(items))
    buffer = queries.new_empty(min(step, len(queries)), len(items))
    row, item = exclude or (torch.empty(0, dtype=torch.long),) * 2
    starts = torch.arange(0, len(queries) + step, step)
    bounds = torch.searchsorted(row, starts).tolist()
    for number, a in enumerate(range(0, len(queries), step)):
        part = queries[a : a + step]
        scores = torch.mm(part, items.T, out=buffer[: len(part)])
        if bias is not None:
            scores += bias
        mine = slice(bounds[number], bounds[number + 1])
        yield slice(a, a + len(part)), scores, (row[mine] - a) * len(items) + item[mine]


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
    out = torch.empty(len(queries))
    for cases, scores, places in scored_chunks(queries, catalogue, exclude):
        wanted = targets[cases, None]
        score = scores.gather(1, wanted)
        if seen != "in":
            scores.view(-1)[places] = 0.0 if seen == "zero" else -torch.inf
        if n_items is not None:
            scores[:, 0] = -torch.inf
            scores[:, n_items + 1 :] = -torch.inf
        if allow is not None:
            scores.masked_fill_(~allow(cases), -torch.inf)
        if seen != "zero":  # the released protocol zeroes a repeated target like any seen item
            scores.scatter_(1, wanted, score)
        out[cases] = mid_ranks(scores, targets[cases]).cpu()
    return out


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
    for cases, scores, places in scored_chunks(queries, catalogue, exclude):
        scores.view(-1)[places] = -torch.inf
        scores[:, 0] = -torch.inf
        scores[:, n_items + 1 :] = -torch.inf
        if allow is not None:
            scores.masked_fill_(~allow(cases), -torch.inf)
        values[cases], found[cases] = scores.topk(k, dim=1)
    return found, values
