"""The filters of a dataset, and an audit of the interactions that they left out."""

import numpy as np
import pandas as pd

from crs.data.parsing.raw import Raw, RowAudit
from crs.errors import UserError
from crs.stages.dataset import Dataset


def core(frame: pd.DataFrame, min_user: int, min_item: int) -> pd.DataFrame:
    """Rows left when users with fewer than `min_user` and items with fewer than `min_item` rows
    are taken out again and again until none is left (the fixed point)."""
    while True:
        users = frame.groupby("user", observed=True)["item"].transform("size")
        items = frame.groupby("item", observed=True)["user"].transform("size")
        kept = frame[(users >= min_user) & (items >= min_item)]
        if len(kept) == len(frame):
            return frame
        frame = kept


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


def again(frame: pd.DataFrame) -> np.ndarray:
    """Which rows have a user and an item that an earlier row (by time, then order) has, [rows]."""
    order = frame["timestamp"].argsort(kind="stable").to_numpy()
    found = np.zeros(len(frame), dtype=bool)
    found[order] = frame.iloc[order].duplicated(["user", "item"])
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

    def treated(rows: np.ndarray, what: str, policy: str = "drop", key: str = "") -> pd.DataFrame:
        if not rows.any():
            return frame
        number, user, item = next(frame[rows][["user", "item"]].itertuples(name=None))
        if policy == "refuse":
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
        unknown = ~frame["item"].isin(raw.items["item"]).to_numpy()
        what = "of an item that the item table does not have"
        frame = treated(unknown, what, settings.unknown_items, "unknown_items")
    if settings.require:
        rich = described(raw.items, settings.require)
        poor = ~frame["item"].isin(rich).to_numpy()
        frame = treated(poor, f"of an item without {' or without '.join(settings.require)}")
    what = "a further interaction of a user with an item"
    frame = treated(again(frame), what, settings.duplicates, "duplicates")
    kept = core(frame, settings.min_user, settings.min_item)
    if rest := len(frame) - len(kept):
        limits = {"a user": settings.min_user, "an item": settings.min_item}
        few = " or ".join(f"{who} with under {least}" for who, least in limits.items() if least)
        noticed.append(RowAudit(f"of {few}", rest, "left out"))
    frame = kept
    tied = frame.duplicated(["user", "timestamp"], keep=False).to_numpy()
    frame = treated(tied, "at the same time as another of the user: in file order", "keep")
    if twice := int(raw.items["item"].duplicated().sum()):
        noticed.append(RowAudit("a further description of an item", twice, "left out"))
    return frame, noticed
