"""The command: options, what is missing is made, and the three outputs."""

import subprocess
import sys
from pathlib import Path

import faiss
import pytest

from crs.cli import chat
from crs.errors import UserError

CHAT = Path(__file__).parents[3] / "src" / "chat.py"
WORDS = (
    "model=popularity dataset=tiny tracker=none trainer=cpu trainer.threads=1 debug=fast".split()
)


def run(store, *words, said=""):
    return subprocess.run(
        [sys.executable, str(CHAT), *WORDS, f"store={store}", *words],
        input=said, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_overrides_and_options_are_told_apart():
    words, given = chat.options(["model=sasrec", "--web", "seed=2", "--port=1234"])
    assert words == ["model=sasrec", "seed=2"]
    assert (given.web, given.port, given.export) == (True, "1234", None)


def test_choices_of_ones_own_are_found_as_for_the_command():
    words, _ = chat.options(["dataset=mine", "--config-dir=mine"])
    assert words == ["--config-dir", "mine", "dataset=mine"]


@pytest.mark.parametrize(("word", "says"), [
    ("--webb", "--webb: no such option; there is --web"),
    ("-x", "-x: no such option; there is --web"),
    ("--port", "argument --port: expected one argument; there is --web"),
    ("--port=x", "--port=x: must be a number"),
    ("--port=70000", "--port=70000: must be a number from 1 to 65535"),
    ("--export=", "--export is empty; type --export=FILE"),
])  # fmt: skip
def test_a_wrong_option_is_one_sentence(word, says):
    with pytest.raises(UserError, match=says):
        chat.options([word])


def test_a_person_talks_at_the_terminal_and_nothing_is_made_twice(tmp_path):
    first = run(tmp_path, said="a drama\n/no 1\n/quit\n")
    assert first.returncode == 0, first.stderr
    assert "asked for: drama" in first.stdout and "left out: " in first.stdout
    assert "evaluate    made" in first.stderr
    second = run(tmp_path, said="")
    assert second.returncode == 0 and "evaluate    found" in second.stderr


def test_the_index_is_exported(tmp_path):
    done = run(tmp_path, f"--export={tmp_path / 'items.faiss'}")
    assert done.returncode == 0, done.stderr
    assert faiss.read_index(str(tmp_path / "items.faiss")).ntotal == 120


def test_mistakes_exit_with_2_and_one_line(tmp_path):
    done = run(tmp_path, "modell=x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: modell: no such setting.")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["llm=gemini_batch"]])
def test_a_voice_is_a_model_that_answers_at_once(words):
    with pytest.raises(UserError, match="--voice needs a model that answers at once; type llm="):
        chat.main([*WORDS, "--voice", *words])


def test_a_dry_run_talks_to_nobody(tmp_path):
    done = run(tmp_path, "dry_run=true", said="a drama\n")
    assert done.returncode == 0 and "plan" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_names_every_option(word, capsys):
    chat.main([word])
    told = capsys.readouterr().out
    assert all(f"--{name}" in told for name in vars(chat.options([])[1]) if name != "config_dir")
    assert "--config-dir" in told


def test_the_version_is_told(capsys):
    chat.main(["--version"])
    assert capsys.readouterr().out.startswith("CRS Suite ")
