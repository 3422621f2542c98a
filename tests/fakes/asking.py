"""Language models whose vendor is a fake, with waits of milliseconds, and what they are asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from crs.llm.model import LanguageModel
from crs.llm.request import Answer, Request
from tests.contracts.tiny import config, context
from tests.fakes.gemini import Gemini
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import Vendor

KINDS = ("openai", "openai_batch", "gemini_batch", "vertex")
"""Back ends: `vertex` is `gemini_batch` with a bucket."""
BATCHES = KINDS[1:]
QUICK = {"poll_seconds": 0.001, "backoff_seconds": 0.002, "budget_usd": 100.0, "workers": 3}


def fresh(kind: str) -> Vendor:
    """The fake that the back end talks to, not yet started."""
    return OpenAI() if kind.startswith("openai") else Gemini()


def language_model(kind: str, vendor: Vendor, folder: Path, **changed: Any) -> LanguageModel:
    """As a new process would have it; the ledger is in the folder."""
    place: dict[str, Any] = {"base_url": getattr(vendor, "base_url", vendor.url)}
    if kind == "vertex":
        place |= {"bucket": "gs://bucket/folder", "project": "p", "location": "l"}
    settings = replace(
        config(f"llm={'gemini_batch' if kind == 'vertex' else kind}").llm,
        ledger=str(folder / "ledger.sqlite"), **(QUICK | place | changed),
    )  # fmt: skip
    return LanguageModel(settings, context(), folder)


@contextmanager
def environment(vendor: Vendor) -> Iterator[None]:
    """Credentials that Google never gave, and a bucket on loopback."""
    from google.auth.credentials import Credentials

    class Given(Credentials):
        def __init__(self) -> None:
            super().__init__()
            self.token = "a-token"

        def refresh(self, request: Any) -> None:
            pass

    with (
        mock.patch.dict(os.environ, {"STORAGE_EMULATOR_HOST": vendor.url}),
        mock.patch("google.auth.default", lambda **_: (Given(), "p")),
    ):
        yield


def questions(count: int, sample: int = 0) -> list[Request]:
    """Requests that differ."""
    kinds = ("Comedy", "Drama", "War")
    return [
        Request((("user", f"Film {i}. Attributes: {kinds[i % 3]}"),), sample) for i in range(count)
    ]


def right(asked: list[Request]) -> list[str]:
    """What the fakes say to these."""
    return [
        f"I feel like something {request.messages[0][1].split()[-1].lower()} tonight."
        for request in asked
    ]


def texts(answers: list[Answer]) -> list[str | None]:
    return [answer.text for answer in answers]


def paid(vendor: Vendor) -> list[int]:
    """How often each prompt was answered: what a bill would show."""
    return sorted(vendor.generated.values())
