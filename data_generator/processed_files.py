"""The texts that LatentCRS' authors processed, as JSON lines, and which of our cases they are.

A line is `{"customer_id", "history", "target", "prompt", "response"}`. The customer says which case
it is: `<user>_raw_raw`, `<user>_selection_<seed>`, `<user>_raw_valid` or `<user>_raw_test`. History
and target must be those of our case, or the text is not used (docs/llm.md, section 5).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from crs.data.parsing.json_files import fits
from crs.data.parsing.raw import BadRows, Place
from crs.data.parsing.text_files import decoded, opened, values
from crs.data.sequences import Sequences
from crs.errors import UserError
from crs.store.artifact import Artifact

FIELDS = {
    "customer_id": str, "history": list[str], "target": str, "prompt": str, "response": str,
}  # fmt: skip
CUSTOMER = re.compile(r"(.+)_(?:raw_(raw|valid|test)|selection_(0|[1-9][0-9]*))", re.DOTALL)
SAMPLE = re.compile(r"(.+)_sample_[0-9]+\.jsonl")
"""`X_sample_500.jsonl` holds rows of `X.jsonl`."""
BACK = {"train": 3, "valid": 2, "test": 1}
"""Distance of a raw case's target from the sequence's end."""
AS_IT_IS = "Give the authors' processed_data as it is"
NEARLY_NOTHING = 0.05
"""Files of which a smaller share are cases of the data set are of other data."""


class Refused(BadRows):
    """A line that is not as the authors wrote it."""

    def __call__(self, where: str, what: str, lines: int = 1, remedy: str = AS_IT_IS) -> NoReturn:
        """Raises UserError: nothing is left out."""
        raise UserError(f"simulator.path: {where} {what}. {remedy}")


@dataclass(frozen=True)
class Row:
    """One line of a file, with its ids unchanged.

    Attributes:
        where: its place, for messages.
        kind: `raw`, or the seed of a cut.
        window: the history and, last, the target.
    """

    where: str
    customer: str
    split: str
    kind: str
    window: list[str]
    response: str


def files_of(path: Path) -> list[Path]:
    """The file that was named, or those of a folder, less samples of others that are there.

    Raises:
        UserError: if a folder has none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.jsonl"))
    if not found:
        raise UserError(
            f"simulator.path: {path} has no .jsonl file; give the folder processed_data of one "
            "data set, or a file"
        )
    names = {file.name for file in found}
    wholes = {file: SAMPLE.fullmatch(file.name) for file in found}
    return [file for file, part in wholes.items() if not part or f"{part[1]}.jsonl" not in names]


def row_of(record: Any, where: str, refuse: Refused) -> Row:
    """A line's value, checked.

    Raises:
        UserError: with its place, if a field is missing or of another type.
    """
    if not isinstance(record, dict):
        refuse(where, f"is {short(record)}, an object with {', '.join(FIELDS)} expected")
    for key, kind in FIELDS.items():
        if key not in record:
            refuse(where, f"has no {key!r}")
        if not fits(record[key], kind):
            wanted = "text" if kind is str else "a list of texts"
            refuse(where, f"has {short(record[key])} for {key!r}, {wanted} expected")
    customer = CUSTOMER.fullmatch(record["customer_id"])
    if customer is None:
        refuse(
            where,
            f"has customer_id {short(record['customer_id'])}, USER_raw_raw, USER_selection_SEED, "
            "USER_raw_valid or USER_raw_test expected",
        )
    user, part, seed = customer.groups()
    split = part if part in ("valid", "test") else "train"
    window = [*record["history"], record["target"]]
    return Row(where, user, split, seed or "raw", window, record["response"])


def lines_of(file: Path, place: Place, refuse: Refused) -> Iterator[tuple[int, str]]:
    """A file's numbered lines.

    Raises:
        UserError: if it is empty, or packed in a way that is not read.
    """
    try:
        yield from decoded(opened(file), place, refuse)
    except UserError as mistake:
        raise UserError(str(mistake).replace("dataset:", "simulator.path:", 1)) from mistake


def rows_of(path: Path) -> Iterator[Row]:
    """The lines of all files.

    Raises:
        UserError: with file and line, for one that is not as it must be, or a customer_id that an
            earlier line has.
    """
    refuse = Refused()
    seen: dict[tuple[str, str, str], str] = {}
    for file in files_of(path):
        place = Place(file.name)
        for number, record in values(lines_of(file, place, refuse), place, refuse):
            row = row_of(record, place(number), refuse)
            key = row.customer, row.split, row.kind
            if key in seen:
                refuse(row.where, f"has customer_id {record['customer_id']!r}, as {seen[key]}")
            seen[key] = row.where
            yield row


@dataclass
class Spoken:
    """The rows that are cases of a data set.

    Attributes:
        cases: split, kind, user, cut, response; no two with the same split, kind and user.
        counts: rows in the files, those that are cases, and why others are none.
    """

    cases: pd.DataFrame
    counts: dict[str, int]


