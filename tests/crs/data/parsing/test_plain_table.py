"""A plain file is read in columns, any other line by line: what comes out is the same."""

import gzip
from io import BytesIO
from itertools import product

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crs.data.build_dataset import tables
from crs.data.parsing import plain_table
from crs.data.parsing.plain_table import NotPlain, blocks, whole_numbers
from crs.data.readers import custom, recbole
from crs.errors import UserError
from crs.stages.dataset import Columns, Dataset
from tests.contracts.tiny import quick

NUMBERS = ["0", "1", "2", "10", "1500000000", "-3", "9223372036854775807", "9223372036854775808",
           "-9223372036854775808", "1" * 40]  # fmt: skip
ODD = ["", "007", "-0", "+1", " 1", "1 ", "0x1F", "0xFFFFFFFFF", "1e3", "1.50", "nan", "NaN", "inf",
       "NA", "null", "None", "True", "a", "B", "é", "１", "\x00", "\u2028", "\x85", "\ufeff",
       "'"]  # fmt: skip
TIMES = ["2020-01-01", "2020-01-01T10:00:00Z", "now", "1.5e9", "1500000000.25"]
UNPLAIN = ['"a"', '"a,b"', 'a"b', '""', "a\rb", "\r", "a\nb", "1,2", "1\t2", ";", "|"]

plain_cell = st.sampled_from([*NUMBERS[:5], "a", "b"])
cell = st.sampled_from([*NUMBERS, *ODD, *TIMES]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=',\t;|\r\n"'), max_size=3
)
any_cell = cell | st.sampled_from(UNPLAIN)
number = st.sampled_from(NUMBERS[:5])
column = st.sampled_from([plain_cell, number, st.sampled_from(TIMES), cell, any_cell])


@st.composite
def files(draw):
    """Bytes of a file of four columns: most are plain, all parts may be damaged."""
    kinds = [draw(column) for _ in range(4)]
    rows = draw(st.lists(st.tuples(*kinds), max_size=12))
    separator = draw(st.sampled_from(",\t;|"))
    lines = [separator.join(row) for row in rows]
    if draw(st.integers(0, 5)) == 0:
        where = draw(st.integers(0, len(lines)))
        lines.insert(
            where, draw(st.sampled_from(["", " ", "1", "\ufeff", separator * 5, "1,2,3,4,5"]))
        )
    header = separator.join(draw(st.sampled_from([
        ["user", "item", "timestamp", "rating"], ["rating", "item", "user", "timestamp"],
        ['"user"', '"item"', "timestamp", "rating"], ["user", "item", "timestamp", "user"],
        ["user", "item", "timestamp", ""], ["user", "item", "time", "rating"],
    ])))  # fmt: skip
    end = draw(st.sampled_from(["\n"] * 5 + ["\r\n", "\r"]))
    text = end.join([header, *lines]) + draw(st.sampled_from([end, end, "", end * 2]))
    mark = draw(st.sampled_from([""] * 6 + ["\ufeff", "\n"]))
    encoding = draw(st.sampled_from(["utf-8"] * 6 + ["utf-16", "cp1252"]))
    content = (mark + text).encode(encoding, "replace")
    packing = draw(st.integers(0, 9))
    return gzip.compress(content) if packing == 0 else content


def outcome(read, file, settings):
    """The tables that a reader gives in the end, or the sentence that refuses the file."""
    try:
        raw = read(file, settings)
        return raw, tables(raw, settings)
    except UserError as error:
        return str(error)


def same(read, module, file, settings, monkeypatch):
    """Whether a file was read in columns; what came out is what comes line by line.

    Raises:
        AssertionError: if it is not.
    """
    plain = []
    with monkeypatch.context() as patch:
        original = plain_table.plain_table
        patch.setattr(
            module, "plain_table", lambda *args: plain.append(original(*args)) or plain[-1]
        )
        found = outcome(read, file, settings)
        patch.setattr(module, "plain_table", lambda *args: None)
        expected = outcome(read, file, settings)
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
    else:
        (raw, out), (slow, slow_out) = found, expected
        ids = {"user": "str", "item": "str"}
        pd.testing.assert_frame_equal(
            raw.interactions.astype(ids), slow.interactions.astype(ids), check_index_type=False
        )
        assert raw.faults == slow.faults and raw.place == slow.place
        for name, frame in slow_out.items():
            pd.testing.assert_frame_equal(out[name], frame)
            assert parquet(out[name]) == parquet(frame)
    return any(one is not None for one in plain)


