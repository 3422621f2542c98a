"""W&B: offline without a key, inside the store, never in the way, and no secret kept."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crs import tracking
from crs.pipeline import run as command
from crs.settings.tracker import TrackerSettings

SECRET = "0123456789" * 4
PLACES = "WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"
WANDB = TrackerSettings(kind="wandb", project="tests")
MANIFEST: dict[str, Any] = {
    "stage": "embed", "fingerprint": "abc", "seconds": 1.0, "summary": {"n": 1}, "settings": {},
    "inputs": {"simulate": {"fingerprint": "def"}}, "digest": "0",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    """No variable of W&B is set, and what `start` sets is taken back."""
    for name in {*PLACES, *(name for name in os.environ if name.startswith("WANDB_"))}:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


class FakeRun:
    """In the place of W&B's own run."""

    def __init__(self, offline: bool) -> None:
        self.offline, self.summary = offline, {}
        self.used: list[str] = []
        self.logged: list[Any] = []
        self.exit_code: int | None = None

    def log(self, values):
        self.logged.append(values)

    def use_artifact(self, name):
        self.used.append(name)

    def log_artifact(self, artifact):
        self.logged.append(artifact.name)

    def finish(self, exit_code):
        self.exit_code = exit_code


@pytest.fixture
def started(monkeypatch) -> list[dict[str, Any]]:
    """The arguments of each `wandb.init`, which goes nowhere; `run` is what it gave."""
    import wandb

    calls: list[dict[str, Any]] = []

    def init(**arguments):
        run = FakeRun(arguments["mode"] == "offline")
        calls.append({**arguments, "run": run})
        return run

    monkeypatch.setattr(wandb, "init", init)
    return calls


def test_the_tracker_none_records_nothing(tmp_path):
    run = tracking.start(TrackerSettings(kind="none"), tmp_path, "embed", "abc", {})
    assert type(run) is tracking.Run
    run.log({"a": 1})
    run.finish(MANIFEST)
    assert list(tmp_path.iterdir()) == []


OFFLINE = """
import sys
from pathlib import Path
import pandas as pd
from crs import tracking
from crs.config import TrackerSettings

manifest = {"stage": "embed", "fingerprint": "abc", "seconds": 1.0, "summary": {"n": 1},
            "settings": {}, "inputs": {"simulate": {"fingerprint": "def"}}, "digest": "0"}
run = tracking.start(TrackerSettings("wandb", "tests"), Path(sys.argv[1]), "embed", "abc", {"a": 1})
run.log({"embed/loss": 1.0})
run.table("embed/table", pd.DataFrame({"a": [1]}))
run.finish(manifest)
print(type(run).__name__)
"""


def test_offline_everything_is_written_inside_the_store(tmp_path):
    outside = {name: tmp_path / name for name in ("home", "temporary", "here")}
    for folder in outside.values():
        folder.mkdir()
    outside["home"].chmod(0o500)
    places = {"HOME": outside["home"], "TMPDIR": outside["temporary"]}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(tmp_path / "store")],
        env=os.environ | {name: str(path) for name, path in places.items()},
        cwd=outside["here"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "WandbRun\n"
    assert done.stderr == ""
    assert [file for folder in outside.values() for file in folder.rglob("*")] == []
    assert list((tmp_path / "store" / "wandb").rglob("run-embed-abc-*.wandb"))


def test_a_start_that_fails_costs_one_line_and_no_run(tmp_path, monkeypatch, capsys):
    import wandb

    def broken(**_):
        raise OSError("no network\nat all")

    monkeypatch.setattr(wandb, "init", broken)
    run = tracking.start(WANDB, tmp_path, "embed", "abc", {})
    assert type(run) is tracking.Run
    run.log({"a": 1})
    run.finish(MANIFEST)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "tracker   W&B did not start (OSError); going on without it\n"


def test_without_a_key_it_is_offline_and_with_one_online(tmp_path, started, monkeypatch):
    tracking.start(WANDB, tmp_path, "embed", "abc", {})
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    tracking.start(WANDB, tmp_path, "embed", "abc", {})
    assert [call["mode"] for call in started] == ["offline", "online"]


@pytest.mark.parametrize("key", ["", SECRET])
@pytest.mark.parametrize("wish", ["online", "offline", "disabled"])
def test_a_mode_that_the_user_chose_is_kept(wish, key, tmp_path, started, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_MODE", wish)
    tracking.start(WANDB, tmp_path, "embed", "abc", {})
    assert started[0]["mode"] == tracking.mode() == wish


@pytest.mark.parametrize(("key", "mode"), [("", "offline"), (SECRET, "online")])
def test_without_a_wish_online_takes_a_key(key, mode, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_MODE", "")
    assert tracking.mode() == mode


def test_an_input_that_was_made_untracked_is_passed_over(tmp_path, started, monkeypatch):
    def gone(self, name):
        raise ValueError(f"no artifact {name}")

    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setattr(FakeRun, "use_artifact", gone)
    tracking.start(WANDB, tmp_path, "embed", "abc", {}).finish(MANIFEST)
    assert started[0]["run"].logged == ["embed-abc"]
    assert started[0]["run"].exit_code == 0


def test_no_two_attempts_share_an_id_whatever_their_store(tmp_path, started):
    for store in ("a", "a", "b"):
        tracking.start(WANDB, tmp_path / store, "embed", "abc", {})
    ids = [call["id"] for call in started]
    assert len(set(ids)) == 3 and all(one.startswith("embed-abc-") for one in ids)
    kept = [(tmp_path / store / "wandb/attempts/embed-abc").read_text() for store in ("a", "b")]
    assert [f"embed-abc-{line}" for text in kept for line in text.split()] == ids


def test_group_and_job_type_are_the_sweep_and_the_stage(tmp_path, started):
    settings = TrackerSettings(kind="wandb", project="tests", group="sweep")
    tracking.start(settings, tmp_path, "embed", "abc", {})
    assert (started[0]["group"], started[0]["job_type"]) == ("sweep", "embed")


def test_inputs_are_mirrored_online_alone(tmp_path, started, monkeypatch):
    for key in ("", SECRET):
        monkeypatch.setenv("WANDB_API_KEY", key)
        tracking.start(WANDB, tmp_path, "embed", "abc", {}).finish(MANIFEST)
    assert [call["run"].used for call in started] == [[], ["simulate-def:latest"]]
    assert [call["run"].logged for call in started] == [["embed-abc"], ["embed-abc"]]


def test_a_run_without_a_result_is_marked_as_failed(tmp_path, started):
    tracking.start(WANDB, tmp_path, "embed", "abc", {}).finish()
    tracking.start(WANDB, tmp_path, "embed", "abc", {}).finish(MANIFEST)
    assert [call["run"].exit_code for call in started] == [1, 0]


@pytest.mark.parametrize("name", PLACES)
def test_a_folder_that_the_user_chose_is_kept(name, tmp_path, monkeypatch):
    monkeypatch.setenv(name, str(tmp_path / "chosen"))
    tracking.keep_inside(tmp_path / "store")
    assert Path(os.environ[name]) == tmp_path / "chosen"


def test_no_key_is_kept_with_a_result(tmp_path, started, configure, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    store = tmp_path / "store"
    config = configure("dataset=tiny", "stage=dataset", "tracker=wandb", f"store={store}")
    assert command.run(config)
    assert started[0]["run"].exit_code == 0
    assert SECRET not in repr(started)
    files = [file for file in store.rglob("*") if file.is_file()]
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []
