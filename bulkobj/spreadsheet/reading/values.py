"""One cell's value: what the reading libraries give, made into what :data:`bulkobj.spreadsheet.table.Cell` promises."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any

from bulkobj.spreadsheet.formula_guard import ERRORS, unguard, unguard_error
from bulkobj.spreadsheet.table import BadCell, Cell

#: White space, the non-breaking kinds included, and characters without any width.
_INVISIBLE = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_UNSEEN = frozenset(_INVISIBLE)
Row = tuple[Cell, ...]

#: From here on a floating-point number doesn't hold every digit of a whole number any more.
_EXACT = 1e15


def visible(text: str) -> str:
    """The text without what can't be seen at its ends; empty where the cell looks blank."""
    return text.strip(_INVISIBLE)


def bad_cell(error: str) -> BadCell:
    """The cell that shows that error."""
    return BadCell("bad-cell", error)


def csv_row(row: list[str]) -> Row:
    """The cells of a CSV row: blanks as None, formula guards taken off, errors of spreadsheet programs as BadCell."""
    return tuple([(_special(text) if text[0] in _SPECIAL else text) if text else None for text in row])


_SPECIAL = _UNSEEN | {"'", "#", "="}
#: How people keep a spreadsheet program from taking the zeros off an id: a formula of that one text.
_AS_TEXT = re.compile(r'="([^"]*)"')


def _special(text: str) -> Cell:
    if not visible(text):
        return None
    if text in ERRORS:
        return bad_cell(text)
    as_text = _AS_TEXT.fullmatch(text)
    return as_text[1] if as_text and visible(as_text[1]) else None if as_text else unguard_error(unguard(text))


def workbook_rows(rows: Iterable[Iterable[Any]]) -> list[Row]:
    """The cells of rows as python-calamine gives them.

    A whole number below 1e15 becomes an ``int``; a larger one stays a ``float``, because its last digits are lost
    already. Dates at midnight become a ``date``, others are rounded to the millisecond.
    """
    converter = _CONVERT.get  # texts, the most frequent by far, are spared the call
    return [
        tuple(
            [
                (value if value and (value[0] not in _UNSEEN or value.strip(_INVISIBLE)) else None)
                if (kind := type(value)) is str
                else (convert(value) if (convert := converter(kind)) else value)
                for value in row
            ]
        )
        for row in rows
    ]


def _number(number: float) -> Cell:
    if number.is_integer() and -_EXACT < number < _EXACT:
        return int(number)
    return number if math.isfinite(number) else bad_cell(str(number))


def _moment(moment: datetime) -> Cell:
    rounded = moment + timedelta(microseconds=500)
    rounded = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000, tzinfo=None)
    return rounded.date() if rounded.time() == time() else rounded


def _duration(duration: timedelta) -> Cell:
    """An elapsed time as it is shown, because it is no time of day: ``78:00:00``."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


_CONVERT: dict[type[Any], Callable[[Any], Cell]] = {float: _number, datetime: _moment, timedelta: _duration}
