"""An empty import workbook: every column explained, names to choose from a list, nothing that could be sent as it is.

The example is on the sheet "Instructions", written downwards, and not a row of the sheet "Objectives": a workbook that
is imported untouched must not create an objective called "Example". Reading finds headers there and no rows.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bulkobj.core.columns import ACTION as ACTION_COLUMN
from bulkobj.core.columns import CATEGORY, COLUMNS, STATUS, TEMPLATE, Column, Kind, Need
from bulkobj.core.model import Action
from bulkobj.spreadsheet.ooxml.cell_xml import column_letters
from bulkobj.spreadsheet.table import STAMP_SHEET, Cell
from bulkobj.spreadsheet.writing.plain_tables import plain_csv
from bulkobj.spreadsheet.writing.template.cells import fit_page, header_look, put
from bulkobj.spreadsheet.writing.template.column_help import MEANINGS, need_lines
from bulkobj.spreadsheet.writing.template.instructions import write_instructions

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

LISTS_SHEET = f"{STAMP_SHEET}_lists"
#: Rows that the drop-down lists reach down to.
ROWS = 2_000
_LISTS = {"status": STATUS, "category": CATEGORY, "template": TEMPLATE}
_WIDTHS = {Kind.ACTION: 15, Kind.KEY: 24, Kind.TEXT: 36, Kind.PERSON: 26, Kind.NAME: 22, Kind.DATE: 14, Kind.PLAYS: 26}
_FORMATS = {Kind.KEY: "@", Kind.PLAYS: "@", Kind.DATE: "yyyy-mm-dd"}


def blank_csv() -> bytes:
    """The headers alone, as a CSV file."""
    return plain_csv([column.header for column in COLUMNS], [])


def blank_workbook(names: Mapping[str, Sequence[str]], stamp: Sequence[Sequence[Cell]]) -> bytes:
    """The empty workbook.

    ``names`` are the display names to choose from under ``status``, ``category`` and ``template``; a list that is
    missing or empty gives no drop-down. ``stamp`` are the rows of the hidden sheet that marks the workbook.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - only where a template is asked for

    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "bulkobj"
    lists = {_LISTS[key]: list(dict.fromkeys(filter(str.strip, some))) for key, some in names.items() if key in _LISTS}
    lists[ACTION_COLUMN] = [action.value for action in Action]
    _write_objectives(book.create_sheet("Objectives"), lists)
    write_instructions(book.create_sheet("Instructions"))
    _write_lists(book, lists)
    if stamp:
        _write_hidden(book, STAMP_SHEET, stamp)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _write_objectives(sheet: Worksheet, lists: Mapping[Column, Sequence[str]]) -> None:
    from openpyxl.comments import Comment  # noqa: PLC0415 - as above

    for index, column in enumerate(COLUMNS, 1):
        cell = put(sheet, 1, index, column.header)
        header_look(cell, is_required=column.create is Need.REQUIRED)
        text = f"{MEANINGS[column.header]}\n\n{need_lines(column)}"
        cell.comment = Comment(text, "bulkobj", height=40 + 17 * _line_count(text), width=330)
        letters = column_letters(index - 1)
        dimension = sheet.column_dimensions[letters]
        dimension.width = _WIDTHS[column.kind]
        dimension.number_format = _FORMATS.get(column.kind, "General")
        if lists.get(column):
            _add_list(sheet, f"{letters}2:{letters}{ROWS + 1}", column)
    sheet.sheet_view.tabSelected = True
    sheet.row_dimensions[1].height = 24
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{column_letters(len(COLUMNS) - 1)}{ROWS + 1}"
    sheet.print_title_rows = "1:1"
    fit_page(sheet)


def _add_list(sheet: Worksheet, cells: str, column: Column) -> None:
    """A drop-down; what isn't in it can still be entered, since an id is as good as a name."""
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - as above

    only = "one of these words" if column.kind is Kind.ACTION else "a name from the list, or an id"
    choice = DataValidation(
        type="list",
        formula1=_list_name(column),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",
        errorTitle=column.header,
        error=f"This isn't in the list. {column.header} takes {only}.",
    )
    choice.add(cells)
    sheet.add_data_validation(choice)


def _list_name(column: Column) -> str:
    return f"bulkobj_{column.header.lower()}"


def _write_lists(book: Workbook, lists: Mapping[Column, Sequence[str]]) -> None:
    """The lists on a sheet of their own, since a list within a rule ends at 255 characters."""
    from openpyxl.workbook.defined_name import DefinedName  # noqa: PLC0415 - as above

    sheet = book.create_sheet(LISTS_SHEET)
    sheet.sheet_state = "hidden"
    for index, (column, entries) in enumerate(lists.items(), 1):
        letters = column_letters(index - 1)
        for row, entry in enumerate(entries, 1):
            put(sheet, row, index, entry)
        if entries:
            place = f"'{LISTS_SHEET}'!${letters}$1:${letters}${len(entries)}"
            book.defined_names[_list_name(column)] = DefinedName(_list_name(column), attr_text=place)


def _write_hidden(book: Workbook, name: str, rows: Sequence[Sequence[Cell]]) -> None:
    sheet = book.create_sheet(name)
    sheet.sheet_state = "hidden"
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            put(sheet, number, column, cell)


def _line_count(text: str) -> int:
    """How many lines of a note the text takes."""
    return sum(1 + len(line) // 52 for line in text.split("\n"))
