"""Reports of real results: the figures by hand, what is refused, and the files."""

import shutil
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from crs.errors import UserError
from crs.report import paired, report
from crs.report.alike import check_alike
from crs.report.collect import Record, collect
from crs.report.picture import MOST, WIDE, draw, labels
from crs.report.report import Asked
from crs.report.study import Study
from crs.report.write import CSV, HTML, LATEX, PNG, write
from tests.contracts.tiny import other
from tests.crs.report.conftest import leave


def of(*places, **asked):
    return report.of([collect(str(place)) for place in places], Asked(**asked), "Report")


def value(artifact, scorer="sasrec", split="test", metric="ndcg"):
    long = artifact.load("results.parquet").query(
        "scorer == @scorer and split == @split and metric == @metric and k == 10 "
        "and slice == 'all' and protocol == 'full'"
    )
    return long["value"].item()


def test_a_row_has_the_mean_and_the_student_interval_of_its_seeds(swept, jobs):
    (section,) = of(swept).sections
    rows = {row["pretrain.lr"]: row for row in section.tables[0].rows if row["scorer"] == "sasrec"}
    for rate, row in rows.items():
        for heading, split in (("NDCG@10", "test"), ("NDCG@10 (valid)", "valid")):
            seeds = [value(jobs[rate, seed], split=split) for seed in (1, 2)]
            half = t.ppf(0.975, 1) * np.std(seeds, ddof=1) / 2**0.5
            assert row[heading].mean == pytest.approx(np.mean(seeds))
            assert row[heading].half == pytest.approx(half)
        assert row["seeds"] == 2


def test_rows_are_sorted_by_the_validation_figure(swept):
    table = of(swept).sections[0].tables[0]
    figures = [row["NDCG@10 (valid)"].mean for row in table.rows]
    assert table.figures[0] == "NDCG@10 (valid)"
    assert figures == sorted(figures, reverse=True)
    rates = {row["scorer"]: set() for row in table.rows}
    for row in table.rows:
        rates[row["scorer"]].add(row["pretrain.lr"])
    assert rates["sasrec"] == {"0.003", "0.01"}
    assert rates["popularity"] == {"any"}  # on which it does not act: one row


def test_results_named_alone_are_told_apart_by_their_manifests(jobs):
    table = of(*(one.path for one in jobs.values())).sections[0].tables[0]
    assert table.parameters == ["pretrain.lr"]
    assert sorted({row["pretrain.lr"] for row in table.rows}) == ["0.003", "0.01", "any"]
    assert {row["seeds"] for row in table.rows} == {2}


def test_the_table_of_a_result_names_it_and_one_named_twice_counts_once(jobs):
    one = jobs["0.01", 1].path
    table = of(one / "results.parquet", one / "results.md", one).sections[0].tables[0]
    assert table.parameters == [] and {row["seeds"] for row in table.rows} == {1}


def test_a_sweep_in_a_store_that_moved_is_found(swept, store, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(store, moved)
    gone = tmp_path / "gone"
    for file in (moved / "sweeps/one/outcomes/one").glob("*.json"):
        file.write_text(file.read_text().replace(str(store), str(gone)))
    assert len(of(moved / "sweeps" / "one").sections[0].records) == 4


def test_every_scorer_is_compared_with_another_on_the_same_cases(jobs):
    made = of(*(jobs["0.01", seed].path for seed in (1, 2)), scorer="popularity")
    tests = made.sections[0].tests
    row = tests[(tests["metric"] == "NDCG@10") & tests["cases"].str.startswith("all")].iloc[0]
    by_seed = [value(jobs["0.01", s]) - value(jobs["0.01", s], "popularity") for s in (1, 2)]
    assert row["difference"] == pytest.approx(np.mean(by_seed))
    assert row["low"] < row["difference"] < row["high"]
    assert row["by seed"].split() == [f"{one:+.4f}" for one in by_seed]
    assert "Holm over the rows" in made.markdown()


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({"evaluation": {"seen": "in"}}, r"protocols full and full \(seen=out and in\)"),
        ({"evaluation": {"protocol": "mine"}}, "protocols full and mine"),
        ({"inputs": {"dataset": {"fingerprint": "e0", "digest": "e"}}}, "other data, dataset/"),
    ],
)
def test_other_protocols_and_data_are_refused(jobs, tmp_path, manifest, told):
    one = jobs["0.01", 1]
    settings = one.manifest["settings"]
    evaluation = settings["evaluation"] | manifest.get("evaluation", {})
    changed = other(
        one, tmp_path / "evaluate" / "other", settings=settings | {"evaluation": evaluation},
        inputs=one.manifest["inputs"] | manifest.get("inputs", {}), sha256=None,
    )  # fmt: skip
    with pytest.raises(UserError, match=told):
        check_alike([Record(one), Record(changed)])


