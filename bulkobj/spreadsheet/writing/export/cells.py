"""Cells of an exported workbook, written as they come: each text exactly, or not at all.

A blank cell never changes anything (contract, "The spreadsheet"), while a text that was cut or mended would be
imported as an edit. So a text that a cell can't hold is left out, and a note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from bulkobj.core.errors import UsageError
from bulkobj.core.model import NOTHING
from bulkobj.spreadsheet.limits import MAX_ROWS
from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, possible, serial, units
from bulkobj.spreadsheet.table import Cell, shown
from bulkobj.spreadsheet.writing.export.styles import Style

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_KEPT = "the cell is left blank. The text stays as it is in Totango: a blank cell changes nothing."
_TOO_LONG = f"This text is too long for a spreadsheet cell ({MAX_TEXT:,} characters), so {_KEPT}"
_IMPOSSIBLE = f"This text has characters that a workbook can't hold, so {_KEPT}"
_NOTE_SIZE = {"width": 260, "height": 90}
#: The height of a line in points, and how many lines of a text are shown at most.
_LINE, _MOST_LINES = 15, 6


class CellWriter:
    """Writes rows to one worksheet, from the top down.

    ``required`` gives the name of a column (by its index) whose texts must not be left out, None for any other.
    ``wrapped`` are the widths in characters of columns whose texts are wrapped, by their indexes.
    """

    def __init__(
        self,
        sheet: Worksheet,
        formats: Mapping[Style, Format],
        required: Callable[[int], str | None] = lambda _: None,
        wrapped: Mapping[int, int] = NOTHING,
    ) -> None:
        self._sheet = sheet
        self._dates = {date: formats[Style.DATE], datetime: formats[Style.MOMENT]}
        self._left_out = formats[Style.LEFT_OUT]
        self._required = required
        self._wrapped = wrapped

    def write_all(self, rows: Iterable[Sequence[Cell]], first: int) -> int:
        """Write the rows, the first one at ``first`` (counted from 0); what comes after the last one.

        Raises UsageError for a required text that a cell can't hold, and for more rows than a sheet has.
        """
        number = first
        for row in rows:
            if number >= MAX_ROWS:
                raise UsageError(f"a sheet holds {MAX_ROWS:,} rows at most: export fewer accounts, or to a .csv file")
            self._write_row(number, row)
            if self._wrapped and number > 1:
                self._forget_height(number - 1)
            number += 1
        return number

    def _write_row(self, number: int, row: Sequence[Cell]) -> None:
        for column, width in self._wrapped.items():
            lines = _line_count(row[column], width)
            if lines > 1:
                self._sheet.set_row(number, lines * _LINE)
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                if cell.isprintable() and 0 < len(cell) <= MAX_TEXT // 2:  # as nearly all are
                    self._sheet.write_string(number, column, cell)
                elif cell:
                    self._write_text(number, column, cell)
            elif cell is not None:
                self._write_other(number, column, cell)

    def _forget_height(self, number: int) -> None:
        """XlsxWriter keeps the height of every row for good; one that is written needs none."""
        self._sheet.row_info.pop(number, None)
        self._sheet.row_sizes.pop(number, None)

    def _write_other(self, number: int, column: int, cell: Cell) -> None:
        if isinstance(cell, date) and serial(cell, from_1904=False) is not None:
            self._sheet.write_datetime(number, column, cell, self._dates[type(cell)])
        else:
            self._write_text(number, column, shown(cell))

    def _write_text(self, number: int, column: int, text: str) -> None:
        obstacle = _obstacle(text)
        if obstacle:
            self._leave_out(number, column, obstacle)
        else:
            self._sheet.write_string(number, column, text)

    def _leave_out(self, number: int, column: int, why: str) -> None:
        name = self._required(column)
        if name is not None:
            raise UsageError(
                f"the {name} in row {number + 1} of the sheet {self._sheet.get_name()} can't stand in a workbook: "
                "export to a .json file"
            )
        self._sheet.write_blank(number, column, None, self._left_out)
        self._sheet.write_comment(number, column, why, _NOTE_SIZE)


def _line_count(cell: Cell, width: int) -> int:
    """How many lines to show of a text; Excel would find out by itself, and show a very long text whole."""
    if not isinstance(cell, str) or (len(cell) <= width and "\n" not in cell):
        return 1
    lines = cell[: width * _MOST_LINES].split("\n")
    return min(sum(1 + len(line) // width for line in lines), _MOST_LINES)


def is_possible(text: str) -> bool:
    """Whether a cell can hold exactly this text."""
    return _obstacle(text) == ""


def _obstacle(text: str) -> str:
    if len(text) > MAX_TEXT // 2 and units(text) > MAX_TEXT:
        return _TOO_LONG
    return "" if possible(text) == text else _IMPOSSIBLE
