"""LastFM twice: as Pre-CRS released it, with attribute dialogues, and as SCPR (UNICORN) use it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from crs.config import Dataset
from crs.data.raw import ITEMS, Raw
from crs.data.turns import ATTRIBUTE, REFUSED
from crs.errors import UserError

ITEM_FILE, TAG_FILE = "item_dict_lastfm1.0.json", "tag2item_lastfm1.0.json"
RECORDS = {
    "train": "train_data_lastfm2.0.json",
    "valid": "val_lastfm.json",
    "test": "test_lastfm.json",
}
"""Pre-CRS' files of dialogues; that of training was never released."""
KEYS = {"user": int, "pos_item": int, "context": list, "dialog": list}
SHORT = "dialogues with a history of fewer than 2 items dropped"
UNSATISFIED = "dialogues whose attributes no item has dropped"
STRAY = "training dialogues that continue no history dropped"
OWNERLESS = "attributes that no item has"
BARE = "items without attributes"


def load(folder: Path, name: str) -> Any:
    """The content of a JSON file of the folder.

    Raises:
        UserError: if it is not there or no JSON.
    """
    file = folder / name
    if not file.is_file():
        raise UserError(
            f"dataset.path: {folder} has no {name}; give the folder that has it, or type "
            "dataset.source=precrs or dataset.source=scpr, whichever the files are of"
        )
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"dataset.path: {name} is no JSON ({error})") from error


def item_frame(attributes: dict[str, list[str]]) -> pd.DataFrame:
    """The item table of sources that know ids and attributes alone."""
    rows = [(item, "", None, sorted(set(names)), "") for item, names in attributes.items()]
    frame = pd.DataFrame(rows, columns=ITEMS)
    frame["year"] = frame["year"].astype("Int64")
    return frame


def interactions_of(sequences: dict[str, list[str]]) -> pd.DataFrame:
    """Users' items in their order; the place in it stands for the time."""
    rows = [(user, item, place, 1.0)
            for user, items in sequences.items() for place, item in enumerate(items)]  # fmt: skip
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
    dialog: list[Any], target: int, catalogue: Catalogue, where: str
) -> list[tuple[str, Any, int]]:
    """The turns of a released dialogue as (kind, attribute or items, remaining candidates).

    The files do not say what a turn is. It is an accepted attribute if it is a pair of an attribute
    and the number of candidates that it leaves, and a refused recommendation if it is a list of
    candidates: two refused items are no attribute.

    Raises:
        UserError: at a turn that is neither, or a pair that begins with an attribute of the target
            and has another number.
    """
    left, owned, turns = set(catalogue.attributes), catalogue.attributes[target], []
    for number, turn in enumerate(dialog, 1):
        if not isinstance(turn, list) or not all(isinstance(x, int) for x in turn) or not turn:
            raise UserError(f"dataset.path: {where}: turn {number} is no list of numbers: {turn}")
        kept = left & catalogue.owners.get(turn[0], set())
        if len(turn) == 2 and turn[1] == len(kept):
            left = kept
            turns.append((ATTRIBUTE, turn[0], len(left)))
        elif left.issuperset(turn) and (len(turn) != 2 or turn[0] not in owned):
            left = left - set(turn)
            turns.append((REFUSED, turn, len(left)))
        else:
            raise UserError(
                f"dataset.path: {where}: turn {number}, {turn[:3]}, is neither an attribute with "
                f"the number of candidates it leaves ({len(kept)}) nor a list of candidates"
            )
    return turns


def records(folder: Path, split: str, catalogue: Catalogue) -> Iterator[Record]:
    """The dialogues of a file, checked.

    Raises:
        UserError: with file, record and key, if a key is missing, of another type, or names an
            item that the item file does not have.
    """
    name = RECORDS[split]
    for number, record in enumerate(load(folder, name), 1):
        where = f"record {number} of {name}"
        for key, kind in KEYS.items():
            if not isinstance(record, dict) or not isinstance(record.get(key), kind):
                raise UserError(f"dataset.path: {where} has no `{key}` that is a {kind.__name__}")
        history, target = record["context"], record["pos_item"]
        if unknown := {*history, target} - set(catalogue.attributes):
            raise UserError(f"dataset.path: {where} has item {min(unknown)}, {ITEM_FILE} has not")
        turns = turns_of(record["dialog"], target, catalogue, where)
        yield Record(split, record["user"], history, target, turns)


def read_precrs(folder: Path, settings: Dataset) -> Raw:
    """Pre-CRS' release: users' histories with their targets, item attributes, dialogues.

    A user's sequence is the history and the target of his validation or test dialogue, or of the
    longest of his training dialogues. What cannot be used is counted in `Raw.dropped`.

    Raises:
        UserError: with file and record, if something is missing or makes no sense.
    """
    owned = {int(item): set(names) for item, names in load(folder, ITEM_FILE).items()}
    catalogue = Catalogue(owned)
    tags = load(folder, TAG_FILE) if (folder / TAG_FILE).is_file() else {}
    dropped = dict.fromkeys((SHORT, UNSATISFIED, STRAY), 0)
    dropped[OWNERLESS] = len(set(map(int, tags)) - set(catalogue.owners))
    dropped[BARE] = sum(not names for names in owned.values())
    kept: list[Record] = []
    splits = [split for split in RECORDS if split != "train" or (folder / RECORDS[split]).is_file()]
    for split in splits:
        for record in records(folder, split, catalogue):
            if len(record.history) < 2:
                dropped[SHORT] += 1
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
        (r.split, number, str(r.user), str(r.target), turn, kind,
         str(what) if kind == ATTRIBUTE else "", list(map(str, what)) if kind == REFUSED else [],
         left)
        for number, r in enumerate(whole)
        for turn, (kind, what, left) in enumerate(r.turns, 1)
    ]  # fmt: skip
    columns = "split dialogue user target turn kind attribute items remaining".split()
    return Raw(
        interactions_of({str(user): list(map(str, items)) for user, items in sequences.items()}),
        item_frame({str(item): list(map(str, names)) for item, names in owned.items()}),
        pd.DataFrame(rows, columns=columns),
        dropped,
    )


def read_scpr(folder: Path, settings: Dataset) -> Raw:
    """SCPR's files: users' items in three consecutive parts, joined; 33 coarse attributes.

    Raises:
        UserError: with the file that is missing or has an item that the item file does not have.
    """
    owned = load(folder, "item_dict.json")
    labels = load(folder, "tag_reverse_map.json")
    names = {int(key): tag["real_name"][0] for key, tag in labels.items()}
    attributes = {
        item: [names.get(tag, str(tag)) for tag in about["feature_index"]]
        for item, about in owned.items()
    }
    sequences: dict[str, list[str]] = {}
    for part in ("train", "valid", "test"):
        name = f"review_dict_{part}.json"
        for user, items in load(folder, name).items():
            if unknown := {str(item) for item in items} - set(owned):
                raise UserError(
                    f"dataset.path: {name}, user {user}, has item {min(unknown)}, item_dict.json "
                    "has not"
                )
            sequences.setdefault(user, []).extend(map(str, items))
    bare = sum(not tags for tags in attributes.values())
    return Raw(interactions_of(sequences), item_frame(attributes), dropped={BARE: bare})
