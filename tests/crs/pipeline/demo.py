"""Two stages that a test can follow, and what is said of them."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from crs.config import Config
from crs.pipeline import code_digest
from crs.pipeline.plan import plan
from crs.pipeline.run import run
from crs.store.artifact import Artifact
from crs.store.store import Store

TINY = "dataset=tiny", "tracker=none"


def names(config: Config) -> dict[str, str]:
    """The fingerprint of each stage of a plan."""
    return {step.name: step.fingerprint for step in plan(config)}


FIRST = """
import json

TEXT = "text"
SUMMARY = {"attributes": 1}
calls = []

def run(settings, inputs, folder, context):
    calls.append(False)
    (folder / "file.txt").write_text(TEXT)
    return SUMMARY
"""


SECOND = """
calls = []
FAIL = False

def run(settings, inputs, folder, context):
    place = folder / "resume" / "half.txt"
    calls.append(place.is_file())
    place.parent.mkdir(exist_ok=True)
    if not place.is_file():
        place.write_text("half")
    if FAIL:
        raise RuntimeError("no more")
    (folder / "file.txt").write_text(place.read_text() + " " + str(settings.shown))
    return {}
"""


@dataclass
class Demo:
    """Two stages of a package `demo`: `dataset`, and `samples`, which needs it."""

    config: Config
    folder: Path

    def __getattr__(self, name: str):
        return sys.modules[f"demo.{name}"]

    @property
    def store(self) -> Store:
        return Store(self.config.store)

    def run(self, command: str | None = None) -> Artifact:
        """A run: a command of its own, or a job of a sweep."""
        found = run(self.config, command)
        assert found is not None
        return found

    def rewrite(self, module: str, text: str) -> None:
        (self.folder / f"{module}.py").write_text(text)
        code_digest.code_of.cache_clear()

    @property
    def calls(self) -> tuple[int, int]:
        return len(self.first.calls), len(self.second.calls)


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Stage and state of each line that was said."""
    return [line.split()[:2] for line in capsys.readouterr().err.splitlines() if line[0] != " "]


def fail_half_way(demo, monkeypatch):
    """A run whose second stage breaks off and leaves a partial result."""
    with monkeypatch.context() as broken:
        broken.setattr(demo.second, "FAIL", True)
        with pytest.raises(RuntimeError):
            demo.run()
