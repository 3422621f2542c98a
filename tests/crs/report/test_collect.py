"""Which results belong to one row of a report."""

from types import SimpleNamespace

import pytest

from crs.report.collect import Record, distinct, parameters, swept_alike


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


def made(seed, **settings):
    return SimpleNamespace(swept=None, model="m", dataset="d", seed=seed, settings=settings)


def test_a_stage_that_some_results_have_is_told_by_the_setting_that_asks_for_it():
    words = {"embed_items version": "1", "embedder.dim": "384"}
    without = [made(seed, words="False", embed_seed=None, lr="1") for seed in (1, 2)]
    with_them = [made(seed, words="True", embed_seed=str(seed), lr="1", **words) for seed in (1, 2)]
    assert parameters(without + with_them) == [{"words": "False"}] * 2 + [{"words": "True"}] * 2
    # What the setting does not tell stays.
    wider = [made(1, words="True", embed_seed="1", lr="1", **words | {"embedder.dim": "768"})]
    told = parameters(without + with_them + wider)
    assert [one["embedder.dim"] for one in told] == ["", "", "384", "384", "768"]
    assert {frozenset(one) for one in told} == {frozenset({"words", "embedder.dim"})}


def test_a_setting_that_is_in_no_name_has_its_neutral_value():
    settings = {"model": "c2crs", "seed": 1, "c2crs": {"views": "words"}}
    manifest = {"settings": settings, "inputs": {}}
    artifact = SimpleNamespace(stage="train", manifest=manifest, identity=object())
    record = Record(artifact)
    vars(record).update(stages={"train": artifact})
    assert record.settings["c2crs.words"] == "False"
    assert "towers.words" not in record.settings
