"""Dates as people write them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.timestamps import spelled, unspelled
from bulkobj.spreadsheet.table import Cell
from bulkobj.validation.dates import (
    AmbiguousDateError,
    DateError,
    DateRules,
    Order,
    date_of_cell,
    read_date,
    rules_of_column,
    year_may_lead,
)

MIDNIGHT = "2024-02-08T00:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-08", MIDNIGHT),
        (" 2024-2-8 ", MIDNIGHT),
        ("2024/02/08", MIDNIGHT),
        ("2024.02.08", MIDNIGHT),
        ("8 Feb 2024", MIDNIGHT),
        ("08-Feb-24", MIDNIGHT),
        ("Feb 8, 2024", MIDNIGHT),
        ("February 8th, 2024", MIDNIGHT),
        ("2024-02-08T20:10:00.000Z", "2024-02-08T20:10:00.000Z"),
        ("2024-02-08 20:10", "2024-02-08T20:10:00.000Z"),
        ("2024-02-08 8:10 PM", "2024-02-08T20:10:00.000Z"),
        ("2024-02-08 12:00 am", MIDNIGHT),
        ("2024-02-08T20:10:00.5", "2024-02-08T20:10:00.500Z"),
        ("2024-02-08T20:10:00+02:00", "2024-02-08T18:10:00.000Z"),
        ("2024-02-08T20:10:00+0530", "2024-02-08T14:40:00.000Z"),
        ("13/02/2024", "2024-02-13T00:00:00.000Z"),
        ("02/13/2024", "2024-02-13T00:00:00.000Z"),
        ("05/05/2024", "2024-05-05T00:00:00.000Z"),
        ("13.2.24", "2024-02-13T00:00:00.000Z"),
    ],
)
def test_understood(text: str, expected: str) -> None:
    assert read_date(text, DateRules(None)) == expected


@pytest.mark.parametrize(
    ("texts", "doubtful"),
    [
        (["24-02-08"], True),
        (["24/12/31", "24/11/05"], True),
        (["31/12/24", "31/12/25"], False),
        (["31.12.25"], False),
        (["15/03/24", "15/06/25"], False),
        (["31/12/25", "30/06/26", "31/03/27"], False),
        (["13/02/2024", "05/03/2024", "20/06/14"], False),
        (["08.02.24"], False),
        (["08.02.24", "15.03.24", "31.12.25"], False),
        (["13.2.24", "2024-02-08", "08/02/2024"], False),
        (["24-02-08", "13-14-24"], False),
        (["24-02-08", "08-02-24"], False),
        (["2024-02-08", "8 Feb 24", ""], False),
    ],
)
def test_a_year_that_may_stand_first_is_not_read_as_a_day(texts: list[str], *, doubtful: bool) -> None:
    """Where each reading makes as much sense, nobody is given a date of another decade without a word."""
    assert year_may_lead(texts) is doubtful
    if doubtful:
        with pytest.raises(AmbiguousDateError):
            read_date(texts[0], DateRules(None, year_may_lead=True))
        assert read_date(texts[0], DateRules(Order.YMD)).startswith("2024-")


@pytest.mark.parametrize("text", ["2024-02-08T10:00:00+24:00", "2024-02-08T10:00:00-99:99", "2024-02-08T10:00+02:75"])
def test_a_zone_that_does_not_exist(text: str) -> None:
    with pytest.raises(DateError, match="time zone"):
        read_date(text, DateRules(None))


@pytest.mark.parametrize("text", ["02/03/2024", "2 3 2024", "02-03-24", "12/11/2024"])
def test_ambiguous_without_an_order(text: str) -> None:
    with pytest.raises(AmbiguousDateError):
        read_date(text, DateRules(None))


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("02/03/2024", Order.DMY, "2024-03-02"),
        ("02/03/2024", Order.MDY, "2024-02-03"),
        ("24/02/03", Order.YMD, "2024-02-03"),
    ],
)
def test_an_order_decides(text: str, order: Order, expected: str) -> None:
    assert read_date(text, DateRules(order)).startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "Q1 2024",
        "2024-13-01",
        "2024-02-30",
        "31/31/2024",
        "2024-02-08 25:00",
        "2024-02-08 13:00 PM",
        "20240208",
        "45330",
        "0024-02-08",
        "8 Foo 2024",
        "2024-02-08T",
        "2024-02",
    ],
)
def test_not_a_date(text: str) -> None:
    with pytest.raises(DateError):
        read_date(text, DateRules(None))


def test_day_that_the_given_order_can_not_be() -> None:
    with pytest.raises(DateError):
        read_date("02/13/2024", DateRules(Order.DMY))


def test_a_time_without_a_zone_is_in_the_users() -> None:
    """Summer time included; a date alone never shifts."""
    rules = DateRules(None, ZoneInfo("America/New_York"))
    assert read_date("2024-07-01 12:00", rules) == "2024-07-01T16:00:00.000Z"
    assert read_date("2024-07-01", rules) == "2024-07-01T00:00:00.000Z"


def test_a_column_is_decided_by_any_of_its_cells() -> None:
    assert order(["02/03/2024", "13/03/2024", "x"]) is Order.DMY
    assert order(["02/03/2024", "03/13/2024"]) is Order.MDY
    assert order(["02/03/2024"]) is None
    assert order(["13/03/2024", "03/13/2024"]) is None


def order(cells: Sequence[Cell], default: Order | None = None) -> Order | None:
    return rules_of_column(cells, DateRules(), default).order


def test_a_default_order_is_for_columns_that_leave_it_open() -> None:
    """A profile's order never overrules what a cell of the column shows."""
    assert order(["02/03/2024"], Order.MDY) is Order.MDY
    assert order(["02/03/2024", "13/03/2024"], Order.MDY) is Order.DMY
    assert order(["13/03/2024", "03/13/2024"], Order.MDY) is None


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_any_day_reads_back(day: date) -> None:
    assert read_date(day.isoformat(), DateRules(None)) == f"{day.isoformat()}T00:00:00.000Z"
    assert read_date(f"{day:%d/%m/%Y}", DateRules(Order.DMY)) == f"{day.isoformat()}T00:00:00.000Z"


