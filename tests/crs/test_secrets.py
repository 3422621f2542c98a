"""No key and no password is in what a command says or writes, however it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crs.secrets import redact, redacted

TRAIN = Path(__file__).parents[2] / "src" / "train.py"
KEYS = (
    "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "WANDB_API_KEY", "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "KAGGLE_KEY", "DB_PASSWORD",
)  # fmt: skip
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY")
MARK = "0123456789abcdef" * 2
WORDS = "model=popularity debug=fast trainer=cpu trainer.threads=1".split()
FAILS = """
import os, runpy, sys
from crs.pipeline import run as command

def run(*_):
    raise RuntimeError(f"\x1b]0;owned\x07 {dict(os.environ)}")

command.run = run
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def everything(folder, *command):
    """Exit code, and all that a command says and leaves in a folder, with every secret marked."""
    marked = {name: f"{MARK}-{name}" for name in KEYS}
    marked |= {name: f"http://me:{MARK}-{name}@127.0.0.1:9" for name in PROXIES}
    quiet = {n: v for n, v in os.environ.items() if not n.startswith(("WANDB_", "HYDRA_"))}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, check=False,
        env=quiet | marked | {"NO_PROXY": "localhost", "WANDB_MODE": "offline"},
    )  # fmt: skip
    files = [file for file in folder.rglob("*") if file.is_file()]
    said = {"stdout": done.stdout, "stderr": done.stderr}
    return done.returncode, said | {str(file): file.read_bytes() for file in files}


def test_a_sweep_that_makes_and_fails_to_download_keeps_all_secrets(tmp_path):
    command = ["-m", *WORDS, "dataset=tiny,beauty", "stage=dataset"]
    code, found = everything(tmp_path, str(TRAIN), *command)
    assert code == 2 and b"could not be downloaded" in found["stderr"]
    assert any(".wandb" in name for name in found) and any("manifest" in name for name in found)
    assert [name for name, content in found.items() if MARK.encode() in content] == []


def test_a_traceback_keeps_all_secrets_and_commands_nothing(tmp_path):
    code, found = everything(tmp_path, "-c", FAILS, str(TRAIN), *WORDS, "tracker=none")
    assert code == 1 and b"<OPENAI_API_KEY>" in found["stderr"]
    assert any(b"Traceback" in content for name, content in found.items() if ".log" in name)
    assert [name for name, content in found.items() if MARK.encode() in content] == []
    assert b"\x1b" not in found["stderr"] and b"\\x1b]0;owned" in found["stderr"]


@pytest.mark.parametrize(("text", "shown"), [
    ("https://me:secret@host/v1 refused", "https://<user>@host/v1 refused"),
    ("GET https://host/v1?a=1&api_key=abc&b=2", "GET https://host/v1?a=1&api_key=<key>&b=2"),
    ("https://host/@me, a@b.c", "https://host/@me, a@b.c"),
])  # fmt: skip
def test_an_address_is_shown_without_what_opens_it(text, shown):
    assert redact(text) == shown


def test_secrets_are_known_by_the_names_of_their_variables(monkeypatch):
    monkeypatch.setenv("SOME_VENDOR_TOKEN", "plain-words\n")
    monkeypatch.setenv("https_proxy", "http://me:p%40ssword@host:1")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://host/hidden/")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "neither")
    monkeypatch.setenv("SHORT_KEY", "true")
    text = "plain-words p@ssword p%40ssword https://host/hidden/x neither true"
    shown = "<SOME_VENDOR_TOKEN> <https_proxy> <https_proxy> <OPENAI_BASE_URL>/x neither true"
    assert redact(text) == shown


def test_no_text_within_plain_data_keeps_a_secret():
    address = "https://me:hunter22@host.org/ml.zip?token=abcdefghijk"
    plain = {"dataset": {"sources": [{"url": address}], "k": 3}, "none": None}
    shown = redacted(plain)
    assert "hunter22" not in str(shown) and "abcdefghijk" not in str(shown)
    assert shown["dataset"]["k"] == 3 and shown["none"] is None
