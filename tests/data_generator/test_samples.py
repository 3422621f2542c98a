from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data import build_dataset
from crs.data.readers import movielens
from crs.testing.histories import random_sequences, sequences
from data_generator import samples
from data_generator.samples import cases, drawn, random_cuts
from tests.contracts.tiny import config, dataset, made, quick, shared

SETTINGS = config("samples=augmented").samples
SEEDS = [1755, 2097, 3068, 6868, 7702]


@quick
@given(st.lists(st.integers(1, 60), min_size=1), st.integers(0, 99), st.integers(2, 40))
def test_random_cuts_leave_four_items_on_both_sides(lengths, seed, shown):
    for length, cut in zip(lengths, random_cuts(np.array(lengths), shown, seed), strict=True):
        pool = length - 2
        if pool < shown / 3 or pool < 8:
            assert cut == -1
        else:
            assert 4 <= cut + 1 <= pool - 4


def test_random_cuts_fall_everywhere_alike():
    counts = np.bincount(random_cuts(np.full(9000, 20), 25, seed=1))
    # A pool of 18 has its sub-sequence end before 4 … 14, so the cut is at 3 … 13.
    assert (counts[:3] == 0).all() and len(counts) == 14
    assert (abs(counts[3:] - 9000 / 11) < 120).all()


def test_random_cuts_are_a_function_of_the_seed():
    lengths = np.full(50, 30)
    assert (random_cuts(lengths, 25, 1) == random_cuts(lengths, 25, 1)).all()
    assert (random_cuts(lengths, 25, 1) != random_cuts(lengths, 25, 2)).any()


def test_users_with_a_pool_of_nine_get_cuts():
    assert (random_cuts(np.array([10, 11]), 25, 0) >= 0).tolist() == [False, True]


DATA = random_sequences(users=40, items=30, longest=40)


def test_counts_are_one_a_user_and_kind():
    frame = cases(DATA, SETTINGS)
    counts = frame.groupby(["split", "kind"]).size().to_dict()
    long = int((DATA.lengths(DATA.users) >= 11).sum())
    assert counts == {
        ("train", "raw"): 40, ("valid", "raw"): 40, ("test", "raw"): 40,
        **{("train", str(seed)): long for seed in SEEDS},
    }  # fmt: skip
    assert not frame.duplicated(["split", "kind", "user"]).any()


def test_training_targets_lie_before_the_last_two_items():
    frame = cases(DATA, SETTINGS)
    train = frame[frame["split"] == "train"]
    lengths = DATA.lengths(DATA.users).numpy()[train["user"] - 1]
    assert (train["cut"] <= lengths - 3).all() and (train["cut"] >= 1).all()
    raw = train["kind"] == "raw"
    assert (train["cut"] == lengths - 3)[raw].all()


@pytest.mark.parametrize(("split", "back"), [("valid", 2), ("test", 1)])
def test_held_out_cases_are_the_last_two_items(split, back):
    frame = cases(DATA, SETTINGS)
    part = frame[frame["split"] == split]
    assert (part["cut"] == DATA.lengths(DATA.users).numpy() - back).all()


def test_parts_can_be_left_out():
    only_raw, only_cuts = replace(SETTINGS, seeds=[]), replace(SETTINGS, raw=False)
    train = cases(DATA, only_raw).query("split == 'train'")
    assert set(train["kind"]) == {"raw"}
    train = cases(DATA, only_cuts).query("split == 'train'")
    assert set(train["kind"]) == set(map(str, SEEDS))


def test_users_of_three_items_have_no_case():
    frame = cases(sequences([1, 2, 3], [1, 2, 3, 4]), SETTINGS)
    assert set(frame["user"]) == {2}


def test_the_stage_counts_its_splits(tmp_path):
    inputs = {"dataset": dataset(tmp_path)}
    one, two = (made(samples, SETTINGS, inputs, tmp_path / name) for name in "12")
    frame = one.load("cases.parquet")
    assert frame.equals(two.load("cases.parquet"))
    assert list(frame.columns) == ["split", "kind", "user", "cut"]
    assert (
        one.summary["cases"] == len(frame) == sum(one.summary[s] for s in frame["split"].unique())
    )
    assert one.summary["shown"] == 25


@pytest.mark.slow
def test_users_of_movielens_1m_have_about_the_released_counts():
    settings = config("dataset=ml1m").dataset
    raw = movielens.read_1m(shared("ml-1m.zip"), settings)
    rows = build_dataset.tables(raw, settings)["interactions"]
    data = sequences(*rows.groupby("user")["item"].agg(list))
    counts = cases(data, SETTINGS).groupby(["split", "kind"]).size()
    # The released 6,034 users have 5,923 cuts of each seed; the stand-in lacks rare items.
    assert counts["train", "raw"] == counts["valid", "raw"] == counts["test", "raw"] == 6034
    assert all(5900 <= counts["train", str(seed)] <= 5923 for seed in SEEDS)


def test_some_validation_cases_are_drawn_and_all_test_cases_stay():
    whole, part = cases(DATA, SETTINGS), cases(DATA, replace(SETTINGS, valid=12))
    for split in ("train", "test"):
        assert part[part["split"] == split].equals(whole[whole["split"] == split].set_index(
            part.index[part["split"] == split]))  # fmt: skip
    few, every = (f[f["split"] == "valid"][["user", "cut"]] for f in (part, whole))
    assert len(few) == 12 and few["user"].is_monotonic_increasing and few["user"].is_unique
    assert set(few.itertuples(index=False, name=None)) < set(
        every.itertuples(index=False, name=None)
    )


@quick
@given(st.integers(0, 50), st.integers(1, 60), st.integers(0, 9))
def test_the_draw_is_a_function_of_its_seed(users, valid, seed):
    settings = replace(SETTINGS, valid=valid, valid_seed=seed)
    found = drawn(users, settings)
    assert len(set(found)) == len(found) == min(users, valid) and set(found) <= set(range(users))
    assert (found == drawn(users, settings)).all()


def test_another_seed_draws_others():
    one, two = (drawn(500, replace(SETTINGS, valid=50, valid_seed=seed)) for seed in (1, 2))
    assert set(one) != set(two)
