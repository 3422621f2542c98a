"""`llm=gemini_batch`: Gemini's batches, on the Developer API or (with a bucket) on Vertex AI."""

import io
import json
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from crs.errors import UserError
from crs.extras import install
from crs.llm.address import address
from crs.llm.calls import call, secret
from crs.llm.jsonl_results import fetch, replies
from crs.llm.openai_api import failure
from crs.llm.protocol import Results, once
from crs.llm.request import CODE, Reply, Request
from crs.llm.storage import Bucket, Storage
from crs.secrets import redact
from crs.settings.llm import LLM

API_VERSION = "v1beta"
"""Of the Developer API; the client's own default has no file upload."""
ROLES = {"user": "user", "assistant": "model"}
BLOCKED = ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY")
OVER = ("SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")
NEWEST = 500
"""Jobs that are looked through for one of ours; they are listed newest first."""


def merged(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Two nested dicts as one; the second wins."""
    found = dict(one)
    for name, value in two.items():
        both = isinstance(value, dict) and isinstance(found.get(name), dict)
        found[name] = merged(found[name], value) if both else value
    return found


def body(settings: LLM, request: Request) -> dict[str, Any]:
    """A request of the `generateContent` protocol."""
    generation: dict[str, Any] = {"maxOutputTokens": settings.max_tokens}
    if settings.temperature is not None:
        generation["temperature"] = settings.temperature
    if settings.top_p is not None:
        generation["topP"] = settings.top_p
    if request.schema is not None:
        generation["responseMimeType"] = "application/json"
        generation["responseJsonSchema"] = json.loads(request.schema)
    system = [{"text": text} for role, text in request.messages if role == "system"]
    found: dict[str, Any] = {
        "contents": [
            {"role": ROLES[role], "parts": [{"text": text}]}
            for role, text in request.messages
            if role in ROLES
        ],
        "generationConfig": generation,
    }
    if system:
        found["systemInstruction"] = {"parts": system}
    return merged(found, settings.extra)


def read(line: dict[str, Any]) -> Reply | None:
    """A line of the results; None if it says of no request.

    Vertex sends the request back with the answer: where the key is lost, its code names it.
    """
    key = line.get("key")
    if not isinstance(key, str):
        code = CODE.search(json.dumps(line.get("request", "")))
        if code is None:
            return None
        key = f"#{code[1]}"
    error = line.get("error") or line.get("status")
    if error:
        status = error.get("code", 500) if isinstance(error, dict) else 500
        return failure(key, status if status >= 100 else 500, error)
    answer = line.get("response") or {}
    usage = answer.get("usageMetadata") or {}
    out = (usage.get("candidatesTokenCount") or 0) + (usage.get("thoughtsTokenCount") or 0)
    tokens = (usage.get("promptTokenCount") or 0, out)
    if reason := (answer.get("promptFeedback") or {}).get("blockReason"):
        return Reply(key, None, "blocked", str(reason), *tokens)
    candidate = (answer.get("candidates") or [{}])[0]
    ended = candidate.get("finishReason")
    if ended in BLOCKED:
        return Reply(key, None, "blocked", ended, *tokens)
    parts = (candidate.get("content") or {}).get("parts") or []
    text = "".join(part.get("text", "") for part in parts if not part.get("thought")).strip()
    if not text:
        return Reply(key, None, "error", f"an empty answer ({ended})", *tokens)
    return Reply(key, text, "done", "", *tokens, cut=ended == "MAX_TOKENS")


class Gemini:
    """Batch jobs; ours carry their name as display name."""

    def __init__(self, settings: LLM) -> None:
        self.settings = settings
        self.vertex = settings.bucket is not None
        try:
            from google import genai
            from google.genai.types import HttpOptions
        except ImportError as error:
            raise UserError(f"llm={settings.provider} needs it: {install('llm')}") from error
        product = "VERTEX" if self.vertex else "GEMINI"
        place = address(settings, f"GOOGLE_{product}_BASE_URL")
        options = HttpOptions(base_url=place, timeout=300_000)
        self.storage: Storage | None = None
        if self.vertex:
            credentials = google_credentials()
            self.storage = Bucket(credentials)
            self.client = genai.Client(
                vertexai=True,
                project=settings.project,
                location=settings.location,
                credentials=credentials,
                http_options=options,
            )
            return
        names = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
        own = settings.base_url is not None and not any(map(os.environ.get, names))
        options.api_version = API_VERSION
        key = "none" if own else secret(*names)
        self.client = genai.Client(vertexai=False, api_key=key, http_options=options)

    def create(self, name: str, requests: dict[str, Request]) -> str:
        """Upload the requests and make the job, once."""
        from google.genai import types

        lines = (
            {"key": key, "request": body(self.settings, request)}
            for key, request in requests.items()
        )
        data = "\n".join(map(json.dumps, lines)).encode()
        if self.storage:
            folder = f"{str(self.settings.bucket).rstrip('/')}/{name}"
            source, place = f"{folder}/requests.jsonl", f"{folder}/answers"
            call(self.settings, "the upload of a batch", self.storage.write, source, data)
        else:
            kind = types.UploadFileConfig(display_name=name, mime_type="application/jsonl")
            file = call(
                self.settings, "the upload of a batch", lambda: self.upload(data, kind).name
            )
            source, place = str(file), None

        def create() -> str:
            return str(
                self.client.batches.create(
                    model=self.settings.model,
                    src=source,
                    config=types.CreateBatchJobConfig(display_name=name, dest=place),
                ).name
            )

        return call(self.settings, "the making of a batch", once(create, lambda: self.look(name)))

    def upload(self, data: bytes, kind: Any) -> Any:
        """One attempt to upload; the client calls an upload that broke off a ValueError."""
        try:
            return self.client.files.upload(file=io.BytesIO(data), config=kind)
        except ValueError as error:
            raise ConnectionError(str(error)) from error

    def look(self, name: str) -> str | None:
        """One look through the newest jobs."""
        for job in islice(self.client.batches.list(config={"page_size": 100}), NEWEST):
            if job.display_name == name:
                return str(job.name)
        return None

    def find(self, name: str) -> str | None:
        """The id of the job of that name."""
        return call(self.settings, "the list of batches", self.look, name)

    def collect(self, remote: str) -> Results | None:
        """Its answers; None while it runs."""
        job = call(
            self.settings, "the state of a batch", lambda: self.client.batches.get(name=remote)
        )
        state = str(job.state.name if job.state else "").removeprefix("JOB_STATE_")
        if state not in OVER:
            return None
        found, malformed = [], 0
        for download in self.downloads(job):
            lines, broken = fetch(download)
            answers, other = replies(read, lines)
            found += answers
            malformed += broken + other
        why = redact(str(job.error.message if job.error else "")) if state == "FAILED" else ""
        return Results(found, malformed, f"{state} {why}".strip() if state == "FAILED" else "")

    def downloads(self, job: Any) -> Iterator[Any]:
        """Functions that fetch the files of a job's results."""
        dest = job.dest
        if self.storage and dest and dest.gcs_uri:
            storage = self.storage
            names = call(self.settings, "the list of answers", storage.list, dest.gcs_uri)
            for uri in (uri for uri in names if uri.endswith(".jsonl")):
                yield lambda uri=uri: call(
                    self.settings, "the download of answers", storage.read, uri
                )
        elif dest and dest.file_name:
            yield lambda: call(
                self.settings,
                "the download of answers",
                lambda: self.client.files.download(file=dest.file_name),
            )


def google_credentials() -> Any:
    """Google's default credentials.

    Raises:
        UserError: where there are none.
    """
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        return google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0]
    except DefaultCredentialsError:
        pass
    raise UserError(
        "llm.bucket: Vertex AI needs Google's default credentials; type gcloud auth "
        "application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
    )
