"""Settings of LatentCRS for tests: as in section 11, no extra losses."""

import pytest

from crs.models.latentcrs.recipe import EM


@pytest.fixture
def em_options() -> EM:
    return EM(
        posterior="exact", candidates=0, w_e=0.0, w_r=0.0, w_n=0.0, dropout=0.0,
        text_hidden=16, hidden=12,
    )  # fmt: skip
