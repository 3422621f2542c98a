from datetime import UTC, date, datetime

import pandas as pd
import pytest

from crs.data.parsing.raw import BadRows, Place
from crs.data.parsing.times import moments, span, tell_mixed, years

PLACE = Place("a.csv")
NOON = int(datetime(2015, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)


def cells(*values):
    return pd.Series(values, range(2, len(values) + 2), dtype=object)


@pytest.mark.parametrize(
    "cell",
    [
        "2015-03-01 12:00:00", "2015-03-01T12:00:00Z", "2015-03-01T14:00:00+02:00",
        "2015-03-01T12:00:00.000", datetime(2015, 3, 1, 12), datetime(2015, 3, 1, 12, tzinfo=UTC),
        pd.Timestamp("2015-03-01 13:00", tz="Europe/Berlin"),
    ],
)  # fmt: skip
def test_a_time_is_milliseconds_since_1970_in_utc(cell):
    assert moments(cells(cell)).tolist() == [NOON]


@pytest.mark.parametrize("cell", ["2015-03-01", date(2015, 3, 1)])
def test_a_date_is_its_midnight(cell):
    assert moments(cells(cell)).tolist() == [NOON - 12 * 3600 * 1000]


def test_the_order_within_a_millisecond_is_kept():
    first, second = moments(cells("2015-03-01 12:00:00.000100", "2015-03-01 12:00:00.000900"))
    assert NOON < first < second < NOON + 1


def test_times_before_1970_are_negative():
    assert moments(cells("1969-12-31T23:59:59Z")).tolist() == [-1000]


def test_whole_numbers_stay_exact():
    assert moments(cells(str(2**60 + 1), "5")).tolist() == [2**60 + 1, 5]


def test_a_column_is_of_one_kind():
    assert moments(cells("5", "6", "2015-03-01")).isna().tolist() == [False, False, True]
    assert moments(cells("5", "2015-03-01", "2015-03-02")).isna().tolist() == [True, False, False]


@pytest.mark.parametrize("cell", ["10/30/1983", "yesterday", "now", "today", "", "31.12.2015"])
def test_other_formats_are_no_times(cell):
    assert moments(cells(cell)).isna().all()


def test_seconds_among_milliseconds_are_told():
    faults = BadRows()
    times = moments(cells("1500000000", "1500000001", "1500000002000"))
    tell_mixed(times, PLACE, faults)
    (one,) = faults.noticed
    assert one.rows == 1 and one.first == "line 4 of a.csv"
    assert "milliseconds where most are in seconds" in one.what


@pytest.mark.parametrize("unit", [1, 1000, 10**6, 10**9])
def test_the_span_is_told_in_any_unit(unit):
    assert span(pd.Series([874724710 * unit, 893286638 * unit])) == "1997-09-20 to 1998-04-22"


@pytest.mark.parametrize("times", [[0, 1, 2], [5, 1500000000], []])
def test_numbers_that_are_no_times_have_no_span(times):
    assert span(pd.Series(times, dtype="int64")) is None


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ("1983", 1983), (1983, 1983), ("1983.0", 1983), ("1983-10-30", 1983), ("10/30/1983", 1983),
        ("30.10.1983", 1983), ("19831030", 1983), ("19831030.0", 1983), ("1983-1985", 1983),
        ("Oct 30, 1983", 1983), ("1983-10-30T00:00:00Z", 1983), (date(1983, 10, 30), 1983),
        (pd.Timestamp("1983-10-30", tz="UTC"), 1983),
        (pd.Timestamp("2000-01-01", tz="Europe/Berlin"), 2000), (date(9999, 12, 31), None),
        ("83", None), ("10/30/83", None), ("410240376", None), ("436320000000", None),
        ("19839999", None), ("0", None), ("-1983", None), ("3001", None), ("unknown", None),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_year_of_a_cell(cell, year):
    found = years(cells(cell), PLACE, BadRows())
    assert found.dtype == "Int64" and found.tolist() == [year if year else pd.NA]


def test_what_is_no_plain_year_is_counted():
    faults = BadRows()
    years(cells("1983", "1984-01-01", "x", "", None, "12345"), PLACE, faults)
    assert [(one.rows, one.done, one.first) for one in faults.noticed] == [
        (1, "read", "line 3 of a.csv, '1984-01-01'"),
        (2, "kept without one", "line 4 of a.csv, 'x'"),
    ]