ROWS, USED = "rows", "of them cases"
STRANGERS, OTHERS = "of unknown users", "of other histories or targets"


class Matching:
    """Finds the case of ours that a row is.

    Args:
        shown: items of a history and its target, at most.
    """

    def __init__(self, dataset: Artifact, shown: int) -> None:
        sequences = Sequences.of(dataset)
        self.items, self.offsets = sequences.items.numpy(), sequences.offsets.numpy()
        self.shown = shown
        self.item = dict(
            zip(*(dataset.load("items.parquet")[c] for c in ("raw", "item")), strict=True)
        )
        self.raw = {item: raw for raw, item in self.item.items()}
        self.user = dict(
            zip(*(dataset.load("users.parquet")[c] for c in ("raw", "user")), strict=True)
        )

    def window(self, user: int, cut: int) -> np.ndarray:
        """The last items up to the cut, that at the cut among them."""
        first = self.offsets[user]
        return self.items[first + max(0, cut + 1 - self.shown) : first + cut + 1]

    def length(self, user: int) -> int:
        """Items of a user."""
        return int(self.offsets[user + 1] - self.offsets[user])

    def users_of(self, rows: list[Row]) -> dict[str, int]:
        """Our user of each customer: by raw id, or by the items if no id is one of ours.

        The authors renumbered Amazon's users. Two users with the same items are told apart by
        nothing, and neither is found.
        """
        known = {row.customer: self.user[row.customer] for row in rows if row.customer in self.user}
        if known:
            return known
        ends: dict[tuple[str, bytes], list[int]] = {}
        for user in self.user.values():
            for split, back in BACK.items():
                if self.length(user) > max(BACK.values()):
                    key = split, self.window(user, self.length(user) - back).tobytes()
                    ends.setdefault(key, []).append(user)
        found: dict[str, set[int]] = {}
        for row in rows:
            if row.kind == "raw":
                users = ends.get((row.split, self.ids(row).tobytes()), [])
                found.setdefault(row.customer, set()).update(users)
        clear = {customer: min(users) for customer, users in found.items() if len(users) == 1}
        times = Counter(clear.values())
        return {customer: user for customer, user in clear.items() if times[user] == 1}

    def ids(self, row: Row) -> np.ndarray:
        """A row's window under our ids; 0 for an item that the data set lacks."""
        return np.array([self.item.get(raw, 0) for raw in row.window], dtype=self.items.dtype)

    def cut(self, row: Row, user: int) -> int | None:
        """The cut of a row, if its window is the user's there.

        A raw case has one place. A seeded cut is at the first place in the training pool where the
        window stands, for the seed's stream of random numbers is not ours.
        """
        length, window = self.length(user), self.ids(row)
        if row.kind == "raw":
            places = [length - BACK[row.split]]
        else:
            first = self.offsets[user]
            pool = self.items[first : first + length - 2]
            places = np.flatnonzero(pool == window[-1]).tolist()
        return next(
            (cut for cut in places if cut >= 1 and np.array_equal(self.window(user, cut), window)),
            None,
        )

    def difference(self, row: Row, user: int | None) -> str:
        """Why a row is no case of ours."""
        if user is None:
            return f"{row.where} is of user {row.customer!r}, who is none of the data set's"
        *history, target = row.window
        told = f"{row.where} has target {target!r} after {short(history)}"
        if row.kind != "raw":
            return f"{told}, which user {row.customer!r} of the data set never had in a row"
        cut = max(0, self.length(user) - BACK[row.split])
        *ours, last = (self.raw[item] for item in self.window(user, cut).tolist())
        return f"{told}, and the data set has {last!r} after {short(ours)}"


def spoken(path: str, dataset: Artifact, shown: int) -> Spoken:
    """The cases of a data set that the files have a text of.

    Args:
        path: a file, or a folder of files.
        shown: items of a history and its target, at most (`samples.shown`).
    Raises:
        UserError: for a line that is not as it must be, or if nearly no row is a case.
    """
    rows = list(rows_of(Path(path).expanduser()))
    matching = Matching(dataset, shown)
    users = matching.users_of(rows)
    found, counts, first = [], Counter({ROWS: len(rows), USED: 0, STRANGERS: 0, OTHERS: 0}), ""
    for row in rows:
        user = users.get(row.customer)
        cut = None if user is None else matching.cut(row, user)
        if cut is not None:
            counts[USED] += 1
            found.append((row.split, row.kind, user, cut, row.response))
        else:
            counts[STRANGERS if user is None else OTHERS] += 1
            first = first or matching.difference(row, user)
    if counts[USED] < max(1, NEARLY_NOTHING * len(rows)):
        raise UserError(
            f"simulator.path: {counts[USED]:,} of {len(rows):,} rows are cases of dataset="
            f"{dataset.summary['label']}: {first or 'there are none'}; give the data set that the "
            f"texts are of, and samples.shown={shown} as they have it"
        )
    columns = ["split", "kind", "user", "cut", "response"]
    return Spoken(pd.DataFrame(found, columns=columns), dict(counts))
