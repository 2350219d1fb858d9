"""The sheet of an empty import workbook that explains the columns and shows an example of two rows, written downwards.

Written as a row, the example would look like a sheet to import.
"""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.core.columns import COLUMNS, Column
from bulkobj.core.model import Action
from bulkobj.spreadsheet.table import column_letters
from bulkobj.spreadsheet.writing.cells import put
from bulkobj.spreadsheet.writing.styles import Style, fit_page
from bulkobj.spreadsheet.writing.template.column_help import EXAMPLES, INTRODUCTION, MEANINGS, needs

_HEADERS = ("Column", "What belongs there", *(action.value for action in Action), "Example 1", "Example 2")
_WIDTHS = (16, 58, *(13 for _ in Action), 30, 22)
_FIRST_EXAMPLE = len(_HEADERS) - len(EXAMPLES)
_PALE, _LINE, _GREY = "F2F5F9", "CBD5E1", "667085"


def write_instructions(sheet: Worksheet) -> None:
    """Fill the sheet in."""
    title = put(sheet, 1, 1, "How to fill in this workbook")
    title.style = Style.TITLE.value
    for row, text in enumerate(INTRODUCTION, 3):
        put(sheet, row, 1, text)
    first = len(INTRODUCTION) + 4
    for column, (header, width) in enumerate(zip(_HEADERS, _WIDTHS, strict=True), 1):
        put(sheet, first, column, header).style = Style.HEADER.value
        sheet.column_dimensions[column_letters(column - 1)].width = width
    sheet.row_dimensions[first].height = 24
    for row, column_meant in enumerate(COLUMNS, first + 1):
        _write_row(sheet, row, column_meant)
    sheet.sheet_view.showGridLines = False
    fit_page(sheet)


def _write_row(sheet: Worksheet, row: int, meant: Column) -> None:
    for column, text in enumerate(_texts(meant), 1):
        cell = put(sheet, row, column, text)
        is_example = column > _FIRST_EXAMPLE
        color = _GREY if is_example or text == "not used" else "000000"
        cell.font = Font(
            name="Calibri", size=11, bold=column == 1 or text == "required", italic=is_example, color=color
        )
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        cell.border = Border(bottom=Side("thin", color=_LINE))
        if is_example:
            cell.fill = PatternFill("solid", fgColor=_PALE)
            cell.number_format = "@"
    sheet.row_dimensions[row].height = 15 * (1 + len(MEANINGS[meant.header]) // 60) + 3


def _texts(column: Column) -> Iterator[str]:
    yield from (column.header, MEANINGS[column.header], *needs(column).values())
    yield from (example.get(column.header, "") for example in EXAMPLES)
