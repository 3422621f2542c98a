"""What a simulated user knows of an item, and what one says."""

from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from crs.store.artifact import Artifact


@dataclass
class Item:
    """What the user knows of an item."""

    title: str
    year: int | None
    attributes: list[int]
    description: str = ""


@dataclass
class Utterance:
    """What was said, and the attribute ids that it asks for and refuses; or why nothing was."""

    text: str
    attributes: list[int] = field(default_factory=list)
    silence: str = ""
    refused: list[int] = field(default_factory=list)


class User(Protocol):
    """A simulated user: one of `data_generator.<simulator.kind>`.

    Attributes:
        advice: what to type where it says too little.
    """

    advice: str

    def say(self, cases: pd.DataFrame, attempt: int) -> list[Utterance]:
        """What each case's user says first, in another wording at each attempt.

        Args:
            cases: rows with kind, user, cut and target, by their number among all cases.
        """
        ...

    def quote(self, cases: pd.DataFrame) -> list[str]:
        """What `say` would cost at the first attempt, in lines to print."""
        ...

    def close(self) -> dict[str, object]:
        """Write what belongs beside the utterances; returns figures for the manifest."""
        ...


def item_table(dataset: Artifact) -> list[Item]:
    """Items by id; 0 is an empty one."""
    frame = dataset.load("items.parquet")
    columns = (frame[c] for c in ("title", "year", "attributes", "description"))
    return [Item("", None, [])] + [
        Item(title, None if pd.isna(year) else int(year), [int(a) for a in attributes], text)
        for title, year, attributes, text in zip(*columns, strict=True)
    ]


def attribute_names(dataset: Artifact) -> list[str]:
    """Attribute names by id; 0 is an empty one."""
    return ["", *dataset.load("attributes.parquet")["name"]]
