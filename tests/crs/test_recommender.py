import pytest

from crs.recommender import own_scorers


@pytest.mark.parametrize(("model", "names", "own"), [
    ("mip_sad", ["popularity", "sasrec", "mip sad"], ["mip sad"]),
    ("latentcrs", ["encoder", "latentcrs no text", "latentcrs mixture"],
     ["latentcrs no text", "latentcrs mixture"]),
    ("mip_sad", ["mip sad + requirements", "popularity + requirements"],
     ["mip sad + requirements"]),
    ("toy", ["popularity", "encoder"], ["popularity", "encoder"]),
    ("toy", [], []),
])  # fmt: skip
def test_a_models_own_scorers_bear_its_name(model, names, own):
    assert own_scorers(model, names) == own
