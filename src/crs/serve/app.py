"""The routes of the server and its OpenAPI page (FastAPI, extra `serve`)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware import Middleware
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline

from crs import loopback
from crs.errors import UserError
from crs.serve import bodies
from crs.serve.batches import BusyError
from crs.serve.guards import Bounded, Counted, NeedsToken
from crs.serve.metrics import CONTENT_TYPE
from crs.serve.service import MissingError, Service
from crs.version import __version__

MISTAKES: dict[int | str, dict[str, Any]] = {
    422: {"model": bodies.Refused, "description": "A mistake in the request, in one sentence."},
    503: {"model": bodies.Refused, "description": "Too many requests wait."},
}
GONE: dict[int | str, dict[str, Any]] = {
    404: {"model": bodies.Refused, "description": "No such thing."}
}


def sentence(error: RequestValidationError) -> str:
    """The first mistake of a request: where, and what."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    what = first["msg"] if first["type"] != "json_invalid" else "it is not JSON"
    return f"{where or 'the request'}: {what}"


def mistakes(app: FastAPI) -> None:
    """Answer each mistake by a status and one sentence."""

    def answer(status: int, detail: str) -> JSONResponse:
        headers = {"Retry-After": "1"} if status == 503 else {}
        return JSONResponse({"detail": detail}, status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(422, sentence(error))

    @app.exception_handler(UserError)
    async def mistaken(request: Request, error: UserError) -> JSONResponse:
        return answer(404 if isinstance(error, MissingError) else 422, str(error))

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        return answer(503, "Too many requests wait; ask again in a second.")


def build(service: Service, token: str = "", local: bool = True) -> FastAPI:
    """The app.

    Args:
        token: what a request must have; empty: nothing.
        local: it listens on this machine alone, and answers no page of another site.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.batches.close()

    app = FastAPIOffline(
        title=f"CRS Suite: {service.system.model} on {service.system.label}",
        version=__version__,
        lifespan=lifespan,
        middleware=[
            Middleware(Counted, metrics=service.metrics),
            *(loopback.guards() if local else []),
            *([Middleware(NeedsToken, token=token)] if token else []),
            Middleware(Bounded, most=bodies.BODY),
        ],
        dependencies=[Depends(HTTPBearer(auto_error=False))] if token else [],
    )
    mistakes(app)
    add_recommend(app, service)
    add_dialogues(app, service)
    add_rest(app, service)
    return app


def add_recommend(app: FastAPI, service: Service) -> None:
    """POST /recommend."""

    @app.post(
        "/recommend", response_model=bodies.Recommended, responses=MISTAKES, tags=["recommend"]
    )
    async def recommend(wish: bodies.Wish) -> Any:
        """The best items for a history, words and filters; nothing is kept of it."""
        return JSONResponse(await service.recommend(wish))


def add_dialogues(app: FastAPI, service: Service) -> None:
    """What begins with /dialogues."""
    how: dict[str, Any] = {"response_model": bodies.Turn, "tags": ["dialogues"]}
    there = MISTAKES | GONE

    @app.post("/dialogues", status_code=201, responses=MISTAKES, **how)
    async def begin(beginning: bodies.Beginning) -> Any:
        """Begin a dialogue; its name is needed for what follows."""
        return await service.begin(beginning)

    @app.post("/dialogues/{dialogue}/say", responses=there, **how)
    async def say(dialogue: str, said: bodies.Said) -> Any:
        """Words of the person: wishes, answers to the question, `more like 2`, `undo`."""
        return await service.go_on(dialogue, lambda talk: talk.say(said.text))

    @app.post("/dialogues/{dialogue}/refuse", responses=there, **how)
    async def refuse(dialogue: str, named: bodies.Named) -> Any:
        """One item is not wanted; the others may stay."""
        item = service.number(named.item)
        return await service.go_on(dialogue, lambda talk: talk.refuse(item))

    @app.post("/dialogues/{dialogue}/like", responses=there, **how)
    async def like(dialogue: str, named: bodies.Named) -> Any:
        """One item is liked, as if it had been named: it joins the history."""
        item = service.number(named.item)
        return await service.go_on(dialogue, lambda talk: talk.like(item))

    @app.delete("/dialogues/{dialogue}", status_code=204, responses=GONE, tags=["dialogues"])
    async def end(dialogue: str) -> None:
        """Forget a dialogue."""
        if not service.dialogues.drop(dialogue):
            raise HTTPException(404, "There is no such dialogue, or it is over.")


def add_rest(app: FastAPI, service: Service) -> None:
    """The catalogue, and what watches the server."""

    @app.get("/items", response_model=bodies.Found, responses=MISTAKES, tags=["items"])
    async def search(
        title: Annotated[str, Query(min_length=1, max_length=bodies.TEXT)],
        limit: Annotated[int, Query(ge=1, le=bodies.K)] = 20,
    ) -> Any:
        """Items whose title and year have these words, whatever their accents."""
        return {"items": await service.batches.alone(lambda: service.search(title, limit))}

    @app.get("/items/{item}", response_model=bodies.Item, responses=GONE, tags=["items"])
    async def one(item: str) -> Any:
        """The item of an id of the data set's file."""
        try:
            return service.item(service.number(item))
        except UserError as error:
            raise HTTPException(404, str(error)) from error

    @app.get("/attributes", response_model=list[str], tags=["items"])
    async def attributes() -> Any:
        """The names that filters take."""
        return service.system.attributes[1:]

    @app.get("/health", response_model=bodies.Health, tags=["server"])
    async def health() -> Any:
        """What is served; it needs no token."""
        return service.health()

    @app.get("/metrics", response_class=PlainTextResponse, tags=["server"])
    async def metrics() -> Any:
        """Counters and times, as Prometheus reads them."""
        return PlainTextResponse(service.metrics.text(), media_type=CONTENT_TYPE)
