"""Cells of workbooks that openpyxl builds, with every text a text.

A blank cell never changes anything (README, "The columns"), while a text that was cut or changed would be imported as
an edit. So a text that no cell can hold is left out, and a note says so.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import cast

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, cut, possible, serial, units, xstring
from bulkobj.spreadsheet.table import Cell, as_written, shown
from bulkobj.spreadsheet.writing.styles import Style

_KEPT = "the cell is left blank. The text stays as it is in Totango: a blank cell changes nothing."
_TOO_LONG = f"This text is too long for a spreadsheet cell ({MAX_TEXT:,} characters), so {_KEPT}"
_IMPOSSIBLE = f"This text has characters that a workbook can't hold, so {_KEPT}"


def put(sheet: Worksheet, row: int, column: int, value: Cell) -> BookCell:
    """Write a cell (row and column from 1) and return it; a text that is too long is cut."""
    cell = cast("BookCell", sheet.cell(row, column))
    _fill(cell, value)
    return cell


def exact_cell(sheet: Worksheet, value: Cell, style: Style) -> BookCell:
    """Return a cell for a write-only sheet that reads back exactly, or a blank one with a note that says why."""
    cell = WriteOnlyCell(sheet)
    obstacle = obstacle_of(value) if isinstance(value, str) else ""
    if obstacle:
        cell.style = Style.LEFT_OUT.value
        cell.comment = note(obstacle)
        return cell
    cell.style = style.value
    if isinstance(value, datetime) and is_date_of_workbook(value):
        cell.style = Style.MOMENT.value
    elif isinstance(value, date) and is_date_of_workbook(value):
        cell.style = Style.DATE.value
    _fill(cell, value if isinstance(value, date) else shown(value) or None)
    return cell


def _fill(cell: BookCell, value: Cell) -> None:
    """Set the value; openpyxl alone would make a formula of ``=1+1`` and an error of ``#N/A``."""
    value = as_written(value)
    if (
        value is None
        or isinstance(value, int | float)
        or (isinstance(value, date | time) and is_date_of_workbook(value))
    ):
        cell.value = value
    else:
        cell.value = xstring(cut(shown(value)))
        cell.data_type = "s"


def is_date_of_workbook(moment: date | time) -> bool:
    """Return whether a workbook can hold the date: none before 1900-03-01, none with a time zone."""
    return serial(moment, from_1904=False) is not None


def obstacle_of(text: str) -> str:
    """Return why no cell can hold exactly this text; ``""`` where one can."""
    if len(text) > MAX_TEXT // 2 and units(text) > MAX_TEXT:
        return _TOO_LONG
    return "" if possible(text) == text else _IMPOSSIBLE


def note(text: str, width: int = 260) -> Comment:
    """Return a note as high as its text needs."""
    lines = sum(1 + len(line) * 7 // width for line in text.split("\n"))
    return Comment(text, "bulkobj", height=34 + 17 * lines, width=width)
