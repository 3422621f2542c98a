"""How a worker talks to the driver; standard library alone, for it runs in every environment.

The first line on standard input is JSON with the settings, each further line a command: `epoch`,
`evaluate`, `vectors PATH`. Each is answered by one line of JSON on standard output. What the
libraries print goes to standard error.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def sequences(path: str) -> dict[int, list[int]]:
    """Users' items, oldest first, from lines `user item item …`."""
    rows = (map(int, line.split()) for line in Path(path).read_text().splitlines())
    return {user: items for user, *items in rows}


def peak_memory() -> float:
    """Largest resident memory so far, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Channel:
    """The worker's end; to be made when the libraries are imported."""

    def __init__(self) -> None:
        self.out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # a library that prints must not be taken for an answer
        self.settings: dict[str, Any] = json.loads(sys.stdin.readline())
        self.began, self.libraries = 0.0, peak_memory()

    def answer(self, **figures: Any) -> None:
        """One line, with the largest resident memory so far, and what of it is libraries."""
        figures |= {"peak_mb": peak_memory(), "libraries_mb": self.libraries}
        print(json.dumps(figures), file=self.out, flush=True)

    def wait(
        self, evaluate: Callable[[], dict[str, float]], vectors: Callable[[str], None]
    ) -> None:
        """Answer commands until an epoch is asked for, and start its clock; exit at the end."""
        for line in iter(sys.stdin.readline, ""):
            command, _, path = line.strip().partition(" ")
            began = time.perf_counter()
            if command == "epoch":
                self.began = began
                return
            if command == "evaluate":
                figures = evaluate()
                self.answer(seconds=time.perf_counter() - began, **figures)
            elif command == "vectors":
                vectors(path)
                self.answer()
        sys.exit()

    def trained(self, updates: int) -> None:
        """Answer to `epoch`: how long it took, and the updates it made."""
        self.answer(seconds=time.perf_counter() - self.began, updates=updates)
