"""Failures files of workbooks: the formats, widths and drop-downs of the input, and nothing but the failed rows."""

from __future__ import annotations

import io
from datetime import date

import xlsxwriter

from bulkobj.spreadsheet.table import shown
from bulkobj.spreadsheet.writing.result_files import failures
from bulkobj.spreadsheet.writing.results import ResultRow
from tests.spreadsheet.annotating.annotating_kit import (
    HEADERS,
    annotated,
    check_sound,
    load,
    parts,
    read,
    rich_workbook,
)


def failed(row: int) -> ResultRow:
    """The result of a row that was refused."""
    return ResultRow("Plan", row, (row, "create", "failed", None, "=odd", 404, 1, None), "bad", reason="failed: =odd")


def failures_of(content: bytes, *rows: int) -> bytes:
    """The failures file of a workbook, checked for soundness."""
    made = failures(read(content), [failed(row) for row in rows], "xlsx", content=content)
    check_sound(made)
    return made


def test_failed_rows_keep_formats_widths_and_drop_downs() -> None:
    """They stand below the header with their values, numbers and messages; formulas are values."""
    made = failures_of(rich_workbook(), 5, 8)
    before, sheet = load(rich_workbook())["Plan"], load(made)["Plan"]
    assert [cell.value for cell in sheet[3]] == [*HEADERS, "_row", "_message"]
    assert [cell.value for cell in sheet[4]][:3] == ["acc-4", "Title <4> & more", "On Trak"]
    assert [(sheet.cell(row, 6).value, sheet.cell(row, 7).value) for row in (4, 5)] == [(5, "=odd"), (8, "=odd")]
    assert sheet.max_row == 5
    assert sheet["D4"].number_format == before["D5"].number_format
    assert sheet["C4"].fill.fgColor.rgb == before["C5"].fill.fgColor.rgb
    assert sheet.column_dimensions["B"].width == before.column_dimensions["B"].width
    assert [str(rule.sqref) for rule in sheet.data_validations.dataValidation] == ["C4:C8"]
    assert sheet["G4"].alignment.wrap_text
    assert load(made)["Figures"].sheet_state == "hidden"
    assert load(made).active.title == "Plan"
    assert "xl/calcChain.xml" not in parts(made)


def test_failed_rows_read_as_in_the_input() -> None:
    """Imported from there, they say the same."""
    found, back = read(rich_workbook()).tables[0], read(failures_of(rich_workbook(), 4, 7)).tables[0]
    wanted = [list(map(shown, record.cells)) for record in found.records if record.number in {4, 7}]
    assert [list(map(shown, record.cells[: len(HEADERS)])) for record in back.records] == wanted


def test_failed_rows_of_a_results_file_are_those_of_the_input() -> None:
    """Result columns and marks of the earlier report go."""
    made = load(failures_of(annotated(rich_workbook(), {}), 5))["Plan"]
    assert [cell.value for cell in made[3]] == [*HEADERS, "_row", "_message"]


def test_merged_value_stands_in_each_failed_row() -> None:
    """The cell above that held it may be gone."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write_row("A1", HEADERS)
        sheet.merge_range("A2:A3", "acc-1")
        sheet.write_row("B2", ["One", "On Track"])
        sheet.write_row("B3", ["Two", "On Track"])
        sheet.write_datetime("D3", date(2027, 1, 2), book.add_format({"num_format": "dd.mm.yyyy"}))
    made = load(failures_of(buffer.getvalue(), 3))["Plan"]
    assert [cell.value for cell in made[2]][:3] == ["acc-1", "Two", "On Track"]
    assert made["D2"].number_format == "dd.mm.yyyy"
    assert not made.merged_cells.ranges


def test_workbook_that_can_not_be_kept_gives_one_of_ours() -> None:
    """The rows count more than their look."""
    file = read(rich_workbook())
    made = load(failures(file, [failed(5)], "xlsx", content=b"garbage"))
    assert made["Plan"]["B2"].value == "Title <4> & more"
