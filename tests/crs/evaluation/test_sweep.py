"""The table of a multirun: mean and interval over seeds, and what failed."""

from pathlib import Path

import pandas as pd
import pytest
from omegaconf import DictConfig, OmegaConf

from crs.evaluation import sweep
from crs.evaluation.results import COLUMNS


def results(value: float = 0.2, seed: int = 1, **other: object) -> pd.DataFrame:
    """One figure of one job, in the long form."""
    row = {
        "dataset": "tiny", "model": "m", "scorer": "s", "sees": "history", "protocol": "full",
        "split": "test", "slice": "all", "metric": "ndcg", "k": 10, "value": value, "low": 0.0,
        "high": 1.0, "cases": 5, "seed": seed, "fingerprint": f"{seed:016}",
    }  # fmt: skip
    return pd.DataFrame([row | other])[COLUMNS]


def shown(values: list[float]) -> str:
    long = pd.concat([results(value, seed) for seed, value in enumerate(values)])
    table = sweep.over_seeds(long)
    assert len(table) == 1
    assert table["seeds"].item() == len(values)
    return table["NDCG@10"].item()


def test_one_seed_has_no_interval():
    assert shown([0.2]) == "0.2000"


def test_two_seeds_by_hand():
    # Standard deviation 0.02 / sqrt 2, t(0.975, 1) = 12.7062: 12.7062 * 0.02 / 2.
    assert shown([0.19, 0.21]) == "0.2000 ± 0.1271"


def test_three_seeds_by_hand():
    # Standard deviation 0.1, t(0.975, 2) = 4.302653: 4.302653 * 0.1 / sqrt 3.
    assert shown([0.1, 0.2, 0.3]) == "0.2000 ± 0.2484"


def test_equal_seeds_have_an_interval_of_zero():
    assert shown([0.2, 0.2, 0.2]) == "0.2000 ± 0.0000"


def test_validation_and_slices_are_left_out():
    long = pd.concat([results(), results(9.0, split="valid"), results(9.0, slice="shuffled")])
    assert sweep.over_seeds(long)["NDCG@10"].tolist() == ["0.2000"]


def test_protocol_and_fewest_cases_are_shown():
    table = sweep.over_seeds(pd.concat([results(seed=1, cases=7), results(seed=2, cases=6)]))
    assert table["protocol"].tolist() == ["full"]
    assert table["cases"].tolist() == [6]


def test_dialogues_have_their_own_columns():
    """Whatever the number of items shown; the slices of turns are no rows."""
    long = pd.concat([
        results(0.5, metric="success", k=3), results(2.5, metric="avg_turns", k=3),
        results(1.5, metric="avg_turns", k=3, slice="successes"),
        results(0.4, metric="success", k=3, slice="turn=1"),
    ])  # fmt: skip
    table = sweep.over_seeds(long)
    assert table[["success", "average turns"]].to_numpy().tolist() == [["0.5000", "2.5000"]]


def test_without_a_test_split_validation_is_shown():
    assert sweep.over_seeds(results(split="valid"))["NDCG@10"].tolist() == ["0.2000"]


def test_success_by_turn_is_drawn_for_each_data_set(tmp_path):
    long = pd.concat([
        results(0.1 * turn, metric="success", slice=f"turn={turn}", dataset=data, scorer=scorer)
        for turn in (1, 2) for data in ("a", "b") for scorer in ("s", "s + requirements")
    ])  # fmt: skip
    sweep.draw(long, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["success.png", "success_1.png"]
    sweep.draw(results(), tmp_path / "none")


@pytest.mark.parametrize("key", ["dataset", "model", "protocol", "scorer"])
def test_a_row_for_each(key):
    table = sweep.over_seeds(pd.concat([results(0.2), results(0.4, **{key: "other"})]))
    assert table["NDCG@10"].tolist() == ["0.2000", "0.4000"]


def test_jobs_that_differ_by_more_than_seed_are_told_apart():
    jobs = [["intents.k=6", "seed=1", "a=1"], ["intents.k=9", "seed=1", "a=1"]]
    assert sweep.varied(jobs) == ["intents.k=6", "intents.k=9"]
    assert sweep.varied([["seed=1", "model=a"], ["seed=2", "model=b"]]) == ["", ""]
    assert sweep.varied([]) == []


def test_an_older_result_stands_beside_one_with_metrics_of_lists(tmp_path):
    """It has its row in the main table, and none in that of the lists; `cases` of the main table
    are those of the ranks."""
    new = [results(0.3, 2)]
    new += [results(0.5, 2, metric="coverage", low=None, high=None),
            results(0.7, 2, metric="diversity", cases=3)]  # fmt: skip
    found = Sweep(tmp_path)
    found.job(0, results(0.2, 1, model="old"))
    found.job(1, pd.concat(new))
    found.end()
    text = (tmp_path / "results.md").read_text()
    first, second, _ = text.split("\n\n")
    assert "NDCG@10" in first and "Coverage" not in first and "| old " in first
    assert [line.split("|")[6].strip() for line in first.splitlines()[2:]] == ["5", "5"]
    assert "| Coverage@10 | Diversity@10 |" in second and "| old " not in second
    assert "| 0.5000      | 0.7000       |" in second


class Sweep:
    """A finished multirun's folder."""

    def __init__(self, folder: Path, launch: str = "one") -> None:
        self.folder, self.launch = folder, launch

    def job(
        self, number: int, frame: pd.DataFrame | None, overrides: tuple = (), **failure: object
    ) -> None:
        file = None
        if frame is not None:
            file = self.folder / f"{number}.parquet"
            frame.to_parquet(file, index=False)
        own = {"overrides": {"task": list(overrides)}, "job": {"num": number}}
        sweep.record(self.hydra(own), failure.get("error"), file, failure.get("code", 0))

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
    first, second = capsys.readouterr().out.split("\n\n")[:2]
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
    assert "intents.k=6" in out
    assert "0.1000 " in out
    assert "0.3000 " in out
    assert " ± 0" not in out


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
    (multirun.folder / "0.parquet").write_bytes(b"no table")
    with pytest.raises(SystemExit) as end:
        multirun.end()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("error: the sweep's table: ")


def test_a_sweep_without_any_outcome_fails(multirun, capsys):
    with pytest.raises(SystemExit) as end:
        multirun.end()
    assert end.value.code == 1
    assert capsys.readouterr().err == "failed    no job left an outcome\n"