def parquet(frame):
    frame.to_parquet(content := BytesIO(), index=False)
    return content.getvalue()


SETTINGS = [
    Dataset("x", columns=Columns(rating=rating, timestamp=time), min_user=1, bad_lines=bad,
            duplicates=duplicates)
    for rating, time, bad, duplicates in product(
        ["rating", None], ["timestamp", None], ["refuse", "drop"], ["keep", "drop"]
    )
]  # fmt: skip


@quick
@given(content=files(), settings=st.sampled_from(SETTINGS), size=st.sampled_from([1 << 24, 40, 90]))
@example(b"user,item,timestamp,rating\n0xFFFFFFFFF,07,3,4\n", SETTINGS[0], 1 << 24)
@example(b"user,item,timestamp,rating\n1,2,3,4\n\xef\xbb\xbf1,3,4,4\n\n", SETTINGS[0], 40)
@example(b"user,item,timestamp,rating\n1,2,3,4\n1,03,4,4\n", SETTINGS[0], 30)
def test_both_ways_give_the_same_tables_or_sentences(tmp_path_factory, content, settings, size):
    (file := tmp_path_factory.getbasetemp() / "x.csv").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_table, "BLOCK", size)
        same(custom.read, custom, file, settings, patch)


ROWS = "1\t2\t3\t4\n1\t3\t3\t4.5\n2\t2\t1\t1\n2\t9\t1\t1\n"
HEADERS = ["user:token\titem:token\ttimestamp:float\trating:float\n",
           "user:token\titem:token\ttimestamp:float_seq\trating:float\n",
           "user:token\titem:token\ttimestamp:float\tuser:float\n",
           "user:token\titem:token\ttimestamp:float\titem_list:token_seq\n"]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("change", [("", ""), ("3\t4.5", '"3"\t4.5'), ("2\t9\t1", "2\t9"),
                                    ("4\n", "4\r\n"), ("1\t3", "\t3")])  # fmt: skip
def test_atomic_files_too(tmp_path, monkeypatch, header, change):
    (file := tmp_path / "x.inter").write_text(header + ROWS.replace(*change))
    plain = same(recbole.read, recbole, file, SETTINGS[0], monkeypatch)
    assert plain == (header in (HEADERS[0], HEADERS[1]) and change[0] in ("", "1\t3"))


HEAD = b"user,item,timestamp,rating\n"


@pytest.mark.parametrize(
    ("rows", "plain"),
    [
        (b"1,2,3,4\n", True),
        (b"1,2,3,4", True),
        (b"a,\xc3\xa9,2020-01-01,4.5\n", True),
        (b"007,2,3,4\n1,0x1F,3,4\n", True),
        (b",2,3,4\n1,2,,x\n", True),
        (b"1,2,3,4\r\n", False),
        (b'1,"2",3,4\n', False),
        (b"1,2,3\n", False),
        (b"1,2,3,4\n\n1,2,3,4\n", False),
        (b"1,2,3,\xff\n", False),
        (b"", False),
    ],
)
def test_what_is_plain(tmp_path, monkeypatch, rows, plain):
    (file := tmp_path / "x.csv").write_bytes(HEAD + rows)
    assert same(custom.read, custom, file, SETTINGS[0], monkeypatch) == plain


def test_whole_numbers_are_written_in_one_way():
    import pyarrow as pa

    assert whole_numbers(pa.array(["0", "-7", "12"])).to_pylist() == [0, -7, 12]
    for text in ["07", "-0", "+7", "7.0", "0x7", " 7", "", "7e0", "1" * 20]:
        assert whole_numbers(pa.array(["1", text])) is None


@quick
@given(st.binary(max_size=60), st.integers(1, 20))
def test_blocks_are_whole_lines(content, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_table, "BLOCK", size)
        try:
            found = list(blocks(BytesIO(content)))
        except NotPlain:
            assert max(map(len, content.split(b"\n"))) > size
            return
    assert all(block.endswith(b"\n") for block in found)
    assert b"".join(found) == content + b"\n" * (content[-1:] not in (b"", b"\n"))
