"""What the tests of the stage `evaluate` share: its result on a toy model."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from crs.data.sequences import Sequences
from crs.evaluation import evaluate
from crs.models.popularity.scorers import Popularity
from crs.stages.evaluation import Evaluate
from tests.contracts.scorers import OPTIONS, OWN, Oracle
from tests.contracts.tiny import artifact, made, spoken


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """The texts' vectors name the target in their first number."""
    root = tmp_path_factory.mktemp("evaluate")
    inputs = spoken(root)
    frame = inputs["simulate"].load("utterances.parquet")
    frame["dropped"] = False
    vectors = np.zeros((len(frame), 4), np.float16)
    vectors[:, 0] = frame["target"]
    index = np.arange(len(frame))
    inputs["simulate"] = artifact(
        root / "said", {"leak_exact": 0.25, "leak_fuzzy": 0.0}, utterances=frame
    )
    inputs["embed"] = artifact(root / "vectors", {}, vectors=vectors, index=index)
    return inputs


@pytest.fixture(scope="session")
def result(inputs, tmp_path_factory):
    """`evaluate` of a toy model with three scorers and popularity."""

    def scorers(found):
        data = Sequences.of(found["dataset"])
        return {
            "popularity": Popularity(data),
            "toy half": Oracle(data.n_items, 0.5),
            "toy text": Oracle(data.n_items, 1.0, "history + text"),
            "other": Oracle(data.n_items, 1.0),
        }

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
        folder = tmp_path_factory.mktemp("result") / "evaluate"
        return made(evaluate, Evaluate("toy", 3, OPTIONS, OWN), inputs, folder)


@pytest.fixture(scope="session")
def long(result):
    return result.load("results.parquet")
