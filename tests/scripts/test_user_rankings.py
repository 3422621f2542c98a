"""Rankings of the same scorers under two users, on real results of generated data."""

import numpy as np
import pandas as pd
import pytest

from crs.errors import UserError
from crs.pipeline.run import run
from scripts import user_rankings
from tests.conftest import composed
from tests.crs.report.conftest import SMALL


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results in one store, each made once."""
    store = tmp_path_factory.mktemp("rankings") / "store"

    def make(*words):
        return run(
            composed(
                *SMALL, "stage=multi_turn", "multi_turn.cases=20", "multi_turn.turns=3",
                *words, f"store={store}",
            )
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def both(made):
    return [
        str(made("model=attribute_filter", f"multi_turn.user={user}").path)
        for user in ("rules", "agenda")
    ]


def printed(capsys, *words):
    user_rankings.main([*words])
    return capsys.readouterr().out


def test_scorers_are_ranked_under_each_user(both, capsys):
    out = printed(capsys, *both)
    assert "agenda (texts: rules)" in out and "Kendall's tau [95 %]" in out
    table = pd.read_parquet(f"{both[1]}/results.parquet")
    table = table[(table["slice"] == "all") & (table["metric"] == "success")]
    for scorer, value in table[["scorer", "value"]].itertuples(index=False):
        line = next(line for line in out.splitlines() if line.startswith(f"| {scorer} "))
        assert f"{value:.3f} (" in line


def test_fewer_turns_are_better(both, capsys):
    lines = printed(capsys, *both, "--metric", "average turns").splitlines()
    firsts = [float(line.split("|")[2].split()[0]) for line in lines[2:4]]
    assert firsts == sorted(firsts)


def test_tau_counts_pairs_that_two_users_order_alike():
    one = np.array([0.9, 0.5, 0.3, 0.1])
    assert user_rankings.tau(one, one)[0] == pytest.approx(1)
    assert user_rankings.tau(one, -one)[0] == pytest.approx(-1)
    assert user_rankings.tau(one, one[[0, 1, 3, 2]])[0] == pytest.approx(4 / 6)


def test_one_user_alone_or_other_dialogues_are_refused(both, made):
    with pytest.raises(UserError, match="there is one user alone"):
        user_rankings.main([both[0]])
    other = str(made("model=attribute_filter", "multi_turn.user=agenda", "multi_turn.shown=4").path)
    with pytest.raises(UserError, match="differ in the user alone"):
        user_rankings.main([both[0], other])


def test_two_users_of_one_kind_are_not_put_together(both, made):
    words = "model=attribute_filter", "multi_turn.user=agenda", "simulator.patience=4"
    other = str(made(*words).path)
    with pytest.raises(UserError, match=r"this agenda \(texts: rules\) has other settings"):
        user_rankings.main([*both, other])


def test_an_unknown_figure_is_answered_with_those_there_are(both):
    with pytest.raises(UserError, match="--metric=ndcg: there are success, average turns"):
        user_rankings.main([*both, "--metric", "ndcg"])


def test_a_scorer_that_differs_between_models_is_told_by_its_model():
    same, other = np.zeros(3), np.ones(3)
    found = user_rankings.named(
        {("a", "x"): same, ("b", "x"): same, ("a", "y"): same, ("b", "y"): other}
    )
    assert sorted(found) == ["a y", "b y", "x"]
