import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.readers import recbole
from crs.errors import UserError
from crs.stages.dataset import Columns, Dataset
from tests.contracts.interactions import zipped
from tests.contracts.tiny import config, quick

INTER = (
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n007\t01\t4.5\t30\n7\t2\t1\t10\n"
)
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tscore:float_seq\n"
    "01\tToy Story\t1995\tComedy Animation\t0.1 0.2\n2\t\tunknown\t\t\n"
)
NAMES = Columns("user_id", "item_id", "timestamp", "rating", "movie_title", "release_year", "class")


def own(**settings):
    """As the group `dataset=recbole` has them."""
    return Dataset("x", attribute_separator=" ", **settings)


@pytest.fixture
def written(tmp_path):
    def make(**files):
        for name, text in files.items():
            (tmp_path / f"x.{name}").write_text(text)
        return tmp_path

    return make


def records(raw):
    items = raw.items.astype({"year": object}).fillna({"year": 0})
    return (list(raw.interactions[["user", "item", "timestamp", "rating"]].itertuples(False, None)),
            list(items.itertuples(False, None)))  # fmt: skip


WANTED = (
    [("007", "01", 30, 4.5), ("7", "2", 10, 1.0)],
    [("01", "Toy Story", 1995, ["Animation", "Comedy"], ""), ("2", "", 0, [], "")],
)


def test_a_folder_is_read(written):
    folder = written(inter=INTER, item=ITEM, user="user_id:token\n7\n")
    assert records(recbole.read(folder, own(columns=NAMES))) == WANTED


@pytest.mark.parametrize("inside", ["", "x/", "a/b/"])
def test_a_zip_of_the_folder_is_read(tmp_path, inside):
    files = {f"{inside}x.inter": INTER, f"{inside}x.item": ITEM, f"__MACOSX/{inside}._x.inter": "?"}
    (file := tmp_path / "x.zip").write_bytes(zipped(files))
    assert records(recbole.read(file, own(columns=NAMES))) == WANTED


def test_files_may_be_named_one_by_one(written):
    folder = written(inter=INTER, item=ITEM)
    settings = own(columns=NAMES, items=str(folder / "x.item"))
    assert records(recbole.read(folder / "x.inter", settings)) == WANTED
    # The item file beside it is not in the result's name, so it is not read.
    assert recbole.read(folder / "x.inter", own(columns=NAMES)).items.empty


def test_a_token_is_one_attribute(written):
    item = "item_id:token\tkind:token\n01\tHip Hop\n2\tWar\n"
    raw = recbole.read(written(inter=INTER, item=item), own(
        columns=Columns("user_id", "item_id", title=None, attributes="kind")))  # fmt: skip
    assert raw.items["attributes"].tolist() == [["Hip Hop"], ["War"]]


def test_words_that_commas_separate_are_refused(written):
    item = ITEM.replace("Comedy Animation", "Comedy,Animation")
    with pytest.raises(UserError, match=r"attribute_separator=','"):
        recbole.read(written(inter=INTER, item=item), own(columns=NAMES))


def test_benchmark_files_are_refused(written):
    """Each of their rows is a case; read as an interaction it would lose the history."""
    text = "user_id:token\titem_id_list:token_seq\titem_id:token\n1\t1 2\t3\n"
    names = Columns("user_id", "item_id", None)
    with pytest.raises(UserError, match=r"item_id_list: each row is a history"):
        recbole.read(written(inter=text), own(columns=names))


def test_a_folder_without_items_has_none(written):
    raw = recbole.read(written(inter=INTER), Dataset("x", columns=Columns("user_id", "item_id")))
    assert raw.items.empty and (raw.interactions["rating"] == 1).all()


def test_columns_in_any_order(written):
    text = "timestamp:float\tx:float_seq\titem_id:token\tuser_id:token\n30\t1 2\t01\t007\n"
    raw = recbole.read(written(inter=text), Dataset("x", columns=Columns("user_id", "item_id")))
    assert records(raw)[0] == [("007", "01", 30, 1.0)]


def test_without_a_time_the_rows_are_in_order(written):
    text = "user_id:token\titem_id:token\n7\t3\n7\t1\n"
    with pytest.raises(UserError, match=r"no such column; it has user_id, item_id\..*null"):
        recbole.read(written(inter=text), Dataset("x", columns=Columns("user_id", "item_id")))
    raw = recbole.read(
        written(inter=text), Dataset("x", columns=Columns("user_id", "item_id", None))
    )
    assert raw.interactions["timestamp"].is_monotonic_increasing


@pytest.mark.parametrize(
    "header",
    ["user_id\titem_id:token", "user_id:tok\titem_id:token", ":token\titem_id:token",
     "item_id:token\titem_id:float", ""],
)  # fmt: skip
def test_a_header_that_is_none_is_shown(written, header):
    folder = written(inter=f"{header}\n1\t2\n")
    with pytest.raises(UserError, match=r"first line of x\.inter must have a NAME:TYPE"):
        recbole.read(folder, Dataset("x", columns=Columns("user_id", "item_id")))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"user": "rating"}, r"columns\.user=rating: .* x\.inter is a float, token expected"),
        (
            {"attributes": "score"},
            r"columns\.attributes=score: .* x\.item is a float_seq, token or",
        ),
        ({"year": "class"}, r"columns\.year=class: .* is a token_seq, float or token expected"),
        ({"title": "name"}, r"columns\.title=name: x\.item has no such column; it has item_id"),
    ],
)
def test_a_column_that_does_not_fit_is_named(written, names, message):
    columns = Columns(**{"user": "user_id", "item": "item_id", "title": None} | names)
    with pytest.raises(UserError, match=message):
        recbole.read(written(inter=INTER, item=ITEM), Dataset("x", columns=columns))


def test_the_content_of_the_folder_is_in_the_name(written):
    def name():
        return config("dataset=recbole", f"dataset.path={folder}").dataset.identity()["content"]

    folder = written(inter=INTER)
    before = name()
    assert before == name()
    written(item=ITEM)
    assert name() != before


token = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), min_size=1)


@quick
@given(rows=st.lists(st.tuples(token, token, st.integers(0, 2**50), st.floats(0, 5)), min_size=1))
def test_tokens_come_back_as_they_were_written(tmp_path_factory, rows):
    text = "user_id:token\titem_id:token\ttimestamp:float\trating:float\n"
    text += "".join("\t".join(map(str, row)) + "\n" for row in rows)
    (file := tmp_path_factory.getbasetemp() / "x.inter").write_bytes(text.encode())
    columns = Columns("user_id", "item_id", rating="rating")
    frame = recbole.read(file, Dataset("x", columns=columns)).interactions
    frame = frame.astype({"user": "str", "item": "str"})  # they may be categories
    found = frame[["user", "item", "timestamp", "rating"]]
    pd.testing.assert_frame_equal(
        found.reset_index(drop=True), pd.DataFrame(rows, columns=found.columns), check_dtype=False
    )
