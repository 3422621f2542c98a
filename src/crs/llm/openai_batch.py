"""`llm=openai_batch`: OpenAI's Batch API: a file of requests up, a file of answers down."""

import json
from functools import partial
from itertools import islice
from typing import Any

from crs.llm.calls import call
from crs.llm.jsonl_results import fetch, replies
from crs.llm.openai_api import body, client, failure, plain, reply
from crs.llm.protocol import Results, once
from crs.llm.request import Reply, Request
from crs.secrets import redact
from crs.settings.llm import LLM

ENDPOINT = "/v1/chat/completions"
OVER = ("completed", "failed", "expired", "cancelled")
NEWEST = 500
"""Jobs that are looked through for one of ours; they are listed newest first."""


class OpenAIBatches:
    """Jobs of the Batch API; ours carry their name in the metadata."""

    def __init__(self, settings: LLM) -> None:
        self.settings, self.client = settings, client(settings)

    def create(self, name: str, requests: dict[str, Request]) -> str:
        """Upload the requests and make the job, once."""
        lines = (
            {
                "custom_id": key,
                "method": "POST",
                "url": ENDPOINT,
                "body": body(self.settings, request),
            }
            for key, request in requests.items()
        )
        data = "\n".join(map(json.dumps, lines)).encode()
        file = call(
            self.settings,
            "the upload of a batch",
            lambda: plain(self.client.files.create(file=(f"{name}.jsonl", data), purpose="batch"))[
                "id"
            ],
        )

        def create() -> str:
            return plain(
                self.client.batches.create(
                    input_file_id=file,
                    endpoint=ENDPOINT,
                    completion_window="24h",
                    metadata={"crs": name},
                )
            )["id"]

        return call(self.settings, "the making of a batch", once(create, lambda: self.look(name)))

    def look(self, name: str) -> str | None:
        """One look through the newest jobs."""
        for job in islice(self.client.batches.list(limit=100), NEWEST):
            if (job.metadata or {}).get("crs") == name:
                return job.id
        return None

    def find(self, name: str) -> str | None:
        """The id of the job of that name."""
        return call(self.settings, "the list of batches", self.look, name)

    def collect(self, remote: str) -> Results | None:
        """Its answers and its errors; None while it runs."""
        job = call(
            self.settings,
            "the state of a batch",
            lambda: plain(self.client.batches.retrieve(remote)),
        )
        if job.get("status") not in OVER:
            return None
        found, malformed = [], 0
        for file in filter(None, (job.get("output_file_id"), job.get("error_file_id"))):
            lines, broken = fetch(partial(self.download, file))
            answers, other = replies(read, lines)
            found += answers
            malformed += broken + other
        failed = job["status"] == "failed"
        errors = (job.get("errors") or {}).get("data") or []
        why = "; ".join(str(error.get("message")) for error in errors)
        return Results(found, malformed, redact(f"failed {why}".strip()) if failed else "")

    def download(self, file: str) -> bytes:
        """The content of a file."""
        return call(
            self.settings, "the download of answers", lambda: self.client.files.content(file).read()
        )


def read(line: dict[str, Any]) -> Reply | None:
    """A line of the results; None if it says of no request."""
    key, answer = line.get("custom_id"), line.get("response") or {}
    if not isinstance(key, str):
        return None
    if line.get("error"):
        return failure(key, 500, line["error"])
    status = answer.get("status_code", 200)
    inner = answer.get("body") or {}
    return reply(key, inner) if status == 200 else failure(key, status, inner.get("error", inner))
