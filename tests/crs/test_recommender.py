import pytest

from crs.models import recipes
from crs.recommender import own_scorers

OWN = ("toy history", "toy text")


@pytest.mark.parametrize(("names", "own"), [
    (["popularity", "sasrec", "toy text"], ["toy text"]),
    (["encoder", "toy history", "toy text"], ["toy history", "toy text"]),
    (["toy text + requirements", "popularity + requirements"], ["toy text + requirements"]),
    (["toy texts", "popularity"], ["toy texts", "popularity"]),
    (["popularity", "encoder"], ["popularity", "encoder"]),
    ([], []),
])  # fmt: skip
def test_a_recipe_states_which_scorers_are_the_models_own(names, own):
    assert own_scorers(OWN, names) == own


@pytest.mark.parametrize("model", recipes())
def test_every_model_has_scorers_of_its_own(model):
    assert recipes()[model].own_scorers
