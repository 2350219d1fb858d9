"""Cells and texts as SpreadsheetML, ECMA-376 part 1, 18.3.1.4: texts stand in the cell, never among shared ones."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from bulkobj.spreadsheet.ooxml.xml_edit import escaped
from bulkobj.spreadsheet.table import Cell, column_letters, shown

__all__ = ["MAX_TEXT", "cell_xml", "column_letters", "possible", "serial", "text_xml", "units", "xstring"]

#: Characters of a text cell; Excel counts those outside of the basic plane twice.
MAX_TEXT = 32_767
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0d\x0e-\x1f]")
_IMPOSSIBLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_FIRST_SOUND = 61  # 1900-03-01: Excel counts a day before it that never was


def possible(text: str) -> str:
    """The text with ``\\ufffd`` for what no XML (or UTF-8) can hold: halves of characters, and non-characters."""
    return _IMPOSSIBLE.sub("\ufffd", text)


def units(text: str) -> int:
    """How long Excel takes the text to be."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def xstring(text: str) -> str:
    """The text with control characters, and what looks like their code, as ``_xHHHH_``.

    See ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
    """
    text = _ESCAPE_LIKE.sub("_x005F_", possible(text))
    return _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def text_xml(text: str) -> str:
    """A text as it stands in an element."""
    return escaped(xstring(text))


def serial(moment: date | datetime | time, *, from_1904: bool) -> float | None:
    """The number that stands for a date in a workbook; None for one that has none there, or a time zone.

    ``from_1904`` says which of the two calendars of Excel the workbook has.
    """
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - as people see it
    first = 0 if from_1904 else _FIRST_SOUND
    if isinstance(moment, time):
        moment, first = datetime.combine(start, moment), 0
    elif not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is not None:
        return None
    number = (moment - start) / timedelta(days=1)
    return number if number >= first else None


def cell_xml(place: str, cell: Cell, style: int, prefix: str, *, from_1904: bool = False) -> str:
    """A ``<c>`` at that place, such as ``B5``; a text too long for a cell is cut."""
    start = f'<{prefix}c r="{place}"' + (f' s="{style}"' if style else "")
    match cell:
        case None | "":
            return start + "/>" if style else ""
        case bool():
            return f'{start} t="b"><{prefix}v>{int(cell)}</{prefix}v></{prefix}c>'
        case int() | float() if abs(cell) < 1e15:
            return f"{start}><{prefix}v>{cell!r}</{prefix}v></{prefix}c>"
        case date() | time():
            number = serial(cell, from_1904=from_1904)
            if number is not None:
                return f"{start}><{prefix}v>{number!r}</{prefix}v></{prefix}c>"
    text = text_xml(cut(shown(cell)))
    p = prefix
    return f'{start} t="inlineStr"><{p}is><{p}t xml:space="preserve">{text}</{p}t></{p}is></{p}c>'


def cut(text: str) -> str:
    """The text, or what fits of it into a cell with a mark that something is missing."""
    if len(text) <= MAX_TEXT // 2 or units(text) <= MAX_TEXT:
        return text
    end = " ... (cut here: a cell holds no more)"
    room = MAX_TEXT - len(end)
    kept = text[:room] if len(text) == units(text) else text[: room // 2]
    return kept + end
