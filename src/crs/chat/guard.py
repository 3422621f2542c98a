"""What the page has: the page alone, for this machine's own browser."""

from typing import Any

from crs import loopback

PARTS = (
    "/config", "/favicon.ico", "/manifest.json", "/theme.css", "/assets/", "/static/",
    "/gradio_api/heartbeat/", "/gradio_api/queue/", "/gradio_api/reset",
    "/gradio_api/startup-events",
)  # fmt: skip
"""How the addresses begin that the page asks for. Gradio has more: uploads, files, proxies."""


class OwnParts:
    """ASGI middleware that refuses requests for anything but the page."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer 404 in the place of the app, or let it answer."""
        from starlette.responses import PlainTextResponse

        answer, path = self.app, scope.get("path", "/")  # the server's start and end have none
        if path != "/" and not path.startswith(PARTS):
            answer = PlainTextResponse("The page has no such part.", 404)
        await answer(scope, receive, send)


def guards() -> list[Any]:
    """What each request passes, from the outside in."""
    from starlette.middleware import Middleware

    return [*loopback.guards(), Middleware(OwnParts)]
