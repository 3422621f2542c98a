"""Models that are asked on loopback, with waits of milliseconds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crs.llm.model import LanguageModel
from crs.llm.request import Request
from tests.contracts.tiny import config, context
from tests.fakes.gemini import Gemini
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import Vendor

KINDS = ("openai", "openai_batch", "gemini_batch", "vertex")
BATCHES = KINDS[1:]
QUICK = {"poll_seconds": 0.001, "backoff_seconds": 0.002, "budget_usd": 100.0, "workers": 3}


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked() -> list[Request]:
    """Requests that differ."""
    return questions(12)


def questions(count: int, sample: int = 0) -> list[Request]:
    kinds = ("Comedy", "Drama", "War")
    return [
        Request((("user", f"Film {i}. Attributes: {kinds[i % 3]}"),), sample) for i in range(count)
    ]


@pytest.fixture
def vendor(request) -> Iterator[Vendor]:
    """A running fake; OpenAI unless the test asks for `vendor` by parameter."""
    kind = getattr(request, "param", "openai")
    with OpenAI() if kind.startswith("openai") else Gemini() as running:
        yield running


@pytest.fixture
def model(tmp_path, monkeypatch) -> Callable[..., LanguageModel]:
    """`model(kind, vendor, …)`: a fresh one each time, as a new process would have it."""

    def make(kind: str, vendor: Any, **changed: Any) -> LanguageModel:
        choice = "gemini_batch" if kind == "vertex" else kind
        place = {"base_url": getattr(vendor, "base_url", vendor.url)}
        if kind == "vertex":
            place |= {"bucket": "gs://bucket/folder", "project": "p", "location": "l"}
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", vendor.url)
            monkeypatch.setattr("google.auth.default", lambda **_: (credentials(), "p"))
        settings = replace(
            config(f"llm={choice}").llm, ledger=str(tmp_path / "ledger.sqlite"),
            **(QUICK | place | changed),
        )  # fmt: skip
        return LanguageModel(settings, context(), tmp_path)

    return make


def credentials() -> Any:
    """Google credentials that were never given."""
    from google.auth.credentials import Credentials

    class Given(Credentials):
        def __init__(self) -> None:
            super().__init__()
            self.token = "a-token"

        def refresh(self, request: Any) -> None:
            pass

    return Given()


def texts(answers: list[Any]) -> list[str | None]:
    return [answer.text for answer in answers]


def right(asked: list[Request]) -> list[str]:
    """What the fakes say to these."""
    return [
        f"I feel like something {request.messages[0][1].split()[-1].lower()} tonight."
        for request in asked
    ]
