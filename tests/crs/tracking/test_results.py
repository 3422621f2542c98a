"""What an offline run holds, read back from its file: a found result shows what a new one does."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crs.stages import declared_stages
from crs.store.artifact import Artifact
from crs.store.epochs import epochs_of
from crs.tracking import files, results, sections

TRAIN = Path(__file__).parents[3] / "src" / "train.py"
WORDS = (
    "model=sasrec", "dataset=tiny", "debug=fast", "trainer=cpu", "trainer.threads=1",
    "evaluation.resamples=20", "evaluation.permutations=20",
)  # fmt: skip


def records(file: Path) -> list[dict[str, Any]]:
    """What W&B's own reader finds in a run's file."""
    reader = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
    done = subprocess.run(reader, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """A run's summary at its end."""
    updates = [record["summary"].get("update", {}) for record in found
               if record["type"] == "summary"]  # fmt: skip
    return {key: value for update in updates for key, value in update.items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[list[dict[str, Any]]]:
    """The records of the same command twice: the first makes all, the second finds all."""
    folder = tmp_path_factory.mktemp("runs")
    outside = folder / "home", folder / "here"
    for place in outside:
        place.mkdir()
    outside[0].chmod(0o500)
    command = [sys.executable, str(TRAIN), *WORDS, f"store={folder / 'store'}"]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment = quiet | {"HOME": str(outside[0]), "WANDB_MODE": "offline"}
    for _ in range(2):
        done = subprocess.run(command, env=environment, cwd=outside[1], capture_output=True,
                              text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "wandb:" not in done.stderr and "offline: wandb sync" in done.stderr
    written = [str(file.relative_to(folder)) for place in outside for file in place.rglob("*")]
    assert [name for name in written if "here" in name or "wandb" in name] == []
    found = sorted((folder / "store/wandb/wandb").glob("offline-run-*/*.wandb"))
    assert len(found) == 2
    return [records(file) for file in found]


def test_a_found_command_records_what_a_new_one_does(runs):
    first, second = (summary(found) for found in runs)
    assert set(first) - {"pretrain/lr"} == set(second)
    rows = [Counter(record["type"] for record in found) for found in runs]
    assert rows[0]["history"] == rows[1]["history"] == 3, "two epochs, and the tables"
    assert rows[0]["artifact"] == rows[1]["artifact"] >= 3
    assert first["pretrain/found"] is False and second["pretrain/found"] is True


def test_epochs_are_counted_from_1_live_and_replayed(runs):
    for found in runs:
        rows = [one["history"]["item"] for one in found if one["type"] == "history"]
        axis = [row["pretrain/epoch"] for row in rows if "pretrain/epoch" in row]
        assert axis == [1, 2]
        assert summary(found)["pretrain/best_epoch"] in axis


def test_the_figures_of_the_models_own_scorer_stand_in_the_summary(runs):
    for found in runs:
        figures = summary(found)
        assert figures["test/ndcg@10"] == figures["evaluate/ndcg@10"] > 0
        assert figures["valid/ndcg@10"] > 0


@pytest.fixture
def shown(tmp_path) -> Artifact:
    """A result with a phase, and one file that is none."""
    (tmp_path / "train/abc").mkdir(parents=True)
    place = tmp_path / "train/abc"
    (place / "em.json").write_text(json.dumps([{"epoch": 0, "loss": 1.0}]))
    (place / "model.json").write_text(json.dumps({"k": 3}))
    (place / "words.json").write_text(json.dumps(["epoch"]))
    (place / "big.npy").write_bytes(b"0" * (files.SMALL + 1))
    (place / "model.safetensors").write_bytes(b"0")
    (place / "manifest.json").write_text(json.dumps({
        "summary": {"em_best": 1.0, "em_best_epoch": 0}, "seconds": 2.0, "settings": {},
        "inputs": {}, "digest": "",
        "git": {}, "files": dict.fromkeys(["big.npy", "em.json", "model.json", "words.json",
                                           "model.safetensors"], ""),
    }))  # fmt: skip
    return Artifact(place)


def test_a_history_is_told_from_other_files(shown):
    assert epochs_of(shown) == {"em": [{"epoch": 0, "loss": 1.0}]}
    assert results.summary(shown) == {
        "train/em_best": 1.0, "train/em_best_epoch": 1, "train/seconds": 2.0,
    }  # fmt: skip
    assert shown.summary["em_best_epoch"] == 0, "the file stays as it is"


def test_large_files_are_recorded_by_their_place(shown):
    entries = files.recorded(shown, "small").manifest.entries
    assert {name for name, entry in entries.items() if entry.ref} == {"big.npy"}
    assert entries["big.npy"].ref == (shown.path / "big.npy").as_uri()
    assert not any(entry.ref for entry in files.recorded(shown, "all").manifest.entries.values())


def test_data_are_recorded_by_their_place_alone(shown):
    (shown.path / "manifest.json").write_text(
        json.dumps(shown.manifest | {"files": {"em.json": ""}})
    )
    found = files.recorded(Artifact(shown.path), "all")
    assert found.type == "data"
    assert all(entry.ref for entry in found.manifest.entries.values())


def test_the_table_of_scorers_is_of_numbers():
    row = {"split": "test", "scorer": "a", "sees": "history", "cases": 5, "slice": "all",
           "metric": "ndcg", "k": 10, "value": 0.5}  # fmt: skip
    wide = results.wide(pd.DataFrame([row, row | {"metric": "hr"}, row | {"slice": "turn=1"}]))
    assert len(wide) == 1 and wide["cases"].tolist() == [5]
    some = row | {"metric": "diversity", "cases": 3}  # of items that have two attributes
    assert results.wide(pd.DataFrame([row, some]))["cases"].tolist() == [5]
    assert wide["ndcg@10"].tolist() == [0.5] and wide["hr@10"].dtype == float


def test_the_tables_that_stages_show_are_files_that_their_stages_write():
    shown = {name: stage for name, stage in declared_stages().items() if stage.tables}
    assert {"simulate", "dialogues", "intents", "multi_turn"} <= set(shown)
    for stage in shown.values():
        assert set(stage.tables) <= set(stage.writes)


def test_sections_are_named_after_phases():
    assert sections.of_phase("pretrain", "pretrain") == "pretrain"
    assert sections.of_phase("train", "em") == "em"
    assert sections.of_phase("warmup", "coarse") == "warmup/coarse"
    assert sections.bests(["ndcg@10", "loss_e", "hr@10"]) == {"ndcg@10": "max", "loss_e": "min"}
