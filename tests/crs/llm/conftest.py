"""Models that are asked on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from crs.llm.model import LanguageModel
from crs.llm.request import Request
from tests.fakes.asking import environment, language_model, questions


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked() -> list[Request]:
    """Twelve requests that differ."""
    return questions(12)


@pytest.fixture
def model(tmp_path) -> Iterator[Callable[..., LanguageModel]]:
    """`model(kind, vendor, …)`: a fresh one each time."""
    with ExitStack() as stack:
        seen: list[Any] = []

        def make(kind: str, vendor: Any, **changed: Any) -> LanguageModel:
            if vendor not in seen:
                seen.append(vendor)
                stack.enter_context(environment(vendor))
            return language_model(kind, vendor, tmp_path, **changed)

        yield make
