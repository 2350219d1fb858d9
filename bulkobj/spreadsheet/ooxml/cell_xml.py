"""Cells and texts as SpreadsheetML has them (ECMA-376 part 1, 18.3.1.4); texts are inline, never shared strings."""

from __future__ import annotations

import html
import re
from datetime import date, datetime, time, timedelta

from lxml import etree

from bulkobj.spreadsheet.ooxml.xml_tree import MAIN, Element, M
from bulkobj.spreadsheet.table import Cell, shown

#: Characters of a text cell; Excel counts those outside of the basic plane twice.
MAX_TEXT = 32_767
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0d\x0e-\x1f]")
_IMPOSSIBLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_FIRST_SOUND = 61  # 1900-03-01: Excel counts a day before it that never was


def possible(text: str) -> str:
    """Return the text with U+FFFD for what no XML can hold: halves of characters, and non-characters."""
    return _IMPOSSIBLE.sub("\ufffd", text)


def units(text: str) -> int:
    """Return the length of the text as Excel counts it."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def xstring(text: str) -> str:
    """Return the text with control characters, and what looks like their code, as ``_xHHHH_``.

    See ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
    """
    text = _ESCAPE_LIKE.sub("_x005F_", possible(text))
    return _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def text_xml(text: str) -> str:
    """Return a text as it stands in an element."""
    return html.escape(xstring(text))


def serial(moment: date | datetime | time, *, from_1904: bool) -> float | None:
    """Return the number that stands for a date in a workbook; None for one that has none there, or a time zone.

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


def new_cell(place: str, cell: Cell, style: int, *, from_1904: bool = False) -> Element:
    """Return a ``<c>`` at that place, such as ``B5``. A text too long for a cell is cut."""
    element = etree.Element(f"{M}c", {"r": place} | ({"s": str(style)} if style else {}), nsmap={None: MAIN})
    number: object = None
    match cell:
        case None | "":
            return element
        case bool():
            element.set("t", "b")
            number = int(cell)
        case int() | float() if abs(cell) < 1e15:
            number = cell
        case date() | time():
            number = serial(cell, from_1904=from_1904)
    if number is not None:
        etree.SubElement(element, f"{M}v").text = repr(number)
        return element
    element.set("t", "inlineStr")
    text = etree.SubElement(etree.SubElement(element, f"{M}is"), f"{M}t", {_SPACE: "preserve"})
    text.text = xstring(cut(shown(cell)))
    return element


def cut(text: str) -> str:
    """Return the text, or what fits of it into a cell with a mark that something is missing."""
    if len(text) <= MAX_TEXT // 2 or units(text) <= MAX_TEXT:
        return text
    end = " ... (cut here: a cell holds no more)"
    room = MAX_TEXT - len(end)
    kept = text[:room] if len(text) == units(text) else text[: room // 2]
    return kept + end
