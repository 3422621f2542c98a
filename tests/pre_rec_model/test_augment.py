from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pre_rec_model import augment
from tests.contracts.tiny import quick

WIDTH = 30


def batch(lengths):
    """Rows of these lengths with items 1, 2, …, right-aligned in WIDTH columns."""
    ids = torch.arange(1, WIDTH + 1).repeat(len(lengths), 1)
    lengths = torch.tensor(lengths)[:, None]
    return (ids - (WIDTH - lengths)).clamp_min(0)


def items(row):
    return [x for x in row.tolist() if x]


lengths = st.lists(st.integers(1, WIDTH), min_size=1, max_size=8)
seeds = st.integers(0, 1000)


def right_aligned(row):
    return not any(a and not b for a, b in pairwise(row))


@quick
@given(lengths, seeds)
def test_crop_keeps_a_fifth_in_a_row(lengths, seed):
    torch.manual_seed(seed)
    for row, m in zip(augment.crop(batch(lengths), 0.2), lengths, strict=True):
        kept = items(row)
        assert len(kept) == max(1, int(m * Fraction("0.2")))
        assert kept == list(range(kept[0], kept[0] + len(kept))) and kept[-1] <= m
        assert right_aligned(row.tolist())


def test_crop_reaches_every_place_and_the_newest_item():
    torch.manual_seed(0)
    last = {items(row)[-1] for row in augment.crop(batch([10] * 300), 0.2)}
    assert last == set(range(2, 11))


@quick
@given(lengths, seeds)
def test_mask_blanks_seven_tenths_but_never_all(lengths, seed):
    torch.manual_seed(seed)
    ids = batch(lengths)
    for row, before, m in zip(augment.mask(ids, 0.7), ids, lengths, strict=True):
        assert len(items(row)) == max(1, m - int(m * Fraction("0.7")))
        assert ((row == before) | (row == 0)).all()


def test_mask_of_everything_leaves_an_item():
    assert (augment.mask(batch([1, 2, 9]), 1.0) > 0).sum(1).tolist() == [1, 1, 1]


def test_mask_falls_on_every_place():
    torch.manual_seed(0)
    blank = augment.mask(batch([5] * 100), 0.7)[:, -5:] == 0
    assert blank.any(0).all() and not blank.all(0).any()


@quick
@given(lengths, seeds)
def test_reorder_moves_items_within_one_fifth_alone(lengths, seed):
    torch.manual_seed(seed)
    ids = batch(lengths)
    for row, before, m in zip(augment.reorder(ids, 0.2), ids, lengths, strict=True):
        assert sorted(items(row)) == items(before) and right_aligned(row.tolist())
        moved = (row != before).nonzero()[:, 0].tolist()
        if moved:
            assert moved[-1] - moved[0] + 1 <= max(1, int(m * Fraction("0.2")))


def test_reorder_reaches_the_newest_item():
    torch.manual_seed(0)
    rows = augment.reorder(batch([10] * 200), 0.2)
    assert {row[-1].item() for row in rows} == {9, 10}


def test_reorder_of_the_whole_gives_every_order():
    torch.manual_seed(0)
    orders = {tuple(items(row)) for row in augment.reorder(batch([3] * 200), 1.0)}
    assert len(orders) == 6


@pytest.mark.parametrize("kind", ["crop", "mask", "reorder"])
def test_an_empty_row_stays_empty(kind):
    ids = torch.zeros(2, 4, dtype=torch.long)
    assert torch.equal(getattr(augment, kind)(ids, 0.5), ids)


@pytest.mark.parametrize("kind", ["crop", "mask", "reorder"])
def test_the_batch_itself_is_not_changed(kind):
    ids = batch([9, 4])
    getattr(augment, kind)(ids, 0.5)
    assert torch.equal(ids, batch([9, 4]))


def test_a_view_is_a_crop_a_mask_or_a_reordering_each_a_third_of_the_time():
    torch.manual_seed(0)
    ids = batch([20] * 900)
    counts = {"crop": 0, "mask": 0, "reorder": 0}
    for row in augment.view(ids, 0.2, 0.7, 0.2):
        counts[{4: "crop", 6: "mask", 20: "reorder"}[len(items(row))]] += 1
    assert all(240 < count < 360 for count in counts.values())


def test_views_are_a_function_of_the_seed():
    first, second = (
        [torch.manual_seed(seed), augment.view(batch([9, 20]), 0.2, 0.7, 0.2)][1] for seed in (4, 4)
    )
    assert torch.equal(first, second)
