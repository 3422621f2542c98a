from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.errors import NotFiniteError
from crs.evaluation import ranking
from crs.evaluation.ranking import mid_ranks, ranks, topk
from crs.evaluation.sampled_ranking import ranks_among
from tests.contracts.tiny import quick

N = 6
"""Items; the catalogue has a padding row before them and one that is no item behind."""


def drawn(seed, cases=7):
    """Small whole numbers, so that ties are many and exact; excluded ids may hold the target."""
    g = torch.Generator().manual_seed(seed)
    queries = torch.randint(-2, 3, (cases, 2), generator=g).float()
    items = torch.randint(-2, 3, (N + 2, 2), generator=g).float()
    bias = torch.randint(-1, 2, (N + 2,), generator=g).float() if seed % 2 else None
    target = torch.randint(1, N + 1, (cases,), generator=g)
    row, item = (torch.rand(cases, N, generator=g) < 0.4).nonzero(as_tuple=True)
    allowed = torch.rand(cases, N + 2, generator=g) < 0.7
    return queries, (items, bias), target, (row, item + 1), allowed


def all_scores(queries, catalogue):
    items, bias = catalogue
    return (queries @ items.T + (0 if bias is None else bias)).tolist()


def brute(queries, catalogue, targets, exclude, seen, n_items, allowed):
    """The same by a double loop."""
    out = []
    for case, scores in enumerate(all_scores(queries, catalogue)):
        history = {i for r, i in zip(*map(torch.Tensor.tolist, exclude), strict=True) if r == case}
        target = int(targets[case])
        mine = 0.0 if seen == "zero" and target in history else scores[target]
        higher, ties = 0, 0
        for item, score in enumerate(scores):
            gone = n_items is not None and not 1 <= item <= n_items
            gone = gone or (seen == "out" and item in history)
            gone = gone or (allowed is not None and not allowed[case, item])
            if item == target or gone:
                continue
            value = 0.0 if seen == "zero" and item in history else score
            higher, ties = higher + (value > mine), ties + (value == mine)
        out.append(1 + higher + ties / 2)
    return out


@quick
@given(
    seed=st.integers(0, 10_000),
    seen=st.sampled_from(["out", "zero", "in"]),
    n_items=st.sampled_from([N, None]),
    filtered=st.booleans(),
    chunk_floats=st.sampled_from([1, 3 * (N + 2), 1 << 23]),
)
def test_ranks_are_those_of_a_double_loop(seed, seen, n_items, filtered, chunk_floats):
    queries, catalogue, targets, exclude, allowed = drawn(seed)
    allowed[torch.arange(len(targets)), targets] = True
    mask = allowed if filtered else None
    with mock.patch.multiple(ranking, CHUNK_FLOATS=chunk_floats, PIECE_FLOATS=2 * N):
        found = ranks(
            queries, catalogue, targets, exclude, seen=seen, n_items=n_items,
            allow=(lambda cases: allowed[cases]) if filtered else None,
        )  # fmt: skip
    assert found.tolist() == brute(queries, catalogue, targets, exclude, seen, n_items, mask)


@quick
@given(seed=st.integers(0, 10_000), chunk_floats=st.sampled_from([1, 3 * (N + 2), 1 << 23]))
def test_topk_is_a_sort_of_what_is_allowed(seed, chunk_floats):
    queries, catalogue, _, (row, item), allowed = drawn(seed)
    with mock.patch.object(ranking, "CHUNK_FLOATS", chunk_floats):
        found, values = topk(
            queries, catalogue, 4, (row, item), n_items=N, allow=lambda cases: allowed[cases]
        )
    for case, scores in enumerate(all_scores(queries, catalogue)):
        history = item[row == case].tolist()
        real = [i for i in range(1, N + 1) if i not in history and allowed[case, i]]
        best = sorted((scores[i] for i in real), reverse=True)[:4]
        given_out = [i for i, v in zip(found[case].tolist(), values[case].tolist(), strict=True)
                     if v > -torch.inf]  # fmt: skip
        assert [scores[i] for i in given_out] == best
        assert set(given_out) <= set(real) and len(set(given_out)) == len(given_out)


