"""Dates as people write them, and as the service spells them; pure.

A date alone is midnight UTC and never shifts; a date-time without a zone is read in the zone that the user names
(contract, "The spreadsheet"). Which of two numbers is the day is ruled on by the whole column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum

from bulkobj.core.timestamps import midnight, spelled


class Order(Enum):
    """In which order day, month and year stand."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


class DateError(ValueError):
    """A text that isn't a date; its text says what was expected."""


class AmbiguousDateError(ValueError):
    """A text that is a date in two ways."""


_TIME = (
    r"(?:[T\s]\s*(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_ISO = re.compile(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})" + _TIME)
_NUMBERS = re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/. ])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{4}|\d{2})" + _TIME)
_DAY_FIRST = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s.\-/]*(?P<month>[A-Za-z]{3,9})\.?,?[\s\-/]*(?P<y>\d{4}|\d{2})" + _TIME
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[A-Za-z]{3,9})\.?[\s\-/]*(?P<d>\d{1,2})(?:st|nd|rd|th)?,?[\s\-/]+(?P<y>\d{4}|\d{2})" + _TIME
)
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_EARLIEST, _LATEST = 1900, 2200
#: The year, without its century, before which no plan is dated, and how many years one spans at most.
_NEAR, _SPAN = 15, 10
_EXPECTED = "write it as 2024-02-08, or make it a date cell"


@dataclass(frozen=True, slots=True)
class DateRules:
    """How the dates of one column are read: the order that was given or found, and the zone of a bare date-time.

    ``year_may_lead`` says that in dates such as ``24-02-08`` the first number may be the year.
    """

    order: Order | None
    zone: tzinfo = UTC
    year_may_lead: bool = False


def decided_order(texts: Iterable[str]) -> Order | None:
    """The order that some text of a column decides for all; None where none does, or two contradict each other."""
    orders = {order for text in texts if (order := _own_order(text)) is not None}
    return orders.pop() if len(orders) == 1 else None


def needs_order(text: str) -> bool:
    """Whether the text is a date in numbers, of which somebody has to say which one is the day."""
    return _NUMBERS.fullmatch(text.strip()) is not None


def year_may_lead(texts: Iterable[str]) -> bool:
    """Whether dates of three short numbers, such as ``24-02-08``, are likelier to have the year first than last.

    The years of a plan are near, and few: where those at the front are, and those at the end are not, somebody has to
    say which is meant. A year of four digits at the end of another date settles it.
    """
    matches = [match for text in texts if (match := _NUMBERS.fullmatch(text.strip()))]
    if not matches or any(len(match["c"]) == 4 for match in matches):
        return False
    if not all(1 <= int(match["b"]) <= 12 and 1 <= int(match["c"]) <= 31 for match in matches):
        return False
    first, last = ([int(match[name]) for match in matches] for name in "ac")
    return _are_near(first) and not _are_near(last)


def _are_near(years: Sequence[int]) -> bool:
    return min(years) >= _NEAR and max(years) - min(years) <= _SPAN


def _own_order(text: str) -> Order | None:
    match = _NUMBERS.fullmatch(text.strip())
    if match is None:
        return None
    first, second = int(match["a"]), int(match["b"])
    if first > 12 >= second >= 1 and first <= 31:
        return Order.DMY
    if second > 12 >= first >= 1 and second <= 31:
        return Order.MDY
    return None


def read_date(text: str, rules: DateRules) -> str:
    """A text of a date column in the service's spelling.

    Raises DateError where it is no date, AmbiguousDateError where only the order of day and month would tell.
    """
    text = text.strip()
    if (match := _ISO.fullmatch(text)) is not None:
        day = _day(int(match["y"]), int(match["m"]), int(match["d"]), text)
    elif (match := _NUMBERS.fullmatch(text)) is not None:
        day = _numbers(match, rules, text)
    elif (match := _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text)) is not None:
        day = _day(_year(match["y"]), _month(match["month"], text), int(match["d"]), text)
    else:
        raise DateError(f'"{text}" is not a date: {_EXPECTED}')
    return midnight(day) if match["time"] is None else spelled(_moment(day, match, rules.zone, text))


def _numbers(match: re.Match[str], rules: DateRules, text: str) -> date:
    order = rules.order
    first, second, third = int(match["a"]), int(match["b"]), match["c"]
    own = _own_order(text)
    if order is None and rules.year_may_lead and len(third) == 2:
        raise AmbiguousDateError(text)
    if order is Order.YMD:
        if len(third) == 4:
            raise DateError(f'"{text}" does not begin with the year, as the date order YMD says')
        return _day(_year(match["a"].zfill(2)), second, int(third), text)
    if order is not None and own not in (None, order):
        raise DateError(f'"{text}" does not fit the date order {order.value}: {_EXPECTED}')
    if order is None and own is None and first != second and max(first, second) <= 12:
        raise AmbiguousDateError(text)
    if (order or own) is Order.MDY:
        first, second = second, first
    return _day(_year(third), second, first, text)


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _month(name: str, text: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()) or (name.lower() == "sept" and number == 9):
            return number
    raise DateError(f'"{text}" names no month that is understood: {_EXPECTED}')


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise DateError(f'"{text}" is not a day of the calendar: {_EXPECTED}') from error
    check_year(found, text)
    return found


def check_year(day: date, text: str) -> None:
    """Raise DateError for a year that can only be a slip of the keyboard."""
    if not _EARLIEST <= day.year <= _LATEST:
        raise DateError(f'"{text}" lies in the year {day.year}: {_EXPECTED}')


def _moment(day: date, match: re.Match[str], zone: tzinfo, text: str) -> datetime:
    clock = match["time"].replace(",", ".")
    hour, minute, *rest = clock.split(":")
    seconds = float(rest[0]) if rest else 0.0
    hours = _hours(int(hour), match["half"], text)
    if hours > 23 or int(minute) > 59 or seconds >= 60:
        raise DateError(f'"{text}" has a time of day that does not exist')
    naive = datetime.combine(day, time(hours, int(minute))) + timedelta(milliseconds=round(seconds * 1000))
    return naive.replace(tzinfo=_zone(match["zone"], zone, text))


def _hours(hour: int, half: str | None, text: str) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise DateError(f'"{text}" has a time of day that does not exist')
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _zone(name: str | None, otherwise: tzinfo, text: str) -> tzinfo:
    if name is None:
        return otherwise
    if name[0] not in "+-":
        return UTC
    hours, minutes = int(name[1:3]), int(name[-2:])
    if hours > 14 or minutes > 59:
        raise DateError(f'"{text}" has a time zone that does not exist')
    return timezone((-1 if name[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
