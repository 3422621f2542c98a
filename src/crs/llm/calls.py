"""One call of a vendor's client: repeated where that can help, and nothing secret in its errors."""

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from crs.errors import UserError
from crs.llm.jsonl_results import UNREADABLE
from crs.secrets import redact
from crs.settings.llm import LLM

T = TypeVar("T")
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 529)
"""HTTP statuses that may pass."""
LONGEST_WAIT = 60.0
LONGEST_RETRY_AFTER = 600.0
TRANSPORT = ("httpx", "httpcore", "requests", "urllib3", "google.auth.exceptions.TransportError")


class RefusalError(UserError):
    """The vendor refuses the call: 4xx."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status

    def __reduce__(self) -> tuple[type, tuple[str, int]]:
        """As one process tells it to another."""
        return type(self), (str(self), self.status)


def status_of(error: BaseException) -> int | None:
    """The HTTP status behind an exception of either vendor's client, of requests or of httpx."""
    response = getattr(error, "response", None)
    for value in (
        getattr(error, "status_code", None),
        getattr(error, "code", None),
        getattr(response, "status_code", None),
    ):
        if isinstance(value, int):
            return value
    return None


def is_transport(error: BaseException) -> bool:
    """Whether the server could not be reached, or broke off."""
    kinds = [f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__]
    return isinstance(error, ConnectionError | TimeoutError) or any(
        kind.startswith(TRANSPORT) or kind == "openai.APIConnectionError" for kind in kinds
    )


def may_pass(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    status = status_of(error)
    return status in AGAIN if status is not None else is_transport(error)


class Wait(wait_random_exponential):
    """Random up to a bound that doubles, and at least as long as the server's `Retry-After`."""

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds to wait."""
        assert retry_state.outcome is not None
        error = retry_state.outcome.exception()
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        after = str(headers.get("retry-after", "0"))
        asked = float(after) if re.fullmatch(r"\d+(\.\d+)?", after) else 0.0
        return max(super().__call__(retry_state), min(asked, LONGEST_RETRY_AFTER))


def call(settings: LLM, what: str, function: Callable[..., T], *words: Any, **named: Any) -> T:
    """`function(*words, **named)`, again after a random wait on 408, 429, 5xx and broken lines.

    Args:
        what: what is being done, for the sentence of the error.
        function: calls the vendor's client and reads from its answer what is wanted.
    Raises:
        RefusalError: where the vendor says no (another 4xx).
        UserError: where it did not work after `llm.tries` attempts, or what was answered cannot be
            read. None has the vendor's exception behind it, which could show a key in a traceback.
    """
    retrying = Retrying(
        stop=stop_after_attempt(settings.tries),
        wait=Wait(multiplier=settings.backoff_seconds, max=LONGEST_WAIT),
        retry=retry_if_exception(may_pass),
        reraise=True,
    )
    failure: UserError | None = None
    try:
        return retrying(function, *words, **named)
    except UserError:
        raise
    except Exception as error:
        status, passing = status_of(error), may_pass(error)
        unreadable = isinstance(error, UNREADABLE)
        if status is None and not passing and not unreadable:
            raise
        reason = redact(" ".join(str(error).split()))[:300] or type(error).__name__
        if status is None and not passing:
            failure = UserError(
                f"llm: {what}: the server's answer cannot be read ({reason}); type llm.base_url="
                f"ADDRESS of an API for llm.provider={settings.provider}"
            )
        elif passing:
            failure = UserError(
                f"llm: {what} failed {settings.tries} times ({reason}); what was answered is kept "
                f"in {settings.ledger}; type the same command to resume"
            )
        else:
            failure = RefusalError(f"llm: {what} was refused ({reason})", status or 0)
    raise failure  # out here it has no context: the vendor's exception is in no traceback


def secret(*names: str) -> str:
    """The value of the first of these environment variables that is set.

    Raises:
        UserError: if none is.
    """
    for name in names:
        if value := os.environ.get(name):
            return value
    raise UserError(
        f"llm: set {' or '.join(names)} in the environment; keys are read from there alone"
    )
