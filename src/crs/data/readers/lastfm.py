"""LastFM twice: as Pre-CRS released it, with attribute dialogues, and as SCPR (UNICORN) use it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short
from typing import Any

import pandas as pd

from crs.data.attribute_dialogues import ATTRIBUTE, REFUSED
from crs.data.parsing import json_files
from crs.data.parsing.json_files import by_number
from crs.data.parsing.raw import ITEMS, Raw
from crs.data.reader import reader
from crs.errors import UserError
from crs.stages.dataset import Dataset

ITEM_FILE, TAG_FILE = "item_dict_lastfm1.0.json", "tag2item_lastfm1.0.json"
RECORDS = {
    "train": "train_data_lastfm2.0.json",
    "valid": "val_lastfm.json",
    "test": "test_lastfm.json",
}
"""Pre-CRS' files of dialogues; that of training was never released."""
KEYS = {"user": int, "pos_item": int, "context": list[int], "dialog": list[list[int]]}
SHORT = "dialogues with a history of fewer than 2 items dropped"
UNSATISFIED = "dialogues whose attributes no item has dropped"
SILENT = "dialogues without a turn dropped"
STRAY = "training dialogues that continue no history dropped"
OWNERLESS = "attributes that no item has"
BARE = "items without attributes"
EMPTY = "users without an item"


def undivided(settings: Dataset) -> None:
    """Refuse `dataset.bad_lines=drop`: the files are JSON as a whole, not by line.

    Raises:
        UserError: if it is set.
    """
    if settings.bad_lines != "refuse":
        raise UserError(
            f"dataset.bad_lines={settings.bad_lines}: the files of dataset={settings.name} are "
            "read wholly or not at all; leave dataset.bad_lines out"
        )


def load(folder: Path, name: str, kind: Any) -> Any:
    """The content of a JSON file of the folder, which must be of a type.

    Raises:
        UserError: if it is not there, no JSON or not of the type.
    """
    if not (folder / name).is_file():
        raise UserError(
            f"dataset.path: {folder} has no {name}; give the folder that has it, or type "
            "dataset.source=precrs or dataset.source=scpr, whichever the files are of"
        )
    return json_files.load(folder / name, kind)


def item_frame(attributes: dict[str, list[str]]) -> pd.DataFrame:
    """The item table of sources that know ids and attributes alone."""
    rows = [(item, "", None, sorted(set(names)), "") for item, names in attributes.items()]
    frame = pd.DataFrame(rows, columns=ITEMS)
    frame["year"] = frame["year"].astype("Int64")
    return frame


def interactions_of(sequences: dict[str, list[str]]) -> pd.DataFrame:
    """Users' items in their order; the place in it stands for the time."""
    rows = [
        (user, item, place, 1.0)
        for user, items in sequences.items()
        for place, item in enumerate(items)
    ]
    return pd.DataFrame(rows, columns=["user", "item", "timestamp", "rating"])


@dataclass
class Catalogue:
    """Which item has which attribute, both ways, by raw id."""

    attributes: dict[int, set[int]]
    owners: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item, attributes in self.attributes.items():
            for attribute in attributes:
                self.owners.setdefault(attribute, set()).add(item)


@dataclass
class Record:
    """One released dialogue; a turn is (kind, attribute or items, remaining candidates)."""

    split: str
    user: int
    history: list[int]
    target: int
    turns: list[tuple[str, Any, int]]


def turns_of(
    dialog: list[list[int]], target: int, catalogue: Catalogue, where: str
) -> list[tuple[str, Any, int]]:
    """The turns of a released dialogue as (kind, attribute or items, remaining candidates).

    The files do not say what a turn is. It is an accepted attribute if it is a pair of an attribute
    of the target and the number of candidates that it leaves, and a refused recommendation if it is
    a list of other candidates: two refused items are no attribute.

    Raises:
        UserError: at a turn that is neither, or a pair that begins with an attribute of the target
            and has another number.
    """
    left, owned = set(catalogue.attributes), catalogue.attributes[target]
    turns: list[tuple[str, Any, int]] = []
    for number, turn in enumerate(dialog, 1):
        if not turn:
            raise UserError(f"dataset: {where}: turn {number} is empty")
        kept = left & catalogue.owners.get(turn[0], set())
        # An attribute that leaves no candidate is the target's no more: the dialogue is counted.
        if len(turn) == 2 and (turn[0] in owned or not kept) and turn[1] == len(kept):
            left = kept
            turns.append((ATTRIBUTE, turn[0], len(left)))
        elif left - {target} >= set(turn) and (len(turn) != 2 or turn[0] not in owned):
            left = left - set(turn)
            turns.append((REFUSED, turn, len(left)))
        else:
            raise UserError(
                f"dataset: {where}: turn {number}, {short(turn)}, is neither an attribute of the "
                f"target with the number of candidates it leaves ({len(kept)}) nor a list of other "
                "candidates"
            )
    return turns


