"""The processes that train on several devices: one a device, for as long as a stage runs.

The process of the command is rank 0. It starts the others of its machine by multiprocessing's
`spawn`, and other machines start theirs (`crs.training.follow`). It sends all of them the module
and the state to go on from, and computes beside them. The others have no store of results, no
tracker and no bar, and end with it.
"""

import multiprocessing
import signal
import socket
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.distributed as dist
from tqdm import tqdm

from crs.console import Context
from crs.errors import UserError
from crs.exit_codes import ended_by
from crs.threads import use_threads
from crs.training import devices, nodes
from crs.training.nodes import HERE, PATIENCE, START, Place

GRACE = 5.0
"""Seconds in which the end of a process is seen after a connection to it is lost."""
READY = "ready"
Function = Callable[..., None]


def lost_key(prefix: str) -> str:
    """Under which another machine tells that one of its processes was ended."""
    return f"{prefix}/lost"


def come_key(prefix: str) -> str:
    """Under which it is counted how many ranks have come to join."""
    return f"{prefix}/come"


def join(rank: int, trainer: Any, store: dist.Store, place: Place) -> None:
    """Become a rank."""
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if devices.cuda(trainer) else "gloo",
        store=dist.PrefixStore(place.prefix, store),
        rank=rank,
        world_size=trainer.devices * trainer.nodes,
        timeout=PATIENCE,
    )


def told(message: Any = None) -> Any:
    """What rank 0 tells all ranks, on each of them."""
    messages = [message]
    dist.broadcast_object_list(messages, src=0)
    return messages[0]


