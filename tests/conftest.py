"""What tests of the whole share: a composed configuration, and no clock in hypothesis."""

import copy
from collections.abc import Callable
from functools import cache

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hypothesis import HealthCheck, settings

from crs import compose
from crs.config import Config

settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")


@cache
def composed(*overrides: str) -> Config:
    compose.register()
    with initialize_config_dir(str(compose.CONF), version_base="1.3"):
        return compose.to_config(hydra_compose("train", overrides=list(overrides)))


@pytest.fixture(scope="session")
def configure() -> Callable[..., Config]:
    """`configure("model=sasrec", …)`: what the command line composes, the caller's to change."""
    return lambda *overrides: copy.deepcopy(composed(*overrides))
