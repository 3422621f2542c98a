import errno
import os
from pathlib import Path

import pytest

from crs.errors import UserError
from crs.places import home, refusal, told

FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, FULL),
    OSError(errno.EROFS, os.strerror(errno.EROFS), "/ro/file"),
    OSError(f"[Errno 28] Error writing bytes to file. Detail: [errno 28] {FULL}"),
    RuntimeError(f"Error while serializing: I/O error: {FULL} (os error 28)"),
    RuntimeError("open file failed with strerror: Read-only file system"),
    OSError("3000000 requested and 255968 written"),
    PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
])  # fmt: skip
def test_a_place_that_takes_nothing_is_known_by_the_words_of_every_library(error):
    assert refusal(error) in {os.strerror(code)
                              for code in (errno.ENOSPC, errno.EROFS, errno.EACCES)}  # fmt: skip


def test_it_is_known_by_what_stands_behind_an_error():
    try:
        try:
            raise OSError(errno.EDQUOT, "over quota")
        except OSError as error:
            raise RuntimeError("unexpected pos 704 vs 598") from error
    except RuntimeError as error:
        assert refusal(error) == os.strerror(errno.EDQUOT)


@pytest.mark.parametrize("error", [
    FileNotFoundError(errno.ENOENT, "No such file", "x"), ValueError("x"), KeyError("y"),
])  # fmt: skip
def test_other_errors_are_not_of_a_place(error):
    assert refusal(error) is None and told(error, Path("/s")) is None


@pytest.mark.parametrize(("at", "says"), [
    (None, r"store=/s cannot be written \(.*type store=PLACE"),
    ("/s/dataset/ab", r"store=/s cannot be written"),
    ("/home/me/.cache", r"/home/me/\.cache cannot be used \(.*; make room there"),
])  # fmt: skip
def test_the_sentence_names_the_place(at, says):
    error = OSError(errno.ENOSPC, FULL) if at is None else OSError(errno.ENOSPC, FULL, at)
    with pytest.raises(UserError, match=says):
        raise told(error, Path("/s"))


def test_a_tilde_is_a_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert home("~/a") == "/home/me/a" and home("a/~b") == "a/~b"
    with pytest.raises(UserError, match="~nobody_of_that_name/a: no such home folder"):
        home("~nobody_of_that_name/a")
