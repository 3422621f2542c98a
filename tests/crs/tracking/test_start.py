"""W&B: offline without a key, inside the store, never in the way, and no secret kept."""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crs.errors import UserError
from crs.pipeline import run as command
from crs.pipeline.plan import plan
from crs.tracking import start
from crs.tracking.run import Run, WandbRun

SECRET = "0123456789" * 4
PLACES = "WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"
WORDS = "model=popularity", "dataset=tiny", "stage=dataset", "trainer=cpu"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch, tmp_path):
    """No variable of W&B is set, nobody has logged in, and what `start` sets is taken back."""
    ours = {*PLACES, "WANDB_MODE", "WANDB_SILENT"}
    for name in ours | {name for name in os.environ if name.startswith("WANDB_")}:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr(start, "given", set())


class FakeRun:
    """In the place of W&B's own run."""

    def __init__(self, offline: bool, folder: Path) -> None:
        self.offline, self.dir, self.resumed = offline, str(folder / "files"), False
        self.url = None if offline else "https://wandb.ai/someone/p/runs/x"
        self.summary: dict[str, Any] = {}
        self.logged: list[Any] = []
        self.exit_code: int | None = None
        folder.mkdir(exist_ok=True)
        self.settings = SimpleNamespace(sync_file=str(folder / "run-x.wandb"))

    def log(self, values):
        self.logged.append(values)

    def define_metric(self, *_, **__):
        pass

    def log_artifact(self, artifact):
        self.logged.append(artifact.name)

    def finish(self, exit_code):
        self.exit_code = exit_code


@pytest.fixture
def started(monkeypatch, tmp_path) -> list[dict[str, Any]]:
    """The arguments of each `wandb.init`, which goes nowhere; `run` is what it gave."""
    import wandb

    calls: list[dict[str, Any]] = []

    def init(**arguments):
        run = FakeRun(arguments["mode"] == "offline", tmp_path / "offline")
        calls.append({**arguments, "run": run})
        return run

    monkeypatch.setattr(wandb, "init", init)
    return calls


@pytest.fixture
def begin(configure):
    """Open the run of a command that asks for a data set."""

    def begin(store: Path, *words: str) -> Run:
        config = configure(*WORDS, "tracker=wandb", f"store={store}", *words)
        return start.start(config, store, plan(config))

    return begin


def test_the_tracker_none_records_nothing(begin, tmp_path):
    run = begin(tmp_path, "tracker=none")
    assert type(run) is Run
    run.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_fails_costs_one_line_and_no_run(begin, tmp_path, monkeypatch, capsys):
    import wandb

    def broken(**_):
        raise OSError("no place\nat all")

    monkeypatch.setattr(wandb, "init", broken)
    run = begin(tmp_path)
    assert type(run) is Run
    run.finish()
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "tracker   W&B did not start (OSError); going on without it\n"


def test_a_silent_service_costs_its_time_once_a_process(begin, tmp_path, monkeypatch, capsys):
    import wandb

    tried = []

    def silent(**arguments):
        tried.append(arguments["mode"])
        if arguments["mode"] == "online":
            raise wandb.errors.CommError("timed out")
        return FakeRun(True, tmp_path)

    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setattr(wandb, "init", silent)
    for seed in (1, 2):
        assert type(begin(tmp_path / "store", f"seed={seed}")) is WandbRun
    assert tried == ["online", "offline", "offline"]
    lines = [line for line in capsys.readouterr().err.splitlines() if "not answer" in line]
    assert lines == ["tracker   W&B does not answer (CommError); recording offline"]


def test_an_id_that_was_deleted_there_is_replaced(begin, tmp_path, monkeypatch, started):
    import wandb

    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    killed = begin(tmp_path)
    killed.closed(False)
    init = wandb.init

    def deleted(**arguments):
        if arguments["id"] == started[0]["id"]:
            raise wandb.errors.CommError("409")
        return init(**arguments)

    monkeypatch.setattr(wandb, "init", deleted)
    assert type(begin(tmp_path)) is WandbRun
    assert len(started) == 2 and started[1]["mode"] == "online"
    assert started[1]["id"] != started[0]["id"]


def test_without_a_key_it_is_offline_and_with_one_online(begin, tmp_path, started, monkeypatch):
    begin(tmp_path)
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    begin(tmp_path)
    assert [call["mode"] for call in started] == ["offline", "online"]


@pytest.mark.parametrize(("host", "found"), [("api.wandb.ai", "online"), ("else.org", "offline")])
def test_a_login_counts_as_a_key(host, found, tmp_path):
    (tmp_path / "netrc").write_text(f"machine {host}\n  login user\n  password {SECRET}\n")
    assert start.mode() == found


