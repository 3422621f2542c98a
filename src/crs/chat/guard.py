"""Whom the page answers, and what it has: this machine's own browser, and the page alone."""

from typing import Any

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
PARTS = (
    "/config", "/favicon.ico", "/manifest.json", "/theme.css", "/assets/", "/static/",
    "/gradio_api/heartbeat/", "/gradio_api/queue/", "/gradio_api/reset",
    "/gradio_api/startup-events",
)  # fmt: skip
"""How the addresses begin that the page asks for. Gradio has more: uploads, files, proxies."""


class Guard:
    """ASGI middleware that refuses pages of other sites, and requests for anything but the page.

    The host that is asked for has been checked before (`guards`).
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer 403 or 404 in the place of the app, or let it answer."""
        from starlette.datastructures import Headers
        from starlette.responses import PlainTextResponse

        if scope["type"] == "lifespan":  # the server's start and end, no request
            return await self.app(scope, receive, send)
        headers, answer = Headers(scope=scope), self.app
        if headers.get("origin", own := f"http://{headers.get('host')}") != own:
            answer = PlainTextResponse("This page answers no other site.", 403)
        elif scope["path"] != "/" and not scope["path"].startswith(PARTS):
            answer = PlainTextResponse("The page has no such part.", 404)
        await answer(scope, receive, send)


def guards() -> list[Any]:
    """What each request passes, from the outside in.

    Another host name that leads to this machine (DNS rebinding) is no host of the page.
    Ports are not compared: behind `ssh -L` the browser asks for another.
    """
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    return [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(Guard)]
