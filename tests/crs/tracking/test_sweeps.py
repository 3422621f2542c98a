"""A sweep is a run of its own."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from crs.settings.tracker import TrackerSettings
from crs.tracking import start, sweeps

WANDB = TrackerSettings(kind="wandb", project="tests", system_metrics=False)


@pytest.fixture
def opened(monkeypatch) -> list[dict[str, Any]]:
    """What each run was opened with; `logged` is what it was given."""
    calls: list[dict[str, Any]] = []

    def fake(tracker, root, about, run_id):
        logged: dict[str, Any] = {}
        calls.append({**about, "logged": logged, "run_id": run_id})
        return SimpleNamespace(
            log=logged.update, finish=lambda: None, offline=False, url="https://w/1"
        )

    monkeypatch.setattr(start, "opened", fake)
    monkeypatch.setattr(start, "keep_inside", lambda place: None)
    monkeypatch.setattr(start, "given", set())
    return calls


def test_the_joined_table_is_a_run_in_the_group_of_the_jobs(opened, tmp_path, capsys):
    folder = tmp_path / "2026-11-30_10-00-00-7"
    folder.mkdir()
    pd.DataFrame({"scorer": ["a"], "value": [0.5]}).to_parquet(folder / "results.parquet")
    sweeps.record(WANDB, tmp_path, folder)
    (call,) = opened
    assert (call["job_type"], call["group"]) == ("sweep", folder.name)
    assert call["logged"]["sweep/results"].data == [["a", 0.5]]
    assert capsys.readouterr().err == "tracker   https://w/1\n"


def test_without_a_table_or_a_tracker_there_is_no_run(opened, tmp_path):
    sweeps.record(WANDB, tmp_path, tmp_path)
    sweeps.record(TrackerSettings(kind="none"), tmp_path, tmp_path)
    assert opened == []


def test_what_fails_costs_one_line(opened, tmp_path, monkeypatch, capsys):
    (tmp_path / "results.parquet").write_text("no table")
    sweeps.record(WANDB, tmp_path, tmp_path)
    assert capsys.readouterr().err.splitlines()[-1].startswith("tracker   W&B failed (Arrow")
