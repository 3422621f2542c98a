import json
import os
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crs.engine import local
from crs.errors import NotFiniteError, PartialResultError, UserError
from crs.settings.engine import Engine
from crs.store.artifact import RESUME
from tests.contracts.tiny import artifact, config, context, made
from text2embedding import embed
from text2embedding.embed import different_texts
from text2embedding.hashed import Hashed

TEXTS = ["a long text of words", "short", "middle one", "short", "a long text of words", "b", "cc"]
SETTINGS = replace(config("embedder=hashed").embedder, dim=16, shard=2)


@pytest.fixture
def inputs(tmp_path):
    frame = pd.DataFrame({"text": pd.array(TEXTS, dtype="string")})
    return {"simulate": artifact(tmp_path / "simulate", {}, utterances=frame)}


class Counting:
    """Hashes, keeps what it was asked, and fails after so many shards."""

    def __init__(self, fail_after=99):
        self.asked, self.left, self.inner = [], fail_after, Hashed(16)

    def encode(self, texts):
        if not self.left:
            raise OSError("the power went")
        self.left -= 1
        self.asked += texts
        return self.inner.encode(texts)


@pytest.fixture
def encoder(monkeypatch):
    """A function that puts an encoder in the stage's hands."""

    def put(**kwargs):
        found = Counting(**kwargs)
        monkeypatch.setattr(embed, "build", lambda *args: found)
        return found

    return put


def test_texts_are_told_apart_longest_first():
    texts, index = different_texts(pa.chunked_array([TEXTS[:3], TEXTS[3:]]))
    assert texts.to_pylist() == ["a long text of words", "middle one", "short", "cc", "b"]
    assert texts.take(index).to_pylist() == TEXTS


def test_length_is_in_characters_and_equal_ones_keep_their_order():
    texts, _ = different_texts(pa.chunked_array([["ab", "éé", "cd", "abc", "日本"]]))
    assert texts.to_pylist() == ["abc", "ab", "éé", "cd", "日本"]


def test_each_text_is_encoded_once(tmp_path, inputs, encoder):
    asked = encoder().asked
    found = made(embed, SETTINGS, inputs, tmp_path / "embed")
    assert sorted(asked) == sorted(set(TEXTS))
    assert found.summary == {"texts": 7, "different": 5, "dim": 16}


def test_each_case_has_the_vector_of_its_text(tmp_path, inputs):
    found = made(embed, SETTINGS, inputs, tmp_path / "embed")
    vectors, index = found.load("vectors.npy"), found.load("index.npy")
    assert vectors.dtype == np.float16 and vectors.shape == (5, 16)
    assert np.array_equal(vectors[index], Hashed(16).encode(TEXTS).astype(np.float16))


@pytest.mark.parametrize("shards", [0, 1, 2])
def test_a_killed_stage_goes_on_at_its_shard(tmp_path, inputs, encoder, shards):
    wanted = made(embed, SETTINGS, inputs, tmp_path / "whole").load("vectors.npy")
    (folder := tmp_path / "cut").mkdir()
    encoder(fail_after=shards)
    with pytest.raises(OSError, match="the power went"):
        embed.run(SETTINGS, inputs, folder, context())
    second, run = encoder(), context()
    embed.run(SETTINGS, inputs, folder, run)
    assert len(second.asked) == 5 - 2 * shards
    assert np.array_equal(np.load(folder / "vectors.npy"), wanted)
    assert (f"resumes after {2 * shards} of 5 texts" in run.notes) == bool(shards)


def test_half_a_vector_file_is_made_anew(tmp_path, inputs):
    (folder := tmp_path / "embed").mkdir()
    (folder / "vectors.npy").write_bytes(b"\x93NUMPY half")
    found = made(embed, SETTINGS, inputs, folder)
    assert found.load("vectors.npy").shape == (5, 16)


