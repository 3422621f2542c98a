"""The store: whole results only, one maker at a time."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crs.errors import DamageError, UserError
from crs.store.artifact import MANIFEST, RESUME, Artifact, write_json
from crs.store.store import BEGUN, Store

STAGE, NAME = "stage", "0123456789abcdef"


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
    made = store.finish(STAGE, NAME, {"inputs": {}, "summary": {}})
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
    # What a resumed run needs is still there, and the next attempt ends in the same result.
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


def test_a_remake_takes_the_place_and_readers_keep_the_old_one(store):
    old = make(store)
    new = make(store, text="other")
    assert store.find(STAGE, NAME, {}).digest == new.digest != old.digest
    assert (new.path / "file.txt").read_text() == "other"
    assert (old.path / "file.txt").read_text() == "text"
    assert old.path.name.startswith(f"{NAME}.old-") and new.path.name == NAME


def test_a_result_that_comes_while_it_is_looked_for_is_found(store, monkeypatch):
    """`finish` renames the old folder and then the new one; a reader may look in between."""
    made, at, looked = make(store), Store.at, []

    def in_between(self, *names):
        looked.append(names)
        if len(looked) > 1:
            return at(self, *names)
        made.place.rename(aside := store.root / "aside")
        found = at(self, *names)
        aside.rename(made.place)
        return found

    monkeypatch.setattr(Store, "at", in_between)
    assert store.find(STAGE, NAME, {}).manifest == made.manifest


def test_a_result_that_is_taken_away_while_it_is_read_is_told(store):
    found = make(store)
    assert found.manifest
    shutil.rmtree(found.path)
    make(store, text="other")
    with pytest.raises(DamageError, match="taken away while it was read"):
        found.path  # noqa: B018


def test_a_copy_that_took_its_place_is_the_result(store):
    found = make(store)
    assert found.manifest
    shutil.copytree(found.path, store.root / "copy")
    shutil.rmtree(found.path)
    (store.root / "copy").rename(found.place)
    assert found.path == found.place


@pytest.mark.parametrize(
    ("break_", "what"),
    [
        (lambda file: file.unlink(), "file.txt is not there"),
        (lambda file: file.write_text("a longer text"), "file.txt has 13 bytes instead of 4"),
        (lambda file: (file.parent / MANIFEST).unlink(), "manifest.json cannot be read"),
        (lambda file: (file.parent / MANIFEST).write_bytes(b"\xff"), "manifest.json cannot be"),
        (lambda file: (file.parent / MANIFEST).write_text("[]"), "manifest.json cannot be read"),
        (lambda file: (file.parent / MANIFEST).write_text("{}"), "manifest.json is not as it"),
    ],
)
def test_what_is_gone_or_of_another_size_is_told_at_every_find(break_, what, store):
    break_(make(store).path / "file.txt")
    with pytest.raises(DamageError, match=rf"stage {NAME} is damaged: {what}.*force=\[stage\]"):
        store.find(STAGE, NAME, {})


def test_every_flipped_bit_of_a_manifest_is_told(store):
    """Unless what it says stays the same: a space between two words of JSON."""
    file = make(store).path / MANIFEST
    content, said = file.read_bytes(), json.loads(file.read_text())
    for place in range(len(content)):
        for bit in (1, 32):
            file.write_bytes(flipped(content, place, bit))
            try:
                assert store.find(STAGE, NAME, {}).manifest["digest"] == said["digest"]
            except DamageError:
                continue
            left = {key: value for key, value in json.loads(file.read_text()).items()
                    if key in said and key != "sha256"}  # fmt: skip
            assert left == {key: said[key] for key in left}
            assert len(left) >= len(said) - 2  # the name of `sha256` or of `sizes` itself


def flipped(content: bytes, place: int, bit: int) -> bytes:
    """The bytes with one bit other."""
    return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


def test_a_flipped_bit_of_a_file_is_found_by_its_sha256(store):
    made = make(store)
    (made.path / "file.txt").write_text("tex_")
    found = store.find(STAGE, NAME, {})
    with pytest.raises(DamageError, match=r"file\.txt has another content"):
        found.verify()


def test_manifests_of_before_sizes_were_written_are_valid(store):
    found = make(store)
    file = found.path / MANIFEST
    older = {key: value for key, value in found.manifest.items() if key not in ("sizes", "sha256")}
    write_json(file, older)
    store.find(STAGE, NAME, {}).verify()
    write_json(file, {**older, "files": {**older["files"], "file.txt": "0" * 64}})
    with pytest.raises(DamageError, match="is not as it was written"):
        store.find(STAGE, NAME, {})


def test_sizes_are_not_in_the_digest(store):
    manifest = make(store).manifest
    assert manifest["sizes"] == {"file.txt": 4}
    whole = hashlib.sha256(json.dumps(manifest["files"], sort_keys=True).encode()).hexdigest()
    assert manifest["digest"] == whole


@pytest.mark.parametrize("left", ["manifest.json.new", "weights.new", "sub/weights.new"])
def test_what_a_kill_left_of_an_unfinished_file_is_in_no_result(left, store):
    folder = store.partial(STAGE, NAME)
    (folder / "sub").mkdir(parents=True)
    (folder / left).write_text("half")
    (folder / "file.txt").write_text("text")
    made = store.finish(STAGE, NAME, {"inputs": {}, "summary": {}})
    assert made.digest == make(store, "straight").digest
    assert not (made.path / left).exists()


def test_what_a_kill_after_the_rename_left_is_removed_by_who_finds_it(store):
    made = make(store)
    (made.path / RESUME).mkdir()
    (made.path / RESUME / "last.ckpt").write_text("weights")
    write_json(made.path / BEGUN, {})
    assert store.find(STAGE, NAME, {}) == made
    assert sorted(file.name for file in made.path.iterdir()) == ["file.txt", MANIFEST]


ORIGIN = {"inputs": {}, "code": "0"}


def begin(store: Store, origin: dict = ORIGIN, forced: bool = False) -> tuple[bool, bool]:
    """Whether a partial result resumes, and whether one was set aside."""
    return store.begin(STAGE, NAME, origin, forced=forced)[1:]


def test_a_half_made_result_of_the_same_origin_goes_on(store):
    assert begin(store) == (False, False)
    assert begin(store) == (True, False)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xff", b"[]", b"3", b'{"code": "1"}'])
def test_one_of_another_origin_is_set_aside_and_kept(content, store):
    begin(store)
    folder = store.partial(STAGE, NAME)
    (folder / "half.txt").write_text("half")
    (folder / BEGUN).unlink() if content is None else (folder / BEGUN).write_bytes(content)
    assert begin(store) == (False, True)
    (aside,) = store.root.glob(f"{STAGE}/{NAME}.partial.old-*/half.txt")
    assert aside.read_text() == "half"
    assert begin(store) == (True, False)


def test_force_begins_anew_and_goes_on_with_its_own_remake(store):
    begin(store)
    assert begin(store, forced=True) == (False, True)
    assert begin(store, forced=True) == (True, False)
    assert begin(store, forced=False) == (True, False)
    assert begin(store, forced=True) == (True, False)


RACER = """
import sys
from crs.store.store import Store

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
        store.finish("stage", "name", {"inputs": {}, "summary": {}})
