"""Bad inputs and what is printed for each: the rows of docs/bad_input.md, made and run.

A data set of 5 users with 5 items each is written in the format of every reader; an input spoils
one thing of it. `scripts/refresh_bad_inputs.py` writes the document, a test compares.
"""

import copy
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import pandas as pd
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from crs import command_line
from crs.config import Config
from crs.data.readers import lastfm
from crs.errors import UserError
from crs.pipeline.run import run
from crs.stages.dataset import Source
from tests.contracts import dialogues

USERS = ITEMS = range(1, 6)
ROWS = [(f"{u}", f"{i}", 5, 100 * u + i) for u in USERS for i in ITEMS]
RATINGS = "".join(f"{u}::{i}::{stars}::{time}\n" for u, i, stars, time in ROWS)
MOVIES = "".join(f"{i}::Film {i} (199{i})::Drama|War\n" for i in ITEMS)
LINES = "".join(f"{u} {' '.join(map(str, ITEMS))}\n" for u in USERS)
PLAYS = "user,item,timestamp,rating\n" + "".join(
    f"{u},{i},{time},{stars}\n" for u, i, stars, time in ROWS
)
SONGS = "item,title\n" + "".join(f"{i},Song {i}\n" for i in ITEMS)
REVIEWS = "".join(
    json.dumps({"rating": stars, "asin": i, "parent_asin": i, "user_id": u, "timestamp": time})
    + "\n"
    for u, i, stars, time in ROWS
)
PRODUCTS = "".join(
    json.dumps({"parent_asin": f"{i}", "title": f"CD {i}", "categories": ["CDs & Vinyl", "Rock"],
                "description": ["Music."]}) + "\n"
    for i in ITEMS
)  # fmt: skip
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + "".join(
    f"{u}\t{i}\t{stars}\t{time}\n" for u, i, stars, time in ROWS
)
ITEM = "item_id:token\ttitle:token_seq\n" + "".join(f"{i}\tSong {i}\n" for i in ITEMS)

Text = str | bytes


