import pytest

from crs.models import recipes
from crs.recommender import own_scorers, scorer_and_reranker

OWN = ("toy history", "toy text")


@pytest.mark.parametrize(("names", "own"), [
    (["popularity", "sasrec", "toy text"], ["toy text"]),
    (["encoder", "toy history", "toy text"], ["toy history", "toy text"]),
    (["toy text + requirements", "popularity + requirements"], ["toy text + requirements"]),
    (["toy text + more", "toy text"], ["toy text"]),
    (["toy texts", "popularity"], ["toy texts", "popularity"]),
    (["popularity", "encoder"], ["popularity", "encoder"]),
    ([], []),
])  # fmt: skip
def test_a_recipe_states_which_scorers_are_the_models_own(names, own):
    assert own_scorers(OWN, names) == own


@pytest.mark.parametrize("model", recipes())
def test_every_model_has_scorers_of_its_own(model):
    assert recipes()[model].own_scorers


def test_a_scorer_whose_name_is_a_sum_keeps_it_beside_a_re_ranker():
    assert scorer_and_reranker("encoder + text match") == ("encoder + text match", "")
    assert scorer_and_reranker("encoder + text match + requirements") == (
        "encoder + text match", " + requirements",
    )  # fmt: skip
    own = recipes()["text_match"].own_scorers
    assert own_scorers(own, ["encoder", "encoder + attributes + re-ranking"]) == [
        "encoder + attributes + re-ranking"
    ]
