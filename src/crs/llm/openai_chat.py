"""`llm=openai`: chat completions, several at once, of OpenAI or of a server with its protocol."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice

from crs.llm.calls import RefusalError, call
from crs.llm.openai_api import body, client, failure, plain, reply
from crs.llm.request import Reply, Request
from crs.settings.llm import LLM


class OpenAIChat:
    """Answers as they come; after a call that fails for good no more are begun."""

    def __init__(self, settings: LLM) -> None:
        self.settings, self.client = settings, client(settings)

    def one(self, key: str, request: Request) -> Reply:
        """One request."""
        known = body(self.settings, request)
        # What the client does not know by name (a server's own options) goes in beside.
        extra = {name: known.pop(name) for name in self.settings.extra if name in known}
        try:
            return call(
                self.settings,
                "a chat request",
                lambda: reply(
                    key, plain(self.client.chat.completions.create(**known, extra_body=extra))
                ),
            )
        except RefusalError as refusal:
            if refusal.status in (401, 403, 404):  # the key or the model, not this request
                raise
            return failure(key, refusal.status, str(refusal))

    def answer(self, requests: dict[str, Request]) -> Iterator[list[Reply]]:
        """Replies one by one, in the order in which they come.

        A request begins when the caller has come back for more, so has booked what it was given:
        never are more than `llm.workers` begun and not booked. After a failure, a Ctrl-C or a
        SIGTERM no more are begun, but those under way are awaited and yielded: they are paid for. A
        second Ctrl-C leaves them.
        """
        failed: BaseException | None = None
        left = iter(requests.items())

        def stop(reason: BaseException) -> None:
            nonlocal failed, left
            failed, left = failed or reason, iter(())

        with ThreadPoolExecutor(self.settings.workers) as pool:

            def begin(most: int) -> set[Future[Reply]]:
                return {pool.submit(self.one, *request) for request in islice(left, most)}

            try:
                with first_interrupt(lambda: stop(KeyboardInterrupt())):
                    under_way = begin(self.settings.workers)
                    while under_way:
                        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                        for future in done:
                            if (error := future.exception()) is None:
                                yield [future.result()]
                            else:
                                stop(error)
                            under_way |= begin(1)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        if failed is not None:
            raise failed


@contextmanager
def first_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Within it the first Ctrl-C or SIGTERM calls `act` and raises nothing; in the main thread
    alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(*_: object) -> None:
        restore()
        act()

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()
