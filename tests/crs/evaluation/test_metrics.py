import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    label_ranking_average_precision_score,
    ndcg_score,
    top_k_accuracy_score,
)

from crs.evaluation.metrics import RANK_METRICS, means, per_case
from crs.evaluation.ranking import mid_ranks
from tests.contracts.tiny import quick

CASES, ITEMS = 40, 25


def hit_rate(relevant, scores, k):
    return top_k_accuracy_score(relevant.argmax(1), scores, k=k, labels=np.arange(ITEMS))


def reciprocal_rank(relevant, scores, k):
    rows = [(relevant[i : i + 1], scores[i : i + 1]) for i in range(CASES)]
    precision = label_ranking_average_precision_score  # of one relevant item: 1 / its rank
    return np.mean([precision(*row) * hit_rate(*row, k) for row in rows])


def gain(relevant, scores, k):
    return ndcg_score(relevant, scores, k=k)


OTHERS = {"hr": hit_rate, "ndcg": gain, "mrr": reciprocal_rank}


@pytest.mark.parametrize("k", [1, 5, 10, 24])
@pytest.mark.parametrize("metric", OTHERS)
def test_means_are_those_of_scikit_learn(metric, k):
    generator = torch.Generator().manual_seed(k)
    scores = torch.rand(CASES, ITEMS, generator=generator)
    target = torch.randint(ITEMS, (CASES,), generator=generator)
    relevant = torch.nn.functional.one_hot(target, ITEMS).numpy()
    theirs = OTHERS[metric](relevant, scores.numpy(), k)
    found = mid_ranks(scores.clone(), scores.gather(1, target[:, None]))
    ours = per_case(found.numpy(), [k])[metric, k].mean()
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_hand_worked():
    found = per_case(np.array([1.0, 3.0, 2.5, 11.0]), [3])
    assert found["hr", 3].tolist() == [1, 1, 1, 0]
    assert found["ndcg", 3].tolist() == pytest.approx([1, 0.5, 1 / np.log2(3.5), 0])
    assert found["mrr", 3].tolist() == pytest.approx([1, 1 / 3, 0.4, 0])


def test_means_are_named_by_metric_and_cut_off():
    found = means(np.array([1.0, 3.0, 30.0, 11.0]))
    assert list(found) == ["hr@10", "ndcg@10", "mrr@10"]
    assert found["hr@10"] == 0.5 and found["ndcg@10"] == pytest.approx(1.5 / 4)


def test_a_metric_says_what_it_is():
    for name, one in RANK_METRICS.items():
        assert one.name == name == one.function.__name__
        assert one.meaning.endswith(".") and one.source and one.k in one.shown
    assert [one.at(one.k) for one in RANK_METRICS.values()] == ["HR@10", "NDCG@10", "MRR@20"]


rank = st.integers(2, 400).map(lambda double: double / 2)


@quick
@given(st.lists(rank, min_size=1), st.integers(1, 50))
def test_figures_lie_in_order_between_0_and_1(ranks, k):
    found = per_case(np.array(ranks), [k, k + 1])
    for metric in ("hr", "ndcg", "mrr"):
        assert ((found[metric, k] >= 0) & (found[metric, k] <= found[metric, k + 1])).all()
    assert (found["mrr", k] <= found["ndcg", k] + 1e-12).all()
    assert (found["ndcg", k] <= found["hr", k]).all()


@quick
@given(rank, rank, st.integers(1, 50))
def test_a_better_rank_is_never_worth_less(one, two, k):
    for value in per_case(np.array([min(one, two), max(one, two)]), [k]).values():
        assert value[0] >= value[1]
