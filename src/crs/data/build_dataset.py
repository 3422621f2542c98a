"""Stage `dataset`: raw data to canonical tables with dense ids (docs/architecture.md, tables)."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crs.console import Context, say
from crs.data import attribute_dialogues, conversations
from crs.data.dense_ids import alike, dense, numbered
from crs.data.filters import select, told_items, told_order
from crs.data.layouts import refusal
from crs.data.parsing.raw import Raw, RowAudit
from crs.data.parsing.times import span
from crs.data.row_order import packed, stable
from crs.data.sources import fetch, fetch_items
from crs.errors import UserError
from crs.secrets import redact
from crs.settings.files import sha256_of
from crs.stages.dataset import Dataset
from crs.store.artifact import Artifact, downloads

SHORTEST = 4
"""Interactions of a user in a split (docs/iclrec.md, section 2)."""
FILTERS = ("min_rating", "unknown_items", "require", "duplicates", "min_user", "min_item")


def tables(raw: Raw, settings: Dataset) -> dict[str, pd.DataFrame]:
    """Filtered tables with dense ids from 1; 0 is padding, raw ids are kept beside them.

    Returns:
        interactions (user, item, timestamp, rating; by user, then time, ties in file order),
        users (user, raw), items (item, raw, title, year, attributes, description), attributes
        (attribute, name), and audit (what, rows, done, first): what was noticed on the way.
    Raises:
        UserError: if nothing is left, or a setting refuses what is there.
    """
    if raw.interactions.empty:
        why = f": {raw.faults.count:,} left out, the first: {raw.faults.first}"
        raise UserError(
            f"dataset={settings.name}: {raw.place.file} has no interactions"
            f"{why * bool(raw.faults.count)}; give a file with data"
        )
    frame, noticed = select(raw, settings)
    further = told_items(raw.items)
    if frame.empty:
        filters = ", ".join(f"{key}={getattr(settings, key)}" for key in FILTERS).replace("'", "")
        raise UserError(
            f"dataset={settings.name}: no interaction is left after dataset.{filters} "
            f"({'; '.join(map(str, [*noticed, *further]))}); filter less"
        )
    users, user = numbered(frame["user"])
    items, item = numbered(frame["item"])
    for key, ids, rows in (("user", users, user), ("item", items, item)):
        if frame[key].cat.categories.dtype != "int64" and (twins := alike(ids)).any():
            what = f"of {key} ids that others equal but for blanks or a .0, e.g. {ids[twins][0]!r}"
            noticed.append(RowAudit(what, int(twins[rows - 1].sum()), "kept"))
    time, rating = frame["timestamp"].to_numpy(), frame["rating"].to_numpy("float64")
    lengths = np.bincount(user)
    order, shared = stable(packed(user, time))
    noticed += told_order(frame, order[shared], raw.place) + further
    if time.dtype.kind == "f" and (cut := int((time != np.floor(time)).sum())):
        noticed.append(RowAudit("with a fraction of a second, which is cut off", cut, "kept"))
    del frame, shared  # their memory is needed for what is written
    interactions = pd.DataFrame(
        {
            "user": np.repeat(np.arange(len(lengths)), lengths),
            "item": item[order].astype("int64"),
            "timestamp": time[order].astype("int64"),
            "rating": rating[order],
        }
    )
    if short := int(lengths[lengths < SHORTEST].sum()):
        what = f"of users with under {SHORTEST}: too short to be cases"
        noticed.append(RowAudit(what, short, "kept"))
    about = raw.items.drop_duplicates("item").set_index("item").reindex(items)
    cells = about["attributes"]
    known = {
        place: list(cell)
        for place in np.flatnonzero(cells.notna().to_numpy())
        if isinstance(cell := cells.iloc[place], (list, np.ndarray))
    }
    number = dense(name for cell in known.values() for name in cell)
    attributes: list[list[int]] = [[]] * len(items)
    for place, cell in known.items():
        attributes[place] = [number[name] for name in cell]
    item_table = pd.DataFrame(
        {
            "item": np.arange(1, len(items) + 1),
            "raw": items,
            "title": about["title"].fillna("").astype(str).to_numpy(),
            "year": about["year"].astype("Int64").to_numpy(),
            "attributes": attributes,
            "description": about["description"].fillna("").astype(str).to_numpy(),
        }
    )
    out = {
        "interactions": interactions,
        "users": pd.DataFrame({"user": np.arange(1, len(users) + 1), "raw": users}),
        "items": item_table,
        "attributes": pd.DataFrame({"attribute": list(number.values()), "name": list(number)}),
        "audit": pd.DataFrame(map(vars, noticed), columns=["what", "rows", "done", "first"]),
    }
    if raw.dialogues is not None:
        user_of, item_of = ({name: n for n, name in enumerate(ids, 1)} for ids in (users, items))
        found = attribute_dialogues.numbered(raw.dialogues, interactions, user_of, item_of, number)
        for split in {"valid", "test"} - set(found["split"]):
            raise UserError(
                f"dataset={settings.name}: no {split} dialogue of {raw.place.file} can be used"
                + "".join(f"; {count:,} {what}" for what, count in raw.dropped.items() if count)
                + "; give the whole data set, or filter less"
            )
        gone = raw.dialogues["dialogue"].nunique() - found["dialogue"].nunique()
        raw.dropped["dialogues of users or targets that filters took"] = gone
        if gone := len(raw.items) - len(items):
            members = np.zeros((len(items) + 1, len(number) + 1), dtype=bool)
            for item, cell in zip(item_table["item"], item_table["attributes"], strict=True):
                members[item, cell] = True
            found["remaining"] = attribute_dialogues.remaining(found, members)
        out["attribute_dialogues"] = found
    return out


def statistics(out: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Counts and sequence lengths of the tables."""
    lengths = pd.Series(np.bincount(out["interactions"]["user"])[1:])
    dialogues = out.get("attribute_dialogues")
    users, items, rows = len(out["users"]), len(out["items"]), len(out["interactions"])
    return {
        "users": users,
        "items": items,
        "interactions": rows,
        "density": rows / users / items,
        "mean_length": float(lengths.mean()),
        "median_length": float(lengths.median()),
        "min_length": int(lengths.min()),
        "max_length": int(lengths.max()),
        "attributes": len(out["attributes"]),
        "items_with_attributes": int((out["items"]["attributes"].map(len) > 0).sum()),
        "dialogues": dialogues["dialogue"].nunique() if dialogues is not None else 0,
        "turns": len(dialogues) if dialogues is not None else 0,
    }


