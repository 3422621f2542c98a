import json

import pytest

from crs.data import build_dataset
from crs.data.attribute_dialogues import ATTRIBUTE, REFUSED, remaining
from crs.data.attributes import attribute_matrix
from crs.data.readers import lastfm
from crs.errors import UserError
from crs.stages.dataset import Dataset
from tests.contracts.tiny import config, made, shared

SETTINGS = Dataset("lastfm")
ITEMS = {str(item): [1] if item % 2 else [1, 2] for item in range(1, 16)} | {"16": []}
"""Sixteen items: 1 has attribute 1 alone, 2 both, …, and the last none."""


def record(**changes):
    """A dialogue about item 4: attribute 1 leaves 15, item 3 is refused, attribute 2 leaves 7."""
    return {
        "user": 5, "context": [1, 2], "pos_item": 4, "neg_item": 9, "initial": 1,
        "dialog": [[1, 15], [3, 5, 7], [2, 7]], "pos_preference": [1, 2], **changes,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Writes the files of a release; those given as None are left out."""

    def make(items=ITEMS, valid=(), test=(), train=None, tags=None):
        files = {
            lastfm.ITEM_FILE: items, lastfm.TAG_FILE: tags, lastfm.RECORDS["train"]: train,
            lastfm.RECORDS["valid"]: valid, lastfm.RECORDS["test"]: test,
        }  # fmt: skip
        for name, content in files.items():
            if content is not None:
                (tmp_path / name).write_text(json.dumps(content))
        return tmp_path

    return make


def read(path):
    return lastfm.read_precrs(path, SETTINGS)


def test_a_record_is_a_history_a_target_and_turns(folder):
    raw = read(folder(valid=[record()]))
    assert raw.interactions["item"].tolist() == ["1", "2", "4"]
    assert raw.interactions["timestamp"].tolist() == [0, 1, 2]
    rows = raw.dialogues[["split", "user", "target", "turn", "kind", "attribute", "remaining"]]
    assert list(map(tuple, rows.to_numpy())) == [
        ("valid", "5", "4", 1, ATTRIBUTE, "1", 15),
        ("valid", "5", "4", 2, REFUSED, "", 12),
        ("valid", "5", "4", 3, ATTRIBUTE, "2", 7),
    ]
    assert raw.dialogues["items"].tolist() == [[], ["3", "5", "7"], []]


def test_two_refused_items_are_not_read_as_an_attribute(folder):
    """[3, 5] would be attribute 3 by its length; but there is none that leaves 5 candidates."""
    raw = read(folder(valid=[record(dialog=[[3, 5], [2, 7]])]))
    assert raw.dialogues["kind"].tolist() == [REFUSED, ATTRIBUTE]
    assert raw.dialogues["items"].tolist() == [["3", "5"], []]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"context": []}, lastfm.SHORT),
        ({"context": [1]}, lastfm.SHORT),
        ({"dialog": [[1, 15], [9, 0]]}, lastfm.UNSATISFIED),
        ({"dialog": []}, lastfm.SILENT),
    ],
)
def test_what_cannot_be_used_is_counted(folder, change, what):
    raw = read(folder(valid=[record(**change), record(user=6)]))
    assert raw.dropped[what] == 1
    assert raw.dialogues["user"].unique().tolist() == ["6"]


def test_items_and_attributes_without_each_other_are_counted(folder):
    raw = read(folder(valid=[record()], tags={"1": [1], "2": [2], "3": []}))
    assert raw.dropped[lastfm.BARE] == 1 and raw.dropped[lastfm.OWNERLESS] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dialog": None}, "'dialog' of record 1 of val_lastfm.json is None, list"),
        ({"user": "5"}, "'user' of record 1 of val_lastfm.json is '5', int expected"),
        ({"pos_item": 99}, "has item 99, item_dict_lastfm1.0.json has not"),
        ({"context": [1, 77]}, "has item 77"),
        ({"dialog": [[1, 14]]}, r"turn 1, \[1, 14\], is neither an attribute .* \(15\)"),
        ({"dialog": [[1, 15], [1, 2, 99]]}, "turn 2"),
        ({"dialog": [[1, 15], []]}, "turn 2 is empty"),
        ({"dialog": [[1, 15], [3, 4, 5]]}, "turn 2, .* nor a list of other candidates"),
        (
            {"dialog": [["rock", 15]]},
            "entry 1 of entry 1 of 'dialog' of record 1 .* is 'rock', int expected",
        ),
    ],
)
def test_a_broken_record_is_named(folder, change, message):
    with pytest.raises(UserError, match=message) as error:
        read(folder(valid=[record(**change)]))
    assert "record 1 of val_lastfm.json" in str(error.value)


def test_a_record_without_dialog_is_named(folder):
    broken = record()
    del broken["dialog"]
    with pytest.raises(UserError, match=r"record 2 of test_lastfm\.json has no 'dialog'"):
        read(folder(test=[record(), broken]))


def test_a_missing_or_broken_file_is_named(folder, tmp_path):
    with pytest.raises(UserError, match=r"has no item_dict_lastfm1\.0\.json"):
        read(tmp_path)
    (folder() / lastfm.RECORDS["valid"]).write_text("[{")
    with pytest.raises(UserError, match=r"val_lastfm\.json is not JSON"):
        read(tmp_path)


def test_training_dialogues_are_used_where_they_continue_a_history(folder):
    """Users of validation keep their own sequence; others are as long as their longest record."""
    train = [
        record(context=[9, 8], pos_item=7, dialog=[[1, 15]]),
        record(user=8, context=[1, 2], pos_item=3, dialog=[[1, 15]]),
        record(user=8, context=[1, 2, 3], pos_item=4, dialog=[[1, 15]]),
    ]
    raw = read(folder(valid=[record()], train=train))
    assert raw.dropped[lastfm.STRAY] == 1
    sequences = raw.interactions.groupby("user")["item"].agg(list).to_dict()
    assert sequences == {"5": ["1", "2", "4"], "8": ["1", "2", "3", "4"]}
    parts = raw.dialogues.drop_duplicates("dialogue")
    assert sorted(zip(parts["split"], parts["user"], parts["target"], strict=True)) == [
        ("train", "8", "3"), ("train", "8", "4"), ("valid", "5", "4")
    ]  # fmt: skip


def test_scpr_joins_the_three_parts_in_order(tmp_path):
    files = {
        "item_dict": {str(i): {"feature_index": [i % 2], "categories": [7]} for i in range(5)},
        "tag_reverse_map": {
            str(i): {"real_name": [name]} for i, name in enumerate(("rock", "folk", "jazz"))
        },
        "review_dict_train": {"0": [3, 1], "4": [2], "9": []},
        "review_dict_valid": {"0": [0]},
        "review_dict_test": {"0": [4], "4": [1]},
    }
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    raw = lastfm.read_scpr(tmp_path, SETTINGS)
    sequences = raw.interactions.groupby("user")["item"].agg(list).to_dict()
    assert sequences == {"0": ["3", "1", "0", "4"], "4": ["2", "1"]}
    assert raw.items["attributes"].tolist()[:2] == [["rock"], ["folk"]]
    assert raw.dropped == {lastfm.BARE: 0, lastfm.OWNERLESS: 1, lastfm.EMPTY: 1}
    (tmp_path / "review_dict_test.json").write_text('{"0": [44]}')
    with pytest.raises(UserError, match=r"review_dict_test\.json, user 0, has item 44"):
        lastfm.read_scpr(tmp_path, SETTINGS)


def lastfm_dataset(source, root):
    path = shared(f"lastfm-{source}")
    settings = config("dataset=lastfm", f"dataset.source={source}", f"dataset.path={path}").dataset
    return made(build_dataset, settings, {}, root / "store" / "dataset" / "x")


def test_the_released_dialogues_say_how_many_candidates_remain(tmp_path):
    """Every one of the 4,485 attribute turns, recounted from the tables alone."""
    dataset = lastfm_dataset("precrs", tmp_path)
    found = dataset.summary
    assert found["label"] == "lastfm precrs"
    assert (found["users"], found["items"], found["attributes"]) == (1129, 1921, 71)
    assert not any(found["dropped"].values())
    turns = dataset.load("attribute_dialogues.parquet")
    assert turns["dialogue"].nunique() == found["dialogues"] == 1129
    recounted = remaining(turns, attribute_matrix(dataset).numpy() > 0)
    asks = (turns["kind"] == ATTRIBUTE).to_numpy()
    assert asks.sum() == 4485 and (~asks).sum() == 312
    assert (recounted == turns["remaining"].to_numpy()).all()


def test_scpr_has_its_counts(tmp_path):
    found = lastfm_dataset("scpr", tmp_path).summary
    assert found["label"] == "lastfm scpr" and found["dialogues"] == 0
    assert (found["users"], found["interactions"], found["attributes"]) == (1801, 76693, 33)
