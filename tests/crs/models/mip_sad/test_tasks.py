"""The two tasks, worked by hand, and what may be drawn for them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.models.mip_sad.tasks import (
    candidate_loss,
    discrimination_loss,
    draw_negatives,
    masked_slots,
    outsiders,
    subsets,
    substituted,
)
from tests.contracts.tiny import padded, quick

TABLE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
"""Padding and three items on the axes."""


def test_mip_on_logits_by_hand():
    """u = (2, 1): items 1, 2, 3 score 2, 1, -2. Target 1 against 2 alone is BPR:
    -log s(2 - 1) = log(1 + e^-1) = 0.3133; against 2 and 3, log(1 + e^-1 + e^-4) = 0.3269.
    """
    u = torch.tensor([[2.0, 1.0]])
    one = candidate_loss(u, TABLE, torch.tensor([[1, 2]]), "logits").item()
    two = candidate_loss(u, TABLE, torch.tensor([[1, 2, 3]]), "logits").item()
    assert one == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    assert two == pytest.approx(math.log(1 + math.exp(-1) + math.exp(-4)), abs=1e-6)


def test_mip_on_sigmoids_by_hand():
    """As released: s(2) = .8808, s(1) = .7311; -log s(.8808 - .7311) = log(1 + e^-.1497) = 0.6211.
    Its bounds: a difference of 1 gives 0.3133, of -1 1.3133.
    """
    u = torch.tensor([[2.0, 1.0]])
    found = candidate_loss(u, TABLE, torch.tensor([[1, 2]]), "sigmoid").item()
    assert found == pytest.approx(0.62106, abs=1e-4)
    far = [candidate_loss(1e4 * u, TABLE, torch.tensor([pair]), "sigmoid").item()
           for pair in ([1, 3], [3, 1])]  # fmt: skip
    assert far == pytest.approx([0.31326, 1.31326], abs=1e-4)


def test_mip_is_a_mean_over_slots():
    """Losses 0.3133 (target 1 against 2) and 1.3133 (2 against 1): mean 0.8133."""
    u = torch.tensor([[2.0, 1.0], [2.0, 1.0]])
    found = candidate_loss(u, TABLE, torch.tensor([[1, 2], [2, 1]]), "logits").item()
    assert found == pytest.approx(0.81326, abs=1e-4)


def test_sad_by_hand():
    """Logits 2, 0 and -1 with labels original, original, replaced:
    (log(1 + e^-2) + log 2 + log(1 + e^-1)) / 3 = (0.1269 + 0.6931 + 0.3133) / 3 = 0.3778.
    """
    judged = torch.tensor([[2.0, 5.0], [0.0, 5.0], [-1.0, 5.0]])
    state = torch.tensor([[1.0, 0.0]] * 3)
    found = discrimination_loss(judged, state, torch.tensor([True, True, False])).item()
    assert found == pytest.approx((0.126928 + 0.693147 + 0.313262) / 3, abs=1e-5)


def test_sad_of_no_attribute_is_zero():
    none = torch.zeros(0, 2, requires_grad=True)
    loss = discrimination_loss(none, none, torch.zeros(0, dtype=torch.bool))
    assert loss.item() == 0.0


@quick
@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=6), st.floats(0, 1))
def test_the_newest_item_is_masked_and_padding_never(rows, rate):
    ids = padded(*rows, [1])
    mask = masked_slots(ids, rate)
    assert not mask[ids == 0].any()
    assert (mask[:, -1] == (ids[:, -1] > 0)).all()
    if rate == 0:
        assert mask.sum() == (ids[:, -1] > 0).sum()


def test_the_rate_is_that_of_all_but_the_newest():
    torch.manual_seed(0)
    mask = masked_slots(torch.ones(500, 21, dtype=torch.long), 0.2)
    assert mask[:, -1].all() and mask[:, :-1].float().mean().item() == pytest.approx(0.2, abs=0.01)


owned_lists = st.lists(st.sets(st.integers(1, 9), max_size=7), min_size=1, max_size=6)


def as_lists(rows):
    width = max(1, *map(len, rows)) if rows else 1
    return torch.tensor([sorted(row) + [0] * (width - len(row)) for row in rows])


@quick
@given(owned_lists, st.integers(1, 8))
def test_a_subset_is_a_part_of_the_list(rows, most):
    found = subsets(as_lists(rows), most)
    for row, ids in zip(rows, found.tolist(), strict=True):
        real = [i for i in ids if i]
        assert ids == real + [0] * (len(ids) - len(real))
        assert set(real) <= row and len(set(real)) == len(real)
        assert (1 <= len(real) <= min(most, len(row))) if row else not real


def test_sizes_and_members_of_subsets_are_uniform():
    torch.manual_seed(0)
    found = subsets(torch.tensor([[3, 5, 8, 0]]).repeat(6000, 1), 10)
    sizes = torch.bincount((found > 0).sum(1), minlength=4)[1:] / 6000
    torch.testing.assert_close(sizes, torch.full((3,), 1 / 3), atol=0.02, rtol=0)
    first = torch.bincount(found[:, 0], minlength=9)[[3, 5, 8]] / 6000
    torch.testing.assert_close(first, torch.full((3,), 1 / 3), atol=0.02, rtol=0)


@quick
@given(owned_lists, st.integers(9, 11))
def test_outsiders_are_attributes_that_the_item_does_not_have(rows, attributes):
    found = outsiders(as_lists(rows), torch.Size((len(rows), 5)), attributes)
    for row, ids in zip(rows, found.tolist(), strict=True):
        assert all(1 <= i <= attributes and i not in row for i in ids)


def test_outsiders_are_uniform_and_there_may_be_none():
    torch.manual_seed(0)
    found = outsiders(torch.tensor([[2, 3, 0]]).repeat(4000, 1), torch.Size((4000, 1)), 5)
    share = torch.bincount(found[:, 0], minlength=6)[[1, 4, 5]] / 4000
    torch.testing.assert_close(share, torch.full((3,), 1 / 3), atol=0.03, rtol=0)
    assert (outsiders(torch.tensor([[1, 2, 3]]), torch.Size((1, 4)), 3) == 0).all()


@quick
@given(owned_lists, st.floats(0, 1))
def test_substitutes_are_no_attributes_of_the_item_and_padding_stays(rows, rate):
    owned = as_lists(rows)
    chosen = subsets(owned, 9)
    changed = substituted(chosen, owned, rate, 10)
    assert torch.equal(changed == 0, chosen == 0)
    for row, was, now in zip(rows, chosen.tolist(), changed.tolist(), strict=True):
        assert all(b == a or b not in row for a, b in zip(was, now, strict=True))
    if rate in (0, 1):
        assert ((changed == chosen) == ((chosen == 0) | (rate == 0))).all()


def test_where_an_item_has_every_attribute_none_is_replaced():
    owned = torch.tensor([[1, 2, 3]])
    assert torch.equal(substituted(owned, owned, 1.0, 3), owned)


@quick
@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=5))
def test_negatives_are_neither_padding_nor_taken(rows):
    taken = padded(*rows)
    mask = torch.zeros(len(rows), 14, dtype=torch.bool).scatter_(1, taken, True)
    found = draw_negatives(torch.randn(len(rows), 14), mask, 20)
    assert ((found >= 1) & (found <= 13)).all()
    assert not (found[:, :, None] == taken[:, None]).any()


def test_negatives_follow_the_softmax():
    torch.manual_seed(0)
    logits = torch.tensor([[9.0, 9.0, 0.0, math.log(3.0)]])
    taken = torch.tensor([[False, True, False, False]])
    found = draw_negatives(logits, taken, 20_000)
    share = torch.bincount(found[0], minlength=4) / 20_000
    torch.testing.assert_close(share, torch.tensor([0.0, 0.0, 0.25, 0.75]), atol=0.02, rtol=0)
