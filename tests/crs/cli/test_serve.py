"""`crs serve`: what is typed, and who may ask."""

import socket

import pytest

from crs.cli import serve
from crs.errors import UserError


@pytest.mark.parametrize(("words", "says"), [
    ([], "name a result, e.g. crs serve"),
    (["a", "--prot=1"], "unrecognized arguments: --prot=1; there is --store"),
    (["a", "--port=x"], "--port=x: must be a whole number from 0 to 65535"),
    (["a", "--batch=0"], "--batch=0: must be a whole number from 1 to 1024"),
    (["a", "--token=secret"], "unrecognized arguments: --token"),
])  # fmt: skip
def test_a_wrong_option_is_one_sentence(words, says):
    with pytest.raises(UserError, match=says):
        serve.options(words)


def test_options_stand_before_and_behind_the_fingerprint():
    given = serve.options(["--port=1", "abc", "--store=x"])
    assert (given.fingerprint, given.port, given.store, given.batch) == ("abc", 1, "x", 32)


def test_another_address_needs_a_token_of_the_environment(monkeypatch):
    monkeypatch.delenv(serve.TOKEN, raising=False)
    assert serve.token("127.0.0.1") == serve.token("localhost") == ""
    for host in ("0.0.0.0", "192.168.0.2", "::"):
        with pytest.raises(UserError, match=f"put one into the variable {serve.TOKEN}"):
            serve.token(host)
    monkeypatch.setenv(serve.TOKEN, "short")
    with pytest.raises(UserError, match="at least 16 characters"):
        serve.token("0.0.0.0")
    monkeypatch.setenv(serve.TOKEN, "0123456789abcdef")
    assert serve.token("0.0.0.0") == serve.token("127.0.0.1") == "0123456789abcdef"


def test_a_port_that_is_taken_is_one_sentence():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UserError, match="cannot be listened on"),
    ):
        serve.listening("127.0.0.1", taken.getsockname()[1])


def test_answers_are_sent_at_once():
    with (
        serve.listening("127.0.0.1", 0) as door,
        socket.create_connection(door.getsockname()),
        door.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_result_that_is_missing_is_one_sentence(tmp_path):
    pytest.importorskip("uvicorn")
    with pytest.raises(UserError, match="no finished result"):
        serve.main(["abc", f"--store={tmp_path}", "--port=0"])


def test_without_the_extra_there_is_a_sentence(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UserError, match=r"uvicorn is not installed: .*crs-suite\[serve\]"):
        serve.main(["abc"])
