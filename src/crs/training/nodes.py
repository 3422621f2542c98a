"""Several machines: the same command runs on each, and the first of them plans for all.

What starts the command on each machine, torchrun or srun, says in environment variables how many
machines there are, which one this is and where the first listens. The others read from its store
of PyTorch what to do next: start the processes of one more training, or end.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from crs.errors import UserError

if TYPE_CHECKING:  # a command that finds all its results needs no torch
    from torch.distributed import TCPStore

HERE = "127.0.0.1"
START = timedelta(minutes=5)
"""Longest wait for the first machine when another connects to it."""
PATIENCE = timedelta(days=1)
"""Longest wait for what the first machine does next. Its end is noticed at once."""
TRAIN, DONE, FAILED = "train", "done", "failed"
LEAVE = 10.0
"""Seconds in which the other machines hear that the command is over; the store ends with it."""
HOW = "start the same command on each machine by torchrun or srun (docs/scale.md)"


@dataclass(frozen=True)
class Node:
    """This machine among those of a command.

    Attributes:
        number: 0 for the one that plans.
        host, port: where that one listens.
        listens: whether this process has to open the store there; torchrun opens one itself.
    """

    number: int
    host: str
    port: int
    listens: bool


class Place(NamedTuple):
    """Where the ranks of a training meet."""

    host: str
    port: int
    prefix: str


def node_of(trainer: Any) -> Node:
    """This machine, by what started the command.

    Args:
        trainer: `crs.settings.training.Trainer`, with more than one node.
    Raises:
        UserError: if nothing did, or if it started another number of processes, or if it starts
            them anew when one fails.
    """
    from lightning_fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment

    asked = f"trainer.nodes={trainer.nodes}"
    elastic = TorchElasticEnvironment.detect()
    if not elastic and not SLURMEnvironment.detect():
        raise UserError(f"{asked} but this command was started alone; {HOW}")
    try:
        found: Any = TorchElasticEnvironment() if elastic else SLURMEnvironment()
    except RuntimeError as error:  # what srun was asked for
        raise UserError(f"{asked}: {error}") from error
    if found.world_size() != trainer.nodes:
        raise UserError(
            f"{asked} but {found.world_size()} processes of the command were started; start one a "
            "machine, which starts those of its devices itself"
        )
    if os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0":
        raise UserError(
            f"{asked}: torchrun would start it anew among what it left in its store; type "
            "--max-restarts=0, and the same command again resumes"
        )
    number = found.global_rank()
    listens = number == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != str(True)
    return Node(number, found.main_address, found.main_port, listens)


@cache
def meeting(node: Node) -> "TCPStore":
    """The store that all machines of a command share."""
    from torch.distributed import TCPStore

    return TCPStore(
        node.host, node.port, is_master=node.listens, timeout=START, wait_for_workers=False
    )


def number_of_orders(node: Node) -> int:
    """How many orders were given so far."""
    return int(meeting(node).add("orders", 0))


def order(node: Node, word: str) -> str:
    """The first machine tells the others what to do; returns the prefix of the order's keys."""
    store = meeting(node)
    prefix = prefix_of(number_of_orders(node))
    store.set(prefix, word)
    store.add("orders", 1)
    return prefix


def prefix_of(number: int) -> str:
    """The key of an order, and what the keys of its training begin with."""
    return f"order {number}"


def orders(node: Node) -> Iterator[tuple[str, str]]:
    """What the first machine tells another: prefix and word, until the command is done.

    Raises:
        UserError: if the command failed, or its process ended.
    """
    store, number = meeting(node), 0
    store.set_timeout(PATIENCE)
    while True:
        try:
            word = store.get(prefix_of(number)).decode()
        except RuntimeError as error:
            raise UserError(f"the command on {node.host} has ended: {error}") from error
        if word in (DONE, FAILED):
            store.add("left", 1)
        if word == FAILED:
            raise UserError(f"the command on {node.host} failed, and says why there")
        if word == DONE:
            return
        yield prefix_of(number), word
        number += 1


def dismiss(node: Node, word: str, others: int) -> None:
    """Tell the other machines that the command is over, and wait until they have heard it."""
    limit = time.monotonic() + LEAVE
    with suppress(RuntimeError):  # without the store, which they then miss
        order(node, word)
        while meeting(node).add("left", 0) < others and time.monotonic() < limit:
            time.sleep(0.05)


@contextmanager
def leading(trainer: Any) -> Iterator[None]:
    """Within it the first machine computes; then it tells the others how the command ended."""
    if trainer.nodes == 1:
        yield
        return
    node = node_of(trainer)
    try:
        yield
    except BaseException:
        dismiss(node, FAILED, trainer.nodes - 1)
        raise
    dismiss(node, DONE, trainer.nodes - 1)


def follows(trainer: Any) -> bool:
    """Whether this process belongs to a machine that does what the first one says."""
    return bool(trainer.nodes > 1 and node_of(trainer).number)
