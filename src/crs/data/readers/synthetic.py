"""The generated data set `tiny`: users with planted intents, items with matching attributes."""

from pathlib import Path

import numpy as np
import pandas as pd

from crs.data.parsing.raw import Place, Raw
from crs.data.reader import reader
from crs.stages.dataset import Dataset

FIRST = "Silent Crimson Hollow Golden Broken Distant Paper Winter Electric Velvet".split()
SECOND = "Harbor Garden Engine Mirror Orchard Station River Lantern Canyon Parade".split()
KINDS = "Comedy Drama Thriller Western Musical Mystery Fantasy Romance Horror War".split()
MOODS = "Quiet Fast Dark Bright".split()


@reader("synthetic", 1, unnamed_in=("tiny",))
def read(file: Path | None, settings: Dataset) -> Raw:
    """Sequences in which a user stays with an intent for a while and then turns to another.

    Items of one intent share an attribute, so that an utterance about it says something of the
    target, and follow each other in a ring, so that a history does too.
    """
    shape = settings.generated
    assert shape is not None
    rng = np.random.default_rng(shape.seed)
    intent = np.arange(shape.items) % shape.intents
    members = [np.flatnonzero(intent == k) for k in range(shape.intents)]
    rows = []
    for user in range(shape.users):
        k, place = rng.integers(shape.intents), 0
        for position in range(shape.length + int(rng.integers(-3, 4))):
            if position == 0 or rng.random() < 0.15:
                k = rng.integers(shape.intents)
                place = int(rng.integers(len(members[k])))
            rows.append((f"u{user:04d}", f"i{members[k][place]:04d}", position, 5.0))
            place = (place + int(rng.integers(1, 3))) % len(members[k])
    interactions = pd.DataFrame(rows, columns=["user", "item", "timestamp", "rating"])
    items = pd.DataFrame(
        {
            "item": [f"i{i:04d}" for i in range(shape.items)],
            "title": [
                f"{FIRST[i % 10]} {SECOND[i // 10 % 10]} {i // 100 + 1}" for i in range(shape.items)
            ],
            "year": pd.array(1950 + rng.integers(0, 70, shape.items), dtype="Int64"),
            "attributes": [
                sorted({KINDS[k % len(KINDS)], MOODS[int(rng.integers(len(MOODS)))]})
                for k in intent
            ],
            "description": "",
        }
    )
    return Raw(interactions, items, place=Place("what was generated", "row"))
