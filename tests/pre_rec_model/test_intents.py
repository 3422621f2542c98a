from dataclasses import replace

import numpy as np
import pytest

from crs.errors import UserError
from pre_rec_model import intents
from tests.contracts.tiny import artifact, config, made

SETTINGS = replace(config().intents, k=4, seed=5, spherical=True)


@pytest.fixture
def states():
    return np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)


@pytest.fixture
def inputs(tmp_path, states):
    return {"pretrain": artifact(tmp_path / "pretrain", {}, states=states)}


def test_centres_lie_among_the_states(tmp_path, inputs, states):
    found = made(intents, SETTINGS, inputs, tmp_path / "intents")
    centres, assignment = found.load("centres.npy"), found.load("assignment.npy")
    assert centres.shape == (4, 6) and assignment.shape == (60,)
    mean_length = np.linalg.norm(states, axis=1).mean()
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), mean_length, rtol=1e-5)
    assert (assignment == (states @ centres.T).argmax(1)).all()


def test_plain_centres_are_not_scaled(tmp_path, inputs, states):
    found = made(intents, replace(SETTINGS, spherical=False), inputs, tmp_path / "intents")
    first = states[found.load("assignment.npy") == 0].mean(0)
    np.testing.assert_allclose(found.load("centres.npy")[0], first, rtol=1e-3, atol=1e-4)


def test_the_summary_counts(tmp_path, inputs):
    found = made(intents, SETTINGS, inputs, tmp_path / "intents")
    sizes = np.bincount(found.load("assignment.npy"), minlength=4)
    assert found.summary["k"] == found.summary["used"] == 4
    assert found.summary["largest"] == sizes.max()


def test_more_intents_than_states_name_the_setting(tmp_path, inputs):
    with pytest.raises(UserError, match=r"intents\.k=61 but only 60 different"):
        made(intents, replace(SETTINGS, k=61), inputs, tmp_path / "intents")


def test_the_same_seed_gives_the_same_intents(tmp_path, inputs):
    one, two = (made(intents, SETTINGS, inputs, tmp_path / name) for name in "12")
    assert np.array_equal(one.load("centres.npy"), two.load("centres.npy"))


def test_the_residuals_of_latentcrs_are_clustered_where_they_are_given(tmp_path, states):
    inputs = {"direct": artifact(tmp_path / "direct", {}, residuals=states)}
    found = made(intents, replace(SETTINGS, spherical=False), inputs, tmp_path / "intents")
    first = states[found.load("assignment.npy") == 0].mean(0)
    np.testing.assert_allclose(found.load("centres.npy")[0], first, rtol=1e-3, atol=1e-4)


def test_residuals_that_are_all_0_have_intents_that_are_all_0(tmp_path):
    inputs = {"direct": artifact(tmp_path / "direct", {}, residuals=np.zeros((9, 6), np.float32))}
    found = made(intents, replace(SETTINGS, spherical=False), inputs, tmp_path / "intents")
    assert not found.load("centres.npy").any() and found.summary["used"] == 1
