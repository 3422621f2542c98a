"""Dialogues that several modules look at."""

import sys
from types import SimpleNamespace

import pytest

from tests.contracts.tiny import spoken
from tests.multi_turn.stage import play, scorers


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return spoken(tmp_path_factory.mktemp("spoken"))


@pytest.fixture(autouse=True, scope="module")
def toy():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
        yield


@pytest.fixture(scope="module")
def result(inputs, tmp_path_factory):
    return play(inputs, tmp_path_factory.mktemp("result") / "multi_turn")


@pytest.fixture(scope="module")
def long(result):
    return result.load("results.parquet")


@pytest.fixture(scope="module")
def log(result):
    return result.load("dialogues.parquet")


@pytest.fixture(scope="module")
def agenda(inputs, tmp_path_factory):
    """Dialogues of the agenda-based user; the training texts are those of the rules."""
    return play(inputs, tmp_path_factory.mktemp("agenda") / "multi_turn", user="agenda")