"""


def racer(root: Path, machine: list[str] | None = None) -> subprocess.Popen:
    return subprocess.Popen(
        [*(machine or []), sys.executable, "-c", RACER, str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def machine(name: str) -> list[str]:
    """What runs a command under another host name, with process ids of its own.

    Skips the test where the system does not allow it.
    """
    alone = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--map-root-user"]
    words = [*alone, "sh", "-c", f'hostname {name} && exec "$@"', "sh"]
    try:
        subprocess.run([*words, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets no process have a host name of its own")
    return words


def test_of_two_processes_one_makes_and_the_other_waits_and_finds(tmp_path):
    with racer(tmp_path) as maker:
        assert maker.stdout.readline() == "makes\n"
        with racer(tmp_path) as waiter:
            assert f"waiting for process {maker.pid} on " in waiter.stdout.readline()
            maker.communicate("go on\n")
            assert waiter.communicate()[0] == "found\n"
    assert maker.returncode == waiter.returncode == 0


def test_of_two_machines_that_share_a_folder_one_makes_even_with_equal_process_ids(tmp_path):
    one, other = machine("one"), machine("other")
    with racer(tmp_path, one) as maker:
        assert maker.stdout.readline() == "makes\n"
        with racer(tmp_path, other) as waiter:
            assert "waiting for process 1 on one, " in waiter.stdout.readline()
            maker.communicate("go on\n")
            assert waiter.communicate()[0] == "found\n"
    assert maker.returncode == waiter.returncode == 0


def test_a_store_that_cannot_be_written_is_not_told_as_one_without_locks(store, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    told = r"cannot be written \(Read-only file system\); make room"
    with pytest.raises(UserError, match=told), store.lock(STAGE, NAME, print):
        pass


def test_a_killed_machine_gives_up_the_lock(tmp_path):
    with racer(tmp_path, machine("one")) as maker:
        assert maker.stdout.readline() == "makes\n"
        maker.kill()
    with racer(tmp_path, machine("other")) as next_one:
        assert next_one.communicate("go on\n")[0] == "makes\n"


def test_a_killed_maker_gives_up_the_lock(tmp_path):
    with racer(tmp_path) as maker:
        assert maker.stdout.readline() == "makes\n"
        maker.kill()
    with racer(tmp_path) as next_one:
        assert next_one.communicate("go on\n")[0] == "makes\n"
    assert Store(tmp_path).find("stage", "name", {})


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_one_sentence(store, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(UserError, match="no lock can be had there"), store.lock(STAGE, NAME, print):
        pass


def test_a_lock_is_free_again_after_an_error(store):
    with pytest.raises(RuntimeError), store.lock(STAGE, NAME, print):
        raise RuntimeError
    with store.lock(STAGE, NAME, lambda text: pytest.fail(text)):
        pass
