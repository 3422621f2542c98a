from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.build_dataset import run, tables
from crs.data.filters import RowAudit, again, core, select
from crs.data.parsing.raw import BadRows, Place, Raw, empty_items
from crs.errors import UserError
from crs.stages.dataset import Dataset
from tests.contracts.tiny import config, context, quick


def raw_of(*rows, items=None, faults=None):
    """Rows of (user, item, timestamp, rating); they stand on lines 1, 3, 5, … of a.csv."""
    frame = pd.DataFrame(rows, columns=["user", "item", "timestamp", "rating"])
    frame.index = pd.Index(np.arange(len(rows)) * 2 + 1)
    about = empty_items() if items is None else items
    return Raw(frame, about, place=Place("a.csv"), faults=faults or BadRows())


def about(*names, description="d", attributes=("war",)):
    return pd.DataFrame({
        "item": names, "title": "T", "year": pd.array([pd.NA] * len(names), dtype="Int64"),
        "attributes": [list(attributes)] * len(names), "description": description,
    })  # fmt: skip


LOOSE = {"min_user": 1, "min_item": 0}
ROWS = [("a", "x", 5, 1.0), ("a", "y", 3, 5.0), ("a", "x", 1, 4.0), ("b", "z", 9, 4.0)]


def kept(raw, **settings):
    frame, noticed = select(raw, Dataset("d", **LOOSE | settings))
    return frame.index.tolist(), noticed


def test_each_filter_says_what_it_left_out():
    lines, noticed = kept(raw_of(*ROWS), min_rating=4)
    assert lines == [3, 5, 7]
    assert noticed == [RowAudit("rated under 4", 1, "left out", "line 1 of a.csv")]


def test_the_earliest_of_several_stays():
    lines, noticed = kept(raw_of(*ROWS), duplicates="drop")
    assert lines == [3, 5, 7]  # line 5 is earlier than line 1
    what = "a further interaction of a user with an item"
    assert noticed == [RowAudit(what, 1, "left out", "line 1 of a.csv")]
    lines, noticed = kept(raw_of(*ROWS), duplicates="keep")
    assert lines == [1, 3, 5, 7]
    assert noticed == [RowAudit(what, 1, "kept", "line 1 of a.csv")]
    with pytest.raises(
        UserError, match=r"line 1 of a\.csv \(user 'a', item 'x'\).*duplicates=drop"
    ):
        kept(raw_of(*ROWS), duplicates="refuse")


def test_items_that_the_table_does_not_have():
    raw = raw_of(*ROWS, items=about("x", "y"))
    assert kept(raw, unknown_items="drop")[0] == [1, 3, 5]
    assert kept(raw, unknown_items="keep")[0] == [1, 3, 5, 7]
    with pytest.raises(UserError, match=r"line 7 of a\.csv \(user 'b', item 'z'\).*not have"):
        kept(raw, unknown_items="refuse")
    with pytest.raises(UserError, match=r"none of the items .*'x' \(line 1.* such as 'x\.0'\. Wri"):
        kept(raw_of(*ROWS, items=about("x.0", "y.0")), unknown_items="refuse")
    # A source without an item table has no unknown items.
    assert kept(raw_of(*ROWS), unknown_items="refuse")[0] == [1, 3, 5, 7]


@pytest.mark.parametrize(
    ("require", "left"),
    [
        ([], [1, 3, 5, 7]),
        (["title"], [1, 3, 5, 7]),
        (["description"], [1, 5, 7]),
        (["attributes"], [1, 3, 5]),
        (["description", "attributes"], [1, 5]),
        (["year"], []),
    ],
)
def test_items_must_have_what_is_required(require, left):
    items = pd.concat([about("x"), about("y", description=" "), about("z", attributes=())])
    assert kept(raw_of(*ROWS, items=items), require=require)[0] == left


def test_an_item_that_nobody_describes_has_nothing_that_is_required():
    assert kept(raw_of(*ROWS), require=["title"])[0] == []


def test_the_rating_counts_before_the_duplicates():
    rows = [("a", "x", 1, 2.0), ("a", "x", 2, 5.0)]
    assert kept(raw_of(*rows), min_rating=4, duplicates="drop")[0] == [3]


