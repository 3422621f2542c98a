"""A W&B on loopback that takes runs: what its clients ask of it when they log."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789" * 4
PROJECT = {"id": "p", "name": "tests", "entity": {"id": "e", "name": "someone"}}


class Service(ThreadingHTTPServer):
    """Attributes:
    asked: operation and variables of each GraphQL request.
    runs: by id, what a run has: its fields, and the lines of its files.
    gone: ids that were deleted: they are refused.
    artifacts: names of what was recorded.
    sweep: the configuration of the one sweep.
    trials: commands that its agent is handed, one after the other.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.artifacts: list[str] = []
        self.sweep = ""
        self.trials: list[dict[str, Any]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def run(self, name: str) -> dict[str, Any]:
        return self.runs.setdefault(name, {"files": {}, "complete": False})

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The history of a run."""
        return [json.loads(line) for line in self.run(name)["files"].get("wandb-history.jsonl", [])]

    def summary(self, name: str) -> dict[str, Any]:
        lines = self.run(name)["files"].get("wandb-summary.json", ["{}"])
        return json.loads(lines[-1])

    def bucket(self, name: str) -> dict[str, Any]:
        kept = self.run(name)
        return {
            "id": f"id-{name}", "name": name, "displayName": kept.get("displayName"),
            "config": kept.get("config") or "{}", "sweepName": kept.get("sweep"),
            "historyLineCount": len(self.rows(name)), "logLineCount": 0, "eventsLineCount": 0,
            "historyTail": json.dumps(kept["files"].get("wandb-history.jsonl", [])[-1:]),
            "eventsTail": "[]", "summaryMetrics": json.dumps(self.summary(name)), "tags": [],
            "wandbConfig": "{}",
            "project": PROJECT,
        }  # fmt: skip

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any] | None:
        """What the service says to a GraphQL request; None: such a run was deleted."""
        self.asked.append((operation, given))
        match operation:
            case "UpsertBucket":
                name = given["name"] or given["id"].removeprefix("id-")
                if name in self.gone:
                    return None
                new = name not in self.runs
                told = {key: value for key, value in given.items() if value is not None}
                self.run(name).update(told)
                return {"upsertBucket": {"bucket": self.bucket(name), "inserted": new}}
            case "RunResumeStatus":
                known = given["name"] in self.runs
                bucket = self.bucket(given["name"]) if known else None
                return {"model": {"bucket": bucket}}
            case "Viewer":
                return {"viewer": {"id": "v", "flags": "{}", "username": "someone",
                                   "entity": "someone", "teams": {"edges": []}}}  # fmt: skip
            case "ArtifactType":
                return {"project": {"artifact": None}}
            case "UpsertSweep":
                self.sweep = given["config"]
                project = PROJECT
                made = {"name": "swept", "project": project}
                return {"upsertSweep": {"sweep": made, "configValidationWarnings": []}}
            case "SweepWithRuns":
                known = {"id": "s", "name": "swept", "state": "RUNNING", "config": self.sweep}
                return {"project": {"sweep": known | {"runs": {"edges": []}}}}
            case "CreateAgent":
                return {"createAgent": {"agent": {"id": "agent"}}}
            case "Heartbeat":
                busy = any(json.loads(given["runState"]).values())
                commands = [self.trials.pop(0)] if self.trials and not busy else []
                beat = {"agent": {"id": "agent"}, "commands": json.dumps(commands)}
                return {"agentHeartbeat": beat}
            case "CreateArtifact":  # it has the content already, and wants no file
                self.artifacts.append(given["input"]["artifactCollectionName"])
                newest = {"id": "a", "versionIndex": 0}
                sequence = {"id": "s", "latestArtifact": newest}
                made = {"id": "a", "state": "COMMITTED", "artifactSequence": sequence}
                return {"createArtifact": {"artifact": made}}
            case "CreateRunFiles":
                files = [{"name": f, "uploadUrl": f"{self.url}/upload/{f}"} for f in given["files"]]
                return {"createRunFiles": {"runID": "x", "uploadHeaders": [], "files": files}}
            case _:
                return {}


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def log_message(self, *words: Any) -> None:
        """Nothing is printed."""

    def body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def reply(self, value: Any, code: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_PUT(self) -> None:
        self.body()
        self.reply({})

    def do_POST(self) -> None:
        asked = json.loads(self.body() or b"{}")
        if self.path == "/graphql":
            name = asked.get("operationName") or asked["query"].split("(")[0].split()[-1]
            found = self.server.answer(name, asked.get("variables") or {})
            if found is None:
                self.reply({"errors": [{"message": "run was previously created and deleted"}]}, 409)
            else:
                self.reply({"data": found})
        elif self.path.endswith("/file_stream"):
            run = self.server.run(self.path.split("/")[-2])
            for file, part in (asked.get("files") or {}).items():
                lines = run["files"].setdefault(file, [])
                lines[part["offset"] :] = part["content"]
            run["complete"] |= bool(asked.get("complete"))
            if "exitcode" in asked:
                run["exitcode"] = asked["exitcode"]
            self.reply({})
        else:
            self.reply({}, 404)


@contextmanager
def serving() -> Iterator[Service]:
    """The service, while it is needed."""
    service = Service()
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
