"""Runs against a W&B on loopback: what arrives there, and what is continued."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.crs.tracking.fake_wandb import KEY, Service, serving

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
PRETRAIN = (
    "model=sasrec", "dataset=tiny", "stage=pretrain", "trainer=cpu", "trainer.threads=1",
    "pretrain.patience=1000",
)  # fmt: skip


@pytest.fixture
def service():
    with serving() as found:
        yield found


def environment(url: str) -> dict[str, str]:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    python = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return quiet | {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY, "PATH": python}


def begun(url: str, store: Path, *words: str) -> subprocess.Popen:
    command = [sys.executable, "src/train.py", *words, f"store={store}"]
    return subprocess.Popen(command, env=environment(url), cwd=ROOT, stderr=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, text=True)  # fmt: skip


def test_a_killed_command_goes_on_in_its_run(service: Service, tmp_path):
    words = (*PRETRAIN, "pretrain.epochs=40")
    killed = begun(service.url, tmp_path, *words)
    while not list(tmp_path.glob("pretrain/*.partial/resume/pretrain/last.ckpt")):
        assert killed.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    resumed = begun(service.url, tmp_path, *words)
    said = resumed.communicate()[1]
    assert resumed.returncode == 0, said
    assert "resumes after" in said
    (name,) = service.runs
    assert f"tracker   {service.url}/someone/tests/runs/{name}" in said
    epochs = [row["pretrain/epoch"] for row in service.rows(name) if "pretrain/epoch" in row]
    assert set(epochs) == set(range(1, 41))
    assert service.run(name)["exitcode"] == 0
    assert service.run(name)["displayName"] == "sasrec tiny pretrain epochs=40 patience=1000 s1"
    assert service.summary(name)["pretrain/best"] > 0
    assert any(name.startswith("pretrain-") for name in service.artifacts)


def test_nobody_answers(tmp_path):
    """The command is recorded offline after one time limit, shorter than W&B's own 90 seconds."""
    words = ("model=popularity", "dataset=tiny", "stage=dataset")
    silent = begun("http://127.0.0.1:9", tmp_path, *words)
    began = time.monotonic()
    said = silent.communicate()[1]
    assert silent.returncode == 0
    assert said.count("W&B does not answer") == 1 and "offline: wandb sync" in said
    assert time.monotonic() - began < 80


def test_the_agent_of_a_sweep_has_one_run_a_trial_with_its_figure(service: Service, tmp_path):
    config = yaml.safe_load((ROOT / "conf/wandb/latentcrs_ml100k.yaml").read_text())
    command = [word.replace("=ml100k", "=tiny") for word in config["command"]]
    quick = ["embedder=hashed", "debug=fast", "trainer=cpu", "trainer.threads=1"]
    config["command"] = [*command, *quick, f"store={tmp_path / 'store'}"]
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(config))
    chosen = {"intents.k": 4, "em.dropout": 0.1, "train.lr": 0.01}
    assert set(chosen) == set(config["parameters"])
    service.trials = [
        {"type": "run", "run_id": name, "program": config["program"],
         "args": {key: {"value": value} for key, value in (chosen | {"em.dropout": rate}).items()}}
        for name, rate in (("one", 0.1), ("two", 0.3))
    ]  # fmt: skip
    for words in (["sweep", str(tmp_path / "sweep.yaml")],
                  ["agent", "someone/tests/swept", "--count", "2"]):  # fmt: skip
        done = subprocess.run([sys.executable, "-m", "wandb", *words], cwd=ROOT,
                              env=environment(service.url) | {"WANDB_DIR": str(tmp_path)},
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert set(service.runs) == {"one", "two"}, done.stderr
    for name, rate in (("one", 0.1), ("two", 0.3)):
        assert service.run(name)["sweep"] == "swept"
        assert service.summary(name)[config["metric"]["name"]] > 0
        recorded = json.loads(service.run(name)["config"])
        assert recorded["em"]["value"]["dropout"] == rate