@given(st.datetimes(datetime(1901, 1, 1), datetime(2200, 1, 1)), st.integers(-12 * 60, 14 * 60))  # noqa: DTZ001 - drawn, then given a zone
def test_spelling_is_undone_to_the_millisecond(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    back = unspelled(spelled(aware))
    assert back.tzinfo == UTC
    assert timedelta(0) <= aware - back < timedelta(milliseconds=1)


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(DateError, AmbiguousDateError):
        unspelled(read_date(text, DateRules(None)))


DAY = datetime(2027, 5, 6)  # noqa: DTZ001 - a cell has no zone


@pytest.mark.parametrize(
    ("cells", "betrayed"),
    [
        ([date(2027, 5, 6), "13/06/2027"], True),
        ([DAY, "06/13/2027"], True),
        ([date(2027, 5, 6), "13-06-27"], True),
        ([date(2027, 5, 6), "13.06.2027"], False),
        ([date(2027, 5, 6), date(2027, 5, 13), "13/06/2027"], False),
        ([date(2027, 5, 5), "13/06/2027"], False),
        ([date(2027, 5, 6), "2027-06-13"], False),
        ([date(2027, 5, 6), "05/06/2027"], False),
        (["13/06/2027"], False),
    ],
)
def test_date_cells_that_were_swapped_are_ambiguous(cells: list[Cell], *, betrayed: bool) -> None:
    """A program of the other order makes dates of what it can, and leaves the rest as text."""
    rules = rules_of_column(cells, DateRules())
    assert bool(rules.swapped_by) is betrayed
    if betrayed:
        with pytest.raises(AmbiguousDateError, match="swapped"):
            date_of_cell(date(2027, 5, 6), rules)
    assert not rules_of_column(cells, DateRules(Order.DMY)).swapped_by


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["04.01.2027"], "2027-01-04"),
        (["04.01.2027", "01/31/2027"], "2027-01-04"),
        (["04.01.2027", "01.31.2027"], None),
    ],
)
def test_a_date_with_dots_is_day_first(texts: list[Cell], expected: str | None) -> None:
    rules = rules_of_column(texts, DateRules())
    if expected is None:
        with pytest.raises(AmbiguousDateError):
            read_date(str(texts[0]), rules)
    else:
        assert read_date(str(texts[0]), rules).startswith(expected)
    assert read_date("04.01.2027", rules_of_column(texts[:1], DateRules(Order.MDY))).startswith("2027-04-01")


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.sampled_from("\u2010\u2011\u2012\u2013\u2212\uff0d"))
def test_other_hyphens_and_invisible_characters_change_no_date(day: date, hyphen: str) -> None:
    text = f"\u200e{day.isoformat().replace('-', hyphen)}\u200b"
    assert read_date(text, DateRules()) == f"{day.isoformat()}T00:00:00.000Z"
