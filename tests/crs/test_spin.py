"""Waiting threads of OpenMP spin shortly, in every entry point, unless the user says otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import crs

ROOT = Path(__file__).parents[2]
SAY = "import os, crs; print(*(os.environ.get(x) for x in ('GOMP_SPINCOUNT', 'KMP_BLOCKTIME')))"


def said(**own: str) -> list[str]:
    """What stands in the environment once `crs` is imported."""
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run([sys.executable, "-c", SAY], env=clean | own, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return done.stdout.split()


def test_a_waiting_thread_spins_shortly():
    assert said() == [crs.SPIN, "0"]


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ["None", "None"]),
        ({"GOMP_SPINCOUNT": "7"}, ["7", "None"]),
        ({"KMP_BLOCKTIME": "200"}, ["None", "200"]),
    ],
)
def test_what_the_user_set_stays(own, left):
    assert said(**own) == left


@pytest.mark.parametrize("module", ["crs.serving", "crs.pipeline.run", "crs.evaluation.evaluate"])
def test_it_is_set_before_torch_is_imported(module):
    text = (
        f"import sys, {module}; names = list(sys.modules); "
        "print('torch' not in names or names.index('crs') < names.index('torch'))"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("file", ["src/train.py", "src/chat.py", "src/report.py"])
def test_commands_import_no_torch_before_it(file):
    """By the text of the command: `crs` is what brings torch in."""
    lines = (ROOT / file).read_text().splitlines()
    assert not [line for line in lines if line.startswith(("import torch", "from torch"))]


def test_tests_run_with_it():
    assert os.environ.get("GOMP_SPINCOUNT") or os.environ.get("OMP_WAIT_POLICY")
