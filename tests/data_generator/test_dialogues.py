from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from crs.data.attribute_dialogues import (
    ATTRIBUTE,
    COLUMNS,
    REFUSED,
    TABLE,
    bit_sets,
    id_lists,
    remaining,
)
from crs.data.sequences import leave_one_out
from crs.errors import UserError
from crs.testing.histories import sequences
from data_generator import dialogues
from data_generator.dialogues import World, converse, targets_of
from tests.contracts.tiny import artifact, config, dataset, made, quick

SETTINGS = config().dialogues


def world(items, attributes, seed, density=0.4):
    """A random catalogue; membership [items + 1, attributes + 1] beside it."""
    members = np.random.default_rng(seed).random((items + 1, attributes + 1)) < density
    members[0] = members[:, 0] = False
    lists = id_lists(torch.from_numpy(members)).numpy()
    return World(lists, bit_sets(members.T), np.zeros(items + 1)), members


@quick
@given(
    st.integers(2, 130), st.integers(1, 9), st.integers(0, 9), st.floats(0, 1), st.floats(0, 1),
    st.integers(1, 5),
)  # fmt: skip
def test_every_turn_says_how_many_candidates_remain(
    items, attributes, seed, halving, refuse, shown
):
    """Recounted turn by turn; and the target always remains, whatever was refused."""
    about, members = world(items, attributes, seed)
    assume(members.any())
    settings = replace(SETTINGS, halving=halving, refuse=refuse, shown=shown)
    target = np.arange(1, items + 1)
    turns = converse(target, about, settings, np.random.default_rng(seed))
    assert (turns["remaining"] == remaining(turns, members)).all()
    assert (turns["remaining"] >= 1).all()
    for row, kind, attribute, refused in turns[
        ["dialogue", "kind", "attribute", "items"]
    ].to_numpy():
        if kind == ATTRIBUTE:
            assert members[target[row], attribute] and len(refused) == 0
        else:
            assert attribute == 0 and len(set(refused)) == shown and target[row] not in refused


@quick
@given(st.integers(20, 90), st.integers(1, 8), st.integers(0, 9), st.integers(1, 6))
def test_a_dialogue_ends_when_few_candidates_or_no_attributes_are_left(
    items, attributes, seed, limit
):
    about, members = world(items, attributes, seed)
    settings = replace(SETTINGS, shown=5, limit=limit)
    target = np.arange(1, items + 1)
    turns = converse(target, about, settings, np.random.default_rng(seed))
    spoken = set(turns["dialogue"])
    assert spoken == set(np.flatnonzero(members[1:].any(1)))
    for row, part in turns.groupby("dialogue"):
        assert part["turn"].tolist() == list(range(1, len(part) + 1))
        assert part["kind"].iloc[0] == ATTRIBUTE
        accepted = part.loc[part["kind"] == ATTRIBUTE, "attribute"].tolist()
        assert len(set(accepted)) == len(accepted) <= limit
        assert (part["remaining"].iloc[:-1] > 5).all()
        exhausted = len(accepted) in (limit, members[target[row]].sum())
        assert part["remaining"].iloc[-1] <= 5 or exhausted


def test_the_first_attribute_is_any_and_the_next_the_one_that_halves():
    """Target 1 has attributes 1, 2, 3, owned by 8, 4 and 2 of 8 items: after attribute 1, with 8
    left, the nearest to half is 2; after 2, with 4 left, it is 3; after 3, with 2 left, 1 and 2
    keep both and the first is taken."""
    members = np.zeros((9, 4), dtype=bool)
    members[1:, 1] = members[1:5, 2] = members[1:3, 3] = True
    about = World(id_lists(torch.from_numpy(members)).numpy(), bit_sets(members.T), np.zeros(9))
    settings = replace(SETTINGS, halving=1.0, refuse=0.0, shown=1)
    turns = converse(np.ones(600, dtype=int), about, settings, np.random.default_rng(0))
    orders = turns.groupby("dialogue")["attribute"].agg(tuple)
    assert set(orders) == {(1, 2, 3), (2, 3, 1), (3, 1, 2)}
    assert orders.value_counts().min() > 150


def test_popular_items_are_recommended_more_often():
    members = np.ones((41, 3), dtype=bool)
    members[0] = members[:, 0] = False
    weight = np.log1p(np.where(np.arange(41) <= 20, 9, 0))
    about = World(id_lists(torch.from_numpy(members)).numpy(), bit_sets(members.T), weight)
    settings = replace(SETTINGS, refuse=0.5, shown=3)
    turns = converse(np.full(2000, 40), about, settings, np.random.default_rng(0))
    refused = np.concatenate(turns.loc[turns["kind"] == REFUSED, "items"].to_list()).astype(int)
    assert 0.75 < (refused <= 20).mean() < 0.95


@pytest.mark.parametrize("positions", [1, 3, 99])
def test_training_targets_are_never_held_out(positions):
    data = sequences([1, 2, 3, 4, 5, 6], [7, 8, 9, 1], items=9)
    user, cut = targets_of(data, "train", positions)
    assert (cut <= data.lengths(torch.from_numpy(user)).numpy() - 3).all() and (cut >= 1).all()
    assert (user == 1).sum() == min(positions, 3) and (user == 2).sum() == 1
    for split in ("valid", "test"):
        wanted = leave_one_out(data, split)
        assert all(map(np.array_equal, targets_of(data, split, positions), wanted))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("dialogues"))


