"""`engine=local`: processes of this machine, started by multiprocessing's `spawn`."""

import multiprocessing
import signal
import threading
import traceback
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any

from tqdm import tqdm

from crs.engine.crew import LostError, Prepare
from crs.errors import UserError
from crs.exit_codes import ended_by
from crs.threads import use_threads


def serve(
    number: int, trainer: Any, threads: int, prepare: Prepare, arguments: Any, pipe: Connection
) -> None:
    """A process' life: computes what it is given until the command's process is gone."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends the rest
    tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system, which a kill leaves
    use_threads(threads)
    if trainer.accelerator != "cpu" and torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())
    answer: Any
    try:
        function = prepare(*arguments)
        while True:
            try:
                shard = pipe.recv()
            except (EOFError, ConnectionError):  # the command's process is gone
                return
            found = function(shard)
            pipe.send((True, found))
    except UserError as error:
        answer = error
    except Exception:
        answer = RuntimeError(f"process {number + 1} failed:\n{traceback.format_exc()}")
    with suppress(ConnectionError):
        pipe.send((False, answer))


class Process:
    """A worker: a process, and the pipe to it."""

    def __init__(self, *arguments: Any) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(*arguments, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def begin(self, shard: Any) -> None:
        """Give it a shard; that it was ended is told by `result`."""
        try:
            self.pipe.send(shard)
        except OSError:
            return

    def result(self) -> Any:
        """What the function returned; see `crs.engine.crew.Worker`."""
        try:
            whole, answer = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            raise LostError(ended_by(self.process.exitcode or 0)) from None
        if not whole:
            raise answer
        return answer


class Processes:
    """Several processes, which share the threads of the command."""

    def __init__(self, number: int, trainer: Any, prepare: Prepare, arguments: Any) -> None:
        import torch

        threads = max(1, torch.get_num_threads() // number)
        self.workers = [Process(n, trainer, threads, prepare, arguments) for n in range(number)]

    def ready(self, busy: list[Process]) -> list[Process]:
        """Those that have a result or were ended; waits for the first."""
        pipes = connection.wait([worker.pipe for worker in busy])
        return [worker for worker in busy if worker.pipe in pipes]

    def close(self) -> None:
        """End them; they own no file."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()


def crew(engine: Any, trainer: Any, number: int, prepare: Prepare, arguments: Any) -> Processes:
    """The processes of `engine=local`."""
    return Processes(number, trainer, prepare, arguments)
