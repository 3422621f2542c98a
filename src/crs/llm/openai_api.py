"""What OpenAI's two back ends share: the client, bodies of requests, the reading of answers."""

import json
import os
from typing import Any

from crs.errors import UserError
from crs.extras import install
from crs.llm.address import address
from crs.llm.calls import AGAIN, secret
from crs.llm.request import Reply, Request
from crs.secrets import redact
from crs.settings.llm import LLM

NO_ANSWER = {"content_filter": "blocked"}
"""Reasons to end that leave no answer, and their outcome."""


def client(settings: LLM) -> Any:
    """`openai.OpenAI`; its own retries are off, `crs.llm.calls` does them.

    Raises:
        UserError: without the library, or without a key for OpenAI's own server.
    """
    try:
        from openai import OpenAI
    except ImportError as error:
        raise UserError(f"llm={settings.provider} needs it: {install('llm')}") from error
    key = (
        os.environ.get("OPENAI_API_KEY", "none") if settings.base_url else secret("OPENAI_API_KEY")
    )
    place = address(settings, "OPENAI_BASE_URL")
    return OpenAI(api_key=key, base_url=place, max_retries=0, timeout=300)


def body(settings: LLM, request: Request) -> dict[str, Any]:
    """A request of the chat-completions protocol."""
    # OpenAI's newer models know the second name alone, other servers often only the first.
    limit = "max_tokens" if settings.base_url else "max_completion_tokens"
    fields: dict[str, Any] = {
        "model": settings.model,
        "messages": [{"role": role, "content": text} for role, text in request.messages],
        limit: settings.max_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
    }
    if request.schema is not None:
        fields["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": json.loads(request.schema)},
        }
    return {name: value for name, value in fields.items() if value is not None} | settings.extra


def plain(answer: Any) -> dict[str, Any]:
    """What the client made of an answer, as plain values.

    Raises:
        ValueError: if it was no JSON object: the client returns texts and lists unchanged.
    """
    if not hasattr(answer, "model_dump"):
        raise ValueError(f"{str(answer)[:80]!r} is no JSON object")
    return answer.model_dump(warnings=False)


def reply(key: str, answer: dict[str, Any]) -> Reply:
    """A chat completion, as plain values, as the reply to the request `key`."""
    usage = answer.get("usage") or {}
    tokens = (usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0)
    choice = (answer.get("choices") or [{}])[0]
    message, ended = choice.get("message") or {}, choice.get("finish_reason")
    if message.get("refusal"):
        return Reply(key, None, "refused", redact(str(message["refusal"]))[:200], *tokens)
    if ended in NO_ANSWER:
        return Reply(key, None, NO_ANSWER[ended], ended, *tokens)
    text = (message.get("content") or "").strip()
    if not text:
        return Reply(key, None, "error", f"an empty answer ({ended})", *tokens)
    return Reply(key, text, "done", "", *tokens, cut=ended == "length")


def failure(key: str, status: int, error: Any) -> Reply:
    """An error in the place of an answer: one that may pass, or one of the request."""
    detail = error.get("message", error) if isinstance(error, dict) else error
    outcome = "again" if status in AGAIN else "error"
    return Reply(key, None, outcome, f"{status} {redact(str(detail))[:200]}")
