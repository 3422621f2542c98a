"""A part of `make faults` that takes seconds, and all of it for `make test-all`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def faults(*words: str) -> list[str]:
    """What `python -m tests.faults` prints: a process of its own forks more safely."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_a_sample_of_what_can_go_wrong():
    said = faults("--share", "0.04")
    assert said[-1] == "wrong 0" and not re.search(r"\b0 tried|\b0 of", "\n".join(said))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_all_that_can_go_wrong():
    assert faults()[-1] == "wrong 0"
