"""The installed command: which words go to which subcommand."""

import subprocess
import sys

import pytest

from crs.cli.main import COMMANDS, chosen, run
from crs.errors import UserError


@pytest.mark.parametrize("words", [[], ["model=sasrec"], ["-m", "seed=1,2"], ["--help"], ["~debug"],
                                   ["+experiment=x"], ["dataset=tiny", "store"]])  # fmt: skip
def test_what_names_no_command_trains(words):
    assert chosen(words) == ("train", words)


def test_alone_it_says_what_to_type_and_trains_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run([])
    told = capsys.readouterr().out
    assert told.startswith("Type `crs model=") and all(f"crs {name}" in told for name in COMMANDS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_gets_the_words_behind_its_name(name):
    assert chosen([name, "--help"]) == (name, ["--help"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_a_version(name, capsys):
    run([name, "--help"])
    assert "crs" in capsys.readouterr().out
    run([name, "--version"])
    assert capsys.readouterr().out.startswith("CRS Suite ")


def test_help_of_the_whole_lists_the_commands(capsys):
    run(["--help"])
    told = capsys.readouterr().out
    assert "Groups (choose one with group=choice)" in told
    assert all(f"crs {name}" in told for name in COMMANDS)


def test_a_word_that_is_no_command_is_one_sentence():
    with pytest.raises(UserError, match=r"crs stor: no such command. Did you mean store\?"):
        run(["stor", "list"])


@pytest.mark.parametrize("words", [["store", "list", "--store=nowhere"], ["doctor", "--offline"]])
def test_looking_imports_no_torch(words, tmp_path):
    code = (
        "import sys; from contextlib import suppress\n"
        "from crs.cli.main import run; from crs.errors import UserError\n"
        f"with suppress(UserError): run({words!r})\n"
        "sys.exit(bool({'torch', 'pandas', 'wandb', 'faiss'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False,
                          capture_output=True).returncode == 0  # fmt: skip
