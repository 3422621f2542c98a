"""Cases: what a recommender is asked about, one (sequence, cut) each, with the chosen item."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from crs.data.attribute_dialogues import TABLE, Turns, id_lists
from crs.data.sequences import Sequences, leave_one_out, repeated
from crs.errors import UserError
from crs.store.artifact import Artifact

ALL = "all"
"""The slice, or the set, that holds the cases which every model is asked about."""
DIALOGUES = "dialogues"
"""The set of the turns of attribute dialogues, where it is not the first."""
ASKED = "attributes"
"""Of `Cases.dialogue`: attributes in the order in which they were accepted, 0 behind."""
REPEATS, NO_REPEATS = "repeats", "no_repeats"
"""The slices of the cases whose item is in the history (or was named in the dialogue), and of the
others."""
ROW = "row"
"""In `Cases.dialogue`: the row that a case has in `contexts`, and its words in `Cases.words`."""


Ragged = tuple[Tensor, Tensor]
"""Lists of items: the row (ascending) and the item of each entry, both [total]."""
NOBODY = torch.empty(0, dtype=torch.long)


def ragged(padded: Tensor) -> Ragged:
    """Ids [B, S] with 0 for none, as rows and items."""
    row, column = padded.nonzero(as_tuple=True)
    return row, padded[row, column]


def together(one: Ragged, two: Ragged) -> Ragged:
    """Two ragged lists as one, rows ascending."""
    row, item = torch.cat([one[0], two[0]]), torch.cat([one[1], two[1]])
    order = row.argsort(stable=True)
    return row[order], item[order]


@dataclass
class Cases:
    """A batch of (sequence, cut): what is known before the item at the cut is chosen.

    Attributes:
        sequences: items by time; only the items before a case's cut are its history.
        row: which of the sequences, [B]; the place of the history, and not its user (`user`).
        cut: place of the target in the sequence, [B].
        text: vector of the utterance, [B, D], or None.
        known, refused: attributes asked for and refused, multi-hot [B, attributes + 1], or None.
        shown: items that were shown and refused, [B, S], 0 where there are fewer, or None.
        dialogue: what a model reads of the conversation, tensors of B rows by name.
        slices: parts that are scored by themselves as well, masks [B] by name.
        cluster: what belongs together when intervals are drawn, [B]; None: the sequence.
        words: what was said, by the rows that `dialogue[ROW]` numbers, or None.
    """

    sequences: Sequences
    row: Tensor
    cut: Tensor
    text: Tensor | None = None
    known: Tensor | None = None
    refused: Tensor | None = None
    shown: Tensor | None = None
    dialogue: dict[str, Tensor] = field(default_factory=dict)
    slices: dict[str, Tensor] = field(default_factory=dict)
    cluster: Tensor | None = None
    words: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, index: Tensor | slice) -> "Cases":
        parts: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Tensor):
                parts[f.name] = value[index]
            elif isinstance(value, dict):
                parts[f.name] = {name: tensor[index] for name, tensor in value.items()}
        return replace(self, **parts)

    @property
    def user(self) -> Tensor:
        """The users of the data set who have these histories, [B].

        Raises:
            UserError: if the histories are of no user: made of dialogues, or typed in the chat.
        """
        if not self.sequences.of_users:
            raise UserError(
                "this scorer looks up the users of its data set, and these histories are of none "
                "of them; take a model that reads the history itself, e.g. model=sasrec"
            )
        return self.row

    @property
    def clusters(self) -> Tensor:
        """What intervals and tests resample, [B]."""
        return self.row if self.cluster is None else self.cluster

    @property
    def target(self) -> Tensor:
        """The item that was chosen, [B]."""
        return self.sequences.at(self.row, self.cut)

    @property
    def seen(self) -> Ragged:
        """All items of the histories, and those shown and refused."""
        return together(self.sequences.histories(self.row, self.cut), self.refused_items)

    @property
    def refused_items(self) -> Ragged:
        """The items that were shown and refused."""
        return (NOBODY, NOBODY) if self.shown is None else ragged(self.shown)

    @property
    def left_out(self) -> Ragged:
        """What a ranking leaves out of a history: all of it, or nothing of any history where users
        take items again."""
        if self.sequences.repeating:
            return NOBODY, NOBODY
        return self.sequences.histories(self.row, self.cut)

    @property
    def excluded(self) -> Ragged:
        """What a ranking leaves out: of the histories, and the items that were refused."""
        return together(self.left_out, self.refused_items)

    @property
    def repeats(self) -> Tensor:
        """Which targets are in their own history, a mask [B]."""
        row, item = self.sequences.histories(self.row, self.cut)
        found = torch.zeros(len(self), dtype=torch.bool)
        found[row[item == self.target[row]]] = True
        return found

    @property
    def asked(self) -> Tensor:
        """The attributes asked for, in the order of a dialogue if there is one, 0 behind, [B, L].

        Raises:
            ValueError: if the cases carry none.
        """
        if self.known is None:
            raise ValueError("this scorer needs cases with attributes")
        return self.dialogue[ASKED] if ASKED in self.dialogue else id_lists(self.known)

    def history(self, length: int) -> Tensor:
        """The last `length` items before each cut, right-aligned, [B, T]."""
        return self.sequences.windows(self.row, self.cut, length)

    def chunks(self, size: int) -> Iterator["Cases"]:
        """Consecutive parts of at most `size` cases."""
        for first in range(0, len(self), size):
            yield self[slice(first, first + size)]


def spoken_cases(inputs: dict[str, Artifact], split: str) -> Cases:
    """The cases of a split that have a text, with text vectors where they were made.

    Args:
        inputs: `dataset` and `simulate`, and `embed` for vectors.
    """
    frame = inputs["simulate"].load("utterances.parquet")
    kept = ((frame["split"] == split) & ~frame["dropped"]).to_numpy()
    return cases_of_rows(inputs["dataset"], frame, kept, inputs.get("embed"))


def cases_of_rows(
    dataset: Artifact, frame: pd.DataFrame, kept: np.ndarray, embedded: Artifact | None
) -> Cases:
    """The cases of some rows of a table of utterances.

    Args:
        kept: which rows, a mask.
        embedded: vectors of all the rows, if they were made.
    """
    part, text = frame[kept], None
    if embedded is not None:
        vectors = embedded.load("vectors.npy")[embedded.load("index.npy")[kept]]
        text = torch.from_numpy(vectors.astype(np.float32))
    width = dataset.summary["attributes"] + 1
    return Cases(
        Sequences.of(dataset),
        torch.from_numpy(part["user"].to_numpy(copy=True)),
        torch.from_numpy(part["cut"].to_numpy(copy=True)),
        text,
        multi_hot(part["attributes"], width),
        multi_hot(part["refused"], width) if "refused" in part else None,
        dialogue={ROW: torch.from_numpy(np.flatnonzero(kept))},
        words=frame["text"].array,
    )


def multi_hot(cells: pd.Series, width: int) -> Tensor:
    """Lists of ids as rows of zeros and ones, [lists, width]."""
    out, lists = torch.zeros(len(cells), width), [list(map(int, cell)) for cell in cells]
    rows = torch.repeat_interleave(torch.arange(len(lists)), torch.tensor([len(x) for x in lists]))
    out[rows, torch.tensor([a for cell in lists for a in cell], dtype=torch.long)] = 1.0
    return out


def control_cases(inputs: dict[str, Artifact]) -> dict[str, Cases]:
    """The test cases with each other text of the stage `controls`, by its name; none without it."""
    if "controls" not in inputs:
        return {}
    frame = inputs["controls"].load("utterances.parquet")
    embedded, kept = inputs.get("embed_controls"), ~frame["dropped"]
    return {
        name: cases_of_rows(
            inputs["dataset"], frame, (kept & (frame["control"] == name)).to_numpy(), embedded
        )
        for name in frame["control"].unique()
    }


def conversation_cases(dataset: Artifact, split: str) -> Cases:
    """One case an item that a response names: `row` counts the cases, the history is what the
    dialogue mentioned before, oldest first and as often as it did."""
    rows = dataset.load("cases.parquet")
    rows = rows[rows["split"] == split]
    said = dataset.load("interactions.parquet")
    mentioned = {
        dialogue: (one["timestamp"].to_numpy(), one["item"].to_numpy())
        for dialogue, one in said.groupby("user")
    }
    parts, cuts = [], []
    for dialogue, turn, item in rows[["dialogue", "turn", "item"]].itertuples(index=False):
        turns, items = mentioned[dialogue]
        cuts.append(int(np.searchsorted(turns, turn)))
        parts += [items[: cuts[-1]], [item]]
    cut = torch.tensor(cuts, dtype=torch.long)
    offsets = torch.cat([torch.zeros(2, dtype=torch.long), (cut + 1).cumsum(0)])
    flat = np.concatenate(parts) if parts else np.empty(0)
    users = dataset.load("users.parquet")
    trained = said[said["user"].isin(users[users["split"] == "train"]["user"])]
    pairs = (torch.from_numpy(trained[key].to_numpy(copy=True)) for key in ("user", "item"))
    sequences = Sequences(
        torch.from_numpy(flat.astype(np.int64)), offsets, dataset.summary["items"], repeated(*pairs)
    )
    return Cases(
        sequences,
        sequences.users,
        cut,
        dialogue={ROW: torch.from_numpy(rows["response"].to_numpy(copy=True))},
        slices={NO_REPEATS: torch.from_numpy(~rows["repeat"].to_numpy(copy=True))},
        cluster=torch.from_numpy(rows["dialogue"].to_numpy(copy=True)),
    )


def cases_of(inputs: dict[str, Artifact], split: str) -> Cases:
    """The cases of a split: with their texts if the inputs have any, else histories alone.

    Both hold the same (user, cut) in the same order, less what the leak audit dropped and, on
    validation, what `samples.valid` did not draw. A data set of dialogues has the cases that its
    dialogues make.
    """
    if inputs["dataset"].summary.get("conversations"):
        return conversation_cases(inputs["dataset"], split)
    if "simulate" in inputs:
        return spoken_cases(inputs, split)
    sequences = Sequences.of(inputs["dataset"])
    return Cases(sequences, *leave_one_out(sequences, split))


def turn_cases(dataset: Artifact, table: pd.DataFrame, split: str) -> Cases:
    """A case for each turn of a split's attribute dialogues; intervals resample dialogues.

    Args:
        table: `attribute_dialogues.parquet` (crs/data/attribute_dialogues.py).
    """
    turns = Turns.of(table[table["split"] == split])
    asked = turns.asked(slice(None))
    known = torch.zeros(len(asked), dataset.summary["attributes"] + 1).scatter_(1, asked, 1.0)
    known[:, 0] = 0.0
    return Cases(
        Sequences.of(dataset),
        turns.user[turns.row],
        turns.cut[turns.row],
        None,
        known,
        None,
        turns.refusals(slice(None)),
        {ASKED: asked},
        {f"attributes={n}": turns.accepted == n for n in sorted(set(turns.accepted.tolist()))},
        turns.name[turns.row],
    )


def case_sets(inputs: dict[str, Artifact], split: str) -> dict[str, Cases]:
    """The sets of cases that a model is scored on, by slice name; the first is `all`.

    On a dataset that brings attribute dialogues of its own their turns are the first, for every
    model; dialogues that were simulated are a second set.
    """
    dataset = inputs["dataset"]
    if dataset.summary["dialogues"]:
        return {ALL: by_repeats(turn_cases(dataset, dataset.load(TABLE), split))}
    sets = {ALL: by_repeats(cases_of(inputs, split))}
    if "dialogues" in inputs:
        table = inputs["dialogues"].load(TABLE)
        # Slices have the names of those of `all`, so that the turns have none by repeats.
        sets[DIALOGUES] = turn_cases(dataset, table, split)
    return sets


def by_repeats(cases: Cases) -> Cases:
    """The cases with their slices by whether the target repeats, where users take items again."""
    if not cases.sequences.repeating or NO_REPEATS in cases.slices:
        return cases
    repeats = cases.repeats
    return replace(cases, slices={**cases.slices, REPEATS: repeats, NO_REPEATS: ~repeats})
