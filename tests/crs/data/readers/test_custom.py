import datetime as dt
import gzip
import json

import pandas as pd
import pytest

from crs.data.readers import custom
from crs.errors import UserError
from crs.stages.dataset import Columns, Dataset

PLAYS = "user,item,timestamp\n1,2,3\n"


@pytest.fixture
def read(tmp_path):
    def reads(text, items=None, name="a.csv", items_name="i.csv", **settings):
        def write(content, name):
            if isinstance(content, pd.DataFrame):
                content.to_parquet(tmp_path / name)
            else:
                content = content.encode() if isinstance(content, str) else content
                (tmp_path / name).write_bytes(content)
            return tmp_path / name

        if items is not None:
            settings["items"] = str(write(items, items_name))
        return custom.read(write(text, name), Dataset("x", **settings))

    return reads


def plays(raw):
    frame = raw.interactions.astype({"user": "str", "item": "str"})  # they may be categories
    return list(frame[["user", "item", "timestamp"]].itertuples(index=False, name=None))


def audit(raw):
    return [(one.rows, one.what) for one in raw.faults.noticed]


def test_a_column_of_our_name_that_is_not_read_is_told(read, capsys):
    items = "item,title,attributes\n2,A,drama\n"
    read(PLAYS, items)
    assert capsys.readouterr().err == (
        "note      i.csv has a column attributes, which is not read; type "
        "dataset.columns.attributes=attributes to read it\n"
    )
    read(PLAYS, items, columns=Columns(attributes="attributes"))
    assert capsys.readouterr().err == ""


def test_a_quote_in_a_tsv_is_a_letter(read):
    text = 'user\titem\ttimestamp\tc\n1\t2\t3\t"open\n1\t3\t4\tx\n1\t4\t5\tend"\n'
    raw = read(text, name="a.tsv")
    assert plays(raw) == [("1", "2", 3), ("1", "3", 4), ("1", "4", 5)] and audit(raw) == []


def test_a_tsv_that_a_program_quoted_is_unquoted(read, tmp_path):
    titles = ['He said "hi"', 'A "B" C', "plain"]
    frame = pd.DataFrame({"item": ["1", "2", "3"], "title": titles})
    raw = read(PLAYS, frame.to_csv(sep="\t", index=False), items_name="i.tsv")
    assert raw.items["title"].tolist() == titles
    assert audit(raw) == [(2, "with a cell in quotes that has doubled quotes")]
    everything = frame.to_csv(sep="\t", index=False, quoting=1)
    assert read(PLAYS, everything, items_name="i.tsv").items["title"].tolist() == titles


def test_lines_that_a_quote_of_a_csv_takes_along_are_told(read):
    raw = read('user,item,timestamp,c\n1,2,3,"a\n1,9,9,b\nend"\n1,3,4,x\n')
    assert plays(raw) == [("1", "2", 3), ("1", "3", 4)]
    assert audit(raw) == [(2, "in a cell whose quotes are lines apart")]


@pytest.mark.parametrize("separator", [";", "|", "\t", ","])
def test_the_separator_is_what_the_first_line_has(read, separator):
    assert plays(read(PLAYS.replace(",", separator))) == [("1", "2", 3)]


@pytest.mark.parametrize("blank", [" ", "\t", "  "])
def test_pairs_have_no_header(read, blank):
    raw = read(f"7{blank}5\n7{blank}6\n8{blank}5\n", name="a.txt")
    assert plays(raw) == [("7", "5", 0), ("7", "6", 1), ("8", "5", 2)]
    assert audit(raw) == [(3, "of a user and an item, in the order of the lines")]


def test_other_tables_without_a_header_are_told_so(read):
    with pytest.raises(UserError, match=r"196, 242.*Write a first line that names the columns"):
        read("196\t242\t3\t881250949\n", name="u.data")


def test_a_header_that_cannot_be_read_is_refused_even_where_lines_are_dropped(read):
    text = "usér,item,timestamp\n1,2,3\n".encode("latin-1")
    with pytest.raises(UserError, match=r"line 1 .*Latin-1, type iconv -f ISO-8859-1"):
        read(text, bad_lines="drop")


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("latin-1", "Latin-1, type iconv -f ISO-8859-1"), ("cp1252", "WINDOWS-1252"),
     ("utf-16", "UTF-16")],
)  # fmt: skip
def test_another_encoding_is_told_with_the_command_that_converts(read, encoding, told):
    word = "“x”" if encoding == "cp1252" else "Amélie"
    with pytest.raises(UserError, match=told):
        read(f"user,item,timestamp\n{word},2,3\nb,2,3\n".encode(encoding))


def test_what_would_drop_nearly_everything_is_not_proposed(read):
    rows = "user,item,timestamp\n1,2,3\n1,3,x\n1,4,5\n"
    with pytest.raises(UserError, match=r"bad_lines=drop"):
        read(rows)
    with pytest.raises(UserError, match=r"2 of 3 rows cannot be read$") as told:
        read(rows.replace("5", "y"))
    assert "drop" not in str(told.value)


