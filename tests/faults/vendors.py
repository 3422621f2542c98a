"""A language model's vendor in a process of its own, whose log is the bill."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.openai import OpenAI


class Billing(OpenAI):
    """The fake of OpenAI, which notes each prompt when it takes the order, answered or not."""

    log: Path

    def note(self, body: dict[str, Any]) -> None:
        """One line a prompt that is to be paid."""
        with self.log.open("a") as file:
            file.write(json.dumps(body["messages"]) + "\n")

    def make(self, asked: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        """A batch is paid when it is made."""
        for line in self.files[asked["input_file_id"]].splitlines():
            self.note(json.loads(line)["body"])
        return super().make(asked)

    def route(
        self, method: str, path: str, query: dict[str, str], content: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """A chat is paid when it comes."""
        if path.endswith("/chat/completions"):
            self.note(json.loads(content))
        return super().route(method, path, query, content, headers)


def bill(log: Path) -> Counter[str]:
    """How often each prompt was paid."""
    return Counter(log.read_text().splitlines()) if log.is_file() else Counter()


@contextmanager
def apart(vendor: OpenAI) -> Iterator[str]:
    """Start a vendor in a process of its own; gives its `llm.base_url`."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        vendor.start()
        os.write(tell, vendor.base_url.encode())
        os.close(tell)
        signal.pause()
        os._exit(0)
    os.close(tell)
    try:
        yield os.read(told, 100).decode()
    finally:
        os.close(told)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextmanager
def serving(log: Path) -> Iterator[str]:
    """Start one that writes its bill there."""
    vendor = Billing()
    vendor.log = log
    with apart(vendor) as url:
        yield url
