"""The cards of the models: what is written on them is of today."""

import pandas as pd
import pytest

from crs.models import recipes
from scripts import refresh_cards


@pytest.mark.parametrize("model", recipes().values(), ids=lambda model: model.name)
def test_a_card_has_the_scores_of_the_leaderboard(model):
    """Otherwise type: python scripts/refresh_cards.py"""
    card = (refresh_cards.CARDS / f"{model.name}.md").read_text()
    assert refresh_cards.document(model) == card
    heads = [line for line in card.splitlines() if line.startswith("## ")]
    assert heads == [f"## {head}" for head in ("What it is", "Data", "Limits", "Scores", "Command")]


def test_a_model_without_a_row_says_so():
    [model] = [one for one in recipes().values() if one.name == "popularity"]
    part = refresh_cards.part(model, pd.DataFrame({"model": [], "command": []}))
    assert part.startswith(refresh_cards.NO_ROW)
    assert "model=popularity" in part
