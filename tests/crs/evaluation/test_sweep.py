"""The end of a multirun: its table, its report, and what failed."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import DictConfig, OmegaConf

from crs.evaluation import sweep
from crs.evaluation.results import COLUMNS
from crs.store.store import Store
from tests.contracts.long_table import results


def test_an_older_result_stands_beside_one_with_metrics_of_lists(tmp_path):
    """It has its row in the main table, and none in that of the lists; `cases` of the main table
    are those of the ranks."""
    new = [results(0.3, 2)]
    new += [results(0.5, 2, metric="coverage", low=None, high=None),
            results(0.7, 2, metric="diversity", cases=3)]  # fmt: skip
    new = pd.concat(new, ignore_index=True)
    found = Sweep(tmp_path)
    found.job(0, results(0.2, 1, model="old"))
    found.job(1, new)
    found.end()
    text = (tmp_path / "results.md").read_text()
    title, first, beside, second, _ = text.split("\n\n")
    assert title == "### tiny, full, 5 cases" and beside == "#### tiny, full, 3 cases"
    assert "NDCG@10" in first and "Coverage" not in first and "| old " in first
    assert "| Coverage@10 | Diversity@10 |" in second and "| old " not in second
    assert "| 0.5000      | 0.7000       |" in second


class Sweep:
    """A finished multirun's folder."""

    def __init__(self, folder: Path, launch: str = "one") -> None:
        self.folder, self.launch = folder, launch

    def job(
        self, number: int, frame: pd.DataFrame | None, overrides: tuple = (), **failure: object
    ) -> None:
        made = None if frame is None else self.result(frame)
        own = {"overrides": {"task": list(overrides)}, "job": {"num": number}}
        sweep.record(self.hydra(own), failure.get("error"), made, failure.get("code", 0))

    def result(self, frame: pd.DataFrame) -> Path:
        """A result with this table, named by it."""
        store = Store(self.folder / "store")
        name = hashlib.sha256(frame.to_csv().encode()).hexdigest()[:16]
        if not store.folder("evaluate", name).exists():
            folder = store.partial("evaluate", name)
            folder.mkdir(parents=True)
            frame.to_parquet(folder / "results.parquet", index=False)
            evaluation = {"protocol": "full", "seen": "out", "padding": False}
            about = {"model": str(frame["model"][0]), "seed": int(frame["seed"][0])}
            settings = about | {"evaluation": evaluation}
            manifest = {"settings": settings, "inputs": {}, "summary": {}}
            store.finish("evaluate", name, manifest)
        return store.folder("evaluate", name)

    def hydra(self, own: dict) -> DictConfig:
        """Hydra's part of a configuration."""
        launch = {"callbacks": {"table": {"launch": self.launch}}}
        return OmegaConf.create({"sweep": {"dir": str(self.folder)}, **launch, **own})

    def end(self) -> None:
        whole = {"tracker": {"kind": "none"}, "store": str(self.folder)}
        config = OmegaConf.create({"hydra": self.hydra({}), **whole})
        sweep.SweepTable(self.launch).on_multirun_end(config)


@pytest.fixture
def multirun(tmp_path) -> Sweep:
    return Sweep(tmp_path)


def test_the_sweeps_table_holds_every_job(multirun, capsys):
    multirun.job(0, results(0.1, 1), ("seed=1",))
    multirun.job(1, results(0.3, 2), ("seed=2",))
    multirun.end()
    out = capsys.readouterr().out
    assert "0.2000 ± 1.2706" in out
    assert out.splitlines()[-1] == f"results: {multirun.folder / 'results.parquet'}"
    long = pd.read_parquet(multirun.folder / "results.parquet")
    assert list(long.columns) == COLUMNS
    assert long["value"].tolist() == [0.1, 0.3]


