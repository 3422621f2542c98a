"""A part of `make faults` that takes seconds, and all of it for `make test-all`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELD = "silently different 0, stuck 0, paid twice 0, ran from outside 0, other 0"
BOUNDED = (
    "kills_sasrec", "damage_sasrec", "half_made_sasrec", "lock_holder", "paid_kills", "archives",
    "titles", "secrets",
)  # fmt: skip
"""Trials that take seconds. Of damaged ledgers and of disks, tests/crs/llm/test_ledger.py,
test_pipeline.py and tests/test_train.py state what each part of the code does."""


def faults(*words: str) -> tuple[str, str]:
    """What `python -m tests.faults` prints, and its last line: a process of its own forks more
    safely."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr, done.stdout.strip().rpartition("\n")[2]


def test_a_sample_of_what_can_go_wrong():
    said, last = faults("--share", "0.01", "--workers", "1", "--only", *BOUNDED)
    assert last == HELD, said
    assert not re.search(r"\b0 tried", said)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_all_that_can_go_wrong():
    said, last = faults()
    assert last == HELD, said
