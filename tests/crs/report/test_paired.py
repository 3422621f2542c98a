"""The difference of two scorers over seeds, from ranks worked by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crs.errors import UserError
from crs.evaluation import stats
from crs.evaluation.results import COLUMNS
from crs.report import report
from crs.report.collect import collect
from crs.report.report import Asked
from crs.store.store import Store

PROTOCOL = {"protocol": "full", "seen": "out", "padding": False}
INPUTS = {"dataset": "d", "simulate": "s", "pretrain": "p"}


def result(
    store: Path, name: str, scorer: str, ranks: list[float], inputs: dict = INPUTS, seed: int = 1,
    target: int = 5, **protocol: object,
) -> str:  # fmt: skip
    """A result of four cases, two users; the first two cases are the slice `early`."""
    evaluation = PROTOCOL | protocol
    cases = pd.DataFrame({
        "split": "test", "scorer": scorer, "slice": "all", "protocol": evaluation["protocol"],
        "user": [1, 1, 2, 2], "cut": [2, 3, 2, 3], "cluster": [1, 1, 2, 2],
        "target": [target, 6, 7, 8], "rank": ranks,
        "early": pd.array([True, True, False, False]),
    })  # fmt: skip
    row = {
        "dataset": "tiny", "model": scorer, "scorer": scorer, "sees": "history", "split": "test",
        "protocol": evaluation["protocol"], "slice": "all", "metric": "ndcg", "k": 10,
        "value": 0.5, "low": 0.0, "high": 1.0, "cases": 4, "seed": seed, "fingerprint": name,
    }  # fmt: skip
    folder = Store(store).partial("evaluate", name)
    folder.mkdir(parents=True)
    cases.to_parquet(folder / "ranks.parquet")
    pd.DataFrame([row])[COLUMNS].to_parquet(folder / "results.parquet")
    lineage = {stage: {"fingerprint": f"{made}0", "digest": made} for stage, made in inputs.items()}
    settings = {"evaluation": evaluation, "model": scorer, "seed": seed}
    manifest = {"settings": settings, "inputs": lineage, "summary": {}}
    return str(Store(store).finish("evaluate", name, manifest).path)


@pytest.fixture
def results(tmp_path) -> tuple[list[str], list[str]]:
    good = [result(tmp_path, f"a{seed}", "good", ranks, seed=seed)
            for seed, ranks in enumerate(([1, 1, 1, 1], [1, 1, 9, 9]))]  # fmt: skip
    poor = [result(tmp_path, f"b{seed}", "poor", [9, 9, 9, 9], seed=seed) for seed in range(2)]
    return good, poor


def compared(*places: str, scorer: str = "poor", part: str = "all") -> pd.DataFrame:
    made = report.of([collect(place) for place in places], Asked(scorer, (1,), part), "Report")
    (section,) = made.sections
    return section.tests


def test_a_case_counts_its_mean_over_the_seeds(results):
    good, poor = results
    found = compared(*good, *poor).set_index(["cases", "metric"])
    # HR@1 by case: 1, 1, .5, .5 against 0; by seed 1 and .5; users have 1 and .5.
    whole = found.loc["all (4)", "HR@1"]
    assert (whole["scorer"], whole["against"]) == ("good", "poor")
    assert (whole["mean"], whole["mean against"], whole["difference"]) == (0.75, 0.0, 0.75)
    assert (whole["low"], whole["high"]) == (0.5, 1.0)
    assert whole["by seed"] == "+1.0000 +0.5000"
    early = found.loc["early (2)", "HR@1"]
    assert (early["difference"], early["low"], early["high"]) == (1.0, 1.0, 1.0)


def test_seeds_that_one_side_lacks_are_left_out_of_both(results):
    """HR@1 of `good` is 1 with seed 0 and .5 with seed 1."""
    good, poor = results
    found = compared(*good, poor[1]).set_index(["cases", "metric"]).loc["all (4)", "HR@1"]
    assert (found["mean"], found["difference"], found["by seed"]) == (0.5, 0.5, "+0.5000")


def test_p_is_adjusted_by_holm_over_the_rows_of_one_metric(results, tmp_path):
    good, poor = results
    ranks = [1, 9, 9, 9]
    middling = [result(tmp_path, f"c{seed}", "middling", ranks, seed=seed) for seed in (0, 1)]
    found = compared(*good, *poor, *middling)
    one = found[(found["metric"] == "HR@1") & (found["cases"] == "all (4)")]
    assert sorted(one["scorer"]) == ["good", "middling"]
    assert one["p (Holm)"].tolist() == stats.holm(one["p"].tolist())
    assert (one["p (Holm)"] >= one["p"]).all()


def test_a_baseline_that_stands_in_several_results_is_compared_once(results, tmp_path):
    good, poor = results
    again = [result(tmp_path / "other", f"d{seed}", "good", ranks, seed=seed)
             for seed, ranks in enumerate(([1, 1, 1, 1], [1, 1, 9, 9]))]  # fmt: skip
    for place in again:  # of another model
        folder = Path(place)
        frame = pd.read_parquet(folder / "results.parquet").assign(model="another")
        made = Store(tmp_path / "third").partial("evaluate", folder.name)
        made.mkdir(parents=True)
        frame.to_parquet(made / "results.parquet")
        pd.read_parquet(folder / "ranks.parquet").to_parquet(made / "ranks.parquet")
        manifest = collect(place).records[0].artifact.manifest
        kept = {key: manifest[key] for key in ("inputs", "summary")}
        settings = manifest["settings"] | {"model": "another"}
        Store(tmp_path / "third").finish("evaluate", folder.name, {**kept, "settings": settings})
    third = [str(tmp_path / "third" / "evaluate" / Path(place).name) for place in again]
    found = compared(*good, *poor, *third)
    assert found["scorer"].unique().tolist() == ["good, another: good"]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"protocol": "mine", "seen": "in"}, "have protocols full and mine"),
        ({"protocol": "full", "seen": "in"}, r"\(seen=out and in\)"),
        ({"inputs": INPUTS | {"dataset": "e"}}, "other data, dataset/d0 and dataset/e0"),
        ({"inputs": INPUTS | {"simulate": "t"}}, "other data, simulate/s0 and simulate/t0"),
        ({"target": 4}, "not about the same cases"),
    ],
)
def test_other_protocols_data_texts_and_cases_are_refused(other, told, results, tmp_path):
    """A scorer would differ from itself, with a p of .0001."""
    good, _ = results
    changed = result(tmp_path, "c", "poor", [9, 9, 9, 9], **other)
    with pytest.raises(UserError, match=told):
        compared(good[0], changed)


def test_cases_that_a_row_lacks_are_left_out_of_all_rows(results, tmp_path):
    """A scorer that hears something has no case whose text was dropped."""
    good, poor = results
    folder = Path(result(tmp_path / "x", "c", "fewer", [1, 9, 9, 9]))
    frame = pd.read_parquet(folder / "ranks.parquet").iloc[1:]
    made = Store(tmp_path / "y").partial("evaluate", "c")
    made.mkdir(parents=True)
    pd.read_parquet(folder / "results.parquet").to_parquet(made / "results.parquet")
    frame.to_parquet(made / "ranks.parquet")
    manifest = collect(str(folder)).records[0].artifact.manifest
    kept = {key: manifest[key] for key in ("inputs", "summary", "settings")}
    place = str(Store(tmp_path / "y").finish("evaluate", "c", kept).path)
    found = compared(good[0], poor[0], place).set_index(["cases", "metric", "scorer"])
    assert found.loc[("all (3)", "HR@1", "good"), "difference"] == 1.0
    assert found.loc[("all (3)", "HR@1", "fewer"), "difference"] == 0.0
    assert found.loc[("early (1)", "HR@1", "good"), "mean"] == 1.0


def test_models_may_stand_on_other_encoders_and_one_may_read_no_text(results, tmp_path):
    good, _ = results
    for name, inputs in (("c", INPUTS | {"pretrain": "q"}), ("d", {"dataset": "d"})):
        other = result(tmp_path, name, "poor", [9, 9, 9, 9], inputs)
        assert np.isclose(compared(good[0], other)["difference"].max(), 1.0)


def test_a_set_of_cases_that_is_not_there_is_refused(results):
    good, poor = results
    with pytest.raises(UserError, match="'good' has no cases 'late'; there are all"):
        compared(*good, *poor, part="late")
