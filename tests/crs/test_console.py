"""What is said while something runs, on a terminal and without one."""

import errno
import logging
import os
import sys
from pathlib import Path

import pytest

from crs import console
from crs.console import LogFile, PlainFormatter, Progress, complain, say
from crs.errors import UserError


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""
    now = [1000.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="crs.console")
    return caplog


def terminal(monkeypatch, there):
    monkeypatch.setattr(console.sys.stderr, "isatty", lambda: there, raising=False)


def work(clock, seconds, steps=10):
    with Progress(steps, 0, "pretrain", "batch", True) as bar:
        for _ in range(steps):
            clock[0] += seconds
            bar.set_postfix_str("epoch 3", refresh=False)
            bar.update()


def test_a_line_to_the_user_stands_in_the_log_too(log, capsys):
    say("plan      sasrec on tiny")
    assert capsys.readouterr().err == "plan      sasrec on tiny\n"
    assert log.messages == ["plan      sasrec on tiny"]


def test_a_name_from_outside_is_no_command_and_no_second_line(log, capsys, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "a-secret")
    name = "a\x1b[2Jb\nresults: /forged a-secret"
    say(f"audit     {name}")
    complain(UserError(f"no column {name}"))
    shown = "a\\x1b[2Jb results: /forged <SOME_TOKEN>"
    assert capsys.readouterr().err == f"audit     {shown}\nerror: no column {shown}\n"
    assert log.messages == [f"audit     {shown}"]


def test_a_traceback_in_the_log_keeps_its_lines_and_nothing_else(monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "a-secret")
    try:
        raise ValueError("a\x1b[2J a-secret")
    except ValueError:
        failed = logging.LogRecord("a", 40, "a.py", 1, "failed", None, sys.exc_info())
    lines = PlainFormatter("%(message)s").format(failed).split("\n")
    assert lines[:2] == ["failed", "Traceback (most recent call last):"]
    assert lines[-1] == "ValueError: a\\x1b[2J <SOME_TOKEN>"


def test_without_a_terminal_a_line_comes_every_half_minute(clock, log, capsys, monkeypatch):
    """Ten steps of 7 seconds: lines after 35 and 70."""
    terminal(monkeypatch, False)
    work(clock, 7.0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:3] for line in lines] == [["pretrain", "runs", "50%,"],
                                                    ["pretrain", "runs", "100%,"]]  # fmt: skip
    assert "5 of 10 batch" in lines[0] and "left" in lines[0] and "epoch 3" in lines[0]
    assert log.messages == lines


def test_short_work_says_nothing(clock, log, capsys, monkeypatch):
    terminal(monkeypatch, False)
    work(clock, 2.0)
    assert capsys.readouterr().err == "" and log.messages == []


def test_on_a_terminal_the_bar_is_drawn_and_the_log_has_lines(clock, log, capsys, monkeypatch):
    terminal(monkeypatch, True)
    work(clock, 7.0)
    err = capsys.readouterr().err
    assert "pretrain" in err and "runs" not in err
    assert len(log.messages) == 2 and "left" in log.messages[0]


def test_progress_can_be_switched_off(clock, log, capsys, monkeypatch):
    terminal(monkeypatch, False)
    with Progress(3, 0, "pretrain", "batch", False) as bar:
        for _ in range(3):
            clock[0] += 60
            bar.update()
    assert capsys.readouterr().err == "" and log.messages == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_cannot_be_written_is_told_once(capsys):
    log = LogFile("/dev/full")
    for text in ("one", "two"):
        log.handle(logging.makeLogRecord({"msg": text}))
    told = capsys.readouterr().err.splitlines()
    assert told == [f"note      the log ends here ({os.strerror(errno.ENOSPC)})"]
