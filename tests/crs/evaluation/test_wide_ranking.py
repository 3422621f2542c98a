"""Tiles give the numbers of whole rows."""

import pytest
import torch

from crs.evaluation import ranking, wide_ranking
from crs.evaluation.ranking import ranks, topk

CASES, ITEMS, DIM = 11, 23, 4


@pytest.fixture
def tiled(monkeypatch):
    """`tiled(width)`: catalogues of this width are ranked in tiles of 3 by 5."""
    monkeypatch.setattr(wide_ranking, "CASES", 3)
    monkeypatch.setattr(wide_ranking, "ITEMS", 5)
    return lambda on: monkeypatch.setattr(ranking, "WIDE", 0 if on else 10**9)


def problem(seed, bias):
    torch.manual_seed(seed)
    # Whole numbers: sums are exact, and there are ties.
    queries = torch.randint(-2, 3, (CASES, DIM)).float()
    items = torch.randint(-2, 3, (ITEMS + 1, DIM)).float()
    targets = torch.randint(1, ITEMS + 1, (CASES,))
    row = torch.arange(CASES).repeat_interleave(6)
    seen = torch.stack([torch.randperm(ITEMS)[:6] + 1 for _ in range(CASES)]).flatten()
    return queries, (items, torch.randint(-2, 3, (ITEMS + 1,)).float() if bias else None), \
        targets, (row, seen)  # fmt: skip


@pytest.mark.parametrize("seen", ["out", "zero", "in"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_ranks_are_those_of_whole_rows(tiled, seed, bias, seen):
    queries, catalogue, targets, exclude = problem(seed, bias)
    found = []
    for on in (False, True):
        tiled(on)
        found.append(ranks(queries, catalogue, targets, exclude, seen=seen, n_items=ITEMS))
    assert found[0].equal(found[1])
    tiled(True)
    without = ranks(queries, catalogue, targets, None, seen=seen, n_items=ITEMS)
    tiled(False)
    assert without.equal(ranks(queries, catalogue, targets, None, seen=seen, n_items=ITEMS))


@pytest.mark.parametrize("cases", [1, 2, 4, 5, 10, 40, 100, 260])
@pytest.mark.parametrize("dim", [16, 64, 100, 384])
@pytest.mark.parametrize("tile", [256, 333, 332])  # the last one has 232 items, 1 and 4
def test_items_with_the_same_vector_tie_in_every_tile(cases, dim, tile, monkeypatch):
    """Real numbers: a sum in another order would set the target before or behind its ties."""
    monkeypatch.setattr(wide_ranking, "ITEMS", tile)
    monkeypatch.setattr(ranking, "WIDE", 0)
    torch.manual_seed(dim)
    items = torch.randn(10, dim)[torch.arange(1001) % 10]
    queries, targets = torch.randn(cases, dim), torch.randint(1, 1001, (cases,))
    found = ranks(queries, (items, None), targets, n_items=1000)
    order = (queries @ items[:10].T).argsort(1, descending=True).argsort(1)
    ahead = order.gather(1, targets[:, None] % 10)[:, 0]
    assert found.tolist() == (100 * ahead + 50.5).tolist()


@pytest.mark.parametrize("seen", ["out", "zero", "in"])
@pytest.mark.parametrize("k", [1, 4, 40])
def test_the_best_items_have_the_scores_of_whole_rows(tiled, k, seen):
    queries, catalogue, _, exclude = problem(0, True)
    tiled(False)
    ids, values = topk(queries, catalogue, k, exclude, seen=seen, n_items=ITEMS)
    tiled(True)
    found, best = topk(queries, catalogue, k, exclude, seen=seen, n_items=ITEMS)
    assert values.equal(best) and found.shape == ids.shape
    items, bias = catalogue
    real = best > -torch.inf
    scores = (queries @ items.T + bias).gather(1, found)
    if seen != "zero":
        assert scores[real].equal(best[real])
    for number, row in enumerate(found):
        assert len(row[real[number]].unique()) == real[number].sum()


def test_a_table_in_half_precision_is_ranked_tile_by_tile(tiled):
    queries, (items, _), targets, exclude = problem(1, False)
    tiled(True)
    whole = ranks(queries, (items, None), targets, exclude, n_items=ITEMS)
    assert whole.equal(ranks(queries, (items.half(), None), targets, exclude, n_items=ITEMS))
