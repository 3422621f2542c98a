import json
import shutil

import numpy as np
import pandas as pd
import pytest

from crs.data import build_dataset
from crs.data.build_dataset import check_counts, statistics, tables
from crs.data.parsing.raw import Raw, empty_items
from crs.errors import UserError
from crs.stages.dataset import Counts, Dataset
from tests.contracts.tiny import config, dataset, made, shared


def raw_of(*rows, items=None):
    """Rows of (user, item) or (user, item, timestamp, rating)."""
    full = [(u, i, *(rest or (n, 5.0))) for n, (u, i, *rest) in enumerate(rows)]
    frame = pd.DataFrame(full, columns=["user", "item", "timestamp", "rating"])
    return Raw(frame, empty_items() if items is None else items)


def test_rows_are_by_user_then_time():
    raw = raw_of(("b", "x", 5, 1.0), ("a", "y", 9, 1.0), ("a", "x", 3, 1.0), ("b", "y", 1, 1.0))
    out = tables(raw, Dataset("x", min_user=1))["interactions"]
    assert out[["user", "item"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 2], [2, 1]]


def test_ratings_are_filtered_before_the_core():
    raw = raw_of(*[("a", i, 1, 4.0) for i in "wxyz"], ("a", "v", 2, 3.0))
    with pytest.raises(
        UserError, match=r"no interaction is left .*min_rating=4.*require=\[\].*filter less"
    ):
        tables(raw, Dataset("x", min_rating=4, min_user=5))
    assert len(tables(raw, Dataset("x", min_rating=4, min_user=4))["interactions"]) == 4


def test_fractions_of_a_second_are_told():
    raw = raw_of(*[("a", i, t, 1.0) for i, t in zip("wxyz", (1.5, 1.25, 3.0, 0.5), strict=True)])
    out = tables(raw, Dataset("x", min_user=1))
    assert out["interactions"]["timestamp"].tolist() == [0, 1, 1, 3]
    assert out["audit"][["what", "rows", "done"]].to_numpy().tolist() == [
        ["with a fraction of a second, which is cut off", 3, "kept"]
    ]


def test_users_too_short_to_be_cases_are_counted():
    rows = [("long", i, t, 1.0) for t, i in enumerate("vwxy")]
    raw = raw_of(*rows, ("short", "x", 1, 1.0), ("short", "y", 2, 1.0))
    audit = tables(raw, Dataset("x", min_user=1))["audit"]
    assert audit[["what", "rows", "done"]].to_numpy().tolist() == [
        ["of users with under 4: too short to be cases", 2, "kept"]
    ]


def test_ids_that_others_equal_but_for_a_blank_are_told():
    raw = raw_of(*[("a", i, t, 1.0) for t, i in enumerate(["x", "y", "x ", "z"])])
    audit = tables(raw, Dataset("x", min_user=1))["audit"]
    assert audit[["what", "rows", "done"]].to_numpy().tolist() == [
        ["of item ids that others equal but for blanks or a .0, e.g. 'x'", 2, "kept"]
    ]


def test_items_keep_what_is_known_of_them():
    about = pd.DataFrame({
        "item": ["x", "gone"], "title": ["X", "Gone"], "year": pd.array([1999, 1], dtype="Int64"),
        "attributes": [["war", "art"], ["lost"]], "description": ["d", ""],
    })  # fmt: skip
    out = tables(raw_of(("a", "x"), ("a", "y"), items=about), Dataset("x", min_user=1))
    assert out["attributes"].to_numpy().tolist() == [[1, "art"], [2, "war"]]
    items = out["items"]
    assert items["raw"].tolist() == ["x", "y"] and items["title"].tolist() == ["X", ""]
    assert items["attributes"].tolist() == [[2, 1], []]
    assert items["year"].fillna(0).tolist() == [1999, 0]
    assert items["description"].tolist() == ["d", ""]


def test_statistics_count():
    raw = raw_of(*[("a", i) for i in "xyz"], ("b", "x"))
    found = statistics(tables(raw, Dataset("x", min_user=1)))
    assert found == {
        "users": 2, "items": 3, "interactions": 4, "density": 4 / 6, "mean_length": 2.0,
        "median_length": 2.0, "min_length": 1, "max_length": 3, "attributes": 0,
        "items_with_attributes": 0, "dialogues": 0, "turns": 0,
    }  # fmt: skip


COUNTS = {"users": 2, "items": 3, "interactions": 4}
DIGEST = "89abcdef" * 8


@pytest.mark.parametrize(
    ("sha256", "expect", "label", "after"),
    [
        (None, None, "x local 01234567", "x local 01234567"),
        (None, Counts(**COUNTS), "x local 01234567", "x"),
        (None, Counts(2, 3, 5), "x local 01234567", "x local 01234567"),
        ("ff", Counts(**COUNTS), "x local 01234567", "x local 01234567"),
        ("ff", Counts(**COUNTS), "x", "x"),
        ("ff", Counts(2, 3, 5), "x", "x"),
        (None, Counts(**COUNTS), "x", "x"),
        (None, Counts(2, 3, 5), "x", "x unverified 89abcdef"),
        (None, None, "x", "x unverified 89abcdef"),
        (None, Counts(**COUNTS, turns=5), "x local 01234567", "x local 01234567"),
    ],
)
def test_published_counts_stand_for_a_hash_that_nobody_published(sha256, expect, label, after):
    settings = Dataset("x", sha256=sha256, expect=expect)
    assert check_counts(settings, {**COUNTS, "turns": 4}, label, DIGEST) == after


