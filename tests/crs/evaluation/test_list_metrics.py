import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.evaluation import list_metrics
from crs.evaluation.list_metrics import Catalogue, coverage, diversity, figures, novelty
from tests.contracts.tiny import quick

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
    found = figures(lists, ITEMS, [1, 2])
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
