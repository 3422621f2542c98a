"""One thread that does all of the model's work, and requests that it takes together.

A product of one query with the item table reads the whole table for one answer; a product of 32
queries reads it once for 32. So the thread takes the request that has waited longest and then those
that are there already or come within a few milliseconds, up to a batch, and has all of them
answered by one call. While it computes the next ones gather, so that batches grow with the load.

One thread, because recommenders keep states between calls that two threads would mix up. What
cannot be answered together (a turn of a dialogue) is done by the same thread, one after another.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Thread
from typing import Any, Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


class BusyError(Exception):
    """As many requests wait as may."""


@dataclass
class Waiting:
    """A request in the queue, with the place of its answer.

    Attributes:
        asked: a question; or, if it is alone, a function.
    """

    asked: Any
    alone: bool = False
    answer: Future[Any] = field(default_factory=Future)

    def settle(self, work: Callable[[], Any]) -> None:
        """Take what the work gives or raises as the answer."""
        try:
            self.answer.set_result(work())
        except Exception as error:  # it is the asker's to see
            self.answer.set_exception(error)


class Batches(Generic[Q, A]):
    """A queue of requests and the thread that answers them.

    Args:
        answers: of several questions at once, one a question.
        size: so many questions are answered together, at most.
        wait: milliseconds that the first of them waits for others.
        most: so many requests may wait.
        seen: told the size of each batch.
    """

    def __init__(
        self,
        answers: Callable[[Sequence[Q]], list[A]],
        size: int,
        wait: float,
        most: int,
        seen: Callable[[int], None] = lambda size: None,
    ) -> None:
        self.answers, self.size, self.wait, self.seen = answers, size, wait / 1000, seen
        self.queue: Queue[Waiting | None] = Queue(most)
        self.thread = Thread(target=self.work, name="ranking", daemon=True)
        self.thread.start()

    async def ask(self, question: Q) -> A:
        """The answer to a question, computed with those of others.

        Raises:
            BusyError: if too many wait.
        """
        return await self.put(Waiting(question))

    async def alone(self, work: Callable[[], T]) -> T:
        """What a function returns that only the thread may call.

        Raises:
            BusyError: if too many wait.
        """
        return await self.put(Waiting(work, True))

    async def put(self, one: Waiting) -> Any:
        """Wait in the queue, and for the answer."""
        try:
            self.queue.put_nowait(one)
        except Full:
            raise BusyError from None
        return await asyncio.wrap_future(one.answer)

    def close(self) -> None:
        """End the thread, after what waits by now."""
        self.queue.put(None)
        self.thread.join()

    def work(self) -> None:
        """Answer until the queue is closed."""
        closed = False
        while not closed:
            batch, closed = self.gathered()
            # Who has gone away needs no answer.
            batch = [one for one in batch if one.answer.set_running_or_notify_cancel()]
            for one in batch:
                if one.alone:
                    one.settle(one.asked)
            if together := [one for one in batch if not one.alone]:
                self.answer(together)

    def gathered(self) -> tuple[list[Waiting], bool]:
        """The requests of the next batch, and whether the queue is closed behind them."""
        found: list[Waiting] = []
        due = 0.0
        while len(found) < self.size:
            left = due - time.monotonic()
            try:
                one = self.queue.get(timeout=left) if found and left > 0 else self.next(not found)
            except Empty:
                break
            if one is None:
                return found, True
            due = due or time.monotonic() + self.wait
            found.append(one)
        return found, False

    def next(self, block: bool) -> Waiting | None:
        """What has waited longest."""
        return self.queue.get(block)

    def answer(self, batch: list[Waiting]) -> None:
        """Answer questions together; each by itself where one of them spoils that."""
        self.seen(len(batch))
        try:
            answers = self.answers([one.asked for one in batch])
        except Exception:  # whose it is shows when each is asked alone
            for one in batch:
                one.settle(lambda one=one: self.answers([one.asked])[0])  # type: ignore[misc]
            return
        for one, answer in zip(batch, answers, strict=True):
            one.answer.set_result(answer)