def serve(rank: int, trainer: Any, threads: int, place: Place, starter: Connection) -> None:
    """A rank's life: does what rank 0 does until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches rank 0, which ends the others
    tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system, which a kill leaves
    warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
    try:
        use_threads(threads)
        starter.send(READY)
        store = dist.TCPStore(place.host, place.port, timeout=START)
        store.add(come_key(place.prefix), 1)
        join(rank, trainer, store, place)
        while True:
            try:
                function, arguments = told()
            except RuntimeError:  # rank 0 has left
                return
            function(*arguments, Context(trainer, None, ""))
            del arguments
    except Exception:
        with suppress(OSError):  # who started this may be gone
            starter.send(traceback.format_exc())
        raise SystemExit(1) from None


class Crew:
    """The processes of this machine's devices.

    Args:
        ranks: of those to start.
        trainer: `crs.settings.training.Trainer`.
        threads: of each.
        place: where all ranks meet.
    """

    def __init__(self, ranks: Iterable[int], trainer: Any, threads: int, place: Place) -> None:
        self.ranks, self.trainer = list(ranks), trainer
        spawn = multiprocessing.get_context("spawn")
        quiet = replace(trainer, progress=False)
        self.processes, self.pipes = [], []
        for rank in self.ranks:
            ours, theirs = spawn.Pipe()
            process = spawn.Process(
                target=serve, args=(rank, quiet, threads, place, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self.processes.append(process)
            self.pipes.append(ours)

    def ready(self) -> None:
        """Wait until each has started.

        Raises:
            RuntimeError, EOFError: if one has not.
        """
        for rank, pipe in zip(self.ranks, self.pipes, strict=True):
            if (said := pipe.recv()) != READY:
                raise RuntimeError(f"device {rank + 1} failed:\n{said}")

    def loss(self, grace: float = GRACE) -> Exception | None:
        """Why one of them has ended; None if none has.

        Args:
            grace: seconds to wait for it.
        """
        limit = time.monotonic() + grace
        while not any(codes := [p.exitcode for p in self.processes]) and time.monotonic() < limit:
            time.sleep(0.05)
        for rank, code in zip(self.ranks, codes, strict=True):
            if code is not None and code < 0:
                return UserError(
                    f"{asked(self.trainer)}: the process of device {rank + 1} was ended by "
                    f"{ended_by(code)}; the same command resumes after the last whole epoch"
                )
        for rank, pipe in zip(self.ranks, self.pipes, strict=True):
            with suppress(EOFError, OSError):
                while pipe.poll():
                    if (said := pipe.recv()) != READY:
                        return RuntimeError(f"device {rank + 1} failed:\n{said}")
        return None

    def close(self) -> None:
        """End them; they own no file."""
        for process, pipe in zip(self.processes, self.pipes, strict=True):
            process.kill()
            process.join()
            pipe.close()


def asked(trainer: Any) -> str:
    """The settings that ask for several devices."""
    of = f"trainer.nodes={trainer.nodes} " if trainer.nodes > 1 else ""
    return f"{of}trainer.devices={trainer.devices}"


class Team:
    """Rank 0 and all other ranks.

    Args:
        trainer: `crs.settings.training.Trainer`.
    Raises:
        UserError: if one of them ends while it starts.
    """

    def __init__(self, trainer: Any) -> None:
        self.all_threads = torch.get_num_threads()
        self.threads = max(1, self.all_threads // trainer.devices)
        self.store, self.place = begun(trainer)
        self.crew = Crew(range(1, trainer.devices), trainer, self.threads, self.place)
        try:
            self.crew.ready()
            self.wait(trainer)
            join(0, trainer, self.store, self.place)
        except BaseException as error:
            lost = isinstance(error, EOFError | OSError | RuntimeError)
            why = self.loss() if lost else None
            self.close()
            if why:
                raise why from error
            raise

    def wait(self, trainer: Any) -> None:
        """Wait until every other rank has come: joining hears of none that is lost.

        Raises:
            UserError: if one is lost, or does not come.
        """
        others, limit = trainer.devices * trainer.nodes - 1, time.monotonic() + START.seconds
        while (come := self.store.add(come_key(self.place.prefix), 0)) < others:
            if why := self.loss(grace=0):
                raise why
            if time.monotonic() > limit:
                raise UserError(
                    f"{asked(trainer)}: {come} of {others} other processes have come in "
                    f"{START.seconds // 60} minutes; {nodes.HOW}"
                )
            time.sleep(0.05)

    def run(self, function: Function, *arguments: Any, context: Context) -> None:
        """Call a function on every rank; rank 0 gives it the context of the command.

        Raises:
            UserError: if the process of another rank was ended.
            RuntimeError: if another rank failed, with its traceback.
        """
        torch.set_num_threads(self.threads)
        try:
            told((function, arguments))
            function(*arguments, context)
        except RuntimeError as error:  # what a lost connection raises
            if why := self.loss():
                raise why from error
            raise
        finally:
            torch.set_num_threads(self.all_threads)

    def loss(self, grace: float = GRACE) -> Exception | None:
        """Why another rank has ended, here or on another machine; None if none has.

        Args:
            grace: seconds to wait for it.
        """
        limit = time.monotonic() + grace
        while True:
            if why := self.crew.loss(grace=0):
                return why
            if self.store.check([key := lost_key(self.place.prefix)]):
                said = self.store.get(key).decode()
                return RuntimeError(said) if "\n" in said else UserError(said)
            if time.monotonic() >= limit:
                return None
            time.sleep(0.05)

    def close(self) -> None:
        """End the other ranks of this machine, and leave those of others, which then end."""
        self.crew.close()
        if dist.is_initialized():
            dist.destroy_process_group()


def begun(trainer: Any) -> tuple[dist.Store, Place]:
    """The store of a new training, and where its ranks meet; other machines are told."""
    if trainer.nodes > 1:
        node = nodes.node_of(trainer)
        prefix = nodes.order(node, nodes.TRAIN)
        return nodes.meeting(node), Place(node.host, node.port, prefix)
    own = socket.create_server((HERE, 0))  # left to itself the store listens to the network
    port = own.getsockname()[1]
    store = dist.TCPStore(
        HERE, port, is_master=True, wait_for_workers=False, master_listen_fd=own.detach()
    )
    return store, Place(HERE, port, "ranks")


def together(function: Function, *arguments: Any, context: Context) -> None:
    """Call a function, whose last argument is the context, on every device of a run.

    The processes start with the first call of a stage, and end with the stage or a failure.
    """
    if context.trainer.devices * context.trainer.nodes == 1:
        with devices.alone():
            function(*arguments, context)
        return
    try:
        context.team = context.team or Team(context.trainer)
        context.team.run(function, *arguments, context=context)
    except BaseException:
        context.close()
        raise
