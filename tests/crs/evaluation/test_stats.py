import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.evaluation import stats
from crs.evaluation.stats import bootstrap_intervals, cluster_sums, holm, paired_tests
from tests.contracts.tiny import quick


def clustered(seed, clusters=30, largest=6, shift=0.0):
    """Cases that share their cluster's effect: [n, 1] values and the cluster of each."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(1, largest + 1, clusters))
    effect = rng.normal(shift, 1.0, clusters)
    return (effect[cluster] + rng.normal(0, 0.1, len(cluster)))[:, None], cluster


def test_holm_hand_worked():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_one_p_value_alone():
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


@quick
@given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=8))
def test_holm_lies_between_p_and_bonferroni_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    for p, after in zip(p_values, adjusted, strict=True):
        assert p <= after <= min(1.0, len(p_values) * p)
    assert [adjusted[i] for i in np.argsort(p_values, kind="stable")] == sorted(adjusted)


def test_cluster_sums_add_up_whatever_the_labels():
    sums, counts = cluster_sums(np.array([[1.0], [2.0], [4.0]]), np.array([9, 3, 9]))
    assert sums.tolist() == [[2.0], [5.0]]
    assert counts.tolist() == [1, 2]


@pytest.mark.parametrize("chunk", [1, 70, 1 << 23])
def test_one_case_a_cluster_is_the_plain_percentile_bootstrap(chunk, monkeypatch):
    monkeypatch.setattr(stats, "CHUNK", chunk)
    values = np.random.default_rng(0).normal(size=(25, 3))
    low, high = bootstrap_intervals(values, np.arange(25), 400, 0.9, seed=5)
    drawn = np.random.default_rng(5).integers(25, size=(400, 25))
    means = values[drawn].mean(1)
    assert low == pytest.approx(np.percentile(means, 5, axis=0))
    assert high == pytest.approx(np.percentile(means, 95, axis=0))


def test_a_resample_takes_whole_clusters():
    # Within each cluster the values cancel: no resample of clusters can move the mean.
    values, cluster = np.tile([[1.0], [-1.0]], (10, 1)), np.repeat(np.arange(10), 2)
    assert bootstrap_intervals(values, cluster, 200, 0.95, seed=1) == ([0.0], [0.0])


def test_intervals_cover_the_true_mean_about_as_often_as_they_say():
    hits = 0
    for seed in range(200):
        values, cluster = clustered(seed, clusters=60)
        low, high = bootstrap_intervals(values, cluster, 300, 0.95, seed)
        hits += bool(low[0] <= 0 <= high[0])
    assert 0.90 <= hits / 200 <= 0.99


def test_intervals_that_ignore_clusters_are_too_narrow():
    values, cluster = clustered(1)
    low, high = bootstrap_intervals(values, cluster, 500, 0.95, seed=1)
    plain_low, plain_high = bootstrap_intervals(values, np.arange(len(values)), 500, 0.95, seed=1)
    assert high - low > 1.3 * (plain_high - plain_low)


def test_p_hand_worked():
    # Three clusters that all favour one system: 2 of the 8 sign patterns are as extreme.
    p = paired_tests(np.ones((3, 1)), np.arange(3), 9999, seed=0)
    assert p[0] == pytest.approx(0.25, abs=0.02)


def test_p_is_the_same_from_both_sides():
    values, cluster = clustered(2, shift=0.3)
    one, two = (paired_tests(sign * values, cluster, 999, seed=3) for sign in (1, -1))
    assert one == two


def test_equal_systems_have_p_1():
    assert paired_tests(np.zeros((8, 2)), np.arange(8), 99, seed=0).tolist() == [1.0, 1.0]


def test_a_clear_difference_has_the_smallest_p():
    p = paired_tests(np.ones((40, 1)), np.arange(40), 999, seed=0)
    assert p[0] == 1 / 1000


def test_repeating_cases_within_clusters_changes_no_p():
    values, cluster = clustered(4, clusters=12, shift=0.4)
    once = paired_tests(values, cluster, 999, seed=1)
    again = paired_tests(np.repeat(values, 20, axis=0), np.repeat(cluster, 20), 999, seed=1)
    assert again == pytest.approx(once)
    alone = paired_tests(np.repeat(values, 20, axis=0), np.arange(20 * len(values)), 999, seed=1)
    assert alone < once


@pytest.mark.parametrize("chunk", [1, 100])
def test_chunks_change_no_figure(chunk, monkeypatch):
    values, cluster = clustered(5)
    whole = paired_tests(values, cluster, 200, 0), bootstrap_intervals(values, cluster, 50, 0.9, 0)
    monkeypatch.setattr(stats, "CHUNK", chunk)
    parts = paired_tests(values, cluster, 200, 0), bootstrap_intervals(values, cluster, 50, 0.9, 0)
    np.testing.assert_allclose(parts[0], whole[0])
    np.testing.assert_allclose(parts[1], whole[1])


def test_p_values_under_no_difference_are_about_uniform():
    p = [paired_tests(*clustered(seed, clusters=15), 199, seed)[0] for seed in range(200)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09
    assert 0.4 <= np.mean(p) <= 0.6
