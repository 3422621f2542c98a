"""`llm=openai`: chat completions, several at once, of OpenAI or of a server with its protocol."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

from crs.config import LLM
from crs.llm.calls import RefusalError, call
from crs.llm.openai_api import body, client, failure, reply
from crs.llm.request import Reply, Request


class OpenAIChat:
    """Answers as they come; after a call that fails for good no more are begun."""

    def __init__(self, settings: LLM) -> None:
        self.settings, self.client = settings, client(settings)

    def one(self, key: str, request: Request) -> Reply:
        """One request."""
        create = self.client.chat.completions.create
        known = body(self.settings, request)
        # What the client does not know by name (a server's own options) goes in beside.
        extra = {name: known.pop(name) for name in self.settings.extra if name in known}
        try:
            found = call(self.settings, "a chat request", create, **known, extra_body=extra)
        except RefusalError as refusal:
            if refusal.status in (401, 403, 404):  # the key or the model, not this request
                raise
            return failure(key, refusal.status, str(refusal))
        return reply(key, found.model_dump())

    def answer(self, requests: dict[str, Request]) -> Iterator[list[Reply]]:
        """Replies one by one, in the order in which they come.

        After a failure, or a Ctrl-C, no more are begun, but those under way are awaited and
        yielded: they are paid for. A second Ctrl-C leaves them.
        """
        failed: BaseException | None = None
        with ThreadPoolExecutor(self.settings.workers) as pool:
            waiting = [pool.submit(self.one, key, request) for key, request in requests.items()]

            def stop(reason: BaseException) -> None:
                nonlocal failed
                failed = failed or reason
                for future in waiting:
                    future.cancel()

            try:
                with first_interrupt(lambda: stop(KeyboardInterrupt())):
                    for future in as_completed(waiting):
                        if future.cancelled():
                            continue
                        if (error := future.exception()) is None:
                            yield [future.result()]
                        else:
                            stop(error)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        if failed is not None:
            raise failed


@contextmanager
def first_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Within it the first Ctrl-C calls `act` and raises nothing; in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def handle(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        act()

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
