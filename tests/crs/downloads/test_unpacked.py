"""Packed files that would fill the memory are refused before they do."""

import gzip
import struct
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from crs.data.parsing import raw
from crs.data.parsing.raw import BadRows, Place, member, members
from crs.data.parsing.text_files import decoded, opened
from crs.data.readers import custom
from crs.downloads import unpacked
from crs.downloads.unpacked import RATIO, SMALL, too_much
from crs.errors import UserError

NAME, MB = "ratings.dat", 1 << 20


def read(path, **options):
    """All lines of a file, as readers read them."""
    return sum(1 for _ in decoded(opened(path), Place(path.name), BadRows("drop"), **options))


@pytest.fixture
def peak():
    """The most memory that a test has taken so far, MB."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] / MB
    tracemalloc.stop()


def zeros(path, size, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(NAME, bytes(size))
    return path


def directory(path, at, value):
    """Change a number of four bytes in the first entry of an archive's directory."""
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + at
    content[place : place + 4] = struct.pack("<I", value)
    path.write_bytes(content)


def test_what_is_small_or_little_packed_is_never_too_much():
    assert not too_much(SMALL, 1) and too_much(SMALL + 1, 1)
    assert not too_much(RATIO * SMALL, SMALL) and too_much(RATIO * SMALL + 1, SMALL)


@pytest.mark.parametrize("line", [bytes(MB), bytes(MB - 1) + b"\n"])
def test_a_gzip_bomb_is_refused_while_it_is_read(tmp_path, peak, line):
    """2 GB in 2 MB, as one line and as two thousand."""
    block = gzip.compress(line * 10, mtime=0)
    (file := tmp_path / "a.txt").write_bytes(block * 200)
    with pytest.raises(UserError, match=r"dataset: a\.txt unpacks to more than 100 times its size|"
                                        r"line 1 of a\.txt is longer than 64 MB"):  # fmt: skip
        read(file)
    assert peak() < 400


def test_a_line_of_gigabytes_is_refused_whatever_holds_it(tmp_path):
    for name, content in (("a", b"x" * 5000), ("b", gzip.compress(b"x" * 5000, mtime=0))):
        (file := tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=f"line 1 of {name} is longer than 0 MB"):
            read(file, longest=1000)


def test_honest_gzip_of_any_size_is_read(tmp_path, monkeypatch):
    """The sum of the lines has no limit: what is refused is the ratio."""
    monkeypatch.setattr(unpacked, "SMALL", 1000)
    text = "".join(f"{i * 7919 % 100_003}\n" for i in range(50_000)).encode()
    (file := tmp_path / "a").write_bytes(gzip.compress(text, mtime=0))
    assert read(file) == 50_000


@pytest.mark.parametrize("inner", [gzip.compress(b"a\n", mtime=0), b"PK\x03\x04 and more"])
def test_an_archive_in_an_archive_is_refused(tmp_path, inner):
    (file := tmp_path / "a").write_bytes(gzip.compress(inner, mtime=0))
    with pytest.raises(UserError, match="a holds an archive in an archive; unpack it"):
        read(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_bomb_is_refused_by_what_it_says(tmp_path, monkeypatch, method):
    monkeypatch.setattr(unpacked, "SMALL", MB)
    file = zeros(tmp_path / "a.zip", MB + 1, method)
    with pytest.raises(UserError, match=r"'ratings\.dat' in a\.zip unpacks to more than 100 times"):
        members(file)


def test_a_zip_bomb_that_lies_is_refused_or_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked, "SMALL", 1000)
    file = zeros(tmp_path / "a.zip", 10 * MB)
    directory(file, 24, 900)  # its size
    with pytest.raises(UserError, match=r"a\.zip is not a whole zip file \(Bad CRC-32"):
        member(file, NAME)
    file = zeros(tmp_path / "b.zip", 10 * MB)
    directory(file, 20, 1 << 30)  # what it is packed in
    with pytest.raises(UserError, match="whose bytes are not its own"):
        member(file, NAME)


def test_what_comes_out_is_counted_whatever_was_said(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked, "SMALL", 1000)
    monkeypatch.setattr(raw, "too_much", lambda *_: False)
    with pytest.raises(UserError, match="unpacks to more than 100 times"):
        member(zeros(tmp_path / "a.zip", 10 * MB), NAME)


def test_files_that_share_their_bytes_are_refused(tmp_path):
    """A bomb of many files in the bytes of one."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "x" * 100)
        archive.writestr("b", "y" * 100)
    content = path.read_bytes()
    second = content.rindex(b"PK\x01\x02") + 42
    path.write_bytes(content[:second] + bytes(4) + content[second + 4 :])
    with pytest.raises(UserError, match=r"a\.zip holds 'a', whose bytes are not its own"):
        members(path)


def test_a_file_that_is_too_large_to_be_read_as_a_whole_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "MEMBER", 999)
    with pytest.raises(UserError, match="more than is read from within an archive; unpack it"):
        member(zeros(tmp_path / "a.zip", 1000), NAME)
    assert member(zeros(tmp_path / "b.zip", 999), NAME) == bytes(999)


def test_a_parquet_file_that_says_it_has_too_much_is_refused(tmp_path, monkeypatch):
    """A million rows that are one number take a page of a few bytes."""
    monkeypatch.setattr(unpacked, "SMALL", 1000)
    pd.DataFrame({"user": np.zeros(10**6, dtype=int)}).to_parquet(file := tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"dataset: a\.parquet unpacks to more than 100 times"):
        custom.rows_of_parquet(file)
    pd.DataFrame({"user": np.random.default_rng(0).integers(10**6, size=10**5)}).to_parquet(file)
    assert len(custom.rows_of_parquet(file)) == 10**5