def test_equal_times_are_said_and_in_file_order():
    rows = [("a", "y", 1, 1.0), ("a", "x", 1, 1.0), ("b", "x", 1, 1.0), ("a", "z", 0, 1.0)]
    out = tables(raw_of(*rows), Dataset("d", **LOOSE))
    assert out["audit"].iloc[0].tolist() == [
        "at the same time as another of the user: in file order", 2, "kept", "line 1 of a.csv"
    ]  # fmt: skip
    raw = dict(out["items"][["item", "raw"]].itertuples(index=False))
    assert [raw[i] for i in out["interactions"]["item"]] == ["z", "y", "x", "x"]


def test_parts_of_a_second_are_in_order():
    rows = [("a", "x", 1.7, 1.0), ("a", "y", 1.2, 1.0), ("a", "z", 0.9, 1.0)]
    out = tables(raw_of(*rows), Dataset("d", **LOOSE))["interactions"]
    assert out["item"].tolist() == [3, 2, 1] and out["timestamp"].tolist() == [0, 1, 1]


def test_lines_that_cannot_be_read_are_in_the_account():
    faults = BadRows("drop", 3, "line 2 of a.csv is odd")
    noticed = kept(raw_of(*ROWS, faults=faults))[1]
    assert noticed[0] == RowAudit("not readable", 3, "left out", "line 2 of a.csv is odd")
    audit = tables(raw_of(*ROWS, faults=faults), Dataset("d", **LOOSE))["audit"]
    assert list(audit.columns) == ["what", "rows", "done", "first"]
    assert audit.iloc[0].tolist() == ["not readable", 3, "left out", "line 2 of a.csv is odd"]


def columns(rows):
    """Users and items as whole numbers, and times."""
    users, items, times, *_ = zip(*rows, strict=True)
    return pd.factorize(np.array(users))[0], pd.factorize(np.array(items))[0], np.array(times)


table = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 5), st.floats(1, 5)),
    min_size=1, max_size=20,
)  # fmt: skip


@quick
@given(table)
def test_a_row_is_again_if_an_earlier_one_is_the_same(rows):
    found = again(*columns(rows))
    for i, (user, item, time, _) in enumerate(rows):
        earlier = [j for j, (u, k, t, _) in enumerate(rows)
                   if (u, k) == (user, item) and (t, j) < (time, i)]  # fmt: skip
        assert found[i] == bool(earlier)


@quick
@given(table, st.integers(1, 3), st.integers(0, 3), st.sampled_from(["keep", "drop"]))
def test_every_row_is_kept_or_accounted_for(rows, min_user, min_item, duplicates):
    settings = {"min_rating": 3, "duplicates": duplicates, "min_user": min_user}
    items = about("x", "y")
    lines, noticed = kept(raw_of(*rows, items=items), min_item=min_item, unknown_items="drop",
                          **settings)  # fmt: skip
    gone = sum(n.rows for n in noticed if n.done == "left out")
    assert len(lines) + gone == len(rows)


def test_users_who_are_all_too_short_are_refused(tmp_path):
    (file := tmp_path / "a.csv").write_text("user,item,timestamp\na,x,1\na,y,2\na,z,3\n")
    settings = config("dataset=custom", f"dataset.path={file}", "dataset.min_user=1",
                      "dataset.min_item=1").dataset  # fmt: skip
    with pytest.raises(UserError, match=r"all users are too short: .* 4 .* the longest has 3"):
        run(settings, {}, Path(tmp_path / "dataset" / "x"), context())


def one_by_one(rows, min_user, min_item):
    """The core by taking out one offending row at a time."""
    rows = list(rows)
    while True:
        users, items = [u for u, *_ in rows], [i for _, i, *_ in rows]
        bad = [r for r in rows if users.count(r[0]) < min_user or items.count(r[1]) < min_item]
        if not bad:
            return sorted(rows)
        rows.remove(bad[0])


@quick
@given(table, st.integers(0, 4), st.integers(0, 4))
def test_the_core_is_the_fixed_point(rows, min_user, min_item):
    user, item, _ = columns(rows)
    left = core(user, item, min_user, min_item)
    assert sorted(compress(rows, left)) == one_by_one(rows, min_user, min_item)


def test_the_core_can_need_several_rounds():
    user, item = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 2])
    assert not core(user, item, 2, 2).any()
