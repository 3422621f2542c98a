"""Real results on generated data: a sweep of SASRec, dialogues, and a study with its trials."""

import json
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

from crs.evaluation import sweep
from crs.pipeline.run import run
from crs.store.artifact import Artifact
from tests.conftest import composed

SMALL = (
    "dataset=tiny", "dataset.generated.users=60", "dataset.generated.items=30", "tracker=none",
    "debug=fast", "trainer=cpu", "trainer.threads=1", "trainer.progress=false",
)  # fmt: skip
RATES, SEEDS = ("0.003", "0.01"), (1, 2)


def made(store: Path, *words: str) -> Artifact:
    """The result of a command."""
    found = run(composed(*SMALL, *words, f"store={store}"))
    assert found is not None
    return found


def leave(folder: Path, number: int, words: tuple[str, ...], result: Path | None,
          error: str | None = None) -> None:  # fmt: skip
    """The outcome of a job of the sweep in a folder."""
    launch = {"callbacks": {"table": {"launch": "one"}}, "sweep": {"dir": str(folder)}}
    job = {"overrides": {"task": list(words)}, "job": {"num": number}}
    sweep.record(OmegaConf.create(launch | job), error, result, 2 if error else 0)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("report") / "store"


@pytest.fixture(scope="session")
def jobs(store) -> dict[tuple[str, int], Artifact]:
    """Evaluated SASRec by learning rate and seed."""
    return {
        (rate, seed): made(store, "model=sasrec", f"pretrain.lr={rate}", f"seed={seed}")
        for rate in RATES for seed in SEEDS
    }  # fmt: skip


@pytest.fixture(scope="session")
def swept(store, jobs) -> Path:
    """The sweep that these jobs are, with one that failed."""
    folder = store / "sweeps" / "one"
    for number, ((rate, seed), artifact) in enumerate(jobs.items()):
        words = ("model=sasrec", f"pretrain.lr={rate}", f"seed={seed}", "dataset=tiny")
        leave(folder, number, words, artifact.path)
    failed = ("model=sasrec", "pretrain.lr=9", "seed=1", "dataset=tiny")
    leave(folder, len(jobs), failed, None, "the loss <script>alert(1)</script> is NaN")
    return folder


@pytest.fixture(scope="session")
def talks(store) -> Artifact:
    """Dialogues of popularity."""
    return made(store, "model=popularity", "stage=multi_turn", "multi_turn.cases=20")


@pytest.fixture(scope="session")
def searched(store, jobs) -> Path:
    """A study of four trials: two complete, one pruned, one failed."""
    folder = store / "studies" / "abcd"
    folder.mkdir(parents=True)

    def results(rate: str) -> str:
        parts = (jobs[rate, seed].manifest["inputs"]["pretrain"] for seed in SEEDS)
        return json.dumps([str(store / "pretrain" / part["fingerprint"]) for part in parts])

    pd.DataFrame({
        "trial": [0, 1, 2, 3], "state": ["complete", "complete", "pruned", "failed"],
        "value": [0.3, 0.5, 0.9, None], "seconds": [1.0, 2.0, 0.5, 0.1],
        "error": [None, None, None, "NaN <b>"], "results": [*map(results, RATES), "[]", "[]"],
        "pretrain.lr": [0.003, 0.01, 0.0001, 1.0],
    }).to_parquet(folder / "trials.parquet")  # fmt: skip
    about = {
        "name": "sasrec tiny", "model": "sasrec", "dataset": "tiny", "stage": "pretrain",
        "objective": "best", "direction": "maximize", "sampler": "tpe", "pruner": "median",
        "n_trials": 4, "space": {"pretrain.lr": "interval(1e-4,1)"}, "fixed": [], "seeds": [1, 2],
        "best": {"trial": 1, "value": 0.5, "params": {"pretrain.lr": 0.01}},
        "winner": str(jobs["0.01", 1].path),
    }  # fmt: skip
    (folder / "study.json").write_text(json.dumps(about))
    return folder
