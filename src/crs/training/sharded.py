"""An item table whose rows are dealt out to the devices of a training.

Of N rows rank r of W has those from r ceil(N / W) on, ceil(N / W) or what is left, and their state
of row-wise Adam. A look-up asks the owners for rows, and its gradient goes back to them. What rank
0 does alone (it validates, fits clusters, keeps a checkpoint) is done with all rows, which its
machine then has in memory maps of temporary files: no device has them (`whole`). On one device all
of this is an embedding with sparse gradients. A sharded table is trained by `ShardedAdam`, and a
module has one at most.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from shutil import disk_usage
from tempfile import gettempdir
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from crs.data.sequences import on_disk
from crs.training import devices
from crs.training.devices import OfFirst, once, rank, world
from crs.training.rowwise import RowwiseAdam

STATE = {"variance": torch.float32, "count": torch.int32}
"""Of the optimiser, with a number for each row."""


def share(rows: int, of: int) -> slice:
    """Which of all rows a rank has."""
    size = -(-rows // world())
    return slice(min(of * size, rows), min((of + 1) * size, rows))


def sent(x: Tensor, to: list[int], of: list[int]) -> Tensor:
    """Pieces of x, [n, …], for each rank; what each has for this one, one after the other.

    Args:
        to, of: lengths of the pieces that are sent, and of those that come.
    """
    found = x.new_empty(sum(of), *x.shape[1:])
    dist.all_to_all_single(found, x.contiguous(), of, to)
    return found


class _Rows(torch.autograd.Function):
    """Rows from where they lie. Each owner gets the gradients of its rows in the order of ranks, as
    a sparse one, whose equal rows are added where it is used."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, wanted: Tensor, size: int) -> Tensor:
        asked = torch.bincount(wanted // size, minlength=world())
        dist.all_to_all_single(told := torch.empty_like(asked), asked)
        ctx.asked, ctx.told, ctx.shape = asked.tolist(), told.tolist(), own.shape
        ctx.rows = sent(wanted, ctx.asked, ctx.told) - rank() * size
        return sent(own[ctx.rows], ctx.told, ctx.asked)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        # The mean over ranks, as DDP takes it of all other gradients.
        grad = sent(grads[0], ctx.asked, ctx.told) / world()
        own = torch.sparse_coo_tensor(ctx.rows[None], grad, ctx.shape, check_invariants=False)
        return own, None, None


class ShardedTable(nn.Embedding):
    """An embedding of which this rank has all rows, or, since `dealt`, its share.

    A pickled one has no rows, for a rank is told its own alone.
    """

    @classmethod
    def of(cls, table: nn.Embedding) -> "ShardedTable":
        """The rows of a table."""
        return cls(len(table.weight), table.embedding_dim, sparse=True, _weight=table.weight)

    @property
    def is_whole(self) -> bool:
        """Whether all rows are here."""
        return len(self.weight) == self.num_embeddings

    def forward(self, ids: Tensor) -> Tensor:
        """Rows of ids, […] -> […, d]. Where rows are dealt out, every rank has to ask."""
        if self.is_whole:  # in `whole`, on another device than the ids
            return super().forward(ids.to(self.weight.device)).to(ids.device)
        wanted, place = ids.unique(return_inverse=True)
        size = -(-self.num_embeddings // world())
        # In float32, or the gradients of a row that is read twice would be added in 16 bits.
        return F.embedding(place, _Rows.apply(self.weight, wanted, size).float())

    def __getstate__(self) -> dict[str, Any]:
        none = nn.Parameter(self.weight.new_empty(0, self.embedding_dim))
        return {**vars(self), "_parameters": {"weight": none}}


class ShardedAdam(RowwiseAdam):
    """Row-wise Adam of the rows on this rank."""

    def around(self, rows: int) -> tuple[int, int]:
        """Those of the ranks before this one and behind it, which have rows before and behind."""
        (each,) = devices.gathered(torch.tensor([rows]))
        return int(each[: rank()].sum()), int(each[rank() + 1 :].sum())


def table_of(module: nn.Module) -> tuple[str, ShardedTable | None]:
    """The name of the weight of a module's sharded table, and the table, if it has one."""
    for name, part in module.named_modules():
        if isinstance(part, ShardedTable):
            return f"{name}.weight", part
    return "", None


def room(like: Tensor, rows: int) -> Tensor:
    """Rows like those of a tensor, in a memory map of a temporary file.

    Raises:
        OSError: if the disk has no room for them; a map without it would end the process.
    """
    shape = rows, *like.shape[1:]
    words = -(-prod(shape) * like.element_size() // 8)
    if disk_usage(place := gettempdir()).free < words * 8:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place)
    return on_disk(words).view(like.dtype)[: prod(shape)].view(shape)


def handed_out(whole: Tensor | None, like: Tensor, rows: int) -> Tensor:
    """This rank's share of rows that rank 0 has, on the CPU.

    Args:
        whole: on rank 0, [rows, …].
        like: on the other ranks, for type and width.
    """
    if whole is not None:
        for other in range(1, world()):
            dist.send(whole[share(rows, other)].contiguous(), other)
        return whole[share(rows, 0)].clone()
    own = share(rows, rank())
    dist.recv(found := like.new_empty(own.stop - own.start, *like.shape[1:]), 0)
    return found


def collected(own: Tensor, rows: int) -> Tensor:
    """All rows on rank 0, where each rank's are written into a memory map as they come; on the
    other ranks what they have."""
    if rank() > 0:
        dist.send(own.cpu(), 0)
        return own
    found = room(own, rows)
    found[share(rows, 0)] = own.cpu()
    for other in range(1, world()):
        dist.recv(found[share(rows, other)], other)
    return found


def dealt(module: nn.Module, saved: OfFirst) -> dict[str, Any] | None:
    """Deal out a table's rows, the saved ones if there are any.

    Args:
        module: on the CPU; if it has a sharded table, rank 0 has all of its rows.
        saved: what `fit` keeps of an epoch, or None.
    Returns:
        `saved` on every rank, with that rank's rows.
    """
    name, table = table_of(module)
    if table is None or world() == 1:
        return once(lambda: saved.value)
    state: dict[str, Any] | None = saved.value
    all_rows: dict[str, Tensor] = {name: table.weight.data} if rank() == 0 else {}
    if state is not None:
        all_rows = {key: state["optimiser"]["state"][0].pop(key) for key in STATE}
        all_rows[name] = state["weights"].pop(name)
    state = once(lambda: state)
    rows = table.num_embeddings
    table.weight.data = handed_out(all_rows.get(name), table.weight.data, rows)
    if state is not None:
        state["weights"][name] = table.weight.data
        for key, like in STATE.items():
            own = handed_out(all_rows.get(key), torch.empty(0, dtype=like), rows)
            state["optimiser"]["state"][0][key] = own
    return state


@contextmanager
def whole(module: nn.Module, optimiser: Any = None) -> Iterator[None]:
    """Within it rank 0 has all rows of a sharded table, and of the optimiser's state of it.

    Every rank has to enter it; what is changed within is lost.
    """
    _, table = table_of(module)
    if table is None or table.is_whole:
        yield
        return
    of_rows: list[Tensor] = [table.weight]
    if optimiser is not None:
        of_rows += [optimiser.state[table.weight][key] for key in STATE]
    own = [x.data for x in of_rows]
    for x in of_rows:
        x.data = collected(x.data, table.num_embeddings)
    try:
        yield
    finally:
        for x, rows in zip(of_rows, own, strict=True):
            x.data = rows


def make_room(module: nn.Module) -> None:
    """Give a table that was dealt out room for all rows, which are then loaded."""
    _, table = table_of(module)
    if table is not None and not table.is_whole:
        table.weight.data = room(table.weight.data, table.num_embeddings)
