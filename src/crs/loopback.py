"""Servers of this machine alone: which addresses they have, and whom they answer."""

from typing import Any

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")


class OneOrigin:
    """ASGI middleware that refuses the pages of other sites.

    The host that is asked for has been checked before (`guards`).
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer 403 in the place of the app, or let it answer."""
        from starlette.datastructures import Headers
        from starlette.responses import PlainTextResponse

        answer = self.app
        if scope["type"] != "lifespan":  # the server's start and end, no request
            headers = Headers(scope=scope)
            if headers.get("origin", own := f"http://{headers.get('host')}") != own:
                answer = PlainTextResponse("This address answers no other site.", 403)
        await answer(scope, receive, send)


def guards() -> list[Any]:
    """What each request passes, from the outside in.

    Another host name that leads to this machine (DNS rebinding) is no host of the server.
    Ports are not compared: behind `ssh -L` the browser asks for another.
    """
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    return [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(OneOrigin)]
