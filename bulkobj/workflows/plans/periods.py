"""Calendar arithmetic of plans: periods such as ``1Q``, quarters, and dates relative to a start; pure."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bulkobj.core.errors import UsageError

_PERIOD = re.compile(r"(\d{1,4})\s*([DWMQY])", re.IGNORECASE)
_RELATIVE = re.compile(r"(start|quarter[\s_-]*end)((?:\s*[+-]\s*\d{1,4}\s*[dwmqy])*)", re.IGNORECASE)
_STEP = re.compile(r"([+-])\s*(\d{1,4}\s*[dwmqy])", re.IGNORECASE)
_MONTHS = {"M": 1, "Q": 3, "Y": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in days or in months; one of the two is 0."""

    days: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``30D``, ``2W``, ``3M``, ``1Q`` or ``1Y``.

        Raises:
            UsageError: the text is no period.
        """
        match = _PERIOD.fullmatch(text.strip())
        if match is None:
            raise UsageError(f'"{text}" is not a period. Use one such as 1Q, 3M or 30D')
        number, unit = int(match[1]), match[2].upper()
        return cls(days=number * (7 if unit == "W" else 1)) if unit in "DW" else cls(months=number * _MONTHS[unit])

    def after(self, day: date, *, keep_month_end: bool = False) -> date:
        """Return the day that much later; with ``keep_month_end`` a month's last day stays a month's last day.

        A day that a shorter month lacks becomes its last day. A date-time keeps its time.
        """
        return self._moved(day, 1, keep_month_end=keep_month_end)

    def before(self, day: date) -> date:
        """Return the day that much earlier."""
        return self._moved(day, -1, keep_month_end=False)

    def _moved(self, day: date, sign: int, *, keep_month_end: bool) -> date:
        try:
            if self.days:
                return day + timedelta(days=sign * self.days)
            year, month = divmod(day.year * 12 + day.month - 1 + sign * self.months, 12)
            last = monthrange(year, month + 1)[1]
            is_end = keep_month_end and day.day == monthrange(day.year, day.month)[1]
            return day.replace(year=year, month=month + 1, day=last if is_end else min(day.day, last))
        except (ValueError, OverflowError):
            raise UsageError(f"{day.isoformat()[:10]} moved by that period is no date. Use a shorter period") from None


def next_quarter(today: date) -> date:
    """Return the first day of the quarter after that of ``today``."""
    year, quarter = divmod(today.year * 4 + (today.month - 1) // 3 + 1, 4)
    return date(year, quarter * 3 + 1, 1)


def quarter_end(day: date) -> date:
    """Return the last day of the quarter that holds the day."""
    month = (day.month - 1) // 3 * 3 + 3
    return date(day.year, month, monthrange(day.year, month)[1])


def relative_date(text: str, start: date) -> date | None:
    """Return the date that ``start``, ``start+30d``, ``start+3m`` or ``quarter-end`` means; None for another text."""
    match = _RELATIVE.fullmatch(text.strip())
    if match is None:
        return None
    day: date = start if match[1].casefold() == "start" else quarter_end(start)
    for sign, step in _STEP.findall(match[2]):
        period = Period.parse(step)
        day = period.after(day) if sign == "+" else period.before(day)
    return day


def moved_cell(value: date, period: Period) -> date:
    """Return a date cell moved by the period; a date-time keeps its time."""
    if isinstance(value, datetime):
        return datetime.combine(period.after(value.date(), keep_month_end=True), value.timetz())
    return period.after(value, keep_month_end=True)
