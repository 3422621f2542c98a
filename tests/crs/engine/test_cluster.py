"""`engine=ray`, where Ray is installed: the bytes of one process, whatever becomes of a process."""

import os
import signal
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from crs.engine.shards import computed
from crs.errors import UserError
from crs.settings.engine import Engine
from tests.contracts.tiny import artifact, config, context
from text2embedding import embed

installed = find_spec("ray") is not None
with_ray = pytest.mark.skipif(not installed, reason="Ray is not installed: the extra `ray`")
without_ray = pytest.mark.skipif(installed, reason="Ray is installed")


def on_ray(**settings):
    """A run whose shards two processes of Ray compute."""
    return replace(context(), engine=Engine("ray", processes=2, **settings))


def ends_once(folder):
    """Ends its process at shard 3, once; fails at a text."""

    def compute(shard):
        if shard == 3 and not (mark := Path(folder, "ended")).exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if shard == "mistake":
            raise UserError("type another")
        return 1 / shard

    return compute


@without_ray
def test_what_to_install_is_said():
    with pytest.raises(UserError, match=r"engine=ray needs ray: pip install .*\[ray\]"):
        list(computed(ends_once, ("",), [1, 2], 2, on_ray()))


@with_ray
def test_the_bytes_are_those_of_one_process(tmp_path):
    texts = pd.DataFrame({"text": pd.array([f"text number {n}" for n in range(9)])})
    inputs = {"simulate": artifact(tmp_path / "simulate", {}, utterances=texts)}
    settings = replace(config("embedder=hashed").embedder, dim=16, shard=2)
    home, handler = Path.home() / ".ray", signal.getsignal(signal.SIGTERM)
    before = home.exists()
    for name, run in (("one", context()), ("ray", on_ray())):
        (tmp_path / name).mkdir()
        embed.run(settings, inputs, tmp_path / name, run)
    for file in ("vectors.npy", "index.npy"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "ray" / file).read_bytes()
    assert home.exists() == before and signal.getsignal(signal.SIGTERM) == handler


@with_ray
def test_a_killed_process_loses_one_shard_which_another_computes(tmp_path, capsys):
    found = list(computed(ends_once, (str(tmp_path),), range(1, 9), 8, on_ray()))
    assert sorted(found) == [(n - 1, 1 / n) for n in range(1, 9)]
    assert (tmp_path / "ended").exists()
    assert capsys.readouterr().err.count("engine    lost      a process, by ActorDiedError") == 1


@with_ray
@pytest.mark.parametrize(("shard", "kind", "sentence"), [
    ("mistake", UserError, "^type another$"),
    (0, RuntimeError, r"a process of Ray failed:\n(.|\n)*ZeroDivisionError"),
])  # fmt: skip
def test_an_error_is_that_of_the_process(tmp_path, shard, kind, sentence):
    with pytest.raises(kind, match=sentence):
        list(computed(ends_once, (str(tmp_path),), [shard, shard], 2, on_ray()))


@with_ray
def test_that_ray_does_not_start_is_one_sentence(monkeypatch):
    import ray

    def slow(*_, **__):
        raise Exception("The current node timed out during startup.\nThis could")

    monkeypatch.setattr(ray, "init", slow)
    with pytest.raises(UserError, match=r"Ray did not start \(The current .* startup\.\);"):
        list(computed(ends_once, ("",), [1, 2], 2, on_ray()))


@with_ray
def test_a_cluster_that_is_not_there_is_one_sentence():
    with pytest.raises(UserError, match=r"engine\.address=127\.0\.0\.1:9: .* ray start --head"):
        list(computed(ends_once, ("",), [1, 2], 2, on_ray(address="127.0.0.1:9")))
