"""Folders of dialogues, one file of which is bad."""

from crs.data.readers import lastfm
from tests.contracts.dialogue_folders import SOURCES
from tests.contracts.interactions import Text, as_bytes
from tests.crs.data.bad_inputs.bad import LONG, Bad


def edited(source: str, file: str = "", old: str = "", new: str | bytes = "") -> dict[str, Text]:
    """A source's files, in one of which something stands once in the place of something else."""
    files: dict[str, Text] = {f"{source}/{name}": text for name, text in SOURCES[source].items()}
    if file:
        text = SOURCES[source][file]
        assert old.encode() in text
        files[f"{source}/{file}"] = text.replace(old.encode(), as_bytes(new), 1)
    return files


LONG_NUMBER = "1" * 5_000
TRAIN, OFFICIAL = "train_data_dbpedia.jsonl", "train_data.jsonl"
CSV, TG = "movies_with_mentions.csv", "train_data.json"
LFM_ITEMS, LFM_TAGS, LFM = lastfm.ITEM_FILE, lastfm.TAG_FILE, lastfm.RECORDS["valid"]
DIALOGUES = [
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
]  # fmt: skip
