"""Results: their names, and files that are always whole."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.errors import NotFiniteError, PartialResultError
from crs.store.artifact import Artifact, checksum, downloads, fingerprint, keep, kept, write_json

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


def kept_text(folder: Path, text: str) -> Path:
    """A resume file."""
    (folder / "unfinished").write_text(text)
    keep(folder / "unfinished", folder / "state")
    return folder / "state"


def test_a_resume_file_is_kept_with_its_sha256(tmp_path):
    assert not kept(tmp_path / "state")
    for text in ("one", "two"):
        assert kept(kept_text(tmp_path, text))
        assert (tmp_path / "state").read_text() == text
        assert checksum(tmp_path / "state").read_text() == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "twO", "two and more"])
def test_a_damaged_resume_file_is_told(text, tmp_path):
    kept_text(tmp_path, "two").write_text(text)
    with pytest.raises(PartialResultError, match="resume/state is damaged"):
        kept(tmp_path / "state")


@pytest.mark.parametrize("gone", ["state", "state.sha256"])
def test_a_resume_file_without_its_other_half_is_told(gone, tmp_path):
    kept_text(tmp_path, "two")
    (tmp_path / gone).unlink()
    with pytest.raises(PartialResultError):
        kept(tmp_path / "state")


def test_a_kill_at_any_point_leaves_the_old_resume_file_or_the_new(tmp_path, monkeypatch):
    """Again and again, so that no number of kills makes a good file look damaged."""
    replace, texts = Path.replace, iter("abcdefghij")
    current = None
    for survived in (0, 1, 2, 0, 1, 0, 0, 2, 1):
        calls, wanted = iter(range(9)), next(texts)

        def dies(self: Path, target: Path, calls=calls, survived=survived) -> Path:
            if next(calls) == survived:
                raise KeyboardInterrupt
            return replace(self, target)

        with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
            broken.setattr(Path, "replace", dies)
            kept_text(tmp_path, wanted)
        current = wanted if survived == 2 else current
        assert kept(tmp_path / "state") == (current is not None)
        assert current is None or (tmp_path / "state").read_text() == current


def test_json_holds_no_number_that_is_not_finite(tmp_path):
    for number in (float("nan"), float("inf")):
        with pytest.raises(NotFiniteError, match=r"value\.json: a number is not finite"):
            write_json(tmp_path / "value.json", [number])
    assert not list(tmp_path.iterdir())


def test_json_is_replaced_whole(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_a_file_without_a_reader_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no reader"):
        Artifact(tmp_path).load("file.txt")


def test_downloads_of_a_store_are_found_from_each_of_its_results(tmp_path):
    for folder in ("0" * 16, "0" * 16 + ".partial"):
        assert downloads(tmp_path / "embed" / folder) == tmp_path / "downloads"
