"""What every request passes before it is read: size, token; and what counts it."""

import hmac
import time
from typing import Any

from crs.serve.metrics import Metrics

METHODS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
OPEN = ("/health",)
"""Paths that need no token: whether the server lives."""


async def refuse(status: int, detail: str, scope: Any, receive: Any, send: Any) -> None:
    """Answer with one sentence."""
    from fastapi.responses import JSONResponse

    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    await JSONResponse({"detail": detail}, status, headers)(scope, receive, send)


def header(scope: dict[str, Any], name: bytes) -> bytes:
    """A header's value; empty if there is none."""
    return next((value for key, value in scope["headers"] if key == name), b"")


class NeedsToken:
    """ASGI middleware that answers who has the token, and others with 401.

    Args:
        token: the secret; it is in no answer and in no log.
    """

    def __init__(self, app: Any, token: str) -> None:
        self.app, self.expected = app, b"Bearer " + token.encode()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Refuse, or let the app answer."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN:
            return await self.app(scope, receive, send)
        if hmac.compare_digest(header(scope, b"authorization"), self.expected):
            return await self.app(scope, receive, send)
        sentence = "A token is needed: send the header Authorization: Bearer TOKEN."
        await refuse(401, sentence, scope, receive, send)


class Bounded:
    """ASGI middleware that reads a body up to a size, and refuses a larger one with 413.

    Args:
        most: bytes.
    """

    def __init__(self, app: Any, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Refuse, or hand the app the whole body."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared = header(scope, b"content-length")
        parts, size, more = [], int(declared) if declared.isdigit() else 0, True
        while more and size <= self.most:
            message = await receive()
            if message["type"] != "http.request":  # the client has gone
                return None
            parts.append(message.get("body", b""))
            size, more = max(size, sum(map(len, parts))), message.get("more_body", False)
        if size > self.most:
            sentence = f"The request has more than {self.most:,} bytes."
            return await refuse(413, sentence, scope, receive, send)
        whole = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

        async def again() -> Any:
            return whole.pop() if whole else await receive()

        await self.app(scope, again, send)


class Counted:
    """ASGI middleware that counts requests by route, status and time."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Let the app answer, and count."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun, status = time.perf_counter(), 500

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            # A route and no address, and no method of their own: what people type has no end.
            path = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.request(method, path, status, time.perf_counter() - begun)