def test_a_netrc_that_nobody_can_read_is_none(tmp_path):
    (tmp_path / "netrc").write_text("no such words")
    assert start.mode() == "offline"


@pytest.mark.parametrize("key", ["", SECRET])
@pytest.mark.parametrize("wish", ["online", "offline", "disabled"])
def test_a_mode_that_the_user_chose_is_kept(wish, key, begin, tmp_path, started, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_MODE", wish)
    begin(tmp_path)
    assert started[0]["mode"] == start.mode() == wish


@pytest.mark.parametrize(
    ("wish", "found"), [("dryrun", "offline"), ("DISABLED", "disabled"), ("run", "online")]
)
def test_a_mode_has_the_names_that_wandb_gives_it(wish, found, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("WANDB_MODE", wish)
    assert start.mode() == found


def test_what_is_no_mode_sends_nothing(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("WANDB_MODE", "off")
    with pytest.raises(UserError, match="WANDB_MODE=off: type WANDB_MODE=online, offline or"):
        start.mode()


def test_the_address_is_told_or_how_to_send_what_is_offline(begin, tmp_path, started, monkeypatch,
                                                            capsys):  # fmt: skip
    begin(tmp_path).finish()
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    begin(tmp_path).finish()
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"tracker   offline: wandb sync {tmp_path / 'offline'}",
        "tracker   https://wandb.ai/someone/p/runs/x",
    ]


def test_group_job_type_and_tags(begin, tmp_path, started):
    begin(tmp_path, "tracker.group=sweep")
    call = started[0]
    assert (call["group"], call["job_type"]) == ("sweep", "dataset")
    assert call["tags"] == ["popularity", "tiny", "dataset"]
    assert call["name"] == "popularity tiny dataset s1"


def test_the_whole_configuration_is_recorded_and_no_repository(begin, tmp_path, started):
    begin(tmp_path, "pretrain.lr=0.5")
    config = started[0]["config"]
    assert config["pretrain"]["lr"] == 0.5 and config["model"]["name"] == "popularity"
    assert set(config["fingerprint"]) == {"dataset"}
    assert "em" not in config, "no group of another model"
    settings = started[0]["settings"]
    assert settings.disable_git and settings.x_disable_meta
    assert not settings.x_disable_stats and not settings.x_disable_machine_info
    begin(tmp_path, "tracker.system_metrics=false")
    assert started[1]["settings"].x_disable_stats


def test_an_agent_of_a_sweep_gives_the_id_and_one_run(begin, tmp_path, started, monkeypatch,
                                                      capsys):  # fmt: skip
    monkeypatch.setenv("WANDB_SWEEP_ID", "s")
    monkeypatch.setenv("WANDB_RUN_ID", "r")
    assert type(begin(tmp_path)) is WandbRun
    assert started[0]["id"] is None and "resume" not in started[0]
    assert type(begin(tmp_path, "seed=2")) is Run
    assert len(started) == 1
    assert "the agent gave one run" in capsys.readouterr().err


@pytest.mark.parametrize("name", PLACES)
def test_a_folder_that_the_user_chose_is_kept(name, tmp_path, monkeypatch):
    monkeypatch.setenv(name, str(tmp_path / "chosen"))
    start.keep_inside(tmp_path / "store")
    assert Path(os.environ[name]) == tmp_path / "chosen"


def test_a_command_is_one_run_and_keeps_no_key(tmp_path, started, configure, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    store = tmp_path / "store"
    config = configure(*WORDS, "tracker=wandb", f"store={store}")
    for _ in range(2):
        assert command.run(config)
    assert [call["run"].exit_code for call in started] == [0, 0]
    assert [call["run"].summary["dataset/found"] for call in started] == [False, True]
    assert SECRET not in repr(started)
    files = [file for file in store.rglob("*") if file.is_file()]
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []


def test_a_command_that_fails_is_a_failed_run_that_says_why(tmp_path, started, configure,
                                                            monkeypatch):  # fmt: skip
    monkeypatch.setattr("crs.pipeline.make.import_object", lambda _: 1 / 0)
    config = configure(*WORDS, "tracker=wandb", f"store={tmp_path}")
    with pytest.raises(ZeroDivisionError):
        command.run(config)
    run = started[0]["run"]
    assert run.exit_code == 1
    assert run.summary["error"] == "ZeroDivisionError: division by zero"


def test_nothing_answers_is_known_at_once(tmp_path, monkeypatch):
    """`mode` asks nobody."""
    began = time.monotonic()
    monkeypatch.setenv("WANDB_BASE_URL", "http://10.255.255.1")
    start.mode()
    assert time.monotonic() - began < 1
