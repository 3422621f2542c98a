"""What both fake vendors share: a server that counts, a model that answers, and faults to order.

Written from what the vendors' clients send and expect. It proves our use of the clients, and not
that the real services accept these requests.
"""

import json
import re
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CODE = re.compile(r"\[?#([A-Z]{6})\]?")
DOWN = 503


@dataclass
class Faults:
    """What goes wrong, and how often; a number counts down to none."""

    storm: int = 0
    """Calls that are told 429, before anything is done."""
    broken: int = 0
    """Calls that are told 500, before anything is done."""
    after: int = 0
    """Makings of jobs that succeed and are told 500."""
    only: str = ""
    """`storm` and `broken` hit only calls whose path has this in it."""
    never: bool = False
    """Jobs never end."""
    polls: int = 1
    """Looks at a job before it is done."""
    truncated: int = 0
    """Downloads that break off in the middle of a line."""
    bad_bytes: int = 0
    """Downloads in which a line is not UTF-8."""
    shuffled: bool = False
    missing: int = 0
    """Answers that are left out."""
    doubled: int = 0
    """Answers that come twice."""
    foreign: int = 0
    """Answers to requests that nobody sent."""
    swapped: int = 0
    """Pairs of answers that bear each other's key."""
    refused: int = 0
    """Requests that the model will not answer."""
    blocked: int = 0
    """Answers that a filter stops."""
    bad: int = 0
    """Requests that are not acceptable (400)."""
    hiccups: int = 0
    """Requests of a job that end in an error of the server's."""
    failed: int = 0
    """Jobs that fail as a whole."""
    says: str = "It is not done."
    """The message of an error."""

    def take(self, name: str) -> bool:
        """Whether this fault strikes now."""
        left = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


def speak(prompt: str) -> str:
    """What the model says: the attributes it is told, after the code it is asked for."""
    code = CODE.search(prompt)
    known = re.search(r"Attributes: (.*)", prompt)
    wish = known[1].split(", ")[0].lower() if known else "good"
    text = f"I feel like something {wish} tonight."
    return f"[#{code[1]}]\n{text}" if code else text


@dataclass
class Vendor(ABC):
    """A server and its memory, which outlives a stop and a start."""

    faults: Faults = field(default_factory=Faults)
    generated: Counter[str] = field(default_factory=Counter)
    """How often each prompt was answered: what a bill would show."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls by method and kind."""
    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    """Keys that clients showed."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Of the requests that were answered."""
    lock: Any = field(default_factory=threading.RLock)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Vendor":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def handle_any(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                content = self.rfile.read(size)
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                with vendor.lock:
                    status, value, headers = vendor.serve(
                        self.command, parts.path, query, content, dict(self.headers.items())
                    )
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, text in headers.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more; the memory stays."""
        self.server.shutdown()
        self.server.server_close()

    def serve(
        self, method: str, path: str, query: dict[str, str], content: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """One call: a fault, or what the vendor does."""
        headers = {name.lower(): value for name, value in headers.items()}
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        self.keys |= {shown or headers.get("x-goog-api-key", "")} - {""}
        if self.faults.only in path:
            for name, status in (("storm", 429), ("broken", 500)):
                if self.faults.take(name):
                    self.calls[f"{status}"] += 1
                    return status, self.error(status, self.faults.says), {}
        return self.route(method, path, query, content, headers)

    @abstractmethod
    def route(
        self, method: str, path: str, query: dict[str, str], content: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """What the vendor answers to one call: status, body, headers."""

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"message": message, "code": status, "status": "X", "type": "x"}}

    def finish(self, lines: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """The lines of a job's results after what went wrong with them; `key` names them."""
        for _ in range(len(lines)):
            if len(lines) > 1 and self.faults.take("missing"):
                lines.pop(0)
        swaps = min(self.faults.swapped, len(lines) // 2)
        self.faults.swapped = 0
        for i in range(swaps):
            one, two = lines[2 * i], lines[2 * i + 1]
            one[key], two[key] = two[key], one[key]
        for line in list(lines):
            if self.faults.take("doubled"):
                lines.append(dict(line))
        while self.faults.take("foreign"):
            lines.append({**lines[0], key: "nobody's"})
        return lines[::-1] if self.faults.shuffled else lines

    def download(self, data: bytes) -> bytes:
        """A file of results on its way."""
        if self.faults.take("truncated"):
            return data[: len(data) - 40]
        if self.faults.take("bad_bytes"):
            return data.replace(b"something", b"some\xff\xfething", 1)
        return data

    def poll(self, job: dict[str, Any]) -> bool:
        """One look at a job; whether it is done."""
        job["looks"] += 1
        return not self.faults.never and job["looks"] >= self.faults.polls


def wait_for(condition: Any, seconds: float = 60) -> None:
    """Until something is so; fails after a while."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
