"""Pictures."""

import pandas as pd
import pytest

from crs.evaluation.charts import success_by_turn
from crs.evaluation.report import chart


@pytest.mark.parametrize("title", ["popularity on $\\nosuch$ \x1b", "Ke$ha $100"])
def test_a_title_is_no_formula(title, tmp_path):
    row = {"scorer": "a", "value": 0.5, "low": 0.4, "high": 0.6, "split": "test"}
    turns = [row | {"metric": "success", "slice": f"turn={turn}", "k": 10} for turn in (1, 2)]
    success_by_turn(pd.DataFrame(turns), tmp_path / "a.png", title)
    ranks = [row | {"metric": "ndcg", "slice": "all", "k": 10, "sees": "history"}]
    chart(pd.DataFrame(ranks), tmp_path / "b.png", title)
    assert all((tmp_path / name).stat().st_size > 5_000 for name in ("a.png", "b.png"))
