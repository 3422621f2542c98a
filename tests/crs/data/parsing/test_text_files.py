import gzip
import io
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.parsing.raw import BadRows, Place
from crs.data.parsing.text_files import (
    BATCH,
    cut,
    decoded,
    gathered,
    objects,
    of_width,
    opened,
    texts,
    unquoted,
)
from crs.errors import UserError
from tests.contracts.tiny import quick

PLACE = Place("a.txt")
letters = st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])
cell = st.text(letters)


def lines(content, faults=None, **options):
    return decoded(io.BytesIO(content), PLACE, faults or BadRows(), **options)


@quick
@given(st.lists(st.text(letters, min_size=1), min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_only_a_newline_ends_a_line(rows, end):
    found = list(lines("".join(row + end for row in rows).encode()))
    assert found == list(enumerate(rows, 1)) or rows[0].startswith("\ufeff")


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert list(lines(b"\xef\xbb\xbfuser\nb\n")) == [(1, "user"), (2, "b")]


def test_a_line_that_is_not_utf_8_is_named_or_counted():
    content = b"a\n\xe9\nb\n"
    with pytest.raises(UserError, match=r"line 2 of a\.txt is not utf-8 \(byte 0xe9\)"):
        list(lines(content))
    faults = BadRows("drop")
    assert list(lines(content, faults)) == [(1, "a"), (3, "b")]
    assert (faults.count, faults.first) == (1, "line 2 of a.txt is not utf-8 (byte 0xe9)")


def test_nothing_is_told_from_no_line(tmp_path):
    (file := tmp_path / "a.txt").write_bytes(b"")
    with pytest.raises(UserError, match=r"a\.txt is empty"):
        list(decoded(opened(file), PLACE, BadRows()))


def test_gzip_is_told_by_its_first_bytes(tmp_path):
    (file := tmp_path / "a.txt").write_bytes(gzip.compress(b"a\nb\n"))
    assert list(decoded(opened(file), PLACE, BadRows())) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: c[:12] + b"\0" + c[13:]])
def test_a_broken_gzip_stream_is_named(tmp_path, damage):
    content = gzip.compress(b"".join(b"%d\n" % i for i in range(9999)))
    (file := tmp_path / "a.txt").write_bytes(damage(content))
    with pytest.raises(UserError, match=r"a\.txt is not a whole gzip file"):
        list(decoded(opened(file), PLACE, BadRows("drop")))


@quick
@given(st.lists(st.lists(st.text(st.sampled_from("ab é\x85:")), min_size=3, max_size=3)))
def test_lines_come_back_as_they_were_joined(table):
    text = "".join("::".join(row) + "\n" for row in table if all(":" not in c for c in row))
    rows = of_width(cut(enumerate(text.split("\n"), 1), "::"), 3, PLACE, BadRows())
    assert [cells for _, cells in rows] == [r for r in table if all(":" not in c for c in r)]


@quick
@given(st.lists(st.lists(st.text(st.sampled_from('ab,"\n é')), min_size=2, max_size=2), min_size=1))
def test_quoted_cells_may_hold_anything(table):
    text = "".join(",".join('"' + c.replace('"', '""') + '"' for c in row) + "\n" for row in table)
    found = list(unquoted(enumerate(text[:-1].split("\n"), 1), ",", PLACE, BadRows()))
    assert [cells for _, cells in found] == table
    # A row is named by the line on which it begins.
    ends = [1 + sum(c.count("\n") for c in row) for row in table]
    assert [number for number, _ in found] == [1 + sum(ends[:i]) for i in range(len(table))]


def test_a_quote_that_is_not_closed_counts_all_lines_that_it_takes():
    faults = BadRows("drop")
    rows = unquoted(enumerate(["a,b", '"c,d', "e,f", "g,h"], 1), ",", PLACE, faults)
    assert [cells for _, cells in rows] == [["a", "b"]]
    assert faults.count == 3 and faults.first.startswith("line 2 of a.txt begins a row that is no")


def test_a_row_of_another_width_is_named_or_counted():
    rows = [(1, ["a", "b"]), (2, ["c"]), (4, ["d", "e", "f"]), (5, ["g", "h"])]
    with pytest.raises(UserError, match=r"line 2 of a\.txt has 1 field, 2 expected \('c'\)"):
        list(of_width(iter(rows), 2, PLACE, BadRows()))
    faults = BadRows("drop")
    assert [number for number, _ in of_width(iter(rows), 2, PLACE, faults)] == [1, 5]
    assert faults.count == 2


@pytest.mark.parametrize("rows", [0, 1, BATCH, BATCH + 1])
def test_rows_are_gathered_whatever_their_number(rows):
    frame = gathered(((i + 7, i, str(i)) for i in range(rows)), {"n": pa.int64(), "t": pa.string()})
    assert frame["n"].tolist() == list(range(rows))
    assert frame.index.tolist() == list(range(7, rows + 7))
    assert frame["t"].tolist() == list(map(str, range(rows)))


def test_a_column_may_have_any_name():
    frame = texts(iter([(3, ["a", "b"])]), ["line", "index"])
    assert frame.to_dict("records") == [{"line": "a", "index": "b"}] and frame.index.tolist() == [3]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5,
)  # fmt: skip


@quick
@given(st.lists(json_values))
def test_objects_are_the_lines_that_hold_one(values):
    faults = BadRows("drop")
    found = list(objects(enumerate(map(json.dumps, values), 1), PLACE, faults))
    wanted = [(n, v) for n, v in enumerate(values, 1) if isinstance(v, dict)]
    assert [number for number, _ in found] == [number for number, _ in wanted]
    assert json.dumps([v for _, v in found]) == json.dumps([v for _, v in wanted])
    assert faults.count == len(values) - len(wanted)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"a": 1', r"is not JSON \(Expecting ',' delimiter at column 8\)"),
        ('{"a": 1} {"b": 2}', r"is not JSON \(Extra data at column 10\)"),
        ("[" * 100_000, r"is not JSON \(thousands of brackets"),
        ('{"a": ' + "1" * 5000 + "}", r"is not JSON \(a number of thousands"),
        ("null", r"is no JSON object \(None\)"),
    ],
)
def test_a_line_that_is_no_object_is_named(line, message):
    with pytest.raises(UserError, match=rf"line 1 of a\.txt {message}"):
        list(objects([(1, line)], PLACE, BadRows()))
