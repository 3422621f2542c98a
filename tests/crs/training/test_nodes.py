"""Two machines: here two commands that share nothing but an address and the store of results."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crs import command_line
from crs.errors import UserError
from crs.settings.training import Trainer
from crs.threads import available
from crs.training import devices, nodes, team

ROOT = Path(__file__).parents[3]
TRAINER = Trainer("cpu", 1, False, devices=1, nodes=2)
WORDS = ("model=sasrec", "dataset=tiny", "stage=pretrain", "tracker=none", "trainer=cpu",
         "trainer.threads=1", "pretrain.dropout=0", "pretrain.attention_dropout=0")  # fmt: skip
two_processors = pytest.mark.skipif(available() < 2, reason="two processors are needed")


def slurm(number: int, port: int, tasks: int = 2) -> dict[str, str]:
    """What srun says to a task."""
    return {
        "SLURM_NTASKS": str(tasks), "SLURM_NTASKS_PER_NODE": "1", "SLURM_PROCID": str(number),
        "SLURM_NODEID": str(number), "SLURM_LOCALID": "0", "SLURM_JOB_ID": "77",
        "SLURM_JOB_NAME": "crs", "SLURM_NODELIST": "node[1-2]", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }  # fmt: skip


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def machine(monkeypatch):
    """`machine(environment)`: this process as srun started it."""
    for name in [name for name in os.environ if name.startswith(("SLURM_", "MASTER_"))]:
        monkeypatch.delenv(name)

    def of(environment: dict[str, str]) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return of


def started(
    number: int, port: int, *words: str, processors: int | None = None
) -> subprocess.Popen[str]:
    """The command on a machine, which has as many processors."""
    some = sorted(os.sched_getaffinity(0))[:processors]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "src" / "train.py"), *WORDS, "trainer.nodes=2", *words],
        env=os.environ | slurm(number, port), stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, some),
    )  # fmt: skip


def rank_of(command: subprocess.Popen[str]) -> int:
    """The process of its device."""
    children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
    (rank,) = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return rank


def history(store: Path) -> list[dict[str, float]]:
    """The metrics of the encoder's epochs."""
    (file,) = store.glob("pretrain/*/pretrain.json")
    return json.loads(file.read_text())


@two_processors
def test_two_machines_train_what_one_does(tmp_path, port):
    words = ("pretrain.epochs=2", f"store={tmp_path / 'two'}")
    commands = [started(number, port, *words) for number in (0, 1)]
    said = [command.communicate(timeout=120)[1] for command in commands]
    assert [command.returncode for command in commands] == [0, 0], said
    assert not said[1]
    (manifest,) = (tmp_path / "two" / "pretrain").glob("*/manifest.json")
    assert json.loads(manifest.read_text())["nodes"] == 2
    alone = [sys.executable, str(ROOT / "src" / "train.py"), *WORDS, "pretrain.epochs=2"]
    subprocess.run([*alone, f"store={tmp_path / 'one'}"], check=True, capture_output=True)
    for one, two in zip(history(tmp_path / "one"), history(tmp_path / "two"), strict=True):
        assert two == pytest.approx(one, rel=1e-5)


@two_processors
def test_a_process_of_another_machine_that_is_killed_ends_the_command_with_one_sentence(
    tmp_path, port
):
    words = ("pretrain.epochs=100000", "pretrain.patience=100000", f"store={tmp_path / 'store'}")
    first, second = (started(number, port, *words) for number in (0, 1))
    limit = time.monotonic() + 60
    while not list(tmp_path.glob("store/pretrain/*/resume/pretrain/last.ckpt")):
        assert time.monotonic() < limit and first.poll() is None
        time.sleep(0.1)
    os.kill(rank_of(second), signal.SIGKILL)
    said, heard = (command.communicate(timeout=60)[1] for command in (first, second))
    assert first.returncode == second.returncode == 2, said
    assert "trainer.nodes=2 trainer.devices=1: the process of device 2 was ended by SIGKILL" in said
    assert "the command on 127.0.0.1 failed, and says why there" in heard


@two_processors
def test_a_machine_that_refuses_ends_the_command_with_its_sentence(tmp_path, port):
    words = ("trainer.devices=2", f"store={tmp_path / 'store'}")
    commands = started(0, port, *words), started(1, port, *words, processors=1)
    said, heard = (command.communicate(timeout=120)[1] for command in commands)
    assert [command.returncode for command in commands] == [2, 2], said
    assert "machine 2 of 2: trainer.devices=2 but this process may use 1 processors" in said
    assert "the command on 127.0.0.1 failed, and says why there" in heard


def test_a_machine_that_never_comes_is_told(machine, port, monkeypatch):
    machine(slurm(0, port))
    monkeypatch.setattr(team, "START", timedelta(seconds=1))
    with pytest.raises(UserError, match=r"trainer\.nodes=2 trainer\.devices=1: 0 of 1 other"):
        team.Team(TRAINER)


@pytest.mark.long
@two_processors
def test_torchrun_starts_it(tmp_path, port):
    run = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2",
           f"--master-port={port}", str(ROOT / "src" / "train.py")]  # fmt: skip
    words = ("pretrain.epochs=2", "trainer.nodes=2", f"store={tmp_path / 'store'}")
    subprocess.run([*run, *WORDS, *words], check=True, timeout=300)
    assert len(history(tmp_path / "store")) == 2


def test_a_command_that_was_started_alone_is_refused(machine):
    machine({})
    with pytest.raises(UserError, match=r"trainer\.nodes=2 but this command was started alone"):
        devices.check(TRAINER)


def test_a_torchrun_that_starts_anew_is_refused(machine):
    started_by = {
        "TORCHELASTIC_RUN_ID": "1", "TORCHELASTIC_MAX_RESTARTS": "3", "WORLD_SIZE": "2",
        "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1",
    }  # fmt: skip
    machine(started_by)
    with pytest.raises(UserError, match="type --max-restarts=0"):
        devices.check(TRAINER)
    machine({"TORCHELASTIC_MAX_RESTARTS": "0"})
    devices.check(TRAINER)


def test_more_processes_than_machines_are_refused(machine):
    machine(slurm(0, 1, tasks=4))
    with pytest.raises(UserError, match="but 4 processes of the command were started"):
        devices.check(TRAINER)


def test_the_first_machine_of_a_list_listens(machine):
    machine({k: v for k, v in slurm(1, 1).items() if not k.startswith("MASTER_")})
    assert nodes.node_of(TRAINER) == nodes.Node(1, "node1", 15077, listens=False)
    assert nodes.follows(TRAINER) and not nodes.follows(replace(TRAINER, nodes=1))


def test_a_sweep_on_several_machines_is_refused():
    command_line.register()
    with pytest.raises(UserError, match="=2: a sweep does not run on several"):
        command_line.check(["-m", "dataset=tiny", "model=popularity,sasrec", "trainer.nodes=2"])
