"""A conversation of a user of the generated data."""

import pytest


@pytest.fixture
def talk(system):
    return system.talk(system.history_of("u0002"))
