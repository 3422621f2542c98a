"""The filters of a dataset, and an audit of the interactions that they left out."""

import numpy as np
import pandas as pd

from crs.data.dense_ids import texts
from crs.data.parsing.raw import Place, Raw, RowAudit
from crs.data.row_order import packed, stable
from crs.errors import UserError
from crs.stages.dataset import Dataset


def core(user: np.ndarray, item: np.ndarray, min_user: int, min_item: int) -> np.ndarray:
    """Which rows are left when users with fewer than `min_user` and items with fewer than
    `min_item` rows are taken out again and again until none is left (the fixed point).

    Args:
        user: a whole number from 0 for each user, [rows].
        item: and for each item.
    """
    kept = np.ones(len(user), dtype=bool)
    users, items = np.bincount(user), np.bincount(item)
    while True:
        enough = (users >= min_user)[user] & (items >= min_item)[item]
        if enough.all():
            return kept
        gone = ~enough
        users -= np.bincount(user[gone], minlength=len(users))
        items -= np.bincount(item[gone], minlength=len(items))
        kept[kept] = enough
        user, item = user[enough], item[enough]


def described(items: pd.DataFrame, required: list[str]) -> pd.Series:
    """The items of which a source says all that is required."""
    good = np.ones(len(items), dtype=bool)
    for field in required:
        column = items[field]
        if field == "attributes":
            good &= (column.map(len) > 0).to_numpy()
        elif field == "year":
            good &= column.notna().to_numpy()
        else:
            good &= (column.fillna("").str.strip() != "").to_numpy()
    return items["item"][good]


def again(user: np.ndarray, item: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Which rows have a user and an item that an earlier row (by time, then order) has, [rows].

    Args:
        user, item: as for `core`.
        time: any finite numbers.
    """
    found = np.zeros(len(user), dtype=bool)
    key = packed(user, item)
    order, shared = stable(key)
    rows = order[shared]
    rows = rows[np.lexsort((rows, time[rows], key[rows]))]
    found[rows[1:]] = key[rows[1:]] == key[rows[:-1]]
    return found


def select(raw: Raw, settings: Dataset) -> tuple[pd.DataFrame, list[RowAudit]]:
    """The interactions that are kept, users and items as categories, and an audit of the rest.

    In this order: ratings under `min_rating`; items that the source's item table does not have
    (`unknown_items`) or says too little of (`require`); a user's further interactions with an
    item (`duplicates`); `min_user` and `min_item` to their fixed point.

    Raises:
        UserError: if a setting refuses what is there.
    """
    place, noticed = raw.place, list(raw.faults.noticed)
    frame = raw.interactions.astype({"user": "category", "item": "category"})

    def column(key: str) -> np.ndarray:
        cells = frame[key]
        return (cells if key == "timestamp" else cells.cat.codes).to_numpy()

    def of_others(items: pd.Series) -> np.ndarray:
        """Which rows have none of these items."""
        names = frame["item"].cat.categories
        return ~texts(names).isin(items)[column("item")]

    def treated(rows: np.ndarray, what: str, policy: str = "drop", key: str = "") -> pd.DataFrame:
        if not rows.any():
            return frame
        first = int(rows.argmax())
        number = int(frame.index[first])
        user, item = (str(frame[key].iloc[first]) for key in ("user", "item"))
        if policy == "refuse":
            if key == "unknown_items" and rows.all():
                known = raw.items["item"].iloc[0]
                raise UserError(
                    f"dataset: the item table has none of the items of the interactions, such as "
                    f"{item!r} ({place(number)}); its own are such as {known!r}. Write both alike"
                )
            few = rows.sum() <= len(rows) / 2
            drop = f"dataset.{key}=drop to leave such rows out, or " if few else ""
            share = "" if few else f", as {rows.sum():,} of {len(rows):,} rows are"
            raise UserError(
                f"dataset: {place(number)} (user {user!r}, item {item!r}) is {what}{share}; type "
                f"{drop}dataset.{key}=keep"
            )
        done = "left out" if policy == "drop" else "kept"
        noticed.append(RowAudit(what, int(rows.sum()), done, place(number)))
        return frame[~rows] if policy == "drop" else frame

    if raw.faults.count:
        noticed.append(RowAudit("not readable", raw.faults.count, "left out", raw.faults.first))
    if settings.min_rating is not None:
        low = (frame["rating"] < settings.min_rating).to_numpy()
        frame = treated(low, f"rated under {settings.min_rating:g}")
    if len(raw.items):
        unknown = of_others(raw.items["item"])
        what = "of an item that the item table does not have"
        frame = treated(unknown, what, settings.unknown_items, "unknown_items")
    if settings.require:
        rich = described(raw.items, settings.require)
        poor = of_others(rich)
        frame = treated(poor, f"of an item without {' or without '.join(settings.require)}")
    what = "a further interaction of a user with an item"
    rows = again(column("user"), column("item"), column("timestamp"))
    frame = treated(rows, what, settings.duplicates, "duplicates")
    kept = core(column("user"), column("item"), settings.min_user, settings.min_item)
    if rest := int((~kept).sum()):
        limits = {"a user": settings.min_user, "an item": settings.min_item}
        few = " or ".join(f"{who} with under {least}" for who, least in limits.items() if least)
        noticed.append(RowAudit(f"of {few}", rest, "left out"))
        frame = frame[kept]
    return frame, noticed


def told_order(frame: pd.DataFrame, tied: np.ndarray, place: Place) -> list[RowAudit]:
    """The account of rows at the same time as another of their user.

    Args:
        tied: their places in the frame.
    """
    if not len(tied):
        return []
    what = "at the same time as another of the user: in file order"
    return [RowAudit(what, len(tied), "kept", place(int(frame.index[tied.min()])))]


def told_items(items: pd.DataFrame) -> list[RowAudit]:
    """The account of items that a source describes twice."""
    twice = int(items["item"].duplicated().sum())
    return [RowAudit("a further description of an item", twice, "left out")] if twice else []