PUBLIC = ("inspired", "lastfm")


@pytest.mark.parametrize("name", PUBLIC)
def test_a_changed_copy_of_public_data_does_not_keep_its_label(name, tmp_path, monkeypatch):
    """Without a public hash: one dialogue less, with as many users, items and interactions."""
    folder = tmp_path / "raw"
    source = shared({"inspired": "inspired", "lastfm": "lastfm-precrs"}[name])
    shutil.copytree(source, folder)
    labels = []
    for changed in (False, True):
        if changed and name == "inspired":
            file = folder / "train_data_dbpedia.jsonl"
            lines = file.read_text().splitlines()
            turns = json.loads(lines[0])
            lines[0] = json.dumps([turn | {"movie_link": [], "movie_name": []} for turn in turns])
            file.write_text("\n".join(lines))
        elif changed:
            file = folder / "test_lastfm.json"
            records = json.loads(file.read_text())
            records[0]["dialog"] = records[0]["dialog"][:1]
            file.write_text(json.dumps(records))
        model = "c2crs" if name == "inspired" else "popularity"
        settings = config(f"dataset={name}", f"model={model}", f"dataset.path={folder}").dataset
        labels.append(
            made(build_dataset, settings, {}, tmp_path / "a" / str(changed)).summary["label"]
        )
    assert labels[0] in ("inspired", "lastfm precrs")
    assert labels[1].startswith(f"{labels[0]} local ")


@pytest.mark.parametrize("name", ["beauty", "toys", "sports", "yelp"])
def test_iclrecs_files_are_known_by_their_hash(name):
    settings = config(f"dataset={name}", "model=sasrec").dataset
    assert len(settings.sha256) == 64 and settings.sources[0].sha256 == settings.sha256


@pytest.mark.parametrize("sha256", [None, "ff"])
def test_a_public_file_with_other_counts_is_said(sha256, capsys):
    check_counts(Dataset("x", sha256=sha256, expect=Counts(2, 3, 5)), COUNTS, "x", DIGEST)
    assert "counts are" in capsys.readouterr().err


def test_the_stage_writes_tables_that_fit_together(tmp_path):
    found = dataset(tmp_path)
    rows, items = found.load("interactions.parquet"), found.load("items.parquet")
    assert found.summary["label"] == "tiny (generated)" and found.summary["noun"] == "movie"
    assert set(rows["item"]) == set(items["item"]) == set(range(1, len(items) + 1))
    assert set(rows["user"]) == set(found.load("users.parquet")["user"])
    numbers = found.load("attributes.parquet")["attribute"]
    assert set(np.concatenate(items["attributes"])) == set(numbers)


def test_the_generated_data_is_a_function_of_its_seed(tmp_path):
    one, two = dataset(tmp_path / "1"), dataset(tmp_path / "2")
    other = dataset(tmp_path / "3", "dataset.generated.seed=8")
    name = "interactions.parquet"
    pd.testing.assert_frame_equal(one.load(name), two.load(name))
    assert not one.load(name).equals(other.load(name))


def test_a_title_names_one_generated_item(tmp_path):
    items = dataset(tmp_path, "dataset.generated.items=120").load("items.parquet")
    assert items["title"].is_unique


def test_the_settings_of_every_public_set_compose():
    for name in ("ml1m", "ml100k", "beauty", "sports", "toys", "yelp"):
        assert config(f"dataset={name}", "model=popularity").dataset.sources[0].reader


def spoken(*rows):
    """Dialogues (split, user, target, attribute) of one turn as a reader returns them."""
    return pd.DataFrame([
        (split, n, user, target, 1, "attribute", attribute, [], 9)
        for n, (split, user, target, attribute) in enumerate(rows)
    ], columns=["split", "dialogue", "user", "target", "turn", "kind", "attribute", "items",
                "remaining"])  # fmt: skip


ABOUT = pd.DataFrame({
    "item": list("vwxyz"), "title": "", "year": pd.array([pd.NA] * 5, dtype="Int64"),
    "attributes": [["war"], ["war"], ["art"], ["art"], ["war"]], "description": "",
})  # fmt: skip


def test_without_dialogues_to_score_on_it_is_refused():
    raw = raw_of(*[("a", i) for i in "vwxy"], items=ABOUT)
    raw.dialogues = spoken(("valid", "a", "y", "art"))
    raw.dropped["dialogues that no item satisfies"] = 3
    with pytest.raises(
        UserError, match=r"no test dialogue .*can be used; 3 dialogues that no item"
    ):
        tables(raw, Dataset("x", min_user=1))


def test_what_remains_is_counted_among_the_items_that_are_left():
    """Of three items with `war`, `z` is in no history; and a dialogue about it is counted."""
    raw = raw_of(*[("a", i) for i in "vwxy"], items=ABOUT)
    raw.dialogues = spoken(("valid", "a", "x", "art"), ("test", "a", "v", "war"),
                           ("test", "a", "z", "war"))  # fmt: skip
    found = tables(raw, Dataset("x", min_user=1))["attribute_dialogues"]
    assert found["remaining"].tolist() == [2, 2]
    assert raw.dropped == {"dialogues of users or targets that filters took": 1}
