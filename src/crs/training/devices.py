"""One training on several devices: what each computes of a batch, and what they tell each other.

Each device has a process, which has a rank and a copy of the module. Of each batch a rank computes
the cases `batch[rank::world]`, and DDP gives every rank the mean of the ranks' gradients. To make
this mean the gradient of the loss over the whole batch, `overall` weights a mean over cases, and
`gathered` gives a loss that compares cases those of all ranks. On one device each function here
returns what it is given.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from crs.errors import UserError
from crs.threads import available
from crs.training.nodes import node_of

if TYPE_CHECKING:  # a stage that trains nothing checks its devices without Lightning
    from lightning_fabric import Fabric

Value = TypeVar("Value")


class _State:
    """Whether rank 0 works by itself while the others wait."""

    alone = False


@contextmanager
def alone() -> Iterator[None]:
    """Within it a rank is the only one: what it calls asks nothing of the others."""
    before, _State.alone = _State.alone, True
    try:
        yield
    finally:
        _State.alone = before


def world() -> int:
    """Number of ranks."""
    together = dist.is_available() and dist.is_initialized() and not _State.alone
    return dist.get_world_size() if together else 1


def rank() -> int:
    """Number of this process: 0 for the one that plans, validates, writes and tracks."""
    return dist.get_rank() if world() > 1 else 0


class OfFirst:
    """What rank 0 has alone: it reaches the other ranks as None."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return OfFirst, (None,)


def cuda(trainer: Any) -> bool:
    """Whether a run computes on GPUs of CUDA."""
    return trainer.accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def check(trainer: Any) -> None:
    """Refuse devices and machines that are not there.

    Args:
        trainer: `crs.settings.training.Trainer`.
    Raises:
        UserError: with the setting to type.
    """
    if trainer.nodes > 1:
        node_of(trainer)
    wish = trainer.accelerator
    if wish in ("gpu", "cuda") and not cuda(trainer):
        raise UserError("trainer.accelerator: torch sees no GPU here; type trainer=cpu")
    there, kind = 1, wish
    if cuda(trainer):
        there, kind = torch.cuda.device_count(), "GPUs"
    elif wish == "cpu" or (wish == "auto" and not torch.backends.mps.is_available()):
        there, kind = available(), "processors (a device of accelerator=cpu is one)"
    if trainer.devices > max(1, there):
        raise UserError(
            f"trainer.devices={trainer.devices} but this process may use {there} {kind}; type "
            f"trainer.devices={there}"
        )


def fabric(trainer: Any, precision: str) -> "Fabric":
    """Lightning Fabric on the device of this rank."""
    from lightning_fabric import Fabric

    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    own: Any = [rank() % trainer.devices] if world() > 1 and cuda(trainer) else 1
    return Fabric(accelerator=trainer.accelerator, devices=own, precision=precision)  # type: ignore[arg-type]


def replicated(module: nn.Module, apart: str = "") -> nn.Module:
    """A module whose backward pass gives every rank the mean gradient; on one device itself.

    Args:
        apart: name of a parameter that is another one on each rank, and is left alone.
    """
    if world() == 1:
        return module
    ddp = nn.parallel.DistributedDataParallel
    if apart:  # there is no public way (pytorch/pytorch#43690)
        ddp._set_params_and_buffers_to_ignore_for_model(module, [apart])
    with warnings.catch_warnings():
        # What it names as the successor of `broadcast_buffers` sends buffers at the start.
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        return ddp(
            module,
            process_group=dist.new_group(),  # what losses gather comes between DDP's own messages
            find_unused_parameters=True,  # a step of LatentCRS trains a part of the module
            broadcast_buffers=False,  # no step changes them, and sparse ones cannot be sent
        )


def share(batch: Tensor) -> tuple[Tensor, bool]:
    """This rank's cases of a batch, and whether they count.

    A batch with fewer cases than ranks leaves some without; these compute its first case, which
    then must not count.
    """
    own = batch[rank() :: world()]
    return (own, True) if len(own) else (batch[:1], False)


def whole_batch(rows: Tensor) -> Tensor:
    """Rows of this rank's share as rows of the whole batch."""
    return rows if world() == 1 else rows * world() + rank()


def once(function: Callable[[], Value]) -> Value:
    """What a function returns on rank 0, on every rank. It must be on the CPU."""
    if world() == 1:
        return function()
    told: list[Any] = [None]
    if rank() == 0:
        with alone():
            told = [function()]
    dist.broadcast_object_list(told, src=0)
    return told[0]


@torch.no_grad()
def average(values: Tensor) -> Tensor:
    """The mean over ranks."""
    if world() == 1:
        return values
    values = values.clone()
    dist.all_reduce(values)
    return values / world()


def overall(mean: Tensor, count: int) -> Tensor:
    """A rank's mean over `count` parts of a batch, weighted: the mean of what all ranks get is the
    mean over the parts of all."""
    if world() == 1:
        return mean
    total = mean.new_tensor(float(count))
    dist.all_reduce(total)
    return mean * (count * world() / total.clamp_min(1))


class _Gather(torch.autograd.Function):
    """Rows of all ranks, one rank's after the other's; each rank has as many as it has."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, lengths: list[int]) -> Tensor:
        ctx.lengths = lengths
        padded = rows.new_zeros(max(lengths), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(parts, padded)
        return torch.cat([part[:n] for part, n in zip(parts, lengths, strict=True)])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        # Every rank computes the loss over all rows, of which DDP takes the mean.
        dist.all_reduce(grad := grads[0].clone(memory_format=torch.contiguous_format))
        return grad.split(ctx.lengths)[rank()], None


def gathered(*rows: Tensor) -> tuple[Tensor, ...]:
    """Rows of all ranks, [n, …] each; n may differ between ranks. Gradients go back to the rank of
    a row."""
    if world() == 1:
        return rows
    lengths = [torch.empty(1, dtype=torch.long, device=rows[0].device) for _ in range(world())]
    dist.all_gather(lengths, torch.full_like(lengths[0], len(rows[0])))
    counts = [int(n) for n in torch.cat(lengths).tolist()]
    return tuple(_Gather.apply(x, counts) for x in rows)


def first_of_each(key: Tensor, order: Tensor, *rows: Tensor) -> tuple[Tensor, ...]:
    """Of gathered rows that have one key, which is unique within a rank, the first by an order.

    Args:
        key, order: of each row, [n].
    Returns:
        the rows of ascending keys.
    """
    if world() == 1:
        return rows
    by = order.argsort(stable=True)
    by = by[key[by].argsort(stable=True)]
    new = torch.cat([key.new_ones(1, dtype=torch.bool), key[by].diff() != 0])[: len(by)]
    return tuple(x[by[new]] for x in rows)
