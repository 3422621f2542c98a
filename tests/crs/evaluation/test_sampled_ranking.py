import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.data.cases import ASKED, Cases
from crs.evaluation import sampled_ranking
from crs.evaluation.sampled_ranking import draw, ranks_among
from crs.testing.histories import random_sequences
from tests.contracts.tiny import quick


def made(items, attributes, seed, users=6):
    """The test cases of some users, each with a first attribute, and who owns what."""
    data = random_sequences(users, items, 9, seed)
    rng = np.random.default_rng(seed)
    owners = torch.from_numpy(rng.random((items + 1, attributes + 1)) < 0.5).float()
    owners[0] = owners[:, 0] = 0.0
    asked = torch.from_numpy(rng.integers(1, attributes + 1, (users, 1)))
    cut = data.lengths(data.users) - 1
    known = torch.zeros(users, attributes + 1).scatter_(1, asked, 1.0)
    return Cases(data, data.users, cut, known=known, dialogue={ASKED: asked}), owners


@quick
@given(st.integers(3, 60), st.integers(1, 4), st.integers(0, 5), st.sampled_from([3, 100]))
def test_sampled_items_share_the_first_attribute_as_far_as_there_are_such(
    items, attributes, seed, count
):
    cases, owners = made(items, attributes, seed)
    original, sampled_ranking.CANDIDATES = sampled_ranking.CANDIDATES, count
    try:
        lists = draw(cases, owners, "random", "out", seed=1)
    finally:
        sampled_ranking.CANDIDATES = original
    row, seen = cases.excluded
    for case, (target, *sampled) in enumerate(lists.tolist()):
        real = [i for i in sampled if i]
        out = {target, *seen[row == case].tolist()}
        assert target == cases.target[case]
        assert len(set(real)) == len(real) and not set(real) & out
        sharing = {i for i in range(1, items + 1) if owners[i, cases.asked[case, 0]]} - out
        assert len(real) == min(count, items - len(out))
        assert len(set(real) & sharing) == min(count, len(sharing))


def test_the_draw_is_a_function_of_the_seed():
    cases, owners = made(60, 3, 0)
    one, two, other = (draw(cases, owners, "random", "out", seed) for seed in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_without_attributes_any_item_is_sampled():
    cases, owners = made(20, 1, 0)
    owners[:] = 0.0
    cases.known = None
    lists = draw(cases, owners, "random", "in", seed=1)
    assert ((lists > 0).sum(1) == 20).all()


def test_the_released_items_are_the_lowest_numbers_with_the_attribute():
    cases, owners = made(30, 1, 0)
    owners[:, 1] = (torch.arange(31) % 3 == 1).float()
    lists = draw(cases, owners, "first", "in", seed=1)
    for target, *sampled in lists.tolist():
        assert [i for i in sampled if i] == [i for i in range(1, 31, 3) if i != target]


def test_refused_items_are_not_sampled():
    cases, owners = made(30, 1, 0)
    absent = torch.tensor([[i for i in range(1, 31) if i != target][:2]
                           for target in cases.target.tolist()])  # fmt: skip
    cases.shown = absent
    lists = draw(cases, owners, "random", "out", seed=1)
    assert not (lists[:, 1:, None] == absent[:, None]).any()


@pytest.mark.parametrize("floats", [1, 1 << 23])
def test_ranks_among_by_hand(monkeypatch, floats):
    """Scores 3, 1, 3, 0 of items 1 to 4, with a bias of 1 on item 4: target 1 ties with 3; target 2
    ranks behind 1 and 3 and ties with 4; padding is no sampled item."""
    monkeypatch.setattr(sampled_ranking, "CHUNK_FLOATS", floats)
    items = torch.tensor([[9.0], [3.0], [1.0], [3.0], [0.0]])
    bias = torch.tensor([9.0, 0.0, 0.0, 0.0, 1.0])
    lists = torch.tensor([[1, 2, 3, 0], [2, 1, 3, 4], [4, 0, 0, 0]])
    assert ranks_among(torch.ones(3, 1), (items, bias), lists).tolist() == [1.5, 3.5, 1.0]
    assert ranks_among(torch.ones(3, 1), (items, None), lists).tolist() == [1.5, 3.0, 1.0]
