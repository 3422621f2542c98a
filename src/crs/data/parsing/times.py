"""Times and years as people write them: numbers, ISO 8601, dates of Python and Arrow."""

import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from crs.data.parsing.raw import BadRows, Place

DATES = {"date", "datetime", "datetime64"}
"""Kinds of columns, in pandas' words, that are times."""
UNITS = {
    "seconds": (1e8, 4.2e9), "milliseconds": (1e11, 4.2e12), "microseconds": (1e14, 4.2e15),
    "nanoseconds": (1e17, 4.2e18),
}  # fmt: skip
"""Numbers that are times since 1970 in a unit: from 1973 to 2103 none is in two."""
YEARS = (1000, 2999)
YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)")
DAY = re.compile(r"([12]\d{3})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


def since_1970(cells: pd.Series) -> pd.Series:
    """Dates and times as milliseconds since 1970, UTC (float64); NaN is no time.

    Text must be ISO 8601. A time without a zone is UTC; a date is its midnight.
    """
    kind = infer_dtype(cells, skipna=True)
    form = None if kind in DATES else "ISO8601"
    if form:  # pandas reads `now` and `today` too
        cells = cells.where(cells.astype("string").str.contains(r"\d", na=False))
    times = pd.to_datetime(cells, utc=True, errors="coerce", format=form)
    return pd.Series(
        np.where(times.isna(), np.nan, times.astype("datetime64[us, UTC]").astype("int64") / 1000),
        cells.index,
    )


def moments(cells: pd.Series) -> pd.Series:
    """Times as numbers: numbers as they are, whole ones exactly, all others as `since_1970`.

    A column is of one kind: where more are numbers a date is NaN, and the other way round.
    """
    if infer_dtype(cells, skipna=True) in DATES:
        return since_1970(cells)
    numbers = pd.to_numeric(cells, errors="coerce")
    dates = since_1970(cells[numbers.isna()])
    return dates.reindex(cells.index) if dates.count() > numbers.count() else numbers


def units(times: pd.Series) -> dict[str, pd.Series]:
    """Which times are in which unit, by the units that there are; the commonest first."""
    size = times.abs()
    least, most = size.min(), size.max()
    found = {
        unit: rows
        for unit, (low, high) in UNITS.items()
        if low <= most and least <= high and (rows := size.between(low, high)).any()
    }
    return dict(sorted(found.items(), key=lambda one: -int(one[1].sum())))


def tell_mixed(times: pd.Series, place: Place, faults: BadRows) -> None:
    """Notice times that are in another unit than most: among these they are in the wrong order."""
    most, *others = units(times).items() or [("", times)]
    for unit, rows in others:
        faults.notice(
            f"with a time in {unit} where most are in {most[0]}: in the wrong order until all are "
            "in one unit",
            int(rows.sum()),
            "kept",
            place(int(times.index[rows][0])),
        )


def span(times: pd.Series) -> str | None:
    """The first day and the last, UTC; None where not all times are in one unit that is known."""
    found = units(times)
    unit, rows = next(iter(found.items()), ("", np.array([False])))
    if not rows.all():
        return None
    divisor = 1000 ** list(UNITS).index(unit)
    ends = (datetime.fromtimestamp(int(t) / divisor, UTC) for t in (times.min(), times.max()))
    return " to ".join(f"{end:%Y-%m-%d}" for end in ends)


def years(cells: pd.Series, place: Place, faults: BadRows) -> pd.Series:
    """The year of each cell (Int64); of a date its year, of several the first; 1000 to 2999."""
    if infer_dtype(cells, skipna=True) in DATES:
        dates = pd.to_datetime(cells, errors="coerce").dt.year
        plain = dates.between(*YEARS)
        found = dates.where(plain).astype("Int64")
    else:
        numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
        plain = numbers.between(*YEARS)
        found = numbers.where(plain).round().astype("Int64")
        others = (~plain & cells.notna()).to_numpy()
        read = [year_in(text) for text in cells[others].astype("string")]
        found[others] = pd.array(read, dtype="Int64")
    texts = cells.astype("string")
    blank = texts.str.strip().fillna("") == ""
    longer, none = ~plain & found.notna(), found.isna() & ~blank
    for rows, what, done in (
        (longer, "with a year in a longer text", "read"),
        (none, f"with no year of {YEARS[0]} to {YEARS[1]} in its place", "kept without one"),
    ):
        if rows.any():
            row, cell = cells.index[rows][0], texts[rows].iloc[0]
            faults.notice(what, int(rows.sum()), done, f"{place(row)}, {cell!r}")
    return found


def year_in(text: str) -> int | None:
    """The first year that a text holds: `1983-10-30`, `10/30/1983`, `19831030`, `1983-1985`."""
    text = text.strip().removesuffix(".0")
    if day := DAY.fullmatch(text):
        return int(day[1])
    if text.lstrip("+-").replace(".", "", 1).isdecimal():  # a number, and no year
        return None
    year = YEAR.search(text)
    return int(year[0]) if year else None
