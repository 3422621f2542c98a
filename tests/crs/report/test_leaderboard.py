"""A leaderboard over real results on generated data: two models, two seeds."""

import numpy as np
import pandas as pd
import pytest

from crs.report.collect import Record
from crs.report.entries import Asked, Entries, entries_of
from crs.report.leaderboard import Leaderboard, Standing
from crs.report.spent import numbers_in, spent
from tests.crs.report.conftest import SEEDS, made
from tests.crs.report.test_entries import WORDS


@pytest.fixture(scope="module")
def leaderboard(store, jobs) -> Leaderboard:
    made(store, "model=popularity", "seed=2")
    asked = Asked(("popularity", "sasrec"), ("tiny",), SEEDS, (*WORDS, f"store={store}"))
    return Leaderboard(entries_of(asked), "python scripts/leaderboard.py")


@pytest.fixture(scope="module")
def board(leaderboard):
    [board] = leaderboard.standings[0].boards
    return board


def test_a_row_is_a_model_and_its_figures_are_means_over_seeds(board, jobs):
    rows = {row["model"]: row for row in board.table.rows}
    assert {*rows} == {"popularity", "sasrec"}
    assert (rows["sasrec"]["seeds"], rows["popularity"]["seeds"]) == (2, 1)
    values = [jobs["0.01", seed].summary["ndcg@10"] for seed in SEEDS]
    assert rows["sasrec"]["NDCG@10"].mean == pytest.approx(np.mean(values))
    valid = [row["NDCG@10 (valid)"].mean for row in board.table.rows]
    assert valid == sorted(valid, reverse=True)


def test_rows_are_compared_with_the_best_baseline_over_the_seeds_that_both_have(board, jobs):
    ndcg = {row["model"]: row["NDCG@10"].mean for row in board.table.rows}
    best = board.table.rows[0]["model"]
    assert board.baseline == best
    [(other, test)] = board.against.items()
    of = ndcg | {"sasrec": jobs["0.01", 2].summary["ndcg@10"]}  # popularity has seed 2 alone
    assert test.difference == pytest.approx(of[other] - of[best])
    assert test.low <= test.difference <= test.high and test.holm == test.p


def test_a_model_takes_what_the_manifests_and_weights_say(board):
    [row] = [row for row in board.numbers().to_dict("records") if row["model"] == "sasrec"]
    records = board.found["sasrec"]
    seconds = [a.manifest["seconds"] for record in records for a in record.stages.values()]
    assert row["minutes"] == pytest.approx(sum(seconds) / len(SEEDS) / 60, abs=1e-3)
    assert row["peak_memory_mb"] == max(
        a.manifest["peak_memory_mb"] for record in records for a in record.stages.values()
    )
    assert 0 < row["parameters"] < 10_000 and board.parameters("popularity") == 0
    assert row["command"].endswith("seed=1,2")


def test_results_of_several_questions_are_several_boards(store, jobs, finished):
    """Other data of one name, as after a remake."""
    entries = entries_of(Asked(("sasrec",), ("tiny",), SEEDS, (*WORDS, f"store={store}")))
    [mine] = entries.entries["tiny"]
    other = type(mine)("latentcrs", "tiny", (), [Record(finished)], [])
    standing = Standing("tiny", [mine, other])
    assert [[*board.found] for board in standing.boards] == [["sasrec"], ["latentcrs"]]


def test_a_model_that_reads_the_encoder_counts_its_weights_too(finished):
    record = Record(finished)
    stages = record.stages
    parts = numbers_in(stages["train"]) + numbers_in(stages["pretrain"])
    assert spent(record).parameters == parts > numbers_in(stages["train"])


def test_without_a_result_there_is_no_board():
    empty = Leaderboard(Entries(entries={"tiny": []}), "python scripts/leaderboard.py")
    assert empty.standings[0].boards == []
    pd.testing.assert_frame_equal(empty.csv(), pd.DataFrame())
