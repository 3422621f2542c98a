"""The store: names, whole results only, one maker at a time."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.store import BEGUN, MANIFEST, RESUME, Artifact, Store, fingerprint, write_json

STAGE, NAME = "stage", "0123456789abcdef"
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
settings = st.dictionaries(st.text(), values, max_size=6)


def reordered(value: Any, order: random.Random) -> Any:
    """The same value with the keys of each dictionary in another order."""
    if isinstance(value, list):
        return [reordered(item, order) for item in value]
    if isinstance(value, dict):
        return {
            key: reordered(value[key], order) for key in order.sample(sorted(value), len(value))
        }
    return value


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


def make(
    store: Store, name: str = NAME, text: str = "text", inputs: dict[str, Artifact] | None = None
) -> Artifact:
    """A finished result of one file."""
    folder = store.partial(STAGE, name)
    folder.mkdir(parents=True)
    (folder / "file.txt").write_text(text)
    lineage = {key: {"digest": found.digest} for key, found in (inputs or {}).items()}
    return store.finish(STAGE, name, {"inputs": lineage, "summary": {"n": 1}})


@given(settings, st.randoms(use_true_random=False))
def test_key_order_is_not_in_a_name(value, order):
    assert fingerprint("s", 1, value, {}) == fingerprint("s", 1, reordered(value, order), {})


@given(settings, settings)
def test_other_settings_have_another_name(one, two):
    same = fingerprint("s", 1, one, {}) == fingerprint("s", 1, two, {})
    assert same == (json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True))


def test_stage_version_and_inputs_are_in_a_name():
    names = {
        fingerprint("s", 1, {}, {}),
        fingerprint("t", 1, {}, {}),
        fingerprint("s", 2, {}, {}),
        fingerprint("s", 1, {}, {"a": "0"}),
        fingerprint("s", 1, {}, {"a": "1"}),
        fingerprint("s", 1, {}, {"b": "0"}),
    }
    assert len(names) == 6


def test_a_finished_result_is_found_with_its_manifest(store):
    made = make(store)
    found = store.find(STAGE, NAME, {})
    assert found == made
    assert found.fingerprint == NAME
    assert found.summary == {"n": 1}


def test_finish_leaves_no_half_made_folder(store):
    make(store)
    assert not store.partial(STAGE, NAME).exists()


def test_finish_removes_what_was_kept_to_go_on(store):
    kept = store.partial(STAGE, NAME) / RESUME
    kept.mkdir(parents=True)
    (kept / "last.ckpt").write_text("weights")
    (kept.parent / "file.txt").write_text("text")
    write_json(kept.parent / BEGUN, {"inputs": {}, "code": ""})
    made = store.finish(STAGE, NAME, {"inputs": {}})
    assert sorted(file.name for file in made.path.iterdir()) == ["file.txt", MANIFEST]
    assert list(made.manifest["files"]) == ["file.txt"]
    assert make(store, "other").digest == made.digest


def test_a_half_made_result_is_not_found(store):
    folder = store.partial(STAGE, NAME)
    folder.mkdir(parents=True)
    write_json(folder / MANIFEST, {"inputs": {}})
    assert store.find(STAGE, NAME, {}) is None


def test_a_kill_before_the_rename_leaves_no_result(store, monkeypatch):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    partial = store.partial(STAGE, NAME)
    (partial / RESUME).mkdir(parents=True)
    (partial / RESUME / "last.ckpt").write_text("weights")
    (partial / "file.txt").write_text("text")
    write_json(partial / BEGUN, {"inputs": {}, "code": ""})
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(Path, "rename", killed)
        store.finish(STAGE, NAME, {"inputs": {}})
    assert store.find(STAGE, NAME, {}) is None
    # What is needed to go on is still there, and the next attempt ends in the same result.
    assert (partial / RESUME / "last.ckpt").is_file() and (partial / BEGUN).is_file()
    made = store.finish(STAGE, NAME, {"inputs": {}})
    assert made.digest == make(store, "straight").digest


def test_the_digest_is_of_the_content(store):
    one, two, other = make(store, "a"), make(store, "b"), make(store, "c", "other")
    assert one.digest == two.digest != other.digest


def test_a_result_is_not_found_once_its_input_has_other_bits(store):
    before, after = make(store, "a"), make(store, "b", "other")
    make(store, inputs={"data": before})
    assert store.find(STAGE, NAME, {"data": before})
    assert store.find(STAGE, NAME, {"data": after}) is None


def test_setting_aside_moves_the_folder_and_keeps_it(store):
    make(store)
    aside = store.set_aside(STAGE, NAME)
    assert store.find(STAGE, NAME, {}) is None
    assert (aside / "file.txt").read_text() == "text"
    assert store.set_aside(STAGE, NAME) is None


def test_setting_aside_keeps_a_half_made_result(store):
    folder = store.partial(STAGE, NAME)
    folder.mkdir(parents=True)
    assert store.set_aside(STAGE, NAME) is None
    assert folder.is_dir()


def test_json_is_replaced_whole(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_a_file_without_a_reader_is_refused(store):
    with pytest.raises(ValueError, match="no reader"):
        make(store).load("file.txt")


RACER = """
import sys
from crs.store import Store

store = Store(sys.argv[1])
with store.lock("stage", "name", lambda text: print(text, flush=True)):
    if store.find("stage", "name", {}):
        print("found", flush=True)
    else:
        print("makes", flush=True)
        sys.stdin.readline()
        folder = store.partial("stage", "name")
        folder.mkdir()
        (folder / "file.txt").write_text("text")
        store.finish("stage", "name", {"inputs": {}})
"""


def racer(root: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RACER, str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_of_two_processes_one_makes_and_the_other_waits_and_finds(tmp_path):
    with racer(tmp_path) as maker:
        assert maker.stdout.readline() == "makes\n"
        with racer(tmp_path) as waiter:
            assert f"waiting for process {maker.pid} on " in waiter.stdout.readline()
            maker.communicate("go on\n")
            assert waiter.communicate()[0] == "found\n"
    assert maker.returncode == waiter.returncode == 0


def test_a_killed_maker_gives_up_the_lock(tmp_path):
    with racer(tmp_path) as maker:
        assert maker.stdout.readline() == "makes\n"
        maker.kill()
    with racer(tmp_path) as next_one:
        assert next_one.communicate("go on\n")[0] == "makes\n"
    assert Store(tmp_path).find("stage", "name", {})


def test_a_lock_is_free_again_after_an_error(store):
    with pytest.raises(RuntimeError), store.lock(STAGE, NAME, print):
        raise RuntimeError
    with store.lock(STAGE, NAME, lambda text: pytest.fail(text)):
        pass
