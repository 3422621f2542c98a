"""The table: mean and interval over seeds, by hand, and what is a row and what a column."""

import pandas as pd
import pytest

from crs.report.table import Table, table, tables
from tests.contracts.long_table import results


def of(*parts: pd.DataFrame) -> Table:
    return table(pd.concat(parts, ignore_index=True))


def shown(values: list[float]) -> str:
    found = of(*(results(value, seed) for seed, value in enumerate(values)))
    (row,) = found.rows
    assert row["seeds"] == len(values)
    return str(row["NDCG@10"])


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


def test_validation_stands_beside_test_and_slices_are_left_out():
    found = of(results(), results(0.9, split="valid"), results(9.0, slice="shuffled"))
    assert found.figures == ["NDCG@10 (valid)", "NDCG@10"]
    assert found.texts()[found.figures].to_numpy().tolist() == [["0.9000", "0.2000"]]


def test_what_all_rows_share_is_in_the_title_and_the_fewest_cases_count():
    found = of(results(seed=1, cases=7), results(seed=2, cases=6))
    assert found.title == "tiny, full, 6 cases"
    assert list(found.texts()) == ["model", "scorer", "sees", "seeds", "NDCG@10"]


def test_the_cases_are_those_of_the_figures_of_test():
    found = of(results(cases=240), results(0.9, split="valid", cases=50))
    assert found.title == "tiny, full, 240 cases"


def test_dialogues_have_their_own_columns():
    """Whatever the number of items shown; the slices of turns are no rows."""
    found = of(
        results(0.5, metric="success", k=3), results(2.5, metric="avg_turns", k=3),
        results(1.5, metric="avg_turns", k=3, slice="successes"),
        results(0.4, metric="success", k=3, slice="turn=1"),
    )  # fmt: skip
    assert found.figures == ["success", "average turns"]
    assert found.texts()[found.figures].to_numpy().tolist() == [["0.5000", "2.5000"]]


def test_without_a_test_split_validation_is_shown():
    found = of(results(split="valid"), results(0.4, split="valid", scorer="better"))
    assert found.figures == ["NDCG@10 (valid)"]
    assert found.texts()["scorer"].tolist() == ["better", "s"]


def test_a_row_without_a_validation_figure_comes_last():
    found = of(results(0.9), results(0.1, model="n"), results(0.2, model="n", split="valid"))
    assert found.texts()["model"].tolist() == ["n", "m"]
    assert found.texts()["NDCG@10 (valid)"].tolist() == ["0.2000", "–"]


@pytest.mark.parametrize("key", ["dataset", "model", "protocol", "scorer", "pretrain.lr"])
def test_a_row_for_each(key):
    found = of(results(0.2, **{key: "one"}), results(0.4, **{key: "other"}))
    assert found.texts()["NDCG@10"].tolist() == ["0.2000", "0.4000"]
    assert found.texts()[key].tolist() == ["one", "other"]


def test_the_lists_are_in_the_order_of_the_table_above():
    parts = [
        results(value, model=model, split=split, metric=metric)
        for model, best in (("a", 0.1), ("b", 0.3))
        for split in ("valid", "test") for metric, value in (("ndcg", best), ("coverage", 1 - best))
    ]  # fmt: skip
    main, lists = tables(pd.concat(parts, ignore_index=True))
    assert [row["model"] for row in main.rows] == ["b", "a"]
    assert [row["model"] for row in lists.rows] == ["b", "a"]
    assert lists.figures == ["Coverage@10"]


def test_a_baseline_that_is_the_same_for_each_model_and_value_is_one_row():
    parts = [
        results(value, model=model, scorer=scorer, **{"pretrain.lr": lr})
        for model in ("a", "b") for lr, own in (("1", 0.3), ("2", 0.4))
        for scorer, value in (("popularity", 0.1), (model, own))
    ]  # fmt: skip
    found = of(*parts)
    cells = {(row["scorer"], row["model"], row["pretrain.lr"]) for row in found.rows}
    assert cells == {("popularity", "any", "any"),
                     *((name, name, lr) for name in "ab" for lr in "12")}  # fmt: skip
    (row,) = (row for row in found.rows if row["scorer"] == "popularity")
    groups = [(model, lr) for model in "ab" for lr in "12"]
    assert (found.label(row), found.groups(row)) == ("popularity", groups)


def test_programs_get_mean_and_half_interval_in_columns_of_their_own():
    numbers = of(results(0.19, 1), results(0.21, 2)).numbers()
    assert numbers["NDCG@10"].item() == pytest.approx(0.2)
    assert numbers["NDCG@10 ±"].item() == pytest.approx(0.127062, abs=1e-6)