def test_a_texts_difference_is_seen_past_a_result_without_texts(jobs, tmp_path):
    """Two that read other texts are refused, though neither differs from the first."""
    one = jobs["0.01", 1]
    read = [
        Record(other(one, tmp_path / "evaluate" / name, inputs=one.manifest["inputs"] | {
            "simulate": {"fingerprint": name, "digest": name}}))
        for name in ("s0", "s1")
    ]  # fmt: skip
    with pytest.raises(UserError, match="other data, simulate/s0 and simulate/s1"):
        check_alike([Record(one), *read])


def test_results_of_two_stages_are_refused(jobs, talks):
    with pytest.raises(UserError, match="of the stages evaluate and multi_turn"):
        of(jobs["0.01", 1].path, talks.path)


def test_a_scorer_that_is_not_there_is_refused_with_those_that_are(jobs):
    with pytest.raises(UserError, match="no scorer 'best'; there are sasrec, "):
        _ = of(jobs["0.01", 1].path, scorer="best").sections[0].tests


def test_what_is_no_result_and_what_is_damaged_are_one_sentence(tmp_path, jobs):
    with pytest.raises(UserError, match="nowhere is no result, sweep or study; give the folder"):
        of(tmp_path / "nowhere")
    copy = tmp_path / "evaluate" / "copy"
    shutil.copytree(jobs["0.01", 1].path, copy)
    (copy / "ranks.parquet").write_bytes(b"no table")
    with pytest.raises(UserError, match="damaged"):
        of(copy)


def test_jobs_of_an_earlier_stage_have_the_figures_of_their_summaries(searched, tmp_path):
    folder = tmp_path / "sweeps" / "pretrain"
    results = Study.read(searched).results()
    for number, (trial, path) in enumerate(results):
        leave(folder, number, ("model=sasrec", f"pretrain.lr={trial}", "seed=1"), path)
    table = of(folder).sections[0].tables[0]
    assert table.figures == ["best (valid)"] and table.parameters == ["pretrain.lr"]
    best = [row["best (valid)"].mean for row in table.rows]
    assert len(best) == 2 and best == sorted(best, reverse=True)
    assert {row["model"] for row in table.rows} == {"sasrec"}
    with pytest.raises(UserError, match="--against compares test cases, and results of the stage"):
        _ = of(folder, scorer="sasrec").sections[0].tests


def test_dialogues_have_success_by_turn_and_are_compared(talks):
    (section,) = of(talks.path, scorer="popularity").sections
    label, line = section.turns()[0]
    long = talks.load("results.parquet")
    scorer = section.tables[0].rows[0]["scorer"]
    mine = long[(long["scorer"] == scorer) & long["slice"].isin(["turn=1", "turn=2"])]
    expected = mine[mine["metric"] == "success"]["value"].tolist()
    assert label == scorer and line["value"].tolist()[:2] == expected
    row = section.tests[section.tests["metric"] == "average turns"].iloc[0]
    theirs = talks.load("tests.parquet")
    whole = long[(long["slice"] == "all") & (long["metric"] == "avg_turns")]
    turns = whole.set_index("scorer")["value"]
    assert row["difference"] == pytest.approx(turns[row["scorer"]] - turns["popularity"])
    assert len(theirs) == 0  # each re-ranker has one scorer: the stage itself compares none