def test_a_whole_one_needs_no_encoder(tmp_path, inputs, monkeypatch):
    made(embed, SETTINGS, inputs, tmp_path / "embed")
    monkeypatch.setattr(embed, "build", None)
    made(embed, SETTINGS, inputs, tmp_path / "embed")


def test_progress_is_kept_with_what_is_no_result(tmp_path, inputs):
    found = made(embed, SETTINGS, inputs, tmp_path / "embed")
    names = sorted(file.name for file in (found.path / RESUME).iterdir())
    assert names == ["embedded.json", "embedded.json.sha256"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:3] + b"x" + content[4:],
        lambda content: content.replace(b"False", b"True "),
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        None,
    ],
)
def test_damaged_vectors_of_a_half_made_result_are_told(damage, tmp_path, inputs):
    folder = made(embed, SETTINGS, inputs, tmp_path / "embed").path
    file = folder / "vectors.npy"
    file.unlink() if damage is None else file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(PartialResultError, match=r"vectors\.npy is damaged"):
        embed.run(SETTINGS, inputs, folder, context())


def test_vectors_that_are_not_finite_are_refused(tmp_path, inputs, monkeypatch):
    class Broken:
        def encode(self, texts):
            return np.full((len(texts), 4), 1e9, np.float32)  # more than 16 bits hold

    monkeypatch.setattr(embed, "build", lambda *_: Broken())
    with pytest.raises(NotFiniteError, match=r"not finite.*embedder\.precision=float32"):
        made(embed, SETTINGS, inputs, tmp_path / "embed")


@pytest.mark.parametrize("shard", [1, 3, 5, 100])
def test_the_size_of_a_shard_changes_no_vector(tmp_path, inputs, shard):
    one = made(embed, SETTINGS, inputs, tmp_path / "1").load("vectors.npy")
    two = made(embed, replace(SETTINGS, shard=shard), inputs, tmp_path / "2").load("vectors.npy")
    assert np.array_equal(one, two)


@pytest.mark.parametrize(("table", "run"), [
    ("item_texts", embed.run_items), ("entity_texts", embed.run_entities),
])  # fmt: skip
def test_texts_of_items_and_entities_are_embedded_by_the_same_code(
    tmp_path, inputs, encoder, table, run
):
    frame = pd.DataFrame({"text": pd.array(TEXTS, dtype="string")})
    items = {table: artifact(tmp_path / "texts", {}, texts=frame)}
    asked = encoder().asked
    (folder := tmp_path / "items").mkdir()
    summary = run(SETTINGS, items, folder, context())
    wanted = made(embed, SETTINGS, inputs, tmp_path / "users")
    assert summary == wanted.summary and len(asked) == 2 * len(set(TEXTS))
    for name in ("vectors", "index"):
        found = np.load(folder / f"{name}.npy")
        assert np.array_equal(found, wanted.load(f"{name}.npy"))


def test_several_processes_write_the_same_bytes_and_a_killed_one_loses_its_shard(
    tmp_path, inputs, monkeypatch
):
    """One is killed at once, the other after three shards; the same command resumes."""
    few = replace(SETTINGS, shard=1)
    (one := tmp_path / "1").mkdir()
    embed.run(few, inputs, one, context())
    kills = [0, None, None, 1]

    class Killing(local.Processes):
        def ready(self, busy):
            if kills and (number := kills.pop(0)) is not None:
                os.kill(self.workers[number].process.pid, signal.SIGKILL)
                self.workers[number].process.join()
            return super().ready(busy)

    monkeypatch.setattr(local, "Processes", Killing)
    (two := tmp_path / "2").mkdir()
    run = replace(context(), engine=Engine(processes=2))
    with pytest.raises(UserError, match="all were ended, the last by SIGKILL"):
        embed.run(few, inputs, two, run)
    written = len(json.loads((two / RESUME / "embedded.json").read_text()))
    assert 0 < written < 5
    embed.run(few, inputs, two, again := context())
    assert f"resumes after {written} of 5 texts" in again.notes
    for name in ("vectors.npy", "index.npy"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
