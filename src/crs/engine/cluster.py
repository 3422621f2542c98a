"""`engine=ray`: processes that Ray starts, on this machine or on those of its cluster."""

import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
from typing import Any

from crs.engine.crew import Function, LostError, Prepare
from crs.errors import UserError
from crs.extras import install
from crs.threads import use_threads

QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}

PATIENCE = 10.0
"""Seconds in which a cluster must answer."""


class Remote:
    """What lives in a process of Ray."""

    def __init__(self, threads: int, prepare: Prepare, arguments: Any) -> None:
        self.threads, self.prepare, self.arguments = threads, prepare, arguments
        self.function: Function | None = None

    def compute(self, shard: Any) -> Any:
        """What the function makes of a shard. The first one makes the function: Ray hides errors
        of a constructor."""
        if self.function is None:
            use_threads(self.threads)
            self.function = self.prepare(*self.arguments)
        return self.function(shard)


class Actor:
    """A worker: a process of Ray, and the shard that it computes."""

    def __init__(self, ray: Any, remote: Any) -> None:
        self.ray, self.remote = ray, remote
        self.shard: Any = None

    def begin(self, shard: Any) -> None:
        """Give it a shard."""
        self.shard = self.remote.compute.remote(shard)

    def result(self) -> Any:
        """What the function returned; see `crs.engine.crew.Worker`."""
        try:
            return self.ray.get(self.shard)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from None
            raise RuntimeError(f"a process of Ray failed:\n{error}") from error
        except self.ray.exceptions.RayError as error:  # of a process or a machine that is gone
            raise LostError(f"{type(error).__name__} of Ray") from error


class Cluster:
    """Processes of Ray, each with `trainer.threads` processors of its machine (0: one).

    Args:
        number: of processes.
    Raises:
        UserError: without Ray, without a cluster at the address, or if it is too small.
    """

    def __init__(
        self, engine: Any, trainer: Any, number: int, prepare: Prepare, arguments: Any
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise UserError(f"engine=ray needs ray: {install('ray')}") from error
        self.ray, self.workers, self.folder = ray, [], ""
        self.sigterm = signal.getsignal(signal.SIGTERM)
        threads, gpus = max(1, trainer.threads), int(trainer.accelerator in ("gpu", "cuda"))
        needed = {"CPU": number * threads, "GPU": number * gpus}
        try:
            if engine.address is None:
                self.start(needed)
            else:
                self.join(engine.address, needed)
            actor = ray.remote(num_cpus=threads, num_gpus=gpus)(Remote)
            self.workers = [
                Actor(ray, actor.remote(threads, prepare, arguments)) for _ in range(number)
            ]
        except BaseException:
            self.close()
            raise

    def start(self, needed: dict[str, int]) -> None:
        """A cluster of this machine alone, for as long as a stage computes.

        Without a token of its own Ray writes one into the home folder.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        self.folder = tempfile.mkdtemp(prefix="ray-")  # short: sockets are within it
        try:
            self.ray.init("local", num_cpus=needed["CPU"], _temp_dir=self.folder, **QUIET)
        except Exception as error:  # Ray has no class of its own for it
            why = str(error).partition("\n")[0]
            raise UserError(
                f"engine=ray: Ray did not start ({why}); type the same command again when the "
                "machine has less to do, or engine=local"
            ) from error

    def join(self, address: str, needed: dict[str, int]) -> None:
        """The cluster that `ray start` has made of one or more machines."""
        try:
            if address != "auto":  # Ray itself waits for minutes
                host, _, port = address.rpartition(":")
                socket.create_connection((host, int(port)), PATIENCE).close()
            self.ray.init(address, **QUIET)
        except (OSError, ValueError) as error:
            raise UserError(
                f"engine.address={address}: no cluster of Ray answers; type ray start --head on "
                "one machine (docs/scale.md)"
            ) from error
        there = self.ray.cluster_resources()
        for kind, wanted in needed.items():
            if wanted > (have := int(there.get(kind, 0))):
                raise UserError(
                    f"engine.processes needs {wanted} {kind}s and the cluster of Ray has {have}; "
                    "type a smaller engine.processes or trainer.threads"
                )

    def ready(self, busy: list[Actor]) -> list[Actor]:
        """Those that have a result or were ended; waits for the first."""
        done, _ = self.ray.wait([worker.shard for worker in busy])
        return [worker for worker in busy if worker.shard in done]

    def close(self) -> None:
        """End them; a cluster of others stays."""
        self.ray.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, self.sigterm)  # Ray takes it


def crew(engine: Any, trainer: Any, number: int, prepare: Prepare, arguments: Any) -> Cluster:
    """The processes of `engine=ray`."""
    return Cluster(engine, trainer, number, prepare, arguments)