def check_counts(settings: Dataset, found: dict[str, Any], label: str, digest: str) -> str:
    """The label in the light of the published counts.

    Where no hash is public, counts that are all met make a file the public one. Others, or none to
    compare with, make a download `unverified <first 8 of its sha256>`. They are not refused: the
    user may have changed a filter.
    """
    if settings.published is None:
        unknown = label == settings.label and settings.sha256 is None
        return f"{label} unverified {digest[:8]}" if unknown else label
    wanted = {key: count for key, count in vars(settings.published).items() if count is not None}
    seen = {key: found[key] for key in wanted}
    if seen == wanted:
        return settings.label if settings.sha256 is None else label
    if settings.conversations and seen["conversations"] != wanted["conversations"]:
        return f"{label}, {seen['conversations']:,} of {wanted['conversations']:,} dialogues"
    if label == settings.label:
        label = label if settings.sha256 else f"{label} unverified {digest[:8]}"
        say(f"warning   dataset={settings.name}: counts are {seen}, published are {wanted}")
    return label


def run(
    settings: Dataset, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Fetch, read, filter and number; writes one Parquet file a table."""
    # The cache of downloads is beside the results: <store>/downloads.
    cache = downloads(folder)
    path, source, label = fetch(settings, cache)
    items = fetch_items(settings, cache)
    settings = replace(settings, items=str(items) if items else None)
    module, _, function = source.reader.partition(":")
    try:
        raw = getattr(import_module(module), function)(path, settings)
    except UserError as error:
        if path and (told := refusal(path, source.reader)):
            raise UserError(told) from error
        raise
    if isinstance(raw, conversations.RawDialogues):
        out = conversations.tables(raw, settings)
        found = conversations.statistics(out, raw.dropped, settings)
    else:
        out = tables(raw, settings)
        found = statistics(out)
        if found["max_length"] < SHORTEST:
            raise UserError(
                f"dataset={settings.name}: all users are too short: training, validation and test "
                f"need {SHORTEST} interactions of a user, the longest has {found['max_length']}; "
                "use a larger dataset"
            )
    digest = sha256_of(path, "dataset") if path else ""
    label = check_counts(settings, found, label, digest)
    for name, frame in out.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    if "audit" in out:
        for row in out["audit"].itertuples(index=False):
            say(f"audit     {RowAudit(*row)}")
    context.note(
        conversations.note(found)
        if settings.conversations
        else (
            f"{found['users']:,} users, {found['items']:,} items, "
            f"{found['interactions']:,} interactions, median length {found['median_length']:.0f}"
            + (f", {days}" if (days := span(out["interactions"]["timestamp"])) else "")
            + "".join(f"; {count:,} {what}" for what, count in raw.dropped.items() if count)
        )
    )
    local = settings.archive or settings.path
    return {
        **found,
        "dropped": raw.dropped,
        "label": label,
        "noun": settings.noun,
        "source": "local file" if local else redact(source.url or source.pip or "generated"),
        "sha256": digest,
        "items_sha256": sha256_of(items, "dataset.items") if items else None,
    }
