"""Re-ranking against a list that is sorted by hand."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.data.cases import Cases
from crs.data.sequences import leave_one_out
from crs.dialogue.requirements import Facts, Wishes
from crs.dialogue.rerank import RERANKERS
from crs.dialogue.state import Requirement, Understood
from crs.testing.histories import random_sequences
from tests.contracts.tiny import quick

ITEMS = 9


class Scores:
    """Scores that are given, a row a case."""

    sees = "nothing"

    def __init__(self, scores):
        self.scores = scores

    def queries(self, cases):
        return self.scores

    def catalogue(self):
        return torch.eye(ITEMS + 2), None  # with a row behind the items


def setting(seed, said=True):
    """Cases, scores without ties, wishes and shown items, all by chance."""
    generator = torch.Generator().manual_seed(seed)

    def draw(high, *shape):
        return torch.randint(high, shape, generator=generator)

    data = random_sequences(users=6, items=ITEMS, longest=6, seed=seed)
    cases = Cases(data, *leave_one_out(data, "test"))
    row, item = cases.sequences.histories(cases.row, cases.cut)
    kept = torch.ones(len(cases), dtype=torch.bool)
    kept[row[item == cases.target[row]]] = False
    cases = cases[kept]
    shown = draw(ITEMS + 1, len(cases), 2)
    shown[shown == cases.target[:, None]] = 0
    cases = replace(cases, shown=shown)
    matrix = draw(2, ITEMS + 1, 4).float()
    matrix[0] = matrix[:, 0] = 0
    facts = Facts(matrix, torch.arange(1990, 1993), draw(4, ITEMS + 1))
    wishes = Wishes.none(facts, len(cases))
    for case in range(len(cases) if said else 0):
        drawn = zip(1 + draw(3, 3), draw(2, 3), draw(2, 3), strict=True)
        asked = [Requirement(int(a), None, bool(w), bool(h)) for a, w, h in drawn]
        wishes.hear([case], [Understood("", (*asked, Requirement(years=(1991, 1992))))])
    scores = torch.rand(len(cases), ITEMS + 2, generator=generator)
    return Scores(scores), cases, wishes


def order(reranker, model, cases, wishes, case, seen, top):
    """The items of one case as they are shown, by sorting."""
    scores = model.scores[case]
    row, item = cases.sequences.histories(cases.row, cases.cut)
    gone = set(item[row == case].tolist()) if seen == "out" else set()
    shown = set(cases.shown[case].tolist()) - {0}
    free = [i for i in range(1, ITEMS + 1) if i not in gone]
    by_score = sorted(free, key=lambda i: -scores[i])
    if reranker == "none":
        return [i for i in by_score if i not in shown]
    if reranker == "hard":
        broken = wishes.violations()[case]
        return sorted((i for i in by_score if i not in shown), key=lambda i: broken[i])
    asked = (wishes.wanted * wishes.hard)[case]
    shared = wishes.facts.matrix @ asked
    head = sorted(by_score[:top], key=lambda i: (-shared[i], i in shown))
    return head + by_score[top:]


@pytest.mark.parametrize("reranker", RERANKERS)
@quick
@given(st.integers(0, 10_000), st.sampled_from(["out", "in"]), st.integers(1, 5))
def test_what_is_shown_and_where_the_target_stands(reranker, seed, seen, k):
    model, cases, wishes = setting(seed)
    ranking = RERANKERS[reranker](model, cases, wishes, seen, top=5)
    picked, after, before = ranking.pick(k), ranking.ranks_after(), ranking.ranks_before()
    for case in range(len(cases)):
        expected = order(reranker, model, cases, wishes, case, seen, 5)
        shown = [i for i in picked.items[case].tolist() if i]
        assert shown == expected[:k]
        target = int(cases.target[case])
        assert after[case] == expected.index(target) + 1
        plain = order("none", model, replace(cases, shown=torch.zeros_like(cases.shown)), wishes,
                      case, seen, 5)  # fmt: skip
        assert before[case] == plain.index(target) + 1
        if reranker == "hard" and shown:
            assert picked.broken[case] == wishes.violations()[case][shown].max()


@pytest.mark.parametrize("reranker", ["none", "hard"])
def test_more_than_there_is_leaves_places_empty(reranker):
    model, cases, wishes = setting(3)
    picked = RERANKERS[reranker](model, cases, wishes, "out", top=5).pick(ITEMS + 5)
    row, item = cases.sequences.histories(cases.row, cases.cut)
    for case in range(len(cases)):
        gone = set(item[row == case].tolist()) | set(cases.shown[case].tolist())
        real = [i for i in picked.items[case].tolist() if i]
        assert set(real) == set(range(1, ITEMS + 1)) - gone
        assert picked.items[case, len(real) :].eq(0).all()


def test_requirements_beat_any_score():
    model, cases, wishes = setting(1, said=False)
    wishes.facts.matrix[1:, 1] = 0
    wishes.facts.matrix[4, 1] = 1
    wishes.hear(range(len(cases)), [Understood("", (Requirement(1),))] * len(cases))
    model.scores[:, 4] = -1e9
    cases = replace(cases, shown=None)
    picked = RERANKERS["hard"](model, cases, wishes, "in", top=5).pick(1)
    assert set(picked.items[:, 0].tolist()) == {4}
