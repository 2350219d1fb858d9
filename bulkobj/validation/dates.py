"""Dates as people write them, and as the service spells them; pure.

A date alone is midnight UTC and never shifts; a date-time without a zone is in the zone that the user names. The whole
column decides which of two numbers is the day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum

from bulkobj.core.text import plain_text, quoted
from bulkobj.core.timestamps import midnight, spelled
from bulkobj.spreadsheet.table import Cell, plain


class Order(Enum):
    """The order in which day, month and year stand."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


class DateError(ValueError):
    """A cell that isn't a date; its text is a message for people."""


class AmbiguousDateError(DateError):
    """A cell that is a date in two ways."""


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
#: Hyphens and dashes of other kinds, the minus sign included.
_HYPHENS = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_EARLIEST, _LATEST = 1900, 2200
#: Years of a plan that are unusual, though possible: before this one, and so many years ahead.
_UNUSUAL_BEFORE, _UNUSUAL_AHEAD = 2000, 20
#: The year, without its century, before which no plan is dated, and how many years one spans at most.
_NEAR, _SPAN = 15, 10
_ENTER = "Enter it as 2024-02-08"


@dataclass(frozen=True, slots=True)
class DateRules:
    """The way in which the dates of one column are read.

    ``order`` is the order of the numbers of a date, ``dotted`` that of a date with dots; None where only a day above 12
    tells. ``decided`` is the order that the column's own cells decide. ``year_may_lead``: the first number of
    ``24-02-08`` may be the year. ``swapped_by`` is a text that betrays that a spreadsheet program swapped day and month
    in the date cells. Years are unusual as seen from ``today``.
    """

    order: Order | None = None
    zone: tzinfo = UTC
    year_may_lead: bool = False
    dotted: Order | None = Order.DMY
    decided: Order | None = None
    swapped_by: str = ""
    today: date | None = None


def rules_of_column(cells: Sequence[Cell], given: DateRules, default: Order | None = None) -> DateRules:
    """Return how the cells of a column are read.

    ``given.order`` is the order that the user names, which goes before all; ``default`` is for a column that leaves
    the order open.
    """
    if given.order is not None:
        return replace(given, dotted=given.order)
    values = [plain(cell) for cell in cells]
    texts = sorted({normal_date(value) for value in values if isinstance(value, str)})
    if default is None and year_may_lead(texts):
        return replace(given, year_may_lead=True)
    own = {text: order for text in texts if (order := own_order(text)) is not None}
    orders = set(own.values())
    decided = orders.pop() if len(orders) == 1 else None
    return replace(
        given,
        order=decided if own else default,
        decided=decided,
        dotted=None if any(order is Order.MDY and _has_dots(text) for text, order in own.items()) else Order.DMY,
        swapped_by=_swapped_by([value for value in values if isinstance(value, date)], own),
    )


def own_order(text: str) -> Order | None:
    """Return the order of a date that can be read in one way only, because a number is above 12."""
    match = _NUMBERS.fullmatch(normal_date(text))
    if match is None:
        return None
    first, second = int(match["a"]), int(match["b"])
    if first > 12 >= second >= 1 and first <= 31:
        return Order.DMY
    return Order.MDY if second > 12 >= first >= 1 and second <= 31 else None


def needs_order(text: str) -> bool:
    """Return whether the text is a date in numbers, of which somebody has to say which one is the day."""
    return _NUMBERS.fullmatch(normal_date(text)) is not None


def normal_date(text: str) -> str:
    """Return a text of a date column with plain digits, hyphens and spaces, and without invisible characters."""
    if text.isascii():
        return text.strip()
    return _HYPHENS.sub("-", unicodedata.normalize("NFKC", plain_text(text))).strip()


def _has_dots(text: str) -> bool:
    match = _NUMBERS.fullmatch(text)
    return match is not None and match["sep"] == "."


def _swapped_by(days: Sequence[date], texts: Iterable[str]) -> str:
    """Return which of the texts of a certain order betrays that date cells were swapped; ``""`` if none does.

    Such a program makes a date of 05/06/2027, with day and month swapped, and leaves 13/06/2027 alone. Then no date
    cell has a day above 12.
    """
    if any(day.day > 12 for day in days) or not any(day.day != day.month for day in days):
        return ""
    return next((text for text in texts if not _has_dots(text)), "")


def year_may_lead(texts: Iterable[str]) -> bool:
    """Return whether dates of three short numbers, such as ``24-02-08``, are likelier to begin with the year.

    The years of a plan are near, and few: where those at the front are, and those at the end are not, somebody has to
    say which is meant. A year of four digits at the end of another date settles it.
    """
    matches = [match for text in texts if (match := _NUMBERS.fullmatch(normal_date(text)))]
    if not matches or any(len(match["c"]) == 4 for match in matches):
        return False
    if not all(1 <= int(match["b"]) <= 12 and 1 <= int(match["c"]) <= 31 for match in matches):
        return False
    first, last = ([int(match[name]) for match in matches] for name in "ac")
    return _are_near(first) and not _are_near(last)


def _are_near(years: Sequence[int]) -> bool:
    return min(years) >= _NEAR and max(years) - min(years) <= _SPAN


def read_date(text: str, rules: DateRules) -> str:
    """Return a text of a date column in the service's spelling; DateError where it is no date, or is two."""
    return in_service_spelling(parse_date(text, rules), rules.zone)


