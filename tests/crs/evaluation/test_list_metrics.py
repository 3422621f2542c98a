import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.evaluation import evaluate, list_metrics, scoring
from crs.evaluation.list_metrics import (
    LIST_METRICS,
    Catalogue,
    coverage,
    diversity,
    novelty,
    per_list,
)
from crs.models.popularity.scorers import Popularity
from crs.stages.evaluation import Evaluate
from crs.testing.histories import sequences
from tests.contracts.scorers import OPTIONS, OWN, Fixed
from tests.contracts.tiny import dataset, made, quick

ITEMS = Catalogue.of(np.array([0, 8, 4, 2, 2, 0]), [[1, 2], [2, 3], [], [1, 2, 3, 4], [5]])
"""Five items; of 16 training interactions they have 8, 4, 2, 2 and 0."""


def test_information_is_that_of_the_training_share():
    """-log2 of 1/2, 1/4, 1/8 and 1/8; an item that training never saw counts once: 1/16."""
    assert ITEMS.information.tolist() == [0, 1, 2, 3, 3, 4]


def test_coverage_by_hand():
    """Items 1, 2 and 4 of five; 0 is no item."""
    lists = np.array([[1, 2], [2, 1], [4, 0]])
    assert coverage(lists, ITEMS) == 3 / 5
    assert coverage(lists[:, :1], ITEMS) == 3 / 5
    assert coverage(lists[:2, :1], ITEMS) == 2 / 5


def test_novelty_by_hand():
    """Means of the items that there are; a list without any has none."""
    found = novelty(np.array([[1, 2, 3], [5, 1, 0], [0, 0, 0]]), ITEMS)
    assert found.tolist() == pytest.approx([2, 2.5, np.nan], nan_ok=True)


def test_diversity_by_hand():
    """Jaccard of items 1 and 2 is 1/3, of 1 and 4 2/4, of 2 and 4 2/4; item 5 shares nothing;
    item 3 has no attributes and is in no pair."""
    lists = np.array([[1, 2, 4], [1, 2, 5], [1, 3, 2], [3, 1, 0], [0, 0, 0]])
    expected = [(2 / 3 + 1 / 2 + 1 / 2) / 3, (2 / 3 + 1 + 1) / 3, 2 / 3, np.nan, np.nan]
    assert diversity(lists, ITEMS).tolist() == pytest.approx(expected, nan_ok=True)


def test_without_attributes_no_list_is_diverse():
    bare = Catalogue.of(np.array([0, 1, 1]), [[], []])
    assert np.isnan(diversity(np.array([[1, 2]]), bare)).all()


def test_chunks_change_nothing(monkeypatch):
    lists = np.random.default_rng(0).integers(0, 6, (50, 4))
    whole = diversity(lists, ITEMS)
    monkeypatch.setattr(list_metrics, "CHUNK_FLOATS", 100)
    assert np.array_equal(diversity(lists, ITEMS), whole, equal_nan=True)


def test_figures_are_of_the_first_k():
    lists = np.array([[1, 2, 4], [5, 1, 2]])
    found = per_list(lists, ITEMS, [1, 2])
    assert list(found) == [(name, k) for k in (1, 2) for name in ("coverage", "novelty",
                                                                  "diversity")]  # fmt: skip
    assert found["coverage", 2] == 3 / 5 and found["novelty", 1].tolist() == [1, 4]
    assert np.isnan(found["diversity", 1]).all() and np.isfinite(found["diversity", 2]).all()


some_lists = st.integers(1, 4).flatmap(
    lambda k: st.lists(st.permutations(range(1, 6)).map(lambda row: row[:k]), min_size=1)
)


@quick
@given(some_lists, st.randoms(use_true_random=False))
def test_metrics_are_bounded_and_the_order_of_cases_changes_nothing(rows, random):
    lists = np.array(rows)
    order = np.array(random.sample(range(len(rows)), len(rows)))
    assert 0 < coverage(lists, ITEMS) <= 1
    assert coverage(lists[order], ITEMS) == coverage(lists, ITEMS)
    for metric, high in ((novelty, ITEMS.information.max()), (diversity, 1)):
        values = metric(lists, ITEMS)
        some = values[~np.isnan(values)]
        assert ((some >= 0) & (some <= high)).all()
        assert np.array_equal(metric(lists[order], ITEMS), values[order], equal_nan=True)


@quick
@given(some_lists, st.randoms(use_true_random=False))
def test_the_order_of_a_list_changes_nothing(rows, random):
    mixed = np.array([random.sample(row, len(row)) for row in rows])
    for metric in (coverage, novelty, diversity):
        expected = metric(np.array(rows), ITEMS)
        assert metric(mixed, ITEMS) == pytest.approx(expected, nan_ok=True)