def test_a_sweep_leaves_a_report_and_says_where(multirun, capsys):
    """The better on validation comes first, whatever it has on test."""
    for number, (valid, test) in enumerate(((0.1, 0.9), (0.4, 0.2))):
        both = [results(test), results(valid, split="valid")]
        multirun.job(number, pd.concat(both, ignore_index=True), (f"intents.k={number}",))
    multirun.end()
    out = capsys.readouterr().out
    assert out.index("| 0.4000 ") < out.index("| 0.1000 ")
    assert f"also in {multirun.folder}: report.csv, report.html, report.png, report.tex" in out
    assert (multirun.folder / "report.html").read_text().startswith("<!doctype html>")


def test_a_failed_job_is_reported_and_the_others_table_printed(multirun, capsys):
    multirun.job(0, results())
    multirun.job(1, None, error="no such thing", code=2)
    with pytest.raises(SystemExit) as end:
        multirun.end()
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert err == "failed    job 1: no such thing\n"
    assert "0.2000" in out
    assert out.splitlines()[-1].startswith("results: ")


def test_a_second_protocol_has_a_table_of_its_own(multirun, capsys):
    both = [results(0.25), results(0.75, protocol="sampled_100")]
    multirun.job(0, pd.concat(both, ignore_index=True))
    multirun.end()
    first, second = capsys.readouterr().out.split("####")
    assert "0.2500" in first and "sampled_100" not in first
    assert "0.7500" in second and "sampled_100" in second


def test_without_any_result_no_results_line_is_printed(multirun, capsys):
    multirun.job(0, None, error="one", code=2)
    multirun.job(1, None, error="two", code=1)
    with pytest.raises(SystemExit) as end:
        multirun.end()
    assert end.value.code
    assert capsys.readouterr().out == ""


def test_failed_jobs_are_listed_in_their_order(multirun, capsys):
    for number in (10, 2):
        multirun.job(number, None, error="no", code=1)
    with pytest.raises(SystemExit):
        multirun.end()
    assert capsys.readouterr().err.splitlines() == ["failed    job 2: no", "failed    job 10: no"]


def test_other_settings_are_not_averaged_as_if_they_were_seeds(multirun, capsys):
    multirun.job(0, results(0.1), ("intents.k=6", "seed=1"))
    multirun.job(1, results(0.3), ("intents.k=9", "seed=1"))
    multirun.end()
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.splitlines()
            if line.startswith("|")]  # fmt: skip
    assert rows[0][:3] == ["model", "intents.k", "scorer"]
    assert [(row[1], row[-1]) for row in rows[2:]] == [("6", "0.1000"), ("9", "0.3000")]


def test_a_result_that_two_jobs_share_counts_once(multirun):
    multirun.job(0, results(), ("seed=1",))
    multirun.job(1, results(), ("seed=1",))
    multirun.end()
    assert len(pd.read_parquet(multirun.folder / "results.parquet")) == 1


def test_jobs_that_made_no_table_leave_none(multirun, capsys):
    multirun.job(0, None)
    multirun.end()
    assert capsys.readouterr().out == ""


def test_a_folder_that_is_used_again_shows_the_jobs_of_the_last_launch_alone(tmp_path, capsys):
    first, second = Sweep(tmp_path), Sweep(tmp_path, "two")
    first.job(0, results(0.1))
    first.job(1, None, error="no", code=2)
    second.job(0, results(0.3))
    second.end()
    assert capsys.readouterr().err == ""
    assert pd.read_parquet(tmp_path / "results.parquet")["value"].tolist() == [0.3]


def test_a_table_that_cannot_be_made_is_told_and_fails(multirun, capsys):
    """Hydra would make a warning of it, and the sweep would end with 0."""
    multirun.job(0, results())
    (table,) = multirun.folder.glob("store/evaluate/*/results.parquet")
    table.write_bytes(b"no table")
    with pytest.raises(SystemExit) as end:
        multirun.end()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("error: the sweep's table: ")


def test_a_sweep_without_any_outcome_fails(multirun, capsys):
    with pytest.raises(SystemExit) as end:
        multirun.end()
    assert end.value.code == 1
    assert capsys.readouterr().err == "failed    no job left an outcome\n"
