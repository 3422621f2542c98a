"""`crs doctor`: a line for each thing, no host asked when offline, no key shown."""

import os

import pytest

from crs.cli.doctor import main
from crs.doctor import extras, machine, network
from crs.doctor.finding import BAD, GOOD, NOTE, Finding
from crs.errors import UserError


def test_offline_it_asks_no_host_and_shows_no_key(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(network, "network", lambda: pytest.fail("a host was asked"))
    monkeypatch.setattr(machine, "gpus", list)
    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    main(["--offline", f"--store={tmp_path / 'store'}"])
    told = capsys.readouterr().out
    assert "W&B         ok     online" in told and "0123456789" not in told
    for name in ("suite", "libraries", "processor", "GPU", "store", "[text]", "[launch]"):
        assert any(line.startswith(f"{name} ") for line in told.splitlines())


def test_what_every_run_needs_ends_with_a_mistake(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(machine, "gpus", list)
    with pytest.raises(UserError, match="1 of these every run needs"):
        main(["--offline", f"--store={tmp_path / 'file' / 'store'}"])


def test_a_store_where_this_user_may_not_look_is_no_traceback(monkeypatch, tmp_path):
    real = os.stat

    def refuse(path, *how, **named):
        if str(path).startswith(str(tmp_path / "closed")):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *how, **named)

    monkeypatch.setattr(os, "stat", refuse)
    assert machine.disk(tmp_path / "closed" / "store").name == "store"


def test_an_extra_that_is_missing_says_what_to_type(monkeypatch):
    monkeypatch.setattr(extras, "there", lambda package: package != "gradio")
    missing = [one for one in extras.installed() if one.state == NOTE]
    assert [one.remedy for one in missing] == ["pip install 'crs-suite[web]'"]


def test_a_gpu_that_torch_cannot_use_is_told(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(machine, "gpus", lambda: ["NVIDIA X, 8 GB"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [one.state for one in machine.gpu()] == [NOTE, NOTE]


def test_a_library_that_is_missing_is_lacking(monkeypatch):
    monkeypatch.setattr(machine, "release", lambda name: None if name == "torch" else "1")
    assert machine.libraries().state == BAD


def test_each_host_is_asked_once_and_silence_is_a_note(monkeypatch):
    import requests

    seen = []

    def head(url, timeout, allow_redirects):
        seen.append(url)
        if "grouplens" in url:
            raise requests.ConnectTimeout("slow")

    monkeypatch.setattr(requests, "head", head)
    found = network.network()
    assert len(seen) == len(set(seen)) == len(network.addresses())
    silent = [one for one in found if one.state == NOTE]
    assert len(silent) == 1 and "ml100k" in silent[0].text and silent[0].remedy


def test_a_line_has_name_state_text_and_what_to_type():
    assert Finding("a", GOOD, "b").line() == "a           ok     b"
    assert Finding("a", NOTE, "b", "c").line().endswith("b; type c")