def test_users_who_leave_at_once_count_as_failures_in_tests_too(talks):
    """They have no row in the log."""
    log, long = (talks.load(name) for name in ("dialogues.parquet", "results.parquet"))
    scorer, silent = log["scorer"].iloc[0], log["case"].iloc[-1]
    files = {"dialogues.parquet": log[log["case"] != silent], "results.parquet": long}
    artifact = SimpleNamespace(load=files.__getitem__, manifest=talks.manifest)
    ends, figures = paired.talked(SimpleNamespace(artifact=artifact), scorer, "all", [])
    _, before = paired.talked(SimpleNamespace(artifact=talks), scorer, "all", [])
    assert len(ends) == len(before["success"]) == 20
    won = log[(log["scorer"] == scorer) & (log["case"] == silent)]["success"].any()
    assert figures["success"].sum() == before["success"].sum() - won
    assert ends["user"].iloc[0] == -1 and figures[paired.FEWER][0] == 5


def test_the_files_of_a_sweep(swept, tmp_path):
    made = of(swept, scorer="popularity")
    write(made, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {HTML, CSV, LATEX, PNG}
    table = pd.read_csv(tmp_path / CSV)
    assert table["pretrain.lr"].isin(["0.003", "0.01", "any"]).all() and "NDCG@10 ±" in table
    lines = (tmp_path / LATEX).read_text().splitlines()
    assert r"\toprule" in lines and any(r"$" in line and r"\pm" in line for line in lines)
    assert "Failed: job 4: the loss &#60;script>" in made.markdown()


def test_long_labels_of_the_picture_are_folded_and_nothing_warns(swept, tmp_path):
    made = of(swept)
    table = made.sections[0].tables[0]
    keys = [f"phase.a_setting_with_a_long_name_{n}" for n in range(7)]
    table.keys[2:2] = keys
    for row in table.rows:
        row |= dict.fromkeys(keys, "0.00123456789")
    with warnings.catch_warnings(action="error"):
        draw(made, tmp_path / "report.png")
    folded = labels(table)[0].split("\n")
    assert 3 < len(folded) <= MOST and max(map(len, folded)) <= WIDE


def test_tests_are_of_the_metrics_of_the_table(jobs):
    (section,) = of(jobs["0.01", 1].path, scorer="popularity").sections
    shown = [name for name in section.tables[0].figures if not name.endswith("(valid)")]
    assert section.tests["metric"].unique().tolist() == shown


def test_a_set_of_dialogues_that_is_not_there_is_refused(talks):
    (section,) = of(talks.path, scorer="popularity", part="late").sections
    with pytest.raises(UserError, match="has no cases 'late'; there are all"):
        _ = section.tests


def test_a_file_of_a_study_is_answered_with_its_folder(searched):
    with pytest.raises(UserError, match=f"is one file; give its folder, {searched}"):
        of(searched / "trials.parquet")


def test_a_study_has_its_trials_best_first_and_its_winner(searched, tmp_path):
    made = of(searched)
    (study,) = made.studies
    assert study.trials["trial"].tolist() == [1, 0, 2, 3]
    assert study.parameters == ["pretrain.lr"]
    assert study.best_values() == [(0, 0.3, 0.3), (1, 0.5, 0.5)]
    assert [trial for trial, _ in study.results()] == [1, 1, 0, 0]
    assert "4 of 4 trials: best (maximize)" in made.markdown()
    assert made.sections[0].tables[0].rows[0]["scorer"] == "sasrec"
    write(made, tmp_path)
    assert (tmp_path / HTML).is_file()


def test_a_study_that_is_half_there_is_one_sentence(searched, tmp_path):
    shutil.copy(searched / "study.json", tmp_path)
    with pytest.raises(UserError, match="has no whole study"):
        of(tmp_path)
