"""What an engine has: workers, each of which computes one shard at a time."""

from collections.abc import Callable
from typing import Any, Protocol

Function = Callable[[Any], Any]
"""A shard to its result."""
Prepare = Callable[..., Function]
"""Makes that function; called once in each process, and found there by its module and name."""


class LostError(Exception):
    """The process of a worker was ended: which, and by what."""


class Worker(Protocol):
    """A process."""

    def begin(self, shard: Any) -> None:
        """Give it a shard. It has none."""

    def result(self) -> Any:
        """What the function returned.

        Raises:
            LostError: if the process was ended.
            UserError: as the function raised it.
            RuntimeError: with the traceback of whatever else it raised.
        """


class Crew(Protocol):
    """The workers of an engine."""

    workers: list[Any]

    def ready(self, busy: list[Any]) -> list[Any]:
        """Those of some workers that have a result or are lost; waits for the first."""
        ...

    def close(self) -> None:
        """End them."""