def in_service_spelling(moment: date, zone: tzinfo) -> str:
    """Return a date, or a date-time that is in ``zone`` if it names none, in the service's spelling."""
    if not isinstance(moment, datetime):
        return midnight(moment)
    return spelled(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def date_of_cell(cell: date, rules: DateRules) -> date:
    """Return the date of a date cell; DateError where its year is impossible, or its day and month may be swapped."""
    text = cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    _check_year(cell, text)
    if rules.swapped_by and cell.day != cell.month:
        raise AmbiguousDateError(
            f"day and month of {text} may be swapped, because {quoted(rules.swapped_by, 20)} is text. "
            "Fix the column, or add --date-order DMY to keep it"
        )
    return cell


def parse_date(text: str, rules: DateRules) -> date:
    """Return a text of a date column as a date or date-time, naive where it names no zone.

    Raises DateError where it is no date, AmbiguousDateError where it is two.
    """
    bare = normal_date(text)
    if (match := _ISO.fullmatch(bare)) is not None:
        day = _day(int(match["y"]), int(match["m"]), int(match["d"]), text)
    elif (match := _NUMBERS.fullmatch(bare)) is not None:
        day = _numbers(match, rules, text)
    elif (match := _DAY_FIRST.fullmatch(bare) or _MONTH_FIRST.fullmatch(bare)) is not None:
        day = _day(_year(match["y"]), _month(match["month"], text), int(match["d"]), text)
    else:
        raise DateError(f"{quoted(text)} is not a date. {_ENTER}")
    return day if match["time"] is None else _moment(day, match, text)


def doubts(moment: date, rules: DateRules) -> tuple[str, str] | None:
    """Return the code and the message of what is odd about a date; None if nothing is."""
    if isinstance(moment, datetime) and moment.tzinfo is None and (change := _clock_change(moment, rules.zone)):
        return "clock-change", change
    ahead = rules.today is not None and moment.year > rules.today.year + _UNUSUAL_AHEAD
    if moment.year < _UNUSUAL_BEFORE or ahead:
        return "unusual-year", f"the date is in the year {moment.year}. Check the year"
    return None


def _clock_change(moment: datetime, zone: tzinfo) -> str:
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return ""
    read = first.astimezone(UTC).astimezone(zone)
    if read.replace(tzinfo=None) != moment:
        return f"{moment:%Y-%m-%d %H:%M} is skipped in {zone}, so it is read as {read:%H:%M}. Check the time"
    return f"{moment:%Y-%m-%d %H:%M} comes twice in {zone}; the first one is used. Check the time"


def _numbers(match: re.Match[str], rules: DateRules, text: str) -> date:
    order = rules.dotted if match["sep"] == "." else rules.order
    first, second, third = int(match["a"]), int(match["b"]), match["c"]
    own = own_order(match[0])
    if rules.year_may_lead and len(third) == 2:
        raise AmbiguousDateError(f"ambiguous date {quoted(text)}: the year may be first or last. {_ENTER}")
    if order is Order.YMD:
        if len(third) == 4:
            raise DateError(f"{quoted(text)} does not begin with the year, as the date order YMD says. {_ENTER}")
        return _day(_year(match["a"].zfill(2)), second, int(third), text)
    if order is not None and own not in (None, order):
        raise DateError(f"{quoted(text)} does not fit the date order {order.value}. {_ENTER}")
    if order is None and own is None and first != second and max(first, second) <= 12:
        raise AmbiguousDateError(_two_ways(_day(_year(third), second, first, text), text))
    if (order or own) is Order.MDY:
        first, second = second, first
    return _day(_year(third), second, first, text)


def _two_ways(day: date, text: str) -> str:
    one, other = (f"{d} {_MONTHS[m - 1].capitalize()}" for d, m in ((day.day, day.month), (day.month, day.day)))
    return f"ambiguous date {quoted(text)}: {one} or {other}? Add --date-order DMY or MDY, or enter it as {day}"


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _month(name: str, text: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()) or (name.lower() == "sept" and number == 9):
            return number
    raise DateError(f"{quoted(text)} has no month that bulkobj knows. {_ENTER}")


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise DateError(f"{quoted(text)} is not a day of the calendar. {_ENTER}") from error
    _check_year(found, text)
    return found


def _check_year(day: date, text: str) -> None:
    """Raise DateError for a year that can only be a slip of the keyboard."""
    if not _EARLIEST <= day.year <= _LATEST:
        raise DateError(f"{quoted(text)} is in the year {day.year}. Check the year")


def _moment(day: date, match: re.Match[str], text: str) -> datetime:
    clock = match["time"].replace(",", ".")
    hour, minute, *rest = clock.split(":")
    seconds = float(rest[0]) if rest else 0.0
    hours = _hours(int(hour), match["half"])
    if not 0 <= hours <= 23 or int(minute) > 59 or seconds >= 60:
        raise DateError(f"{quoted(text)} has a time of day that does not exist. Enter it as 2024-02-08 20:10")
    naive = datetime.combine(day, time(hours, int(minute))) + timedelta(milliseconds=round(seconds * 1000))
    return naive.replace(tzinfo=_zone(match["zone"], text))


def _hours(hour: int, half: str | None) -> int:
    """Return the hour of a clock of 24 hours; -1 where the hour of a clock of 12 hours is none."""
    if half is None:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0) if 1 <= hour <= 12 else -1


def _zone(name: str | None, text: str) -> tzinfo | None:
    if name is None or name[0] not in "+-":
        return None if name is None else UTC
    hours, minutes = int(name[1:3]), int(name[-2:])
    if hours > 14 or minutes > 59:
        raise DateError(f"{quoted(text)} has a time zone that does not exist. Enter it as 2024-02-08 20:10Z")
    return timezone((-1 if name[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