def records(folder: Path, split: str, catalogue: Catalogue) -> Iterator[Record]:
    """The dialogues of a file, checked.

    Raises:
        UserError: with file, record and key, if a key is missing, of another type, or names an
            item that the item file does not have.
    """
    name = RECORDS[split]
    for number, record in enumerate(load(folder, name, list), 1):
        where = f"record {number} of {name}"
        user, target, history, dialog = (
            json_files.field(record, key, kind, where) for key, kind in KEYS.items()
        )
        if unknown := {*history, target} - set(catalogue.attributes):
            raise UserError(f"dataset: {where} has item {short(min(unknown))}, {ITEM_FILE} has not")
        yield Record(split, user, history, target, turns_of(dialog, target, catalogue, where))


@reader("lastfm_precrs", 1, unnamed_in=("lastfm",))
def read_precrs(folder: Path, settings: Dataset) -> Raw:
    """Pre-CRS' release: users' histories with their targets, item attributes, dialogues.

    A user's sequence is the history and the target of his validation or test dialogue, or of the
    longest of his training dialogues. What cannot be used is counted in `Raw.dropped`.

    Raises:
        UserError: with file and record, if something is missing or makes no sense.
    """
    undivided(settings)
    attributes = by_number(load(folder, ITEM_FILE, dict[str, list[int]]), ITEM_FILE)
    owned = {item: set(names) for item, names in attributes.items()}
    catalogue = Catalogue(owned)
    tags = load(folder, TAG_FILE, dict) if (folder / TAG_FILE).is_file() else {}
    dropped = dict.fromkeys((SHORT, SILENT, UNSATISFIED, STRAY), 0)
    dropped[OWNERLESS] = len(set(by_number(tags, TAG_FILE)) - set(catalogue.owners))
    dropped[BARE] = sum(not names for names in owned.values())
    kept: list[Record] = []
    splits = [split for split in RECORDS if split != "train" or (folder / RECORDS[split]).is_file()]
    for split in splits:
        for record in records(folder, split, catalogue):
            if len(record.history) < 2:
                dropped[SHORT] += 1
            elif not record.turns:
                dropped[SILENT] += 1
            elif not all(left for _, _, left in record.turns):
                dropped[UNSATISFIED] += 1
            else:
                kept.append(record)
    sequences: dict[int, list[int]] = {}
    # Held-out targets end a sequence; a user who has none is as long as his longest record.
    for record in sorted(kept, key=lambda r: (r.split != "train", len(r.history))):
        sequences[record.user] = [*record.history, record.target]
    whole = [r for r in kept if sequences[r.user][: len(r.history) + 1] == [*r.history, r.target]]
    dropped[STRAY] = len(kept) - len(whole)
    rows = [
        (
            r.split,
            number,
            str(r.user),
            str(r.target),
            turn,
            kind,
            str(what) if kind == ATTRIBUTE else "",
            list(map(str, what)) if kind == REFUSED else [],
            left,
        )
        for number, r in enumerate(whole)
        for turn, (kind, what, left) in enumerate(r.turns, 1)
    ]
    columns = "split dialogue user target turn kind attribute items remaining".split()
    return Raw(
        interactions_of({str(user): list(map(str, items)) for user, items in sequences.items()}),
        item_frame({str(item): list(map(str, names)) for item, names in owned.items()}),
        pd.DataFrame(rows, columns=columns),
        dropped,
    )


def real_name(tag: Any, where: str) -> str:
    """What a tag is called: the first of its names.

    Raises:
        UserError: if it has none.
    """
    names = json_files.field(tag, "real_name", list[str], where)
    if not names:
        raise UserError(f"dataset: {where} has no name in 'real_name'")
    return names[0]


@reader("lastfm_scpr", 1, unnamed_in=("lastfm",))
def read_scpr(folder: Path, settings: Dataset) -> Raw:
    """SCPR's files: users' items in three consecutive parts, joined; 33 coarse attributes.

    Raises:
        UserError: with the file that is missing or has an item that the item file does not have.
    """
    undivided(settings)
    owned, labels = "item_dict.json", "tag_reverse_map.json"
    names = {
        key: real_name(tag, f"tag {key} of {labels}")
        for key, tag in by_number(load(folder, labels, dict), labels).items()
    }
    tags = {
        item: json_files.field(about, "feature_index", list[int], f"item {item} of {owned}")
        for item, about in load(folder, owned, dict).items()
    }
    attributes = {item: [names.get(tag, str(tag)) for tag in own] for item, own in tags.items()}
    sequences: dict[str, list[str]] = {}
    for part in ("train", "valid", "test"):
        name = f"review_dict_{part}.json"
        for user, items in load(folder, name, dict[str, list[int | str]]).items():
            if unknown := {str(item) for item in items} - set(attributes):
                raise UserError(
                    f"dataset: {name}, user {user}, has item {min(unknown)}, item_dict.json has not"
                )
            sequences.setdefault(user, []).extend(map(str, items))
    dropped = {
        BARE: sum(not own for own in tags.values()),
        OWNERLESS: len(set(names) - {tag for own in tags.values() for tag in own}),
        EMPTY: sum(not items for items in sequences.values()),
    }
    return Raw(interactions_of(sequences), item_frame(attributes), dropped=dropped)
