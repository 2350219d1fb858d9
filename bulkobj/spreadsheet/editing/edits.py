"""Cells of a file changed in place: in the file's own format, with its formats and formulas kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.table import Cell, SourceFile, Table, plain, shown

#: A date as a person enters it, and as a date field gives it.
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Edit:
    """The new text of a cell: its sheet (None for CSV), its row number, its column's place, counted from 0."""

    sheet: str | None
    row: int
    column: int
    text: str


class CannotEditError(UsageError):
    """A cell can't be changed without changing others."""


def edited(content: bytes, source: SourceFile, edits: Iterable[Edit]) -> bytes:
    """Return the file with the edits made. Raises CannotEditError, which names the cell and what to do instead.

    ``source`` is what reading ``content`` gave. An empty text makes a cell blank.
    """
    last = {(edit.sheet, edit.row, edit.column): edit for edit in edits}
    wanted = [edit for edit in last.values() if _is_inside(source, edit)]
    if not wanted:
        return content
    match source.format:
        case "csv":
            from bulkobj.spreadsheet.editing.csv_cells import edit_csv  # noqa: PLC0415 - one format is used at a time

            return edit_csv(content, source, wanted)
        case "xlsx" | "xlsm":
            from bulkobj.spreadsheet.editing.workbook_cells import edit_workbook  # noqa: PLC0415 - the same

            return edit_workbook(content, source, wanted)
        case "ods":
            from bulkobj.spreadsheet.editing.ods_cells import edit_ods  # noqa: PLC0415 - the same

            return edit_ods(content, source, wanted)
    raise CannotEditError(
        f"cells of an .{source.format} file can't be changed here. Save it as .xlsx, and choose that file"
    )


def can_edit(source: SourceFile) -> bool:
    """Return True if cells of a file of this format can be changed."""
    return source.format in {"csv", "xlsx", "xlsm", "ods"}


def _day(cell: Cell) -> str | None:
    """Return the day of a date cell as it is entered, whatever its format shows."""
    value = plain(cell)
    return value.isoformat() if type(value) is date else None


def date_model(table: Table, column: int) -> int | None:
    """Return the number of a row whose cell in that column is a date, as a model for new dates; None if none is."""
    dated = (record.number for record in table.records if isinstance(plain(record.cells[column]), date))
    return next(dated, None)


def _is_inside(source: SourceFile, edit: Edit) -> bool:
    return any(table.sheet == edit.sheet and 0 <= edit.column < len(table.headers) for table in source.tables)


def check_edited(before: SourceFile, after: SourceFile, edits: Sequence[Edit]) -> None:
    """Raise CannotEditError unless the edits, and nothing else, changed what is read of a file."""
    texts = {(edit.sheet, edit.row, edit.column): edit.text.strip() for edit in edits}
    rows = {(edit.sheet, edit.row) for edit in edits}
    tables = {table.sheet: table for table in after.tables}
    for table in before.tables:
        other = tables.get(table.sheet)
        found = {record.number: record.cells for record in other.records} if other is not None else {}
        for record in table.records:
            cells = found.get(record.number, () if (table.sheet, record.number) in rows else None)
            for place, cell in enumerate(record.cells):
                now = cells[place] if cells is not None and place < len(cells) else None
                wanted = texts.get((table.sheet, record.number, place), shown(cell))
                if cells is None or wanted.strip() not in {shown(now).strip(), _day(now)}:
                    raise CannotEditError(
                        f"row {record.number} can't be changed here without changing other cells (merged cells, "
                        "perhaps). Change it in your spreadsheet program, and choose the file again"
                    )
