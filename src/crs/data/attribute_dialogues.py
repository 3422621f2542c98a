"""Attribute dialogues: the table that holds their turns, and the same as tensors.

A user accepts one attribute after another, and now and then refuses a list of items. The table
`attribute_dialogues.parquet` has a row a turn: split, dialogue, user, cut (the target is the item
there), turn (from 1), kind, attribute (0 where none was accepted), items (those refused) and
remaining: how many items have all accepted attributes and were not refused so far.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

TABLE = "attribute_dialogues.parquet"
COLUMNS = "split dialogue user cut turn kind attribute items remaining".split()
ATTRIBUTE, REFUSED = "attribute", "refused"
"""Kinds of turn. A kind is told by its name, never by the length of a list."""


def bit_sets(members: np.ndarray) -> np.ndarray:
    """Rows of membership [n, N] as sets of bits, [n, ceil(N / 64)] uint64."""
    packed = np.packbits(np.ascontiguousarray(members), axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)


def members_of(sets: np.ndarray, size: int) -> np.ndarray:
    """The opposite of `bit_sets`: membership [n, size]."""
    return np.unpackbits(sets.view(np.uint8), axis=1, count=size).astype(bool)


def id_lists(members: Tensor) -> Tensor:
    """Multi-hot rows [n, N + 1] as the ids of their ones, ascending, 0 behind, [n, longest]."""
    last = members.shape[1]
    ids = torch.arange(last, device=members.device).expand(members.shape)
    found = ids.where(members.bool() & (ids > 0), last).sort(1).values
    longest = max(1, int((found < last).sum(1).max())) if len(found) else 1
    return found[:, :longest] % last


@dataclass
class Turns:
    """Dialogues and their turns.

    Attributes:
        user, cut, name: of each dialogue, the name being its number in the table, [D].
        attributes: those accepted, in their order, 0 behind, [D, L].
        refused: the items refused, in their order, 0 behind, [D, S].
        row: dialogue of each turn, [T].
        accepted, shown: how many attributes and items each turn has come to, itself included, [T].
    """

    user: Tensor
    cut: Tensor
    name: Tensor
    attributes: Tensor
    refused: Tensor
    row: Tensor
    accepted: Tensor
    shown: Tensor

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Turns":
        """From rows of the table, turns of a dialogue together and in order."""
        dialogue = frame["dialogue"]
        said, sizes = (frame["kind"] == ATTRIBUTE).astype("int64"), frame["items"].map(len)
        accepted = tensor_of(said.groupby(dialogue, sort=False).cumsum())
        shown = tensor_of(sizes.astype("int64").groupby(dialogue, sort=False).cumsum())
        row = torch.from_numpy(dialogue.factorize()[0])
        first = frame.drop_duplicates("dialogue")

        def grid(row: Tensor, place: Tensor, value: Tensor) -> Tensor:
            width = int(place.max()) + 1 if len(place) else 1
            return torch.zeros(len(first), width, dtype=torch.long).index_put((row, place), value)

        speaks = tensor_of(said) > 0
        attributes = grid(row[speaks], accepted[speaks] - 1, tensor_of(frame["attribute"])[speaks])
        size = tensor_of(sizes)
        items = np.concatenate([*frame["items"], np.empty(0)]).astype(np.int64)
        back = size.cumsum(0).repeat_interleave(size) - torch.arange(len(items))
        place = shown.repeat_interleave(size) - back
        refused = grid(row.repeat_interleave(size), place, torch.from_numpy(items))
        user, cut, name = (tensor_of(first[column]) for column in ("user", "cut", "dialogue"))
        return cls(user, cut, name, attributes, refused, row, accepted, shown)

    def turns_of(self, dialogues: Tensor) -> tuple[Tensor, Tensor]:
        """The turns of some dialogues: row of `dialogues` and number of the turn, both [n]."""
        sizes = torch.bincount(self.row, minlength=len(self.user))
        first, size = (sizes.cumsum(0) - sizes)[dialogues], sizes[dialogues]
        row = torch.repeat_interleave(torch.arange(len(dialogues)), size)
        place = torch.arange(len(row)) - (size.cumsum(0) - size)[row]
        return row, first[row] + place

    def asked(self, turn: Tensor | slice) -> Tensor:
        """The attributes that some turns have come to, 0 behind, [B, L]."""
        return upto(self.attributes[self.row[turn]], self.accepted[turn])

    def refusals(self, turn: Tensor | slice) -> Tensor:
        """The items that were refused by then, 0 behind, [B, S]."""
        return upto(self.refused[self.row[turn]], self.shown[turn])


def tensor_of(column: pd.Series) -> Tensor:
    """A column of whole numbers as a tensor of its own."""
    return torch.from_numpy(column.to_numpy(dtype=np.int64, copy=True))


def upto(lists: Tensor, count: Tensor) -> Tensor:
    """The first `count` of each row, [B, L], 0 behind."""
    return lists * (torch.arange(lists.shape[1], device=lists.device) < count[:, None])


def remaining(frame: pd.DataFrame, members: np.ndarray) -> np.ndarray:
    """How many items have all attributes accepted so far and were not refused, by turn, [T].

    Args:
        frame: rows of the table, turns of a dialogue together and in order.
        members: which item has which attribute, [N + 1, attributes + 1]; row and column 0 empty.
    """
    owners = bit_sets(members.T)
    everything = bit_sets(np.arange(len(members))[None] > 0)
    found, open_to = np.empty(len(frame), dtype=np.int64), everything[0]
    dialogue = frame["dialogue"].to_numpy()
    begins = np.diff(dialogue, prepend=dialogue[:1] - 1) != 0
    turns = zip(begins, frame["attribute"], frame["items"], strict=True)
    for number, (begin, attribute, items) in enumerate(turns):
        open_to = everything[0] if begin else open_to
        if attribute:
            open_to = open_to & owners[attribute]
        if len(items):
            gone = np.zeros((1, len(members)), dtype=bool)
            gone[0, np.asarray(items)] = True
            open_to = open_to & ~bit_sets(gone)[0]
        found[number] = np.bitwise_count(open_to).sum()
    return found


def numbered(
    dialogues: pd.DataFrame,
    interactions: pd.DataFrame,
    users: dict[str, int],
    items: dict[str, int],
    attributes: dict[str, int],
) -> pd.DataFrame:
    """A source's own dialogues with the tables' ids; what filters took away goes from here too.

    Args:
        dialogues: as the table, but raw ids, and the target's in the place of the cut.
        interactions: the table of that name, by user and time.
        users, items, attributes: raw id to dense id.
    Returns:
        the table; dialogues whose user or target is gone are left out.
    """
    places = interactions.assign(cut=interactions.groupby("user").cumcount())
    cuts = places.groupby(["user", "item"])["cut"].max()
    frame = dialogues.assign(
        user=dialogues["user"].map(users), target=dialogues["target"].map(items)
    ).dropna(subset=["user", "target"])
    keys = pd.MultiIndex.from_frame(frame[["user", "target"]].astype("int64"))
    frame = frame.assign(cut=cuts.reindex(keys).to_numpy()).dropna(subset=["cut"])
    return pd.DataFrame(
        {
            "split": frame["split"].astype(str),
            "dialogue": frame["dialogue"].factorize()[0],
            "user": frame["user"].astype("int64"),
            "cut": frame["cut"].astype("int64"),
            "turn": frame["turn"].astype("int64"),
            "kind": frame["kind"].astype(str),
            "attribute": frame["attribute"].map(attributes).fillna(0).astype("int64"),
            "items": [[items[item] for item in cell if item in items] for cell in frame["items"]],
            "remaining": frame["remaining"].astype("int64"),
        }
    ).reset_index(drop=True)
