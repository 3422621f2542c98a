"""Cases are scored in shards: the ranks are those of all at once, and no case comes twice."""

from dataclasses import replace

import pytest

from crs.engine import local
from crs.evaluation import evaluate, shards
from crs.evaluation.shards import Scoring
from crs.settings.engine import Engine
from crs.stages.evaluation import Evaluate
from tests.contracts.scorers import OPTIONS
from tests.contracts.tiny import context

SETTINGS = Evaluate("attribute_filter", 3, replace(OPTIONS, candidates="random"))
FILES = ("ranks.parquet", "topk.parquet", "results.parquet", "tests.parquet")


@pytest.fixture
def found(inputs, tmp_path):
    """A function that makes the stage's files with some engine; their bytes by name."""

    def made(name, **engine):
        (folder := tmp_path / name).mkdir()
        evaluate.run(SETTINGS, inputs, folder, replace(context(), engine=Engine(**engine)))
        return {file: (folder / file).read_bytes() for file in FILES}

    return made


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_shards_hold_each_case_of_each_scorer_once(inputs, monkeypatch, size):
    monkeypatch.setattr(shards, "SHARD", size)
    scoring = Scoring(SETTINGS, inputs)
    held = [
        (shard.split, shard.part, shard.scorer, case)
        for shard in scoring.shards()
        for case in range(shard.first, shard.last)
    ]
    assert (
        len(held)
        == len(set(held))
        == 2 * len(scoring.sets["valid"]["all"]) + 2 * len(scoring.sets["test"]["all"])
    )


def test_shards_change_no_byte(found, monkeypatch):
    whole = found("whole")
    monkeypatch.setattr(shards, "SHARD", 7)
    assert found("shards") == whole


def test_texts_are_shuffled_within_the_whole_set(inputs, monkeypatch):
    scoring = Scoring(SETTINGS, inputs)
    (whole, *_) = scoring.shards()
    mixed = scoring.cases(whole)[1].text.tolist()
    monkeypatch.setattr(shards, "SHARD", 7)
    parts = [one for one in scoring.shards() if one.split == "valid" and one.scorer == whole.scorer]
    assert [row for part in parts for row in scoring.cases(part)[1].text.tolist()] == mixed


def test_two_processes_give_the_same_bytes(found, monkeypatch):
    started = []

    class Counted(local.Processes):
        def __init__(self, number, *arguments):
            started.append(number)
            super().__init__(number, *arguments)

    monkeypatch.setattr(local, "Processes", Counted)
    monkeypatch.setattr(shards, "SHARD", 20)
    assert found("two", processes=2) == found("one")
    assert started == [2]
