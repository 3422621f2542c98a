"""Every reader on anything: tables, or one sentence; what is dropped changes nothing else."""

import gzip
import json
import pickle
import zipfile
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crs.data import build_dataset, conversations
from crs.errors import UserError
from crs.stages.dataset import Dataset
from tests.contracts import dialogues
from tests.contracts import interactions as good
from tests.contracts.dialogue_folders import SOURCES as FOLDERS
from tests.contracts.tiny import config, quick

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
    return build_dataset.tables(getattr(import_module(module), function)(file, options), options)


def sentence_or_tables(folder, name, *args, **changes):
    try:
        found = build_dataset.statistics(read(folder, name, *args, **changes))
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert found["users"] and found["items"] and found["interactions"]


few = settings(quick, max_examples=20)
each = pytest.mark.parametrize("name", READERS)
policy = st.sampled_from(["refuse", "drop"])


@each
@quick
@given(content=st.binary(max_size=80), bad=policy)
def test_any_bytes(tmp_path_factory, name, content, bad):
    sentence_or_tables(tmp_path_factory.getbasetemp(), name, content, bad_lines=bad)


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


# Damage of any file of any source


@dataclass(frozen=True)
class Source:
    """A source as it should be.

    Attributes:
        words: the settings that choose it.
        places: setting -> file; `.` is the folder that has them all.
        files: by name; a zip archive is a dictionary of its members.
        edition: place of its reader among those of the data set.
    """

    words: str
    places: dict[str, str]
    files: dict[str, Any]
    edition: int = 0


def parquet(text):
    stream = BytesIO()
    pd.read_csv(StringIO(text)).to_parquet(stream, compression="none")
    return stream.getvalue()


ATOMIC = "recbole/dataset_example/ml-100k/ml-100k"
FILM = "{0}|Film {0} (1990)|01-Jan-1990||x" + "|0|1" * 9 + "|0\n"
FILMS = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
ZIPS = {
    "ml1m": {"ml-1m/ratings.dat": good.RATINGS, "ml-1m/movies.dat": good.MOVIES},
    "ml100k": {"ml-100k/u.data": good.RATINGS.replace("::", "\t"),
               "ml-100k/u.item": "".join(map(FILM.format, good.ITEMS))},
    "atomic": {f"{ATOMIC}.inter": good.INTER,
               f"{ATOMIC}.item": FILMS + "1\tA\t1990\tDrama War\n2\tB\t\tunknown\n"},
}  # fmt: skip
ITEM_TAGS = json.dumps({"1": [7, 8], "2": [], "3": ["rock"]})
SOURCES = {
    **{name: Source("dataset=ml1m" if name == "ml1m" else "dataset=ml100k", {"archive": "a.zip"},
                    {"a.zip": members}, name == "atomic") for name, members in ZIPS.items()},
    "beauty": Source("dataset=beauty", {"archive": "a.txt", "items": "i.json"},
                     {"a.txt": good.LINES, "i.json": ITEM_TAGS}),
    "csv": Source("dataset=custom", {"path": "a.csv", "items": "i.csv"},
                  {"a.csv": good.PLAYS, "i.csv": good.SONGS}),
    "csv.gz": Source("dataset=custom", {"path": "a.csv"},
                     {"a.csv": gzip.compress(good.PLAYS.encode(), mtime=0)}),
    "parquet": Source("dataset=custom", {"path": "a.parquet", "items": "i.parquet"},
                      {"a.parquet": parquet(good.PLAYS), "i.parquet": parquet(good.SONGS)}),
    "cds": Source("dataset=cds", {"archive": "a.jsonl", "items": "i.jsonl"},
                  {"a.jsonl": good.REVIEWS, "i.jsonl": good.PRODUCTS}),
    "recbole": Source("dataset=recbole", {"path": "."},
                      {"a.inter": good.INTER, "a.item": good.ITEM}),
    **{name: Source(words, {"path": "."}, FOLDERS[name]) for name, words in {
        "inspired": "dataset=inspired", "redial": "dataset=redial", "official": "dataset=redial",
        "tgredial": "dataset=tgredial", "precrs": "dataset=lastfm",
        "scpr": "dataset=lastfm dataset.source=scpr"}.items()},
}  # fmt: skip
REVIEWS = {dialogues.TG_REVIEWS.format(split=split): dialogues.tg_reviews(count)
           for split, count in dialogues.TG_SPLITS.items()}  # fmt: skip
