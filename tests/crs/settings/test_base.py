"""Which settings are in the name of a result, and by which key."""

from dataclasses import dataclass, fields

import pytest

from crs.settings.base import Settings
from crs.settings.fields import marks_of, number, path, setting, unfingerprinted
from crs.settings.files import sha256_of


@dataclass
class Inner(Settings):
    """A group."""

    old: int = 1
    newer: float = number(0.3, low=0, neutral=0)
    renamed: str = setting("a", stored_as="before")


@dataclass
class Outer(Settings):
    """Settings of a stage."""

    inner: Inner
    threads: int = unfingerprinted(2)
    file: str | None = path()


def test_a_name_has_stored_keys_and_neither_how_nor_what_is_neutral():
    settings = Outer(Inner())
    assert settings.identity() == {"inner": {"old": 1, "newer": 0.3, "before": "a"}, "file": None}
    settings.inner.newer, settings.threads = 0, 9
    assert settings.identity() == {"inner": {"old": 1, "before": "a"}, "file": None}


def test_a_path_counts_by_its_content(tmp_path):
    for name in ("one", "twin"):
        (tmp_path / name).write_bytes(b"content")
    one, twin = (Outer(Inner(), file=str(tmp_path / name)).identity() for name in ("one", "twin"))
    assert one == twin and one["file"] == sha256_of(tmp_path / "one", "outer.file")


@pytest.mark.parametrize("f", fields(Outer), ids=lambda f: f.name)
def test_each_field_has_marks(f):
    assert marks_of(f).unfingerprinted == (f.name == "threads")
