"""The run of a command: sections, replayed epochs, and a W&B that fails."""

from types import SimpleNamespace
from typing import Any

import pytest

from crs.stages import declared_stages
from crs.tracking.run import WandbRun


class Recorder:
    """W&B's run, in memory."""

    def __init__(self, resumed: bool = False, **summary: Any) -> None:
        self.resumed, self.summary, self.offline = resumed, summary, True
        self.rows: list[dict[str, Any]] = []
        self.defined: dict[str, dict[str, Any]] = {}

    def log(self, row):
        self.rows.append(row)

    def define_metric(self, name, **how):
        self.defined[name] = how

    def log_artifact(self, artifact):
        raise ValueError("another type")


def tracker(recorder: Recorder) -> WandbRun:
    run = WandbRun(recorder, "small", lambda succeeded: None)
    run.begin(declared_stages()["pretrain"])
    return run


def test_a_phase_is_a_section_with_its_own_axis():
    recorder = Recorder()
    run = tracker(recorder)
    for epoch in range(2):
        run.log({"pretrain/epoch": epoch, "pretrain/ndcg@10": 0.1, "pretrain/lr": 0.1})
    assert recorder.defined == {
        "pretrain/epoch": {"hidden": True},
        "pretrain/*": {"step_metric": "pretrain/epoch"},
        "pretrain/ndcg@10": {"step_metric": "pretrain/epoch", "summary": "max"},
    }
    assert [row["pretrain/epoch"] for row in recorder.rows] == [1, 2], "as the console counts"


def test_dialogues_are_over_turns():
    recorder = Recorder()
    run = tracker(recorder)
    run.begin(declared_stages()["multi_turn"])
    run.log({"multi_turn/turn": 1, "multi_turn/success/a": 0.5})
    assert recorder.defined["multi_turn/*"] == {"step_metric": "multi_turn/turn"}


@pytest.mark.parametrize(("resumed", "epochs"), [(False, [1, 2, 3]), (True, [3])])
def test_a_continued_run_gets_the_epochs_that_it_does_not_have(resumed, epochs):
    recorder = Recorder(resumed, **{"pretrain/epoch": 2})
    tracker(recorder).replay("pretrain", [{"epoch": n, "loss": 1.0} for n in range(3)])
    assert [row["pretrain/epoch"] for row in recorder.rows] == epochs


def test_whatever_fails_costs_one_line(capsys):
    recorder = Recorder()
    recorder.log = lambda row: 1 / 0  # type: ignore[method-assign]
    run = tracker(recorder)
    for _ in range(2):
        run.log({"pretrain/epoch": 0, "pretrain/loss": 1.0})
    run.finish()
    assert capsys.readouterr().err == (
        "tracker   W&B failed (ZeroDivisionError); going on without it\n"
    )


def test_files_that_are_refused_cost_no_figures(capsys, monkeypatch):
    recorder = Recorder()
    run = tracker(recorder)
    monkeypatch.setattr("crs.tracking.files.recorded", lambda artifact, upload: None)
    for _ in range(2):
        if run.upload != "none":
            run.artifact(SimpleNamespace(manifest={"inputs": {}}))  # type: ignore[arg-type]
    run.log({"pretrain/epoch": 0, "pretrain/loss": 1.0})
    assert recorder.rows and not run.broken
    assert capsys.readouterr().err.count("W&B takes no files (ValueError)") == 1
