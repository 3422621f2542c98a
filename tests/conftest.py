"""What tests of the whole share: a composed configuration, and no clock in hypothesis."""

import copy
import gc
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hypothesis import HealthCheck, settings

from crs import command_line
from crs.config import Config
from crs.pipeline.run import run
from crs.store.artifact import Artifact

pytest.register_assert_rewrite("crs.testing.recommender")
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run whole commands come first: at the end one of them would keep a single
    process busy. They have few tests, which are long; xdist would begin with the many short ones.
    """
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


def pytest_collection_finish() -> None:
    """Thousands of tests are objects that stay: garbage is looked for without them, and less
    often. With Hydra's many small objects that was an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@cache
def composed(*overrides: str) -> Config:
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        return command_line.to_config(hydra_compose("train", overrides=list(overrides)))


@pytest.fixture(scope="session")
def configure() -> Callable[..., Config]:
    """`configure("model=sasrec", …)`: what the command line composes, the caller's to change."""
    return lambda *overrides: copy.deepcopy(composed(*overrides))


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Artifact:
    """The `evaluate` result of LatentCRS on generated data, in a store of its own."""
    store = tmp_path_factory.mktemp("finished") / "store"
    return run(composed(
        "model=latentcrs", "dataset=tiny", "embedder=hashed", "tracker=none", "debug=fast",
        "trainer=cpu", "trainer.threads=1", f"store={store}",
    ))  # fmt: skip


@pytest.fixture(scope="session")
def system(finished) -> Any:
    """The same, ready to recommend."""
    from crs.serving import load

    return load(finished.fingerprint, finished.path.parents[1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of the system, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no browser: {str(error).splitlines()[0]}")
        yield opened
        opened.close()
