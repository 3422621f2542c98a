import numpy as np
import pytest

from crs.errors import UserError
from pre_rec_model import kmeans

OPTIONS = {
    "seed": 3, "spherical": True, "restarts": 2, "iterations": 20, "gpu": False, "key": "intents.k",
}  # fmt: skip


def blobs(k=3, each=20, seed=0):
    """Points around k axes."""
    rng = np.random.default_rng(seed)
    centres = 5 * np.eye(k, 4)
    points = np.repeat(centres, each, axis=0) + rng.normal(0, 0.1, (k * each, 4))
    return points.astype(np.float32)


def test_blobs_are_found():
    found = kmeans.fit(blobs(), 3, **OPTIONS)
    groups = found.assignment.reshape(3, 20)
    assert (groups == groups[:, :1]).all() and found.used == 3
    assert len(set(groups[:, 0])) == 3


def test_spherical_centres_are_unit_vectors_and_points_go_to_the_nearest_direction():
    points = blobs(seed=1) * np.random.default_rng(0).uniform(0.1, 9, (60, 1)).astype(np.float32)
    found = kmeans.fit(points, 3, **OPTIONS)
    np.testing.assert_allclose(np.linalg.norm(found.centres, axis=1), 1, rtol=1e-5)
    assert (found.assignment == (points @ found.centres.T).argmax(1)).all()


def test_plain_centres_are_the_means_of_their_points():
    points = blobs(seed=2)
    found = kmeans.fit(points, 3, **{**OPTIONS, "spherical": False})
    for k in range(3):
        mean = points[found.assignment == k].mean(0)
        np.testing.assert_allclose(found.centres[k], mean, rtol=1e-4, atol=1e-5)


def test_the_objective_is_that_of_the_best_restart():
    points = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    found = kmeans.fit(points, 8, **{**OPTIONS, "restarts": 5, "iterations": 100})
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    similarity = (units @ found.centres.T).max(1).sum()
    assert found.objective == pytest.approx(similarity, rel=1e-3)
    once = kmeans.fit(points, 8, **{**OPTIONS, "restarts": 1, "iterations": 100})
    assert found.objective >= once.objective


@pytest.mark.parametrize("spherical", [True, False])
def test_the_same_seed_gives_the_same_bits(spherical):
    points = np.random.default_rng(0).normal(size=(150, 4)).astype(np.float32)
    options = {**OPTIONS, "spherical": spherical}
    one, two = (kmeans.fit(points, 10, **options) for _ in range(2))
    other = kmeans.fit(points, 10, **{**options, "seed": 4})
    assert np.array_equal(one.centres, two.centres)
    assert np.array_equal(one.assignment, two.assignment)
    assert not np.array_equal(one.centres, other.centres)


def test_a_seed_of_63_bits_will_do():
    kmeans.fit(blobs(), 3, **{**OPTIONS, "seed": 2**63 - 1})


def test_fewer_different_points_than_clusters_name_the_setting():
    points = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    with pytest.raises(UserError, match=r"intents\.k=4 but only 3 different vectors"):
        kmeans.fit(points, 4, **OPTIONS)
    assert kmeans.fit(points, 3, **OPTIONS).used == 3


def test_spherical_counts_directions():
    points = np.array([[1, 0], [2, 0], [0, 1]], dtype=np.float32)
    with pytest.raises(UserError, match="only 2 different"):
        kmeans.fit(points, 3, **OPTIONS)


def test_a_gpu_that_faiss_cannot_use_is_an_error(monkeypatch):
    monkeypatch.setattr("faiss.get_num_gpus", lambda: 0, raising=False)
    with pytest.raises(UserError, match=r"intents\.gpu=true .*type intents\.gpu=false"):
        kmeans.fit(blobs(), 3, **{**OPTIONS, "gpu": True})


def test_states_that_are_not_finite_are_refused():
    points = blobs()
    points[4, 1] = np.nan
    with pytest.raises(UserError, match="not finite"):
        kmeans.fit(points, 3, **OPTIONS)


def test_the_points_are_not_changed():
    points = blobs()
    before = points.copy()
    kmeans.fit(points, 3, **OPTIONS)
    assert np.array_equal(points, before)
