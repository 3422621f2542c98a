"""The processes that train on several devices: one a device, for as long as a stage runs.

The process of the command is rank 0. It starts the others by multiprocessing's `spawn`, hands each
the module and the state to go on from, and computes beside them. The others have no store, no
tracker and no bar, and end with it.
"""

import multiprocessing
import pickle
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.distributed as dist
from tqdm import tqdm

from crs.console import Context
from crs.errors import UserError
from crs.threads import use_threads
from crs.training import devices

HERE = "127.0.0.1"
PATIENCE = timedelta(days=1)
"""Longest wait for another rank, as rank 0 validates alone. One that ends is noticed at once."""
START = timedelta(minutes=5)
"""Longest wait for rank 0 when a rank connects to it."""
GRACE = 5.0
"""Seconds in which the end of a process is seen after a connection to it is lost."""
READY = "ready"
Function = Callable[..., None]


def join(rank: int, trainer: Any, store: dist.TCPStore) -> None:
    """Become a rank."""
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if devices.cuda(trainer) else "gloo",
        store=store,
        rank=rank,
        world_size=trainer.devices,
        timeout=PATIENCE,
    )


def serve(rank: int, trainer: Any, threads: int, port: int, orders: Connection) -> None:
    """A rank's life: does what rank 0 does until it closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches rank 0, which ends the others
    tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system, which a kill leaves
    warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
    try:
        use_threads(threads)
        orders.send(READY)
        join(rank, trainer, dist.TCPStore(HERE, port, trainer.devices, timeout=START))
        while True:
            # Of rank 0 of this command, through a pipe that no other process has.
            function, arguments = pickle.loads(orders.recv_bytes())
            function(*arguments, Context(trainer, None, ""))
            del arguments
    except EOFError:
        pass
    except Exception:
        with suppress(OSError):  # rank 0 may be gone, and then this is why
            orders.send(traceback.format_exc())
        raise SystemExit(1) from None


class Team:
    """Rank 0 and the processes it started.

    Args:
        trainer: `crs.settings.training.Trainer`.
    Raises:
        UserError: if one of them ends while it starts.
    """

    def __init__(self, trainer: Any) -> None:
        self.size, self.all_threads = trainer.devices, torch.get_num_threads()
        self.threads = max(1, self.all_threads // self.size)
        store = dist.TCPStore(HERE, 0, self.size, is_master=True, wait_for_workers=False)
        spawn = multiprocessing.get_context("spawn")
        self.processes, self.orders = [], []
        quiet = replace(trainer, progress=False)
        for rank in range(1, self.size):
            ours, theirs = spawn.Pipe()
            given = (rank, quiet, self.threads, store.port, theirs)
            process = spawn.Process(target=serve, args=given, daemon=True)
            process.start()
            theirs.close()
            self.processes.append(process)
            self.orders.append(ours)
        try:
            for rank, order in enumerate(self.orders, 1):
                if (said := order.recv()) != READY:
                    raise RuntimeError(f"device {rank + 1} failed:\n{said}")
            join(0, trainer, store)
        except BaseException as error:
            lost = isinstance(error, EOFError | OSError | RuntimeError)
            why = self.loss() if lost else None
            self.close()
            if why:
                raise why from error
            raise

    def run(self, function: Function, *arguments: Any, context: Context) -> None:
        """Call a function on every rank; rank 0 gives it the context of the command.

        Raises:
            UserError: if the process of another rank was ended.
            RuntimeError: if another rank failed, with its traceback.
        """
        # Not `send`: torch would put the weights into memory that all ranks then write to.
        message = pickle.dumps((function, arguments))
        torch.set_num_threads(self.threads)
        try:
            for order in self.orders:
                order.send_bytes(message)
            function(*arguments, context)
        except (RuntimeError, BrokenPipeError) as error:  # what a lost connection raises
            if why := self.loss():
                raise why from error
            raise
        finally:
            torch.set_num_threads(self.all_threads)

    def loss(self) -> Exception | None:
        """Why another rank has ended; None if none has."""
        limit = time.monotonic() + GRACE
        while not any(codes := [p.exitcode for p in self.processes]) and time.monotonic() < limit:
            time.sleep(0.05)
        for rank, code in enumerate(codes, 1):
            if code is not None and code < 0:
                return UserError(
                    f"trainer.devices={self.size}: the process of device {rank + 1} was ended by "
                    f"{signal.Signals(-code).name}, which the system does where memory runs out; "
                    "the same command resumes after the last whole epoch"
                )
        for rank, order in enumerate(self.orders, 1):
            with suppress(EOFError, OSError):
                if order.poll():
                    return RuntimeError(f"device {rank + 1} failed:\n{order.recv()}")
        return None

    def close(self) -> None:
        """End the other ranks, which own no file."""
        for process, order in zip(self.processes, self.orders, strict=True):
            process.kill()
            process.join()
            order.close()
        if dist.is_initialized():
            dist.destroy_process_group()


def together(function: Function, *arguments: Any, context: Context) -> None:
    """Call a function, whose last argument is the context, on every device of a run.

    The processes start with the first call of a stage, and end with the stage or a failure.
    """
    if context.trainer.devices == 1:
        with devices.alone():
            function(*arguments, context)
        return
    try:
        context.team = context.team or Team(context.trainer)
        context.team.run(function, *arguments, context=context)
    except BaseException:
        context.close()
        raise
