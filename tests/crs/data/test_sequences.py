from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.data.sequences import Sequences, leave_one_out, repeated
from crs.testing.histories import sequences
from tests.contracts.tiny import dataset, quick

users = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=8), min_size=1, max_size=6)


@st.composite
def with_cuts(draw):
    """Users, and a batch of (user, cut) among them, cuts up to the full length."""
    lists = draw(users)
    batch = draw(st.lists(st.integers(1, len(lists)), min_size=1, max_size=8))
    return lists, batch, [draw(st.integers(0, len(lists[user - 1]))) for user in batch]


@quick
@given(with_cuts(), st.integers(1, 10))
def test_windows_are_the_last_items_before_the_cut(example, length):
    lists, user, cut = example
    found = sequences(*lists).windows(torch.tensor(user), torch.tensor(cut), length)
    width = max(1, min(length, max(cut)))
    for row, u, c in zip(found.tolist(), user, cut, strict=True):
        wanted = lists[u - 1][:c][-width:]
        assert row == [0] * (width - len(wanted)) + wanted


@quick
@given(with_cuts())
def test_histories_are_all_items_before_the_cut(example):
    lists, user, cut = example
    row, item = sequences(*lists).histories(torch.tensor(user), torch.tensor(cut))
    wanted = [(r, i) for r, (u, c) in enumerate(zip(user, cut, strict=True))
              for i in lists[u - 1][:c]]  # fmt: skip
    assert list(zip(row.tolist(), item.tolist(), strict=True)) == wanted


@quick
@given(users)
def test_lengths_and_items_are_those_of_the_lists(lists):
    data = sequences(*lists)
    assert data.users.tolist() == list(range(1, len(lists) + 1))
    assert data.lengths(data.users).tolist() == list(map(len, lists))
    newest = data.at(data.users, data.lengths(data.users) - 1)
    assert newest.tolist() == [items[-1] for items in lists]


@quick
@given(users)
def test_leave_one_out_holds_out_the_last_three_in_turn(lists):
    data = sequences(*lists)
    for split, back in {"test": 1, "valid": 2, "train": 3}.items():
        user, cut = leave_one_out(data, split)
        long = [u for u, items in enumerate(lists, 1) if len(items) >= 4]
        assert user.tolist() == long
        assert data.at(user, cut).tolist() == [lists[u - 1][-back] for u in long]


def test_a_training_case_has_a_history():
    user, cut = leave_one_out(sequences([1, 2, 3], [1, 2, 3, 4]), "train")
    assert (user.tolist(), cut.tolist()) == ([2], [1])


def test_no_case_has_no_window():
    none = torch.empty(0, dtype=torch.long)
    data = sequences([1, 2, 3, 4])
    assert data.windows(none, none, 5).shape == (0, 1)
    assert [part.shape for part in data.histories(none, none)] == [(0,), (0,)]


def test_a_window_of_the_first_user_does_not_wrap_round():
    assert sequences([1, 2], [3, 4]).windows(torch.tensor([1]), torch.tensor([0]), 3).tolist() == [
        [0]
    ]


@pytest.mark.parametrize("name", ["items", "offsets"])
def test_sequences_are_those_of_the_tables(tmp_path, name):
    found = dataset(tmp_path)
    frame = found.load("interactions.parquet")
    lists = frame.groupby("user")["item"].agg(list)
    wanted = sequences(*lists, items=found.summary["items"])
    assert torch.equal(getattr(Sequences.of(found), name), getattr(wanted, name))


def test_the_share_of_repeats_by_hand():
    """Seven interactions of two users; 2 and 2 again, and 1 again, were there before."""
    user, item = torch.tensor([1, 1, 1, 1, 2, 2, 2]), torch.tensor([1, 2, 2, 2, 1, 3, 1])
    assert repeated(user, item) == pytest.approx(3 / 7)
    assert repeated(user[:0], item[:0]) == 0.0


def test_repeats_are_counted_in_the_training_part_alone():
    """Whether validation and test repeat is not looked at: it would tell of the targets."""
    never = replace(sequences([1, 2, 3, 4, 1, 1]), repeats=None)
    assert not never.repeating and never.repeats == 0.0
    again = replace(sequences([1, 1, 2, 3, 4, 5]), repeats=None)
    assert again.repeating and again.repeats == 0.25


def test_few_repeats_leave_the_history_out_as_ever():
    """One of 20 training interactions, or of 19."""
    for n, expected in ((20, False), (19, True)):
        data = replace(sequences([1, *range(1, n), 30, 31]), repeats=None)
        assert data.repeating == expected


@pytest.mark.parametrize("large", [1 << 27, 10])
def test_sequences_are_those_of_the_table(tmp_path, monkeypatch, large):
    """Whether they are held in memory or lie on the disk."""
    found = dataset(tmp_path)
    monkeypatch.setattr("crs.data.sequences.LARGE", large)
    made, frame = Sequences.of(found), found.load("interactions.parquet")
    assert made.items.tolist() == frame["item"].tolist()
    assert made.lengths(made.users).tolist() == frame.groupby("user").size().tolist()
    assert made.offsets[0] == made.offsets[1] == 0 and made.items.dtype == torch.long