def as_bytes(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def zipped(
    members: dict[str, Text], link: str | None = None, cut: int = 0, secret: bool = False,
    method: int = zipfile.ZIP_DEFLATED, declared: int = 0,
) -> bytes:  # fmt: skip
    """A zip archive; `link` is a symbolic link in it, `cut` bytes of its end are missing, and its
    last file says that it has `declared` bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), as_bytes(text), method)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/hostname")
    content = bytearray(stream.getvalue())
    if secret:  # the flag of encryption, in the directory of the archive
        place = content.rindex(b"PK\x01\x02")
        content[place + 8] |= 1
    if declared:
        place = content.rindex(b"PK\x01\x02") + 24
        content[place : place + 4] = declared.to_bytes(4, "little")
    return bytes(content[: len(content) - cut])


def ml1m(ratings: Text = RATINGS, movies: Text = MOVIES, **options) -> dict[str, Text]:
    members = {"ml-1m/ratings.dat": ratings, "ml-1m/movies.dat": movies}
    return {"ml-1m.zip": zipped(members | options.pop("more", {}), **options)}


def beauty(lines: Text = LINES, tags: Text | None = None) -> dict[str, Text]:
    return {"Beauty.txt": lines} | ({"tags.json": tags} if tags is not None else {})


def custom(plays: Text = PLAYS, songs: Text | None = None) -> dict[str, Text]:
    return {"plays.csv": plays} | ({"songs.csv": songs} if songs is not None else {})


def cds(reviews: Text = REVIEWS, products: Text = PRODUCTS) -> dict[str, Text]:
    return {"CDs.jsonl": reviews, "meta_CDs.jsonl": products}


def recbole(inter: Text = INTER, item: Text | None = ITEM) -> dict[str, Text]:
    return {"music/music.inter": inter} | ({"music/music.item": item} if item is not None else {})


def written(make: Callable[[Path], Path]) -> dict[str, bytes]:
    """The files of a folder that a function makes."""
    with TemporaryDirectory() as folder:
        return {file.name: file.read_bytes() for file in sorted(make(Path(folder)).iterdir())}


def json_files(**values: Any) -> dict[str, bytes]:
    return {f"{name}.json": json.dumps(value).encode() for name, value in values.items()}


RECORD = {"user": 5, "context": [1, 2, 3], "pos_item": 4, "dialog": [[1, 6], [3, 5], [2, 3]]}
"""A dialogue of LastFM about item 4: attribute 1 leaves 6, 2 are refused, attribute 2 leaves 3."""
SOURCES = {
    "inspired": written(dialogues.inspired),
    "redial": written(dialogues.redial),
    "official": written(dialogues.official)
    | {"movies_with_mentions.csv": b'movieId,movieName,nbMentions\n12,"Beta, again (2001)",3\n'},
    "tgredial": written(dialogues.tgredial),
    "precrs": json_files(**{
        Path(lastfm.ITEM_FILE).stem: {str(i): [1] if i % 2 else [1, 2] for i in range(1, 7)},
        Path(lastfm.TAG_FILE).stem: {"1": [1, 2, 3, 4, 5, 6], "2": [2, 4, 6]},
        Path(lastfm.RECORDS["valid"]).stem: [RECORD],
        Path(lastfm.RECORDS["test"]).stem: [RECORD | {"user": 6}],
    }),
    "scpr": json_files(
        item_dict={str(i): {"feature_index": [i % 2]} for i in ITEMS},
        tag_reverse_map={"0": {"real_name": ["rock"]}, "1": {"real_name": ["folk", "songs"]}},
        review_dict_train={str(u): [1, 2, 3] for u in USERS},
        review_dict_valid={str(u): [4] for u in USERS},
        review_dict_test={str(u): [5] for u in USERS},
    ),
}  # fmt: skip
"""Files of the sources that are folders."""


def edited(source: str, file: str = "", old: str = "", new: str | bytes = "") -> dict[str, Text]:
    """A source's files, in one of which something stands once in the place of something else."""
    files: dict[str, Text] = {f"{source}/{name}": text for name, text in SOURCES[source].items()}
    if file:
        text = SOURCES[source][file]
        assert old.encode() in text
        files[f"{source}/{file}"] = text.replace(old.encode(), as_bytes(new), 1)
    return files


FILES = {
    "ml1m": {"dataset.archive": "ml-1m.zip"},
    "beauty": {"dataset.archive": "Beauty.txt", "dataset.items": "tags.json"},
    "custom": {"dataset.path": "plays.csv", "dataset.items": "songs.csv"},
    "cds": {"dataset.archive": "CDs.jsonl", "dataset.items": "meta_CDs.jsonl"},
    "recbole": {"dataset.path": "music"},
    "inspired": {"dataset.path": "inspired"},
    "redial": {"dataset.path": "official"},
    "tgredial": {"dataset.path": "tgredial"},
    "lastfm": {"dataset.path": "precrs"},
}
"""The files of each data set, under the settings that name them."""


@dataclass(frozen=True)
class Bad:
    """An input.

    Attributes:
        what: is bad about it.
        dataset: whose reader reads it.
        files: by name.
        words: settings beside those that name the files.
        places: settings that name files, where they are not those of FILES.
        served: the file that a host has, in the place of all these.
    """

    what: str
    dataset: str
    files: dict[str, Text]
    words: str = ""
    places: dict[str, str] | None = None
    served: str = ""


def damaged_lzma() -> bytes:
    """An archive packed with LZMA, one byte of its first member wrong."""
    content = bytearray(zipped({"ml-1m/movies.dat": MOVIES, "ml-1m/ratings.dat": RATINGS},
                               method=zipfile.ZIP_LZMA))  # fmt: skip
    content[60] ^= 0xFF
    return bytes(content)


def parquet(**columns: list[Any]) -> bytes:
    stream = io.BytesIO()
    pd.DataFrame(columns).assign(timestamp=1).to_parquet(stream)
    return stream.getvalue()


def spoil(text: str, line: int, new: str | bytes) -> bytes:
    """A text with another line in the place of one."""
    lines = text.encode().splitlines(keepends=True)
    lines[line - 1] = as_bytes(new) + b"\n"
    return b"".join(lines)


def short(text: str, line: int, separator: str) -> bytes:
    """A text of which one line has lost its last field."""
    return spoil(text, line, text.splitlines()[line - 1].rpartition(separator)[0])


DROP = "dataset.bad_lines=drop dataset.min_user=4 dataset.min_item=4"
LOW = "dataset.min_user=1 dataset.min_item=1"
LONG, LONG_NUMBER = 100_000, "1" * 5_000
AGAIN = "1,1,900,5\n"
HASH = "an archive with another hash"
TRAIN, OFFICIAL = "train_data_dbpedia.jsonl", "train_data.jsonl"
CSV, TG = "movies_with_mentions.csv", "train_data.json"
LFM_ITEMS, LFM_TAGS, LFM = lastfm.ITEM_FILE, lastfm.TAG_FILE, lastfm.RECORDS["valid"]
BAD = [
    Bad("a truncated zip", "ml1m", ml1m(cut=30)),
    Bad("a truncated zip", "recbole", {"music.zip": zipped(recbole(), cut=30)},
        places={"dataset.path": "music.zip"}),
    Bad("a truncated gzip file", "cds", cds(gzip.compress(REVIEWS.encode(), mtime=0)[:-20])),
    Bad("an encrypted zip", "ml1m", ml1m(secret=True)),
    Bad("no zip at all", "ml1m", {"ml-1m.zip": RATINGS}),
    Bad("a zip without the file", "ml1m", {"ml-1m.zip": zipped({"ratings.dat": RATINGS})}),
    Bad("a zip where a text is read", "custom", {"plays.csv": zipped({"plays.csv": PLAYS})}),
    Bad("gzip in gzip", "custom", {"plays.csv": gzip.compress(gzip.compress(PLAYS.encode()))}),
    Bad("a file in an archive that unpacks to 4 GB", "ml1m", ml1m(declared=(1 << 32) - 1)),
    Bad("a file in an archive that unpacks to 4 GB", "recbole",
        {"music.zip": zipped(recbole(), declared=(1 << 32) - 1)},
        places={"dataset.path": "music.zip"}),
    Bad("`../` in a name of an archive", "ml1m", ml1m(more={"../evil.dat": "x"})),
    Bad("`../` in a name of an archive", "recbole",
        {"music.zip": zipped(recbole() | {"../evil.inter": "x"})},
        places={"dataset.path": "music.zip"}),
    Bad("an absolute name in an archive", "ml1m", ml1m(more={"/etc/evil.dat": "x"})),
    Bad("a symbolic link in an archive", "ml1m", ml1m(link="ml-1m/users.dat")),
    Bad("a symbolic link in an archive", "recbole", {"music.zip": zipped(recbole(), link="a.item")},
        places={"dataset.path": "music.zip"}),
    Bad(HASH, "ml1m", ml1m()),
    Bad("a download with another hash", "beauty", beauty(), served="Beauty.txt"),
    Bad("a file that is not there", "custom", {}),
    Bad("a folder where a file is read", "ml1m", {"ml-1m.zip/ratings.dat": RATINGS}),

    Bad("a line with too few fields", "ml1m", ml1m(short(RATINGS, 7, "::"))),
    Bad("a line with too few fields", "ml1m", ml1m(short(RATINGS, 7, "::")), DROP),
    Bad("a line with too few fields", "beauty", beauty(spoil(LINES, 3, "3"))),
    Bad("a line with too few fields", "beauty", beauty(spoil(LINES, 3, "3")), DROP),
    Bad("a line with too few fields", "custom", custom(short(PLAYS, 7, ","))),
    Bad("a line with too few fields", "custom", custom(short(PLAYS, 7, ",")), DROP),
    Bad("a line with too few fields", "custom", custom(songs=short(SONGS, 3, ","))),
    Bad("a line with too few fields", "cds", cds(spoil(REVIEWS, 7, '{"user_id": "2"}'))),
    Bad("a line with too few fields", "cds", cds(spoil(REVIEWS, 7, '{"user_id": "2"}')), DROP),
    Bad("a line with too few fields", "recbole", recbole(short(INTER, 7, "\t"))),
    Bad("a line with too few fields", "recbole", recbole(short(INTER, 7, "\t")), DROP),

    Bad("bytes that are not UTF-8", "beauty", beauty(spoil(LINES, 3, b"3 1 2 \xff 4 5"))),
    Bad("bytes that are not UTF-8", "custom", custom(spoil(PLAYS, 7, b"2,\xe9,201,5"))),
    Bad("bytes that are not UTF-8", "custom", custom(spoil(PLAYS, 7, b"2,\xe9,201,5")), DROP),
    Bad("bytes that are not UTF-8", "cds", cds(spoil(REVIEWS, 7, b'{"user_id": "\xff"}'))),
    Bad("bytes that are not UTF-8", "cds", cds(spoil(REVIEWS, 7, b'{"user_id": "\xff"}')), DROP),
    Bad("bytes that are not UTF-8", "recbole", recbole(spoil(INTER, 7, b"2\t\xff\t5\t201"))),

    Bad("a cell that is no number", "ml1m", ml1m(spoil(RATINGS, 7, "2::2::five::202"))),
    Bad("a cell that is no number", "beauty", beauty(spoil(LINES, 3, "3 1 2 x 4 5"))),
    Bad("a cell that is no number", "custom", custom(spoil(PLAYS, 7, "2,1,yesterday,5"))),
    Bad("a cell that is no number", "custom", custom(spoil(PLAYS, 7, "2,1,yesterday,5")), DROP),
    Bad("a cell that is no number", "cds", cds(REVIEWS.replace('"rating": 5', '"rating": "5"', 1))),
    Bad("a cell that is no number", "recbole", recbole(spoil(INTER, 7, "2\t1\t5\tinf"))),
    Bad("a row without a user", "custom", custom(spoil(PLAYS, 7, ",1,201,5"))),

    Bad("a line that is no JSON", "cds", cds(spoil(REVIEWS, 7, '{"user_id": "2",'))),
    Bad("a line that is no JSON object", "cds", cds(spoil(REVIEWS, 7, "null"))),
    Bad("a line that is no JSON object", "cds", cds(spoil(REVIEWS, 7, "null")), DROP),
    Bad("half of an escaped pair in an id", "cds",
        cds(REVIEWS.replace('"user_id": "1"', '"user_id": "\\ud800"', 1))),
    Bad("a quote that is never closed", "custom", custom(spoil(PLAYS, 25, '5,"3,503,5'))),
    Bad("a quote that is never closed", "custom", custom(spoil(PLAYS, 25, '5,"3,503,5')), DROP),
    Bad("reviews without their metadata", "cds", {"CDs.jsonl": REVIEWS}),

    Bad("an empty file", "ml1m", ml1m("")),
    Bad("an empty file", "beauty", beauty("")),
    Bad("an empty file", "custom", custom("")),
    Bad("an empty file", "custom", custom(songs="")),
    Bad("an empty file", "cds", cds("")),
    Bad("an empty file", "cds", cds(products="")),
    Bad("an empty file", "recbole", recbole("")),
    Bad("nothing behind the header", "custom", custom(PLAYS.splitlines()[0])),
    Bad("nothing behind the header", "custom", custom(songs="item,title\n")),
    Bad("nothing behind the header", "recbole", recbole(INTER.splitlines()[0])),
    Bad("no line that can be read", "beauty", beauty("a\nb\n"), "dataset.bad_lines=drop"),

    Bad("a missing column", "custom", custom(PLAYS.replace("timestamp", "when", 1))),
    Bad("a missing column", "custom", custom(songs="song,title\n1,A\n")),
    Bad("a missing column", "recbole", recbole(INTER.replace("item_id:", "song_id:"))),
    Bad("a missing column", "recbole", recbole(), "dataset.columns.attributes=genre"),
    Bad("a missing column", "cds", cds(REVIEWS.replace("parent_asin", "parent"))),
    Bad("a column twice", "custom", custom(PLAYS.replace("rating", "user", 1))),
    Bad("a header without types", "recbole", recbole(INTER.replace(":token", ""))),
    Bad("a column of another type", "recbole",
        recbole(INTER.replace("item_id:token", "item_id:float"))),
    Bad("several interaction files", "recbole",
        {"music/a.train.inter": INTER, "music/a.test.inter": INTER}),
    Bad("no interaction file", "recbole", {"music/music.item": ITEM}),

    Bad("an unknown item id", "ml1m", ml1m(movies=MOVIES.replace("5::", "6::"))),
    Bad("an unknown item id", "custom", custom(songs=SONGS.replace("5,", "6,"))),
    Bad("an unknown item id", "custom", custom(songs=SONGS.replace("5,", "6,")),
        "dataset.unknown_items=drop dataset.min_user=4"),
    Bad("an unknown item id", "custom", custom(songs=SONGS.replace("5,", "6,")),
        "dataset.unknown_items=keep"),
    Bad("an unknown item id", "cds", cds(products=PRODUCTS.replace('"5"', '"6"')),
        "dataset.min_user=4"),
    Bad("an unknown item id", "recbole", recbole(item=ITEM.replace("5\t", "6\t"))),
    Bad("items without a description", "cds", cds(products=PRODUCTS.replace("Music.", "", 1)),
        "dataset.min_user=4"),
    Bad("an item described twice", "custom", custom(songs=SONGS + "1,Other\n")),

    Bad("duplicate interactions", "ml1m", ml1m(RATINGS + "1::1::5::900\n")),
    Bad("duplicate interactions", "beauty", beauty(LINES.replace("5\n", "5 1\n", 1))),
    Bad("duplicate interactions", "custom", custom(PLAYS + AGAIN)),
    Bad("duplicate interactions", "custom", custom(PLAYS + AGAIN), "dataset.duplicates=drop"),
    Bad("duplicate interactions", "custom", custom(PLAYS + AGAIN), "dataset.duplicates=refuse"),
    Bad("duplicate interactions", "cds", cds(REVIEWS + REVIEWS.splitlines()[0] + "\n")),
    Bad("duplicate interactions", "recbole", recbole(INTER + "1\t1\t5\t900\n")),
    Bad("equal timestamps", "ml1m", ml1m(RATINGS.replace("::102", "::101"))),
    Bad("equal timestamps", "custom", custom(PLAYS.replace(",102,", ",101,"))),
    Bad("equal timestamps", "cds", cds(REVIEWS.replace(": 102", ": 101"))),
    Bad("equal timestamps", "recbole", recbole(INTER.replace("\t102", "\t101"))),

    Bad("all users too short", "ml1m", ml1m(RATINGS.replace("::5::", "::2::"))),
    Bad("all users too short", "beauty", beauty("1 1 2 3\n2 1 2 3\n"), LOW),
    Bad("all users too short", "custom", custom("user,item,timestamp\n1,1,1\n1,2,2\n")),
    Bad("all users too short", "custom", custom("user,item,timestamp\n1,1,1\n1,2,2\n"), LOW),
    Bad("all users too short", "cds", cds(REVIEWS.replace('"rating": 5', '"rating": 1'))),
    Bad("all users too short", "recbole", recbole("".join(INTER.splitlines(True)[:4])), LOW),

    Bad("ids with leading zeros (they stay as they are)", "custom",
        custom(PLAYS + "".join(f"01,0{i},{i},5\n" for i in ITEMS)), LOW),
    Bad("ids with leading zeros (they stay as they are)", "recbole",
        recbole(INTER + "".join(f"01\t{i}\t5\t{i}\n" for i in ITEMS))),
    Bad("a history of 100,000 items", "custom",
        custom(PLAYS + "".join(f"9,{i},{i},5\n" for i in range(LONG))), "dataset.min_item=0"),
    Bad("a history of 100,000 items", "beauty",
        beauty(f"1 {' '.join(map(str, range(1, LONG + 1)))}\n")),
    Bad("one user on two lines", "beauty", beauty(LINES + "1 5 4 3\n")),
    Bad("one user on two lines", "beauty", beauty(LINES + "1 5 4 3\n"), "dataset.bad_lines=drop"),
    Bad("damaged bytes of a member packed with LZMA", "ml1m", {"ml-1m.zip": damaged_lzma()}),
    Bad("ids that are bytes", "custom", {"a.parquet": parquet(user=[b"\xe9"], item=["1"])},
        places={"dataset.path": "a.parquet"}),
    Bad("ids that are lists", "custom", {"a.parquet": parquet(user=["1"], item=[["1"]])},
        places={"dataset.path": "a.parquet"}),
    Bad("an empty file", "beauty", beauty(tags="\n")),
    Bad("a value of another type", "beauty", beauty(tags='{"1": 5}')),
    Bad("half of an escaped pair", "beauty", beauty(tags='{"1": ["\\ud800"]}')),
    Bad("half of an escaped pair", "cds", cds(products=PRODUCTS.replace("CD 2", "\\ud800"))),
    Bad("half of an escaped pair", "inspired", edited("inspired", TRAIN, "Hello", "\\ud800")),

    Bad("lines that are to be dropped", "lastfm", edited("precrs"), "dataset.bad_lines=drop"),
    Bad("a file that is not there", "tgredial", {"tgredial/a.txt": "a"}),
    Bad("a file that is not there", "lastfm", {"precrs/a.txt": "a"}),
    Bad("an empty file", "inspired", edited("inspired") | {f"inspired/{TRAIN}": ""}),
    Bad("bytes that are not UTF-8", "redial", edited("official", OFFICIAL, "liked", b"\xe9")),
    Bad("a JSON line cut in half", "inspired", edited("inspired", TRAIN, '"role": "RECOMM', "\n")),
    Bad("a number of 5,000 digits", "lastfm", edited("precrs", LFM, "5", LONG_NUMBER)),
    Bad("100,000 open brackets", "lastfm", edited("precrs") | {f"precrs/{LFM}": "[" * LONG}),
    Bad("mixed-up role names", "inspired", edited("inspired", TRAIN, "SEEKER", "Speaker")),
    Bad("a value of another type", "inspired", 
        edited("inspired", TRAIN, '"movie_name": ["Alpha"]', '"movie_name": [5]')),
    Bad("a value of another type", "inspired", edited("inspired", "item_ids.json", "[0", "[[0]")),
    Bad("a value of another type", "inspired",
        edited("inspired", "dbpedia_subkg.json", "[[2, 0]", "[[[2], 0]")),
    Bad("a value of another type", "redial",
        edited("official", OFFICIAL, '"senderWorkerId": 1', '"senderWorkerId": [1]')),
    Bad("a value of another type", "redial", edited("official", OFFICIAL, '"Beta "', "5")),
    Bad("a value of another type", "tgredial",
        edited("tgredial", TG, '"messages": [', '"messages": [5, ')),
    Bad("a value of another type", "lastfm", edited("precrs") | {f"precrs/{LFM_ITEMS}": "[1]"}),
    Bad("a value of another type", "lastfm", edited("precrs", LFM_ITEMS, "[1]", "5")),
    Bad("a value of another type", "lastfm", edited("precrs", LFM_ITEMS, '"1"', '"a"')),
    Bad("a value of another type", "lastfm", edited("precrs", LFM_TAGS, '"1"', '"a"')),
    Bad("a value of another type", "lastfm", edited("precrs") | {f"precrs/{LFM}": "5"}),
    Bad("a value of another type", "lastfm", edited("precrs", LFM, "[1, 2, 3]", "[[1, 2], 3]")),
    Bad("a value of another type", "lastfm",
        edited("scpr", "item_dict.json", "[1]", "1"), "dataset.source=scpr",
        {"dataset.path": "scpr"}),
    Bad("lists that go together, of two lengths", "inspired",
        edited("inspired", TRAIN, '"movie_name": ["Alpha"]', '"movie_name": []')),
    Bad("a dialogue twice", "redial",
        edited("official", OFFICIAL, '"conversationId": "1"', '"conversationId": "0"')),
    Bad("a dialogue twice", "tgredial", edited("tgredial", TG, '"conv_id": 1', '"conv_id": 0')),
    Bad("an item id twice", "inspired", edited("inspired", "item_ids.json", "[0", "[0, 0")),
    Bad("an id that is no entity", "inspired", edited("inspired", "item_ids.json", "[0", "[77")),
    Bad("an item that is not in the item file", "lastfm",
        edited("precrs", LFM, "[1, 2, 3]", "[1, 9, 3]")),
    Bad("a quote that is never closed", "redial", edited("official", CSV, '2001)"', "2001)")),
    Bad("a line with too few fields", "redial", edited("official", CSV, ",3", "")),
    Bad("a line with too few fields", "tgredial",
        edited("tgredial", "cn-dbpedia.txt", "\t类型")),
    Bad("a cell of 200,000 letters", "redial", edited("official", CSV, "again", "a" * 2 * LONG)),
    Bad("words without the special ones", "tgredial",
        edited("tgredial", "token2id.json", "__start__", "__begin__")),
    Bad("a path with blanks and letters that are not ASCII", "custom",
        {"my plays é/möre.csv": PLAYS}, places={"dataset.path": "my plays é/möre.csv"}),
]  # fmt: skip


@cache
def composed(*words: str) -> Config:
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        fixed = ["model=popularity", "stage=dataset", "tracker=none"]
        return command_line.to_config(hydra_compose("train", [*fixed, *words]))


@contextmanager
def host(folder: Path) -> Iterator[str]:
    """A server on loopback that has a folder's files; its address."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def printed(bad: Bad, folder: Path) -> str:
    """What the command says of an input, less the plan, names of results and the folder."""
    for name, text in bad.files.items():
        (file := folder / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(as_bytes(text))
    config = copy.deepcopy(composed(f"dataset={bad.dataset}", *bad.words.split()))
    config.store = str(folder / "store")
    error, said = "", io.StringIO()
    with redirect_stderr(said), host(folder) if bad.served else nullcontext("") as url:
        if bad.served:
            reader = config.dataset.sources[0].reader
            config.dataset.sources = [Source(reader, f"{url}/{bad.served}", sha256="0" * 64)]
        else:
            for key, name in (bad.places or FILES[bad.dataset]).items():
                if name in bad.files or key != "dataset.items":
                    setattr(config.dataset, key.removeprefix("dataset."), str(folder / name))
        try:
            run(config)
        except UserError as mistake:
            error = f"error: {mistake}"
    # That a stand-in is no public archive is said once.
    signs = ("audit ", "dataset  ") + ("warning ",) * (bad.what == HASH)
    lines = [line for line in said.getvalue().splitlines() if line.startswith(signs)]
    text = "<br>".join([*lines, *filter(None, [error])])
    for pattern, to in {
        f"{folder}/": "", r"dataset +made +[0-9a-f]{16} +(.*?)  \d+ s": r"\1",
        r"(begins|local) [0-9a-f]{8}": r"\1 01234567", "(warning|audit) +": r"\1 ",
        r"127\.0\.0\.1:\d+": "HOST", "0{64}": "01234567…",
    }.items():  # fmt: skip
        text = re.sub(pattern, to, text)
    return text


def row(bad: Bad, text: str) -> str:
    """A line of the table."""
    shown = text.replace("|", "\\|").replace("`", "'")
    parts = [f"`{part}`" for part in shown.split("<br>")]
    words = f" `{bad.words}`" if bad.words else ""
    return f"| {bad.what} | {bad.dataset}{words} | {'<br>'.join(parts)} |"


def table() -> str:
    """The table of docs/bad_input.md."""
    lines = ["| input | `dataset=` | what is printed |", "|---|---|---|"]
    for bad in BAD:
        with TemporaryDirectory() as folder:
            lines.append(row(bad, printed(bad, Path(folder))))
    return "\n".join(lines) + "\n"
