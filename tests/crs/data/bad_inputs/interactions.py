"""Interactions and item tables whose lines or values are bad."""

import io
from typing import Any

import pandas as pd

from tests.contracts.interactions import (
    INTER,
    ITEM,
    ITEMS,
    LINES,
    MOVIES,
    PLAYS,
    PRODUCTS,
    RATINGS,
    REVIEWS,
    SONGS,
    beauty,
    cds,
    custom,
    ml1m,
    recbole,
)
from tests.crs.data.bad_inputs.bad import LONG, Bad, short, spoil


def parquet(**columns: list[Any]) -> bytes:
    stream = io.BytesIO()
    pd.DataFrame(columns).assign(timestamp=1).to_parquet(stream)
    return stream.getvalue()


DROP = "dataset.bad_lines=drop dataset.min_user=4 dataset.min_item=4"
LOW = "dataset.min_user=1 dataset.min_item=1"
AGAIN = "1,1,900,5\n"
LINES_AND_COLUMNS = [
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
]  # fmt: skip
VALUES = [
    Bad("ids that are bytes", "custom", {"a.parquet": parquet(user=[b"\xe9"], item=["1"])},
        places={"dataset.path": "a.parquet"}),
    Bad("ids that are lists", "custom", {"a.parquet": parquet(user=["1"], item=[["1"]])},
        places={"dataset.path": "a.parquet"}),
    Bad("an empty file", "beauty", beauty(tags="\n")),
    Bad("a value of another type", "beauty", beauty(tags='{"1": 5}')),
    Bad("half of an escaped pair", "beauty", beauty(tags='{"1": ["\\ud800"]}')),
    Bad("half of an escaped pair", "cds", cds(products=PRODUCTS.replace("CD 2", "\\ud800"))),
]  # fmt: skip
PATH = Bad("a path with blanks and letters that are not ASCII", "custom",
    {"my plays é/möre.csv": PLAYS}, places={"dataset.path": "my plays é/möre.csv"})  # fmt: skip
