"""Full-catalogue ranking for every model: chunks of cases, no loop over cases, nothing kept."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from crs.errors import NotFiniteError
from crs.evaluation.wide_ranking import wide_ranks, wide_topk

CHUNK_FLOATS = 1 << 23
"""Scores held at once, whatever the number of cases: 32 MB."""
PIECE_FLOATS = 1 << 19
"""Scores that are gone over three times before the next: 2 MB, what stays in a core's cache."""


WIDE = CHUNK_FLOATS // 64
"""Of larger catalogues a chunk would hold too few cases for a fast product."""


def wide(items: Tensor, n_items: int | None) -> bool:
    """Whether a catalogue is ranked in tiles. Scorers by rules have sparse items, which are not."""
    return n_items is not None and n_items > WIDE and not items.is_sparse


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
    check_finite(queries, catalogue)
    items, bias = catalogue
    columns = slice(0 if n_items is None else 1, len(items) if n_items is None else n_items + 1)
    width = columns.stop - columns.start
    step = max(1, CHUNK_FLOATS // width)
    product = multiplied(queries, catalogue, columns, step)
    row, item = exclude or (torch.empty(0, dtype=torch.long),) * 2
    starts = torch.arange(0, len(queries) + step, step)
    bounds = torch.searchsorted(row, starts).tolist()
    for number, a in enumerate(range(0, len(queries), step)):
        scores = product(a)
        if bias is not None:
            scores += bias[columns]
        mine = slice(bounds[number], bounds[number + 1])
        places = torch.stack([row[mine] - a, item[mine] - first_id(n_items)])
        yield slice(a, a + len(scores)), scores, places.to(scores.device)


def multiplied(
    queries: Tensor, catalogue: tuple[Tensor, Tensor | None], columns: slice, step: int
) -> Callable[[int], Tensor]:
    """The product of the queries from `a` to `a + step` with some rows of the items, by `a`.

    What it returns is overwritten by the next call. A scorer by rules may have sparse queries and
    items (both, in COO form).
    """
    items = catalogue[0]
    if items.is_sparse:

        def sparse(a: int) -> Tensor:
            part = queries.index_select(0, torch.arange(a, min(a + step, len(queries))))
            return torch.mm(items, part.to_dense().T)[columns].T.contiguous()

        return sparse
    table = items[columns].T.to(queries.dtype)
    if not isinstance(catalogue, Measured):
        table = table.contiguous()  # three quarters of the time that its view takes
    buffer = queries.new_empty(min(step, len(queries)), table.shape[1])

    def dense(a: int) -> Tensor:
        part = queries[a : a + step]
        return torch.mm(part, table, out=buffer[: len(part)])

    return dense


def largest(x: Tensor | None) -> float:
    """The largest absolute number of a tensor; 0 of none."""
    if x is None or not x.numel():
        return 0.0
    values = x.coalesce().values() if x.is_sparse else x
    return max(map(abs, (end.item() for end in values.aminmax()))) if values.numel() else 0.0


class Measured(tuple[Tensor, Tensor | None]):
    """A catalogue for many rankings: laid out as the product reads it, its largest numbers known.

    For few cases either takes longer than the product.
    """

    largest: tuple[float, float]

    @classmethod
    def of(cls, catalogue: tuple[Tensor, Tensor | None]) -> "Measured":
        """Item vectors and bias as a recommender gives them."""
        items, bias = catalogue
        found = cls((items if items.is_sparse else items.T.contiguous().T, bias))
        found.largest = largest(items), largest(bias)
        return found


def check_finite(queries: Tensor, catalogue: tuple[Tensor, Tensor | None]) -> None:
    """Refuse scores that may be NaN or infinite, without a check of each.

    |q . e + b| <= d max|q| max|e| + max|b|, and the largest number of each tensor tells.

    Raises:
        NotFiniteError: if one is NaN or infinite, or so large that a score may be.
    """
    measured = catalogue if isinstance(catalogue, Measured) else None
    items, bias = measured.largest if measured else map(largest, catalogue)
    bound = catalogue[0].shape[1] * largest(queries) * items + bias
    # A NaN is in no order with anything.
    if not bound <= torch.finfo(queries.dtype).max:
        raise NotFiniteError("a score is not finite")


def first_id(n_items: int | None) -> int:
    """Id of the first column of the scores."""
    return 0 if n_items is None else 1


def ranked(rows: Tensor, n_items: int | None) -> Tensor:
    """The rows (or, of a mask, the columns) of items, without padding and rows after item N."""
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
        queries: [B, d]; sparse if the item vectors are.
        catalogue: item vectors [N + 1 or more, d] and bias or None; row i is item id i, row 0 is
            padding, rows beyond `n_items` are no items.
        targets: item ids, [B]. A target is never excluded.
        exclude: ragged ids, (row [m] ascending, item [m]), usually the history.
        seen: what happens to them: `out`, scored `zero`, or left `in`.
        n_items: N; None ranks padding and any rows behind the items too (as some released code).
        allow: given a slice of cases, a mask [b, rows] of the items that may be ranked.
    Returns:
        [B] float mid-ranks, 1 is best.
    Raises:
        NotFiniteError: if a score may be NaN or infinite.
    """
    exclude = None if seen == "in" else exclude
    if wide(catalogue[0], n_items) and allow is None:
        assert n_items is not None
        check_finite(queries, catalogue)
        return wide_ranks(queries, catalogue, targets, exclude, seen, n_items)
    out = torch.empty(len(queries), dtype=queries.dtype, device=queries.device)
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
    seen: str = "out",
    n_items: int,
    allow: Callable[[slice], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """The k best items of each case; padding is out.

    Args:
        queries, catalogue, exclude, seen, n_items, allow: as in `ranks`. A target is an item like
            any other.
    Returns:
        item ids and scores, both [B, k], best first; a score of -inf marks what is no
        recommendation.
    """
    k = min(k, n_items)
    exclude = None if seen == "in" else exclude
    if wide(catalogue[0], n_items) and allow is None:
        check_finite(queries, catalogue)
        return wide_topk(queries, catalogue, k, exclude, seen, n_items)
    found = torch.empty(len(queries), k, dtype=torch.long, device=queries.device)
    values = torch.empty(len(queries), k, dtype=queries.dtype, device=queries.device)
    for cases, scores, (row, item) in scored_chunks(queries, catalogue, exclude, n_items):
        scores[row, item] = 0.0 if seen == "zero" else -torch.inf
        if allow is not None:
            scores.masked_fill_(~ranked(allow(cases).T, n_items).T, -torch.inf)
        values[cases], found[cases] = scores.topk(k, dim=1)
    return found + first_id(n_items), values