def test_a_mid_rank_counts_half_of_the_ties():
    scores = torch.tensor([[3.0, 1.0, 1.0, 1.0, 0.0]])
    assert mid_ranks(scores, torch.tensor([[1.0]])).tolist() == [3.0]


def test_equal_scores_rank_in_the_middle():
    assert mid_ranks(torch.zeros(1, 9), torch.zeros(1, 1)).tolist() == [5.0]


def test_a_target_in_the_history_is_still_ranked():
    items = torch.tensor([[0.0], [3.0], [2.0], [1.0]])
    found = ranks(
        torch.ones(1, 1), (items, None), torch.tensor([2]),
        (torch.tensor([0, 0]), torch.tensor([1, 2])), n_items=3,
    )  # fmt: skip
    assert found.tolist() == [1.0]


def test_zeroed_items_outrank_negative_scores():
    items = torch.tensor([[-9.0], [-3.0], [-2.0], [-1.0]])
    arguments = (
        torch.ones(1, 1), (items, None), torch.tensor([3]),
        (torch.tensor([0, 0]), torch.tensor([1, 2])),
    )  # fmt: skip
    assert ranks(*arguments, n_items=3, seen="zero").tolist() == [3.0]
    assert ranks(*arguments, n_items=3, seen="in").tolist() == [1.0]


def test_queries_and_catalogue_stay_as_they_were():
    queries, (items, bias), targets, exclude, _ = drawn(1)
    before = [x.clone() for x in (queries, items, bias)]
    ranks(queries, (items, bias), targets, exclude, n_items=N)
    topk(queries, (items, bias), 3, exclude, n_items=N)
    assert all(map(torch.equal, before, (queries, items, bias)))


def test_no_case_has_no_rank_and_no_recommendation():
    items, none = torch.ones(4, 2), torch.empty(0, dtype=torch.long)
    assert ranks(torch.empty(0, 2), (items, None), none, (none, none), n_items=3).shape == (0,)
    found, scores = topk(torch.empty(0, 2), (items, None), 2, (none, none), n_items=3)
    assert found.shape == scores.shape == (0, 2)


def test_topk_gives_no_more_than_there_are():
    found, scores = topk(torch.ones(1, 1), (torch.ones(4, 1), None), 10, n_items=2)
    assert sorted(found[0].tolist()) == [1, 2]
    assert scores.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("cases", [1, 2, 5])
def test_memory_is_one_chunk(cases, monkeypatch):
    monkeypatch.setattr(ranking, "CHUNK_FLOATS", 2 * N)
    queries, catalogue, *_ = drawn(0, cases)
    places = {s.data_ptr() for _, s, _ in ranking.scored_chunks(queries, catalogue, None, N)}
    assert len(places) == 1


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("place", ["queries", "items", "bias"])
def test_scores_that_are_not_finite_are_refused(place, number):
    queries, (items, bias), targets, exclude, _ = drawn(1)
    {"queries": queries, "items": items, "bias": bias}[place].view(-1)[3] = number
    with pytest.raises(NotFiniteError, match="a score is not finite"):
        ranks(queries, (items, bias), targets, exclude, n_items=N)
    with pytest.raises(NotFiniteError):
        topk(queries, (items, bias), 3, exclude, n_items=N)
    with pytest.raises(NotFiniteError):
        ranks_among(queries, (items, bias), targets[:, None])


def test_finite_numbers_whose_product_is_too_large_are_refused():
    queries, (items, bias), targets, _, _ = drawn(1)
    with pytest.raises(NotFiniteError):
        ranks(queries * 1e30, (items * 1e30, bias), targets, n_items=N)


@quick
@given(seed=st.integers(0, 10_000), chunk_floats=st.sampled_from([1, 3 * (N + 2), 1 << 23]))
def test_sparse_queries_and_items_rank_as_dense_ones(seed, chunk_floats):
    queries, (items, bias), targets, exclude, _ = drawn(seed)
    sparse = queries.to_sparse(), (items.to_sparse(), bias)
    with mock.patch.object(ranking, "CHUNK_FLOATS", chunk_floats):
        one = ranks(queries, (items, bias), targets, exclude, n_items=N)
        two = ranks(*sparse, targets, exclude, n_items=N)
        few = targets[:, None]
        assert torch.equal(ranks_among(*sparse, few), ranks_among(queries, (items, bias), few))
    assert torch.equal(one, two)