def run(inputs, folder, **changes):
    found = made(dialogues, replace(SETTINGS, **changes), {"dataset": inputs}, folder)
    return found.load(TABLE), found.summary


def test_the_table_has_all_splits_and_its_columns(tiny, tmp_path):
    table, summary = run(tiny, tmp_path / "d")
    assert list(table.columns) == COLUMNS
    assert table["dialogue"].is_monotonic_increasing
    counts = table.drop_duplicates("dialogue")["split"].value_counts()
    assert {name: summary[name] for name in counts.index} == counts.to_dict()
    assert counts["valid"] == counts["test"] == tiny.summary["users"]


def test_dialogues_are_a_function_of_the_seed_and_validation_of_that_alone(tiny, tmp_path):
    one, two = (run(tiny, tmp_path / name, positions=2)[0] for name in "12")
    more, other = run(tiny, tmp_path / "3", positions=3)[0], run(tiny, tmp_path / "4", seed=9)[0]
    assert one.equals(two)
    held_out = [frame[frame["split"] != "train"].drop(columns="dialogue").reset_index(drop=True)
                for frame in (one, more, other)]  # fmt: skip
    assert held_out[0].equals(held_out[1]) and not held_out[0].equals(held_out[2])
    assert len(more) > len(one)


def test_items_without_attributes_are_no_targets_and_counted(tiny, tmp_path):
    items = tiny.load("items.parquet")
    bare = {1, 2, 3}
    items["attributes"] = items["attributes"].where(~items["item"].isin(bare), pd.Series([[]] * 30))
    rows = tiny.load("interactions.parquet")
    changed = artifact(
        tmp_path / "bare", tiny.summary, items=items, interactions=rows,
        attributes=tiny.load("attributes.parquet"),
    )  # fmt: skip
    table, summary = run(changed, tmp_path / "d", limit=1)
    assert summary["items_without_attributes"] == 3
    assert summary["items_beyond_limit"] == int((items["attributes"].map(len) > 1).sum())
    lists = rows.groupby("user")["item"].agg(list)
    targets = {lists[user][cut] for user, cut in zip(table["user"], table["cut"], strict=True)}
    assert targets and not targets & bare


def test_without_any_attribute_it_is_refused(tiny, tmp_path):
    items = tiny.load("items.parquet").assign(attributes=[[]] * tiny.summary["items"])
    changed = artifact(
        tmp_path / "bare", tiny.summary, items=items, interactions=tiny.load("interactions.parquet")
    )
    with pytest.raises(UserError, match=r"no train target of dataset=.* has an attribute"):
        run(changed, tmp_path / "d")


def test_dialogues_of_the_dataset_stand_as_they_are(tiny, tmp_path):
    """Its validation and test dialogues are kept, training is simulated."""
    own = pd.DataFrame({
        "split": ["valid", "valid", "test"], "dialogue": [0, 0, 1], "user": [1, 1, 2],
        "cut": [5, 5, 6], "turn": [1, 2, 1], "kind": [ATTRIBUTE, REFUSED, ATTRIBUTE],
        "attribute": [1, 0, 2], "items": [[], [3, 4], []], "remaining": [9, 7, 5],
    })  # fmt: skip
    names = ("items", "interactions", "attributes")
    changed = artifact(
        tmp_path / "own", tiny.summary | {"dialogues": 2}, attribute_dialogues=own,
        **{name: tiny.load(f"{name}.parquet") for name in names},
    )  # fmt: skip
    table, summary = run(changed, tmp_path / "d")
    kept = table[table["split"] != "train"].reset_index(drop=True)
    assert kept.drop(columns=["dialogue", "items"]).equals(own.drop(columns=["dialogue", "items"]))
    assert [list(cell) for cell in kept["items"]] == own["items"].tolist()
    assert summary["own"] == ["test", "valid"] and summary["train"] > 0


def test_training_gives_nothing_away_that_the_sources_dialogues_hold_out(tiny, tmp_path):
    """User 1 is held out at cut 3 and again at 5; a training dialogue at 4 knows item 3."""
    own = pd.DataFrame({
        "split": ["test", "valid", "train", "train", "train"], "dialogue": [0, 1, 2, 3, 4],
        "user": [1, 1, 1, 1, 2], "cut": [5, 3, 4, 2, 4], "turn": 1, "kind": ATTRIBUTE,
        "attribute": 1, "items": [[]] * 5, "remaining": 9,
    })  # fmt: skip
    names = ("items", "interactions", "attributes")
    tables = {name: tiny.load(f"{name}.parquet") for name in names}
    summary = tiny.summary | {"dialogues": 5}
    given = artifact(tmp_path / "given", summary, attribute_dialogues=own, **tables)
    table, found = run(given, tmp_path / "d")
    kept = table[table["split"] == "train"]
    assert kept[["user", "cut"]].to_numpy().tolist() == [[1, 2], [2, 4]]
    assert found["late"] == 1
    held = own[own["split"] != "train"]
    bare = artifact(tmp_path / "bare", summary, attribute_dialogues=held, **tables)
    table, _ = run(bare, tmp_path / "e", positions=99)
    simulated = table[table["split"] == "train"]
    assert simulated[simulated["user"] == 1]["cut"].max() == 2
    assert simulated[simulated["user"] == 2]["cut"].max() > 3
