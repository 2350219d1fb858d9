"""An import workbook: every column explained, names to choose from a list; empty, or with the rows of a plan.

The example is on the sheet "Instructions", written downwards, and not a row of the sheet "Objectives": a workbook that
is imported untouched must not create an objective called "Example". Reading finds headers there and no rows.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.core.columns import ACTION as ACTION_COLUMN
from bulkobj.core.columns import CATEGORY, COLUMNS, STATUS, TEMPLATE, Kind, Need
from bulkobj.core.model import Action
from bulkobj.spreadsheet.table import STAMP_SHEET, Cell, column_letters
from bulkobj.spreadsheet.writing.cells import note, put
from bulkobj.spreadsheet.writing.drop_downs import LISTS_SHEET, DropDowns
from bulkobj.spreadsheet.writing.plain_tables import plain_csv
from bulkobj.spreadsheet.writing.styles import Style, add_styles, fit_page
from bulkobj.spreadsheet.writing.template.column_help import MEANINGS, need_lines
from bulkobj.spreadsheet.writing.template.instructions import write_instructions

__all__ = ["HEADERS", "LISTS_SHEET", "blank_csv", "blank_workbook", "plan_csv", "plan_workbook"]

HEADERS = tuple(column.header for column in COLUMNS)
#: Rows that the drop-down lists reach down to, beyond those that are filled in.
ROWS = 2_000
_LISTS = {"status": STATUS, "category": CATEGORY, "template": TEMPLATE}
_WIDTHS = {Kind.ACTION: 15, Kind.KEY: 24, Kind.TEXT: 36, Kind.PERSON: 26, Kind.NAME: 22, Kind.DATE: 14, Kind.PLAYS: 26}
_FORMATS = {Kind.KEY: "@", Kind.PLAYS: "@", Kind.DATE: "yyyy-mm-dd"}


def blank_csv() -> bytes:
    """Return the headers alone, as a CSV file."""
    return plan_csv([])


def plan_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a CSV file of rows under :data:`HEADERS`."""
    return plain_csv(HEADERS, list(rows))


def blank_workbook(names: Mapping[str, Sequence[str]], stamp: Sequence[Sequence[Cell]]) -> bytes:
    """Return the empty workbook; the arguments are those of :func:`plan_workbook`."""
    return plan_workbook(names, stamp, [])


def plan_workbook(
    names: Mapping[str, Sequence[str]], stamp: Sequence[Sequence[Cell]], rows: Sequence[Sequence[Cell]]
) -> bytes:
    """Return a workbook with these rows under :data:`HEADERS`.

    Args:
        names: the display names to choose from under ``status``, ``category`` and ``template``; a list that is
            missing or empty gives no drop-down.
        stamp: the rows of the hidden sheet that marks the workbook.
        rows: the rows of the plan.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "bulkobj"
    add_styles(book)
    lists = DropDowns(
        {_LISTS[key].header: some for key, some in names.items() if key in _LISTS}
        | {ACTION_COLUMN.header: [action.value for action in Action]}
    )
    _write_objectives(book.create_sheet("Objectives"), lists, rows)
    write_instructions(book.create_sheet("Instructions"))
    lists.write(book)
    if stamp:
        _write_hidden(book, STAMP_SHEET, stamp)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _write_objectives(sheet: Worksheet, lists: DropDowns, rows: Sequence[Sequence[Cell]]) -> None:
    last = max(ROWS, len(rows) + ROWS // 4) + 1
    for index, column in enumerate(COLUMNS, 1):
        cell = put(sheet, 1, index, column.header)
        cell.style = (Style.HEADER if column.create is Need.REQUIRED else Style.PALE_HEADER).value
        cell.comment = note(f"{MEANINGS[column.header]}\n\n{need_lines(column)}", width=330)
        dimension = sheet.column_dimensions[column_letters(index - 1)]
        dimension.width = _WIDTHS[column.kind]
        dimension.number_format = _FORMATS.get(column.kind, "General")
    for number, row in enumerate(rows, 2):
        for index, (value, column) in enumerate(zip(row, COLUMNS, strict=True), 1):
            if value is not None:
                put(sheet, number, index, value).number_format = _FORMATS.get(column.kind, "General")
    lists.add_to(sheet, HEADERS, last)
    sheet.sheet_view.tabSelected = True
    sheet.row_dimensions[1].height = 24
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{column_letters(len(COLUMNS) - 1)}{last}"
    sheet.print_title_rows = "1:1"
    fit_page(sheet)


def _write_hidden(book: Workbook, name: str, rows: Sequence[Sequence[Cell]]) -> None:
    sheet = book.create_sheet(name)
    sheet.sheet_state = "hidden"
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            put(sheet, number, column, cell)
