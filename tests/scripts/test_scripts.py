"""Every command of every script has a plan, for files that lie anywhere."""

import os
import subprocess
from pathlib import Path

import pytest

from crs.command_line import check, register
from crs.pipeline import run as command

SCRIPTS = sorted((Path(__file__).parents[2] / "scripts").glob("*.sh"))
FILES = ["ARCHIVE", "REVIEWS", "METADATA", "INSPIRED", "REDIAL", "TGREDIAL", "PRECRS"]
"""What a script is told of the user's own files."""
RECORD = """#!/bin/sh
shift
printf '%s\\0' "$@" >> "$WORDS"
printf '\\n' >> "$WORDS"
"""
"""Stands for Python: notes the words of a command instead of running it."""


def commands(script: Path, folder: Path) -> list[list[str]]:
    """The words of each `src/train.py` of a script that is started in `folder`."""
    python = folder / "python"
    python.write_text(RECORD)
    python.chmod(0o755)
    (folder / "my files").mkdir()
    mine = {name: f"my files/{name.lower()}" for name in FILES}
    for path in mine.values():
        (folder / path).write_text("x")
    words = folder / "words"
    environment = os.environ | mine | {"PYTHON": str(python), "WORDS": str(words)}
    subprocess.run(
        ["bash", script, "dry_run=true", f"store={folder}/store"],
        cwd=folder, env=environment, check=True,
    )  # fmt: skip
    return [line.split("\0")[:-1] for line in words.read_text().splitlines()]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_each_command_has_a_plan(script, configure, tmp_path, capsys):
    register()
    found = commands(script, tmp_path)
    assert found
    for words in found:
        first = [word.split(",")[0] for word in check(words) if word != "-m"]
        first = [word.replace("glob(", "").replace("*)", "whole") for word in first]
        assert command.run(configure(*first)) is None
    assert capsys.readouterr().err.count("price") == len(found)


def test_a_script_without_its_files_says_what_to_type():
    script = next(path for path in SCRIPTS if path.stem == "c2crs_redial")
    run = subprocess.run(["bash", script], env={"PATH": os.environ["PATH"]}, capture_output=True)
    assert run.returncode and b"type REDIAL=FOLDER" in run.stderr