def test_json_lines_are_a_table(read):
    rows = [
        {"parent_asin": "B1", "title": "T", "cats": ["CD", "Rock"], "description": ["x", "y"]},
        {"parent_asin": "B2", "title": None, "cats": [], "description": [], "price": 3},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    names = Columns("user_id", "parent_asin", attributes="cats", description="description")
    reviews = "user_id,parent_asin,rating,timestamp\nu,B1,5.0,1549866158332\n"
    for content, name in ((text, "m.jsonl"), (gzip.compress(text.encode()), "m.jsonl.gz")):
        raw = read(reviews, content, items_name=name, columns=names)
        assert raw.items["title"].tolist() == ["T", ""]
        assert raw.items["attributes"].tolist() == [["CD", "Rock"], []]
        assert raw.items["description"].tolist() == ["x y", ""]
    with pytest.raises(UserError, match=r"it has parent_asin, title, cats, description, price"):
        read(reviews, text, columns=Columns("user_id", "parent_asin", attributes="kinds"))
    with pytest.raises(UserError, match=r"begins a JSON list"):
        read(reviews, json.dumps(rows), columns=names)


@pytest.mark.parametrize("kind", [dt.date, pd.Timestamp])
def test_parquet_may_hold_dates(read, kind):
    days = [kind(2015, 1, 1), kind(2016, 1, 1)]
    raw = read(pd.DataFrame({"user": [1, 1], "item": [1, 2], "timestamp": days}), name="a.parquet")
    assert raw.interactions["timestamp"].tolist() == [1420070400000, 1451606400000]


def test_several_rows_of_an_item_are_one(read):
    raw = read(
        PLAYS, "item,title,genres,year\n1,,War,\n2,B,,2001\n1,A,Art|War,1999\n1,C,,2000\n",
        columns=Columns(attributes="genres", year="year"),
    )  # fmt: skip
    assert list(raw.items.itertuples(index=False, name=None)) == [
        ("1", "A", 1999, ["Art", "War"], ""), ("2", "B", 2001, [], "")
    ]  # fmt: skip
    assert (2, "a further row of an item: its attributes joined to those of the first") in audit(
        raw
    )


def test_a_title_may_hold_the_year_where_no_column_does(read):
    items = "item,title,born\n1,Heat (1995),\n2,1984,1956\n3,Odd (0007),\n"
    raw = read(PLAYS, items)
    assert raw.items["title"].tolist() == ["Heat", "1984", "Odd (0007)"]
    assert raw.items["year"].tolist() == [1995, pd.NA, pd.NA]
    assert audit(raw) == [(1, "with a year in the title: taken as the year")]
    with_column = read(PLAYS, items, columns=Columns(year="born"))
    assert with_column.items["title"].tolist()[0] == "Heat (1995)"


def test_html_in_an_item_table_becomes_text_and_is_told(read):
    raw = read(PLAYS, "item,title\n1,Tom &amp; <b>Jerry</b>\n2,AT&T\n")
    assert raw.items["title"].tolist() == ["Tom & Jerry", "AT&T"]
    assert audit(raw) == [(1, "with HTML in the title: made text")]


def test_whole_numbers_of_parquet_stay_exact_beside_nothing(read):
    frame = pd.DataFrame({
        "user": pd.array([2**53 + 1, None, 2**53, 5], dtype="Int64"), "item": [1, 2, 3, 4],
        "timestamp": [2**60 + 1, 2, 3, 4],
    })  # fmt: skip
    raw = read(frame, name="a.parquet", bad_lines="drop")
    assert plays(raw) == [(f"{2**53 + 1}", "1", 2**60 + 1), (f"{2**53}", "3", 3), ("5", "4", 4)]


def test_columns_of_parquet_may_be_categories_and_numbers(read):
    about = pd.DataFrame({
        "item": [1, 2], "title": pd.Categorical(["A", None]), "genre": [7, 8],
        "description": [1.5, None],
    })  # fmt: skip
    names = Columns(attributes="genre", description="description")
    raw = read(PLAYS, about, items_name="i.parquet", columns=names)
    assert raw.items["title"].tolist() == ["A", ""]
    assert raw.items["attributes"].tolist() == [["7"], ["8"]]
    assert raw.items["description"].tolist() == ["1.5", ""]


def test_a_key_of_json_may_have_any_name(read):
    raw = read('{"user": 1, "item": 2, "timestamp": 3, "self": 4}\n', name="a.jsonl")
    assert plays(raw) == [("1", "2", 3)]


def test_a_cell_without_anything_is_told_as_that(read):
    with pytest.raises(UserError, match=r"line 2 of a\.jsonl has nothing for timestamp"):
        read('{"user": 1, "item": 2, "timestamp": 3}\n{"user": 1, "item": 2}\n', name="a.jsonl")


def test_html_in_a_list_of_texts_is_told_too(read):
    raw = read(PLAYS, '{"item": 1, "title": ["<b>x</b>", "y"]}\n', items_name="i.jsonl")
    assert raw.items["title"].tolist() == ["x y"]
    assert audit(raw) == [(1, "with HTML in the title: made text")]
