"""The driver of the comparison with peers: turns, one NDCG for all, and what a dead worker says."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from crs.testing.histories import sequences

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"
WORKER = f"""
import sys, time
sys.path.insert(0, {str(PEERS)!r})
from channel import Channel, sequences
channel = Channel()
print("a library prints")
def evaluate():
    return {{"ndcg@10": 0.5, "hr@10": 0.5}}
def vectors(path):
    import shutil
    shutil.copy(channel.settings["vectors"], path)
users = sequences(channel.settings["sequences"])
log = open(channel.settings["log"], "a", buffering=1)
while True:
    channel.wait(evaluate, vectors)
    log.write(channel.settings["name"] + "\\n")
    if channel.settings["fails"]:
        raise OSError("no memory")
    channel.trained(len(users))
"""
# Two users with three items of history; item 14 is the target of the second.
DATA = sequences([1, 2, 3, 4], [1, 2, 3, 14], items=14)


@pytest.fixture
def compare(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(PEERS), str(PEERS.parent), *sys.path])
    return importlib.import_module("compare")


def vectors(path, items):
    """Both users' states name item 4, of the items given."""
    table = np.eye(15, dtype=np.float32)[items]
    states = np.eye(15, dtype=np.float32)[[4, 4]]
    np.savez(path, users=[1, 2], states=states, items=items, table=table)
    return path


def test_one_ndcg_for_all_from_vectors(compare, tmp_path):
    # User 1's target is alone at the top: 1. For user 2 nine items besides tie with the target at
    # 0 below item 4, so that its mid-rank is 1 + 1 + 9 / 2 = 6.5: 1 / log2(7.5).
    found = compare.common_ndcg(vectors(tmp_path / "v.npz", np.arange(1, 15)), DATA)
    assert found == pytest.approx((1 + 1 / np.log2(7.5)) / 2)


def test_a_target_without_a_vector_is_below_all_that_have_one(compare, tmp_path):
    # Ten items that were not seen have a vector and the target has none: rank 11, so 0.
    found = compare.common_ndcg(vectors(tmp_path / "v.npz", np.arange(1, 14)), DATA)
    assert found == pytest.approx(1 / 2)


def workers(compare, folder, fails=False):
    (folder / "worker.py").write_text(WORKER)
    compare.write_sequences(DATA, folder / "sequences.txt")
    asked = {
        "threads": 1, "sequences": str(folder / "sequences.txt"), "log": str(folder / "log"),
        "vectors": str(vectors(folder / "v.npz", np.arange(1, 15))), "fails": fails,
    }  # fmt: skip
    return [
        compare.Worker(name, Path(sys.executable), folder / "worker.py", folder / name,
                       asked | {"name": name})
        for name in ("ours", "rectools")
    ]  # fmt: skip


def test_the_systems_take_turns_and_the_table_has_them(compare, tmp_path, capsys):
    found = workers(compare, tmp_path)
    compare.run(found, DATA, epochs=2, evaluations=1)
    assert (tmp_path / "log").read_text().split() == ["ours", "rectools"] * 2
    assert [answer["updates"] for answer in found[1].epochs] == [2, 2]
    assert 0 < found[0].epochs[0]["libraries_mb"] <= found[0].epochs[0]["peak_mb"]
    found[1].epochs = [{**answer, "seconds": 6.0} for answer in found[1].epochs]
    found[0].epochs = [{**answer, "seconds": 3.0} for answer in found[0].epochs]
    capsys.readouterr()
    compare.table("data", DATA, found)
    printed = capsys.readouterr().out
    assert "| rectools | 6.00 | 2 |" in printed
    assert "data training: ratio 2.00 (best peer over ours)" in printed


def test_a_worker_that_fails_is_named_with_its_error(compare, tmp_path):
    found = workers(compare, tmp_path, fails=True)
    with pytest.raises(RuntimeError, match=r"ours ended at 'epoch':(.|\n)*no memory"):
        compare.run(found, DATA, epochs=1, evaluations=1)
    for worker in found:
        worker.end()


def test_sequences_are_written_as_they_are_read(compare, tmp_path):
    compare.write_sequences(DATA, tmp_path / "s.txt")
    channel = importlib.import_module("channel")
    assert channel.sequences(str(tmp_path / "s.txt")) == {1: [1, 2, 3, 4], 2: [1, 2, 3, 14]}