@quick
@given(some_lists)
def test_longer_lists_cover_more(rows):
    lists = np.array(rows)
    found = [float(coverage(lists[:, : k + 1], ITEMS)) for k in range(lists.shape[1])]
    assert found == sorted(found)


# In the result of `evaluate`


def test_metrics_of_lists_are_those_of_the_lists_that_are_kept(result, long, inputs):
    """`topk.parquet` is enough to compute them again."""
    dataset, found = inputs["dataset"], result.load("topk.parquet")
    counts = np.bincount(
        [item for items in dataset.load("interactions.parquet").groupby("user")["item"]
         .agg(list) for item in items[:-2]], minlength=dataset.summary["items"] + 1
    )  # fmt: skip
    catalogue = Catalogue.of(counts, dataset.load("items.parquet")["attributes"])
    for (split, scorer, part), group in found.groupby(["split", "scorer", "slice"]):
        lists = np.stack(group["items"])
        assert lists.shape[1] == 10
        rows = long[(long["scorer"] == scorer) & (long["split"] == split)
                    & (long["slice"] == part)].set_index(["metric", "k"])  # fmt: skip
        for k in (5, 10):
            assert rows.loc[("coverage", k), "value"] == coverage(lists[:, :k], catalogue)
            for one in (novelty, diversity):
                row, values = rows.loc[(one.__name__, k)], one(lists[:, :k], catalogue)
                assert row["value"] == pytest.approx(np.nanmean(values))
                assert row["low"] <= row["value"] <= row["high"]
                assert row["cases"] == np.isfinite(values).sum()


def test_a_list_holds_what_may_be_recommended_and_a_hit_is_a_target_in_it(result, inputs):
    """No item of the history; an item of rank r stands at place r where nothing ties with it."""
    ranks, lists = result.load("ranks.parquet"), result.load("topk.parquet")
    assert lists[["split", "scorer", "slice", "user", "cut"]].equals(
        ranks[["split", "scorer", "slice", "user", "cut"]]
    )
    data = Sequences.of(inputs["dataset"])
    for items, (user, cut, target, rank) in zip(
        lists["items"],
        ranks[["user", "cut", "target", "rank"]].itertuples(index=False),
        strict=True,
    ):
        start = data.offsets[user]
        history = set(data.items[start : start + cut].tolist())
        assert not history & set(items) and min(items) >= 0
        if rank == 1.0:
            assert items[0] == target


def test_metrics_of_lists_stand_in_a_table_below(result, long):
    text = (result.path / "results.md").read_text()
    first, second = (
        text.index("| NDCG@10 "),
        text.index("| Coverage@10 | Novelty@10 | Diversity@10"),
    )
    assert first < text.index("Test split, protocol") < second
    assert all(one.label not in text[:second] for one in LIST_METRICS.values())
    row = long[(long["scorer"] == "toy half") & (long["split"] == "test") & (long["k"] == 10)]
    cells = [f"{row[row['metric'] == name]['value'].item():.4f}" for name in LIST_METRICS]
    assert [cell.strip() for cell in text[second:].splitlines()[3].split("|")[2:-1]] == cells
    assert result.summary["coverage@10"] > 0 and "diversity@10" in result.summary


def test_without_attributes_diversity_is_left_out_with_a_word(inputs, tmp_path, monkeypatch):
    def scorers(found):
        return {"toy": Popularity(Sequences.of(found["dataset"]))}

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
    plain = dataset(tmp_path)
    items = plain.load("items.parquet")
    items["attributes"] = [[] for _ in range(len(items))]
    items.to_parquet(plain.path / "items.parquet", index=False)
    found = made(
        evaluate,
        Evaluate("toy", 3, OPTIONS, OWN),
        {"dataset": plain},
        tmp_path / "out",
    )
    assert "diversity" not in set(found.load("results.parquet")["metric"])
    text = (found.path / "results.md").read_text()
    assert "Diversity is left out: no list has two items with attributes." in text
    assert "| Coverage@10 | Novelty@10 |" in text


def test_under_the_other_protocols_lists_hold_what_those_rank():
    """Items 1 to 5 score 5, 4, -1, -2, -3, the history is 1 and 2: out, kept in, or scored 0."""
    data = sequences([1, 2, 3, 4], items=5)
    cases = Cases(data, torch.tensor([1]), torch.tensor([2]))
    scorer = Fixed(9.0, 5.0, 4.0, -1.0, -2.0, -3.0)
    scored = scorer.queries(cases), scorer.catalogue()
    found = {seen: scoring.case_lists(*scored, cases, replace(OPTIONS, seen=seen, ks=[5, 9]))
             for seen in ("out", "in", "zero")}  # fmt: skip
    assert found["out"].tolist() == [[3, 4, 5, 0, 0]]
    assert found["in"].tolist() == [[1, 2, 3, 4, 5]]
    assert set(found["zero"][0, :2]) == {1, 2} and found["zero"][0, 2:].tolist() == [3, 4, 5]
