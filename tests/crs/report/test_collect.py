"""Which results belong to one row of a report."""

from types import SimpleNamespace

import pytest

from crs.report.collect import distinct, swept_alike


def record(name, swept, seed=1):
    artifact = SimpleNamespace(stage="evaluate", fingerprint=name)
    return SimpleNamespace(artifact=artifact, swept=swept, model="m", dataset="d", seed=seed)


@pytest.mark.parametrize(("records", "alike"), [
    ([record("a", {"lr": "1"}), record("b", {"lr": "2"})], True),
    ([record("a", {"lr": "1"}), record("b", {"lr": "1"}, seed=2)], True),
    ([record("a", {"lr": "1"}), record("b", {"dim": "2"})], False),
    ([record("a", {"lr": "1"}), record("b", None)], False),
    # Two sweeps over seeds alone, of other settings: their results are no repetitions.
    ([record("a", {}), record("b", {})], False),
])  # fmt: skip
def test_what_was_swept_tells_results_apart(records, alike):
    assert swept_alike(records) is alike


def test_a_result_counts_once_where_a_sweep_and_a_result_of_it_are_named():
    one, copy = record("a", {"lr": "1"}), record("a", None)
    assert distinct([one, record("b", {"lr": "2"}), copy]) == [one, record("b", {"lr": "2"})]
