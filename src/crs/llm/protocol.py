"""What a back end is: one that answers while one waits, or one that takes batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from crs.llm.request import Reply, Request


@dataclass(frozen=True)
class Results:
    """What a batch that is over sent.

    Attributes:
        replies: in any order; where a vendor lost a key it may be `#` and the request's code.
        malformed: how many lines could not be read.
        failed: why the job as a whole failed.
    """

    replies: list[Reply]
    malformed: int = 0
    failed: str = ""


class Direct(Protocol):
    """A back end that answers while one waits."""

    def answer(self, requests: dict[str, Request]) -> Iterator[list[Reply]]:
        """Replies to the requests, by key, as they come."""
        ...


@runtime_checkable
class Batches(Protocol):
    """A back end that takes jobs and answers within a day."""

    def create(self, name: str, requests: dict[str, Request]) -> str:
        """Make a job that can be found by `name`; returns the vendor's id."""
        ...

    def find(self, name: str) -> str | None:
        """The vendor's id of the job of that name, None if there is no such job."""
        ...

    def collect(self, remote: str) -> Results | None:
        """The results of a job that is over, however it ended; None while it runs."""
        ...


def once(create: Callable[[], str], find: Callable[[], str | None]) -> Callable[[], str]:
    """`create` for repeated use: after a failure it first looks whether the job was made.

    A server may make a job and break off before it says so.
    """
    tried = False

    def attempt() -> str:
        nonlocal tried
        if tried and (found := find()):
            return found
        tried = True
        return create()

    return attempt
