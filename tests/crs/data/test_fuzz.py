"""Every reader on anything: tables, or one sentence; what is dropped changes nothing else."""

from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crs.config import Dataset
from crs.data.build import statistics, tables
from crs.errors import UserError
from tests.contracts.tiny import config, quick
from tests.crs.data import bad_inputs as good

READERS = {
    "ml1m": ("ml-1m.zip", lambda text: good.ml1m(text)["ml-1m.zip"], good.RATINGS),
    "beauty": ("a.txt", good.as_bytes, good.LINES),
    "custom": ("a.csv", good.as_bytes, good.PLAYS),
    "cds": ("a.jsonl", good.as_bytes, good.REVIEWS),
    "recbole": ("a.inter", good.as_bytes, good.INTER),
}
ABOUT = {"custom": ("i.csv", good.SONGS), "cds": ("i.jsonl", good.PRODUCTS),
         "recbole": ("i.item", good.ITEM)}  # fmt: skip
NOISE = {
    "ml1m": ["1::2::5", "::::::", "1::1::x::1", "a\tb"],
    "beauty": ["7", " ", "1 x", "1 0", "٣ ٣"],
    "custom": ["1,2", '"', "1,,3,4", "1,1,x,4", "é"],
    "cds": ["{", "[]", '{"user_id": 1}', "null", "\x00"],
    "recbole": ["1\t2", "\t\t\t", "1\t1\t5\tx", "é"],
}
"""Lines that the reader of each cannot read, at the end of a file."""


def read(folder, name, content, about=None, **changes):
    """Tables of a reader's file, and its item table where it has one."""
    file_name, wrap, _ = READERS[name]
    (file := folder / file_name).write_bytes(wrap(content))
    options = Dataset(**vars(config(f"dataset={name}").dataset) | changes)
    if name in ABOUT:
        (items := folder / ABOUT[name][0]).write_bytes(good.as_bytes(about or ABOUT[name][1]))
        options.items = str(items)
    module, _, function = options.sources[0].reader.partition(":")
    return tables(getattr(import_module(module), function)(file, options), options)


def sentence_or_tables(folder, name, *args, **changes):
    try:
        found = statistics(read(folder, name, *args, **changes))
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert found["users"] and found["items"] and found["interactions"]


def mutated(data, text, separators):
    """A text with some of its characters replaced, and cut somewhere."""
    content = bytearray(good.as_bytes(text))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(st.binary(max_size=3) | st.sampled_from(separators))
        content[place : place + 1] = new
    return bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])


SEPARATORS = [b"\n", b",", b'"', b"\t", b"::", b"0", b"-", b"e", b"{", b"}", b"\\u", b"\r", b" "]
few = settings(quick, max_examples=20)
each = pytest.mark.parametrize("name", READERS)
policy = st.sampled_from(["refuse", "drop"])


@each
@quick
@given(content=st.binary(max_size=80), bad=policy)
def test_any_bytes(tmp_path_factory, name, content, bad):
    sentence_or_tables(tmp_path_factory.getbasetemp(), name, content, bad_lines=bad)


@each
@few
@given(data=st.data(), bad=policy)
def test_any_damage(tmp_path_factory, name, data, bad):
    content = mutated(data, READERS[name][2], SEPARATORS)
    loose = {"min_user": 1, "min_item": 0, "bad_lines": bad, "unknown_items": "keep"}
    sentence_or_tables(tmp_path_factory.getbasetemp(), name, content, **loose)


@pytest.mark.parametrize("name", ABOUT)
@few
@given(data=st.data(), bad=policy)
def test_any_damage_of_the_items(tmp_path_factory, name, data, bad):
    about = mutated(data, ABOUT[name][1], SEPARATORS)
    loose = {"bad_lines": bad, "unknown_items": "keep", "require": []}
    sentence_or_tables(tmp_path_factory.getbasetemp(), name, READERS[name][2], about, **loose)


@each
@pytest.mark.parametrize("archive", [True, False])
@quick
@given(content=st.binary(max_size=80))
def test_any_bytes_for_a_file(tmp_path_factory, name, archive, content):
    (file := tmp_path_factory.getbasetemp() / READERS[name][0]).write_bytes(
        b"PK\3\4" * archive + content
    )
    options = config(f"dataset={name}").dataset
    module, _, function = options.sources[0].reader.partition(":")
    try:
        getattr(import_module(module), function)(file, options)
    except UserError as error:
        assert len(str(error)) < 1000


@each
@few
@given(data=st.data())
def test_lines_that_are_dropped_change_nothing_else(tmp_path_factory, name, data):
    folder, text = tmp_path_factory.getbasetemp(), READERS[name][2]
    noise = data.draw(st.lists(st.sampled_from(NOISE[name]), min_size=1, max_size=3, unique=True))
    if '"' in noise:  # it takes all behind it along, as one row
        noise = ['"']
    content = (text + "".join(f"{line}\n" for line in noise)).encode(
        "latin-1" if name == "custom" else "utf-8"
    )
    with pytest.raises(UserError, match="line"):
        read(folder, name, content)
    found, clean = read(folder, name, content, bad_lines="drop"), read(folder, name, text)
    audit = found.pop("audit")
    clean.pop("audit")
    assert audit[audit["what"] == "not readable"]["rows"].tolist() == [len(noise)]
    for table, frame in clean.items():
        assert frame.equals(found[table])


@each
def test_ids_with_leading_zeros_are_ids_of_their_own(tmp_path, name):
    more = {
        "ml1m": "".join(f"01::0{i}::5::{i}\n" for i in good.ITEMS),
        "beauty": "01 01 02 03 04 05\n",
        "custom": "".join(f"01,0{i},{i},5\n" for i in good.ITEMS),
        "cds": good.REVIEWS.replace('"user_id": "1"', '"user_id": "01"').replace(
            'asin": "', 'asin": "0'
        ),
        "recbole": "".join(f"01\t0{i}\t5\t{i}\n" for i in good.ITEMS),
    }[name]
    loose = {"min_item": 0, "unknown_items": "keep", "require": []}
    out = read(tmp_path, name, READERS[name][2] + more, **loose)
    assert {"1", "01"} <= set(out["users"]["raw"]) and {"5", "05"} <= set(out["items"]["raw"])
