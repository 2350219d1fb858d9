"""Periods, quarters and relative dates."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.errors import UsageError
from bulkobj.workflows.plans.periods import Period, moved_cell, next_quarter, quarter_end, relative_date

START = date(2027, 1, 31)


@pytest.mark.parametrize(
    ("text", "days", "months"),
    [("1Q", 0, 3), ("3m", 0, 3), ("30D", 30, 0), ("90 d", 90, 0), ("2w", 14, 0), ("1Y", 0, 12)],
)
def test_periods(text: str, days: int, months: int) -> None:
    assert Period.parse(text) == Period(days, months)


@pytest.mark.parametrize("text", ["", "Q", "1", "1X", "-1Q", "1.5M", "99999D"])
def test_other_texts_are_no_period(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a period\. Use one such as 1Q"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("day", "by", "moved"),
    [
        ("2026-06-30", "1Q", "2026-09-30"),
        ("2026-09-30", "1Q", "2026-12-31"),
        ("2027-02-28", "1Q", "2027-05-31"),
        ("2028-02-29", "1Y", "2029-02-28"),
        ("2028-02-28", "1Y", "2029-02-28"),
        ("2026-11-15", "3M", "2027-02-15"),
        ("2026-10-31", "1M", "2026-11-30"),
        ("2026-12-31", "30D", "2027-01-30"),
        ("2026-08-30", "6M", "2027-02-28"),
    ],
)
def test_a_last_day_of_a_month_stays_one(day: str, by: str, moved: str) -> None:
    """Months have other lengths; a day in the middle stays that day."""
    assert moved_cell(date.fromisoformat(day), Period.parse(by)) == date.fromisoformat(moved)


def test_a_date_time_keeps_its_time() -> None:
    moment = datetime.fromisoformat("2026-11-30 20:10:00")
    assert moved_cell(moment, Period.parse("1Q")) == datetime.fromisoformat("2027-02-28 20:10:00")


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 8))
def test_a_month_end_comes_back(day: date, quarters: int) -> None:
    """There and back again: the same day, unless the months between had no such day."""
    forth = Period(months=3 * quarters).after(day)
    assert (forth.year * 12 + forth.month) - (day.year * 12 + day.month) == 3 * quarters
    assert forth.day <= day.day


@pytest.mark.parametrize(
    ("today", "first"), [("2026-11-25", "2027-01-01"), ("2027-01-01", "2027-04-01"), ("2026-09-30", "2026-10-01")]
)
def test_next_quarter(today: str, first: str) -> None:
    assert next_quarter(date.fromisoformat(today)) == date.fromisoformat(first)
    assert quarter_end(date.fromisoformat(today)) < date.fromisoformat(first)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("start", "2027-01-31"),
        ("Start + 30d", "2027-03-02"),
        ("start+1m", "2027-02-28"),
        ("start+3m", "2027-04-30"),
        ("start-1w", "2027-01-24"),
        ("start+1m+1d", "2027-03-01"),
        ("quarter-end", "2027-03-31"),
        ("quarter end", "2027-03-31"),
        ("Quarter End - 7d", "2027-03-24"),
        ("quarter-end+1q", "2027-06-30"),
    ],
)
def test_relative_dates(text: str, meant: str) -> None:
    assert relative_date(text, START) == date.fromisoformat(meant)


@pytest.mark.parametrize("text", ["2027-03-01", "started", "start+", "start+3", "end", "", "start 2027-01-01"])
def test_other_texts_are_not_relative(text: str) -> None:
    assert relative_date(text, START) is None
