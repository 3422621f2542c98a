"""The command itself, on generated data: what scripts rely on, and that a kill changes no bit."""

import errno
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from crs.evaluation.results import COLUMNS
from crs.store.artifact import MANIFEST, Artifact

TRAIN = Path(__file__).parents[1] / "src" / "train.py"
RUN = (
    "model=latentcrs dataset=tiny embedder=hashed tracker=none trainer.threads=1 seed=3 "
    "pretrain.epochs=6 train.epochs=3 train.patience=9 train.batch_size=64 "
    "evaluation.resamples=50 evaluation.permutations=99"
).split()
STATES = {"made", "found", "resumed", "waits"}


def command(store: Path, *words: str, flags: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, *flags, str(TRAIN), *words, f"store={store}"]


def quiet() -> dict[str, str]:
    """The environment without what could change a run."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("WANDB_", "HYDRA_", "OMP_", "MKL_"))}  # fmt: skip


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: list[str]
    err: list[str]

    @property
    def results(self) -> Path:
        """The path on the last line of standard output."""
        word, _, path = self.out[-1].partition(" ")
        assert word == "results:"
        return Path(path)

    @property
    def states(self) -> dict[str, str]:
        """What was said of each stage, after the plan."""
        pairs = [line.split()[:2] for line in self.err if line[:1].strip()]
        return {pair[0]: pair[1] for pair in pairs if pair[1:] and pair[1] in STATES}


def run(store: Path, *words: str, flags: tuple[str, ...] = ()) -> Done:
    done = subprocess.run(
        command(store, *words, flags=flags),
        cwd=store.parent, env=quiet(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.splitlines(), done.stderr.splitlines())


def run_until(store: Path, sign: str) -> None:
    """Start the command and kill it as soon as a file is there."""
    with subprocess.Popen(
        command(store, *RUN), cwd=store.parent, env=quiet(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while process.poll() is None and not list(store.glob(sign)):
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -9


@pytest.fixture(scope="module")
def straight(tmp_path_factory) -> tuple[Path, Done]:
    """A whole run that nothing interrupts, and its store."""
    store = tmp_path_factory.mktemp("straight") / "store"
    return store, run(store, *RUN)


def test_a_mistake_exits_with_2_and_one_line(tmp_path):
    done = run(tmp_path / "store", *RUN, "intents.kk=3")
    assert (done.code, done.out) == (2, [])
    assert len(done.err) == 1
    assert done.err[0].startswith("error: intents.kk: no such setting. Did you mean intents.k?")
    assert not (tmp_path / "store").exists()


def test_a_failure_of_ours_exits_with_1_and_keeps_the_traceback(tmp_path):
    store = tmp_path / "store"
    (tmp_path / "numpy.py").write_text("raise RuntimeError('a broken installation')")
    words = command(store, "dataset=tiny", "stage=dataset", "tracker=none")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(words, cwd=tmp_path, env=quiet() | {"PYTHONPATH": path},
                         capture_output=True, text=True, check=False)  # fmt: skip
    done = Done(ran.returncode, ran.stdout.splitlines(), ran.stderr.splitlines())
    assert (done.code, done.out) == (1, [])
    named = re.fullmatch(r"error: .* \(traceback in (.*)\)", done.err[-1])
    assert "Traceback" in Path(named[1]).read_text()


@pytest.mark.parametrize("flags", [(), ("-m",)])
def test_a_store_that_takes_no_files_is_one_sentence(tmp_path, flags):
    (tmp_path / "file.csv").write_text("user,item")
    done = run(tmp_path / "file.csv", *RUN, *flags)
    assert (done.code, done.out, len(done.err)) == (2, [], 1)
    assert re.match(r"error: .*file\.csv.* cannot be written \(.*type store=PLACE", done.err[0])


def test_what_is_found_needs_no_log(straight):
    """As in a store that may only be read."""
    store, first = straight
    shutil.move(store / "logs", store / "moved")
    (store / "logs").write_text("a file, in which no folder can be made")
    done = run(store, *RUN)
    (store / "logs").unlink()
    shutil.move(store / "moved", store / "logs")
    assert (done.code, done.results) == (0, first.results)
    assert any(line.startswith("note      no log is kept: ") for line in done.err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_that_is_full_is_one_sentence(straight):
    store, _ = straight
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(store, *RUN), env=quiet(), stdout=full, check=False,
                              stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"error: standard output: {os.strerror(errno.ENOSPC)}"


def test_a_tilde_is_the_home_folder_for_results_and_logs(straight, tmp_path):
    store, first = straight
    home = tmp_path / "home"
    shutil.copytree(store, home / "crs", ignore=shutil.ignore_patterns("logs"))
    done = subprocess.run(command(Path("~/crs"), *RUN), cwd=tmp_path, capture_output=True,
                          text=True, check=False, env=quiet() | {"HOME": str(home)})  # fmt: skip
    found = home / "crs" / first.results.relative_to(store)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"results: {found}")
    assert len(list((home / "crs" / "logs").iterdir())) == 1
    assert [place.name for place in tmp_path.iterdir()] == ["home"]


def test_flags_that_ask_for_no_run_are_answered(tmp_path):
    told = run(tmp_path / "store", "--version")
    assert (told.code, len(told.out)) == (0, 1) and told.out[0].startswith("CRS Suite ")
    shell = run(tmp_path / "store", "-sc", "install=bash")
    assert shell.code == 0 and "COMPREPLY" in "".join(shell.out)


def test_a_whole_run_ends_with_the_path_of_its_table(straight):
    store, done = straight
    assert done.code == 0
    assert done.results.is_relative_to(store)
    assert set(done.states.values()) == {"made"}
    assert done.results.with_suffix(".md").is_file()


def test_the_table_has_the_promised_columns(straight):
    long = pd.read_parquet(straight[1].results)
    assert list(long.columns) == COLUMNS
    assert set(long["seed"]) == {3}
    assert set(long["split"]) == {"valid", "test"}
    assert set(long["fingerprint"]) == {straight[1].results.parent.name}
    assert {"popularity", "encoder"} < set(long["scorer"])
    bounded = long[long["metric"] != "coverage"]  # of all lists together: no interval
    assert bounded["value"].between(bounded["low"], bounded["high"]).all()


def test_a_second_run_finds_everything_and_imports_nothing_heavy(straight):
    store, first = straight
    done = run(store, *RUN, flags=("-X", "importtime"))
    assert done.code == 0
    assert done.results == first.results
    assert done.states == dict.fromkeys(first.states, "found")
    imported = {line.rpartition("|")[2].strip() for line in done.err if "import time:" in line}
    assert "hydra" in imported
    assert imported & {"torch", "pandas", "lightning_fabric", "faiss", "wandb"} == set()


def test_a_sweep_with_a_failed_job_prints_the_others_table_and_fails(straight):
    store, first = straight
    words = [word for word in RUN if word != "dataset=tiny"]
    done = run(store, "-m", "dataset=tiny,custom", *words)
    assert done.code == 2
    assert done.results.is_relative_to(store / "sweeps")
    assert pd.read_parquet(done.results).equals(pd.read_parquet(first.results))
    failed = [line for line in done.err if line.startswith("failed ")]
    assert len(failed) == 1
    assert re.match(r"failed +job 1: .*dataset\.path=", failed[0])


def test_sigterm_is_ctrl_c(tmp_path):
    """SLURM and Docker send it: the state is kept, the sentence said, and no lock is left."""
    store = tmp_path / "store"
    words = [word for word in RUN if not word.startswith("pretrain.epochs")]
    with subprocess.Popen(
        command(store, *words, "pretrain.epochs=5000", "pretrain.patience=5000"),
        cwd=tmp_path, env=quiet(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        while process.poll() is None and not list(store.glob("pretrain/*/resume/*/last.ckpt")):
            time.sleep(0.01)
        process.terminate()
        err = process.communicate()[1]
    assert process.returncode == 130
    assert err.splitlines()[-1] == "error: interrupted; the same command resumes from here"
    assert not list(store.glob("pretrain/*.holder"))


@pytest.mark.slow
def test_killed_runs_end_in_the_same_bits(straight, tmp_path):
    store, first = straight
    again = tmp_path / "store"
    run_until(again, "pretrain/*.partial/resume/pretrain/last.ckpt")
    run_until(again, "train/*.partial/resume/intents/last.ckpt")
    assert list(again.glob("pretrain/*/" + MANIFEST))
    done = run(again, *RUN)
    assert done.code == 0
    assert (done.states["pretrain"], done.states["train"]) == ("found", "resumed")
    assert done.results.read_bytes() == first.results.read_bytes()
    made = {file.relative_to(store).parent for file in store.glob(f"*/*/{MANIFEST}")}
    assert len(made) == len(first.states)
    assert [path for path in made
            if Artifact(store / path).digest != Artifact(again / path).digest] == []  # fmt: skip
