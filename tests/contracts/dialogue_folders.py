"""The files of each source that is a folder, as bytes."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crs.data.readers import lastfm
from tests.contracts import dialogues
from tests.contracts.interactions import ITEMS, USERS


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