"""What the pickled files of TG-ReDial were made of."""
SEPARATORS = [b"\n", b",", b'"', b"\t", b"::", b"0", b"-", b"e", b"{", b"}", b"\\u", b"\r", b" ",
              b"\xe9", b"\\ud800", b"["]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.just(10**30) | st.floats()
    | st.sampled_from(["", "1", "01", "@1", "-1", "a", "\ud800", "٣", "1" * 5000, "user", "x\ny"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=1), inner,
                                                                max_size=2),
    max_leaves=3,
)  # fmt: skip


def mutated(data, content):
    """Bytes with some of them replaced, and cut somewhere."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(st.binary(max_size=3) | st.sampled_from(SEPARATORS))
        content[place : place + 1] = new
    end = st.integers(len(content) // 2, len(content)) | st.just(len(content))
    return bytes(content[: data.draw(end)])


def changed(data, value):
    """A JSON value with another in the place of one of its parts, or without one of them."""
    inside = isinstance(value, (list, dict)) and value and data.draw(st.integers(0, 4))
    if not inside:
        return data.draw(VALUES)
    keys = range(len(value)) if isinstance(value, list) else list(value)
    key, value = data.draw(st.sampled_from(keys)), value.copy()
    part = value.pop(key)
    if what := data.draw(st.integers(0, 5)):
        part = changed(data, part) if what > 1 else part
        if isinstance(value, list):
            value.insert(key, part)
        else:
            value[key if what > 1 else data.draw(st.sampled_from(["", "x", "01", "1", *value]))] = (
                part
            )
    return value


def damaged(data, name, content):
    """A file's content, spoilt; of JSON and pickles also the values."""
    if isinstance(content, dict):
        method = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED,
                                            zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))  # fmt: skip
        if data.draw(st.booleans()):
            return mutated(data, good.zipped(content, method=method))
        member = data.draw(st.sampled_from(sorted(content)))
        return good.zipped(content | {member: damaged(data, member, content[member])})
    content, kind = good.as_bytes(content), Path(name).suffix
    if kind == ".pkl":
        # A reader of pickles is under test. Its file is cut or has other values, but no other
        # bytes, which might ask the interpreter for all of the memory.
        spoilt = pickle.dumps(changed(data, REVIEWS[name]))
        return spoilt[: data.draw(st.integers(1, 9999))]
    if not kind.startswith(".json") or data.draw(st.booleans()):
        return mutated(data, content)
    lines = content.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = json.dumps(changed(data, json.loads(lines[number]))).encode()
    return b"\n".join(lines)


@pytest.mark.parametrize("name", SOURCES)
@few
@given(data=st.data(), bad=policy)
def test_any_damage_of_any_file(name, data, bad):
    source = SOURCES[name]
    spoilt = data.draw(st.sampled_from(sorted(source.files)))
    with TemporaryDirectory() as folder:
        for file, content in source.files.items():
            if file == spoilt:
                content = damaged(data, file, content)
            elif isinstance(content, dict):
                content = good.zipped(content)
            (Path(folder) / file).write_bytes(good.as_bytes(content))
        loose = {"min_user": 1, "min_item": 0, "unknown_items": "keep", "require": []}
        if name not in FOLDERS:
            loose["bad_lines"] = bad
        places = {key: str(Path(folder) / file) for key, file in source.places.items()}
        options = Dataset(**vars(config(*source.words.split()).dataset) | loose | places)
        module, _, function = options.editions()[source.edition].reader.partition(":")
        reader = getattr(import_module(module), function)
        try:
            raw = reader(Path(places.get("archive") or places["path"]), options)
            made = conversations if isinstance(raw, conversations.RawDialogues) else build_dataset
            for frame in made.tables(raw, options).values():
                frame.to_parquet(BytesIO())
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000
