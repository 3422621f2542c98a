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
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from crs import compose, pipeline
from crs.config import Config, Source
from crs.errors import UserError

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
    members: dict[str, Text], link: str | None = None, cut: int = 0, secret: bool = False
) -> bytes:
    """A zip archive; `link` is a symbolic link in it, `cut` bytes of its end are missing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), as_bytes(text))
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/hostname")
    content = bytearray(stream.getvalue())
    if secret:  # the flag of encryption, in the directory of the archive
        place = content.rindex(b"PK\x01\x02")
        content[place + 8] |= 1
    return bytes(content[: len(content) - cut])


def ml1m(ratings: Text = RATINGS, movies: Text = MOVIES, **options) -> dict[str, Text]:
    members = {"ml-1m/ratings.dat": ratings, "ml-1m/movies.dat": movies}
    return {"ml-1m.zip": zipped(members | options.pop("more", {}), **options)}


def beauty(lines: Text = LINES) -> dict[str, Text]:
    return {"Beauty.txt": lines}


def custom(plays: Text = PLAYS, songs: Text | None = None) -> dict[str, Text]:
    return {"plays.csv": plays} | ({"songs.csv": songs} if songs is not None else {})


def cds(reviews: Text = REVIEWS, products: Text = PRODUCTS) -> dict[str, Text]:
    return {"CDs.jsonl": reviews, "meta_CDs.jsonl": products}


def recbole(inter: Text = INTER, item: Text | None = ITEM) -> dict[str, Text]:
    return {"music/music.inter": inter} | ({"music/music.item": item} if item is not None else {})


FILES = {
    "ml1m": {"dataset.archive": "ml-1m.zip"},
    "beauty": {"dataset.archive": "Beauty.txt"},
    "custom": {"dataset.path": "plays.csv", "dataset.items": "songs.csv"},
    "cds": {"dataset.archive": "CDs.jsonl", "dataset.items": "meta_CDs.jsonl"},
    "recbole": {"dataset.path": "music"},
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
LONG = 100_000
AGAIN = "1,1,900,5\n"
HASH = "an archive with another hash"
BAD = [
    Bad("a truncated zip", "ml1m", ml1m(cut=30)),
    Bad("a truncated zip", "recbole", {"music.zip": zipped(recbole(), cut=30)},
        places={"dataset.path": "music.zip"}),
    Bad("a truncated gzip file", "cds", cds(gzip.compress(REVIEWS.encode(), mtime=0)[:-20])),
    Bad("an encrypted zip", "ml1m", ml1m(secret=True)),
    Bad("no zip at all", "ml1m", {"ml-1m.zip": RATINGS}),
    Bad("a zip without the file", "ml1m", {"ml-1m.zip": zipped({"ratings.dat": RATINGS})}),
    Bad("a zip where a text is read", "custom", {"plays.csv": zipped({"plays.csv": PLAYS})}),
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
    Bad("a path with blanks and letters that are not ASCII", "custom",
        {"my plays é/möre.csv": PLAYS}, places={"dataset.path": "my plays é/möre.csv"}),
]  # fmt: skip


@cache
def composed(*words: str) -> Config:
    compose.register()
    with initialize_config_dir(str(compose.CONF), version_base="1.3"):
        fixed = ["model=popularity", "stage=dataset", "tracker=none"]
        return compose.to_config(hydra_compose("train", [*fixed, *words]))


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
            pipeline.run(config)
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
