"""What an index of each kind finds, and what its file keeps."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from crs.errors import UserError
from crs.export import index

N, D = 3_000, 12


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, D))
    vectors = centres[rng.integers(40, size=N)] + rng.normal(size=(N, D)) / 2
    return vectors.astype(np.float32), rng.permutation(N) + 5, vectors[:50].astype(np.float32)


@pytest.mark.parametrize(("kind", "least"), [("flat", 1.0), ("hnsw", 0.95), ("ivfpq", 0.6)])
def test_an_index_finds_most_of_the_best_also_from_its_file(kind, least, data, tmp_path):
    vectors, ids, queries = data
    exact = ids[np.argsort(-queries @ vectors.T, axis=1)[:, :10]]
    made = index.build(vectors, ids, kind)
    index.write(made, tmp_path / "items.faiss")
    found = index.recall(made, exact, queries)
    assert found >= least
    assert index.recall(faiss.read_index(str(tmp_path / "items.faiss")), exact, queries) == found


def test_codes_take_less_room_than_vectors(data, tmp_path):
    size = {}
    for kind in index.KINDS:
        index.write(index.build(*data[:2], kind), tmp_path / kind)
        size[kind] = (tmp_path / kind).stat().st_size
    assert size["ivfpq"] < 0.6 * size["flat"] < size["hnsw"]


def test_recall_is_the_share_of_the_best_that_is_found():
    made = index.build(np.eye(4, dtype=np.float32), np.arange(1, 5), "flat")
    queries = np.array([[4.0, 3.0, 2.0, 1.0]], dtype=np.float32)
    assert index.recall(made, np.array([[2, 4]]), queries) == 0.5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_sentence(data):
    vectors, ids, _ = data
    made = index.build(vectors, ids, "flat")
    with pytest.raises(UserError, match="No space left on device"):
        index.write(made, "/dev/full")
    assert Path("/dev/full").exists()
