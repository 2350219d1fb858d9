"""An export workbook, written row by row: its sheets, drop-down lists, and the hidden stamp."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import MAX_ROWS
from bulkobj.spreadsheet.table import STAMP_SHEET, Cell, column_letters
from bulkobj.spreadsheet.writing.cells import exact_cell, note, obstacle_of
from bulkobj.spreadsheet.writing.drop_downs import DropDowns
from bulkobj.spreadsheet.writing.export.sheet_names import SheetNames
from bulkobj.spreadsheet.writing.styles import Style, add_styles, fit_page, look_of

#: The height of a line in points, and the number of lines that are shown of a text at most.
_LINE, _MOST_LINES = 15, 6


class BookWriter:
    """Writes the sheets of an export in the order in which they are given."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self.book = Workbook(write_only=True)
        self.book.properties.creator = "bulkobj"
        add_styles(self.book)
        self._lists = DropDowns(lists)
        self._names = SheetNames()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the sheets of a workbook that is not finished, so that nothing is left open."""
        for sheet in self.book.worksheets:
            if not sheet.closed:
                sheet.close()

    def write(self, name: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a sheet.

        Raises:
            UsageError: for more rows than a sheet has, or for an id that no cell can hold.
        """
        sheet = self.add_sheet(name)
        looks = [look_of(header) for header in headers]
        for index, look in enumerate(looks):
            dimension = sheet.column_dimensions[column_letters(index)]
            dimension.width = look.width
            # Cells below the table have the format too: an id typed there keeps its zeros.
            dimension.number_format = {Style.KEY: "@", Style.ID: "@", Style.DATE: "yyyy-mm-dd"}.get(
                look.style, "General"
            )
        sheet.freeze_panes = "A2"
        fit_page(sheet)
        sheet.print_title_rows = "1:1"
        self._lists.add_to(sheet, headers, MAX_ROWS)
        sheet.row_dimensions[1].height = 24
        cells = [
            exact_cell(sheet, h, Style.KEY_HEADER if look.is_key else Style.HEADER)
            for h, look in zip(headers, looks, strict=True)
        ]
        for cell, look in zip(cells, looks, strict=True):
            if look.note:
                cell.comment = note(look.note)
        sheet.append(cells)
        number = 1
        for number, row in enumerate(rows, 2):
            if number > MAX_ROWS:
                raise UsageError(f"a sheet holds {MAX_ROWS:,} rows at most. Choose fewer accounts, or a .csv file")
            self._write_row(sheet, number, headers, row)
        sheet.auto_filter.ref = f"A1:{column_letters(len(headers) - 1)}{max(number, 2)}"

    def _write_row(self, sheet: Worksheet, number: int, headers: Sequence[str], row: Sequence[Cell]) -> None:
        looks, lines = [look_of(header) for header in headers], 1
        for look, header, value in zip(looks, headers, row, strict=True):
            if look.is_key and isinstance(value, str) and obstacle_of(value):
                raise UsageError(_no_cell(header, number, sheet))
            if look.style is Style.LONG_TEXT:
                lines = max(lines, _line_count(value, look.width))
        if lines > 1:
            sheet.row_dimensions[number].height = lines * _LINE
        sheet.append([exact_cell(sheet, value, look.style) for value, look in zip(row, looks, strict=True)])

    def write_hidden(self, stamp: Iterable[Sequence[Cell]]) -> None:
        """Write the hidden sheets: the names to choose from, and the stamp, of which no text can be left out."""
        self._lists.write(self.book)
        sheet = self.book.create_sheet(STAMP_SHEET)
        sheet.sheet_state = "veryHidden"
        for number, row in enumerate(stamp, 1):
            if any(isinstance(value, str) and obstacle_of(value) for value in row):
                raise UsageError(_no_cell("stamp", number, sheet))
            sheet.append([exact_cell(sheet, value, Style.ID) for value in row])

    def add_sheet(self, name: str) -> Worksheet:
        """Return a new sheet with a name as close to the wanted one as may be."""
        sheet: Worksheet = self.book.create_sheet(self._names.claim(name))
        return sheet

    def content(self) -> bytes:
        """Return the workbook as a file; nothing can be written to it afterwards."""
        # Packed in memory: a zip archive that ends early would write to its file once more when it is let go.
        buffer = io.BytesIO()
        self.book.save(buffer)
        return buffer.getvalue()


def _no_cell(name: str, row: int, sheet: Worksheet) -> str:
    return f"the {name} in row {row} of the sheet {sheet.title} can't stand in a workbook: export to a .json file"


def _line_count(cell: Cell, width: int) -> int:
    """Return the number of lines to show of a text; a spreadsheet program would show a very long text whole."""
    if not isinstance(cell, str) or (len(cell) <= width and "\n" not in cell):
        return 1
    lines = cell[: width * _MOST_LINES].split("\n")
    return min(sum(1 + len(line) // width for line in lines), _MOST_LINES)
