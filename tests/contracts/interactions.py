"""Files of 5 users with 5 items each, in the format of every reader of interactions."""

import io
import json
import zipfile

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
