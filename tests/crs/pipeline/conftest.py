"""The two stages of `demo`."""

import sys
from collections.abc import Callable, Iterator

import pytest

from crs.config import Config
from crs.pipeline import code_digest
from crs.stages import declared_stages
from crs.stages.stage import Stage
from tests.crs.pipeline.demo import FIRST, SECOND, TINY, Demo


@pytest.fixture
def demo(configure: Callable[..., Config], tmp_path, monkeypatch) -> Iterator[Demo]:
    cached = code_digest.source_of, code_digest.imports_of, code_digest.code_of
    folder = tmp_path / "demo"
    folder.mkdir()
    for name, text in {"__init__": "", "first": FIRST, "second": SECOND}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code_digest, "PACKAGES", (*code_digest.PACKAGES, "demo"))
    first = Stage("dataset", "demo.first:run", 1, lambda x: x.dataset, lambda x: [], (), "first")
    second = Stage(
        "samples", "demo.second:run", 1, lambda x: x.samples, lambda x: ["dataset"], (), "second"
    )
    monkeypatch.setitem(declared_stages(), "dataset", first)
    monkeypatch.setitem(declared_stages(), "samples", second)
    for function in cached:
        function.cache_clear()
    __import__("demo.first"), __import__("demo.second")
    config = configure(*TINY, "model=popularity")
    config.stage.name, config.store = "samples", str(tmp_path / "store")
    yield Demo(config, folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "demo"]:
        del sys.modules[name]
    for function in cached:
        function.cache_clear()
