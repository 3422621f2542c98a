"""Every command of the README and of docs/reproduce.md runs: each plan is made from its words."""

import re
import shlex
from pathlib import Path

import pytest

from crs.cli import chat, report
from crs.command_line import check, register
from crs.pipeline.run import run

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "reproduce.md"]
BLOCKS = [
    block for page in PAGES for block in re.findall(r"```bash\n(.*?)```", page.read_text(), re.S)
]
COMMANDS = [
    line.split(" #")[0].strip()
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]


def jobs(words: list[str]) -> list[list[str]]:
    """Jobs of a sweep in which every value of every choice occurs; the words alone without `-m`."""
    if "-m" not in words:
        return [words]
    found = []
    for word in words:
        if word != "-m":
            key, _, values = word.replace("glob(", "").replace("*)", "whole").partition("=")
            found.append([f"{key}={value}" for value in values.split(",")])
    longest = max(map(len, found))
    return [[values[i % len(values)] for values in found] for i in range(longest)]


def test_there_are_commands():
    assert any(c.startswith("python src/train.py") for c in COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python src/train.py")])
def test_training_command_has_a_plan(command, configure, tmp_path, capsys):
    words = shlex.split(command)[2:]
    # Files of the reader's own stand for any file.
    for i, word in enumerate(words):
        key, _, value = word.partition("=")
        if key in ("dataset.archive", "dataset.path", "dataset.items", "pretrain.checkpoint"):
            file = tmp_path / Path(value).name
            file.write_text("x")
            words[i] = f"{key}={file}"
    register()
    check(words)
    asked = jobs(words)
    for job in asked:
        assert run(configure(*job, "dry_run=true", f"store={tmp_path / 'store'}")) is None
    assert capsys.readouterr().err.count("plan  ") == len(asked)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make")])
def test_make_command_is_a_target(command):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert command.split()[1] in targets


CHAT = [c for c in COMMANDS if c.startswith("python src/chat.py")]


@pytest.mark.parametrize("command", CHAT)
def test_chat_command_is_understood(command):
    words, _ = chat.options(shlex.split(command)[2:])
    register()
    check(words)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python src/report.py")])
def test_report_command_is_understood(command):
    assert report.options(shlex.split(command)[2:]).places


def test_every_other_command_is_a_script_that_exists():
    known = ("python src/", "make", "git", "cd")
    others = [c for c in COMMANDS if not c.startswith(known)]
    for command in others:
        assert (ROOT / shlex.split(command)[-1]).exists(), command
