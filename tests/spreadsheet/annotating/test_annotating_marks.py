"""What the report puts in: result columns, colours, notes, a summary; and what it takes away again."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.chart import BarChart

from bulkobj.spreadsheet.annotating.styles import ERROR_COLOUR, WARNING_COLOUR
from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.table import Cell, as_written
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, CellNote, ResultRow, Summary
from bulkobj.spreadsheet.writing.styles import TONES
from tests.spreadsheet.annotating.annotating_kit import (
    ERROR,
    HEADERS,
    SUMMARY,
    WARNING,
    annotated,
    changed,
    check_sound,
    load,
    parts,
    read,
    results_of,
    rich_workbook,
)

FIRST = len(HEADERS) + 1


def book(fill: Callable[[Any, Any], None]) -> bytes:
    """A workbook of one sheet, "Plan"."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        fill(workbook, workbook.add_worksheet("Plan"))
    return buffer.getvalue()


def plain(*rows: tuple[str, ...]) -> bytes:
    """A workbook of a header and some rows."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", HEADERS)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row)

    return book(fill)


def colour(cell: Any) -> str | None:
    """The colour of a cell's solid fill: ``error`` or ``warning`` for one of ours."""
    if cell.fill.fill_type != "solid":
        return None
    rgb = str(cell.fill.fgColor.rgb)
    return "error" if ERROR_COLOUR.fullmatch(rgb) else "warning" if WARNING_COLOUR.fullmatch(rgb) else rgb


def test_bad_cells_are_coloured_and_noted() -> None:
    """Red with a note for an error, yellow for a warning; a blank bad cell too; all others as they were."""
    notes = {4: [ERROR], 5: [WARNING, CellNote("Template", "is missing", is_error=True)]}
    before, sheet = load(rich_workbook())["Plan"], load(annotated(rich_workbook(), notes))["Plan"]
    assert colour(sheet["C4"]) == "error"
    assert colour(sheet["D5"]) == "warning"
    assert colour(sheet["E5"]) == "error"
    assert sheet["D5"].number_format == "yyyy-mm-dd"
    assert sheet["E5"].comment.text == "bulkobj: is missing"
    assert sheet["E5"].comment.author == "bulkobj"
    assert sheet["C4"].comment.text == f"Ann: is that so?\n\nbulkobj: {ERROR.message}"
    assert sheet["A5"].comment.text == "keep me"
    for place in ("A4", "B4", "C5", "B5", "A3"):
        assert (colour(sheet[place]), sheet[place].number_format) == (
            colour(before[place]),
            before[place].number_format,
        )


def test_error_and_warning_on_one_cell() -> None:
    """The cell is red, and its note has both messages, each once."""
    both = [CellNote("Status", "odd", is_error=False), ERROR, ERROR]
    sheet = load(annotated(rich_workbook(), {5: both}))["Plan"]
    assert colour(sheet["C5"]) == "error"
    assert sheet["C5"].comment.text == f"bulkobj: odd\nbulkobj: {ERROR.message}"


def test_result_columns_stand_right_of_the_table_in_its_look() -> None:
    """The headers look like those beside them, the result has a colour, dates are dates."""
    content = rich_workbook()
    file = read(content)
    moment = datetime.fromisoformat("2024-02-08 20:10:00")
    cells: tuple[Cell, ...] = (4, "create", "created", "id-1", "=evil", 201, 1, moment)
    sheet = load(annotate(content, file, [ResultRow("Plan", 4, cells, "good")], SUMMARY))["Plan"]
    row = [sheet.cell(4, column) for column in range(FIRST, FIRST + 8)]
    assert [cell.value for cell in row] == list(cells)
    assert row[4].data_type == "s"
    assert row[7].number_format.replace("\\", "") == 'yyyy-mm-dd hh:mm:ss "UTC"'
    assert colour(row[2]) not in (None, "error", "warning")
    header = sheet.cell(3, FIRST)
    assert (header.value, header.font.b, colour(header)) == ("_row", True, "FF1F3864")
    assert [sheet.cell(3, column).value for column in range(FIRST, FIRST + 8)] == list(RESULT_HEADERS)
    assert sheet.column_dimensions["J"].width == 60
    assert [sheet.cell(5, column).value for column in range(FIRST, FIRST + 8)] == [None] * 8


def test_texts_come_through_to_the_letter() -> None:
    """Markup, control characters, escapes and formulas in messages are text."""
    text = "<b>&\"'</b>\x01_x0041_\r\n=1+1\ud800"
    content = plain(("a", "b"))
    row = ResultRow(
        "Plan", 2, (2, "create", "failed", None, text, None, 1, None), "bad", (CellNote("Title", text, is_error=True),)
    )
    report = annotate(content, read(content), [row], Summary(((text, text),), (text,)))
    check_sound(report)
    assert read(report).tables[0].records[0].cells[len(HEADERS) + 4] == text.replace("\ud800", "\ufffd")
    assert "=1+1" in load(report)["Plan"]["B2"].comment.text


def test_annotating_again_changes_nothing() -> None:
    """A rerun doesn't pile up colours, notes, columns, styles or sheets: the bytes are the same."""
    notes = {4: [ERROR], 5: [WARNING], 6: [CellNote("Template", "is missing", is_error=True)]}
    once = annotated(rich_workbook(), notes)
    assert annotated(once, notes) == once


def test_mended_cells_look_as_before() -> None:
    """What an earlier report marked is unmarked: fills restored, notes gone, the notes of people kept."""
    clean = annotated(rich_workbook(), {})
    marked = annotated(clean, {4: [ERROR], 5: [ERROR, WARNING], 6: [CellNote("Template", "is missing", is_error=True)]})
    assert marked != clean
    before, sheet = load(rich_workbook())["Plan"], load(annotated(marked, {}))["Plan"]
    for row in range(4, 9):
        for column in range(1, len(HEADERS) + 1):
            assert colour(sheet.cell(row, column)) == colour(before.cell(row, column))
    notes = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert notes == {"C4": "Ann: is that so?", "A5": "keep me"}


def test_what_a_person_adds_to_our_note_stays() -> None:
    """A note of ours that somebody has written on keeps their words when the cell is mended."""
    report = load(annotated(plain(("a", "b")), {2: [ERROR]}))
    report["Plan"]["C2"].comment.text += "\nI asked Ann about it."
    buffer = io.BytesIO()
    report.save(buffer)
    sheet = load(annotated(buffer.getvalue(), {}))["Plan"]
    assert sheet["C2"].comment.text.strip() == "I asked Ann about it."


def test_words_beside_ours_in_one_run_stay() -> None:
    """The same where the program has put their words and ours into one piece of text."""
    ours = f"bulkobj: {ERROR.message}".encode()

    def edit(name: str, data: bytes) -> bytes:
        assert "comments" not in name or ours in data
        return data.replace(ours, ours + b"\nI asked Ann &amp; Bob.") if "comments" in name else data

    report = changed(annotated(plain(("a", "b")), {2: [ERROR]}), edit)
    assert load(annotated(report, {}))["Plan"]["C2"].comment.text.strip() == "I asked Ann & Bob."


def test_earlier_columns_are_overwritten_in_place() -> None:
    """Where somebody has put columns beside the results, the results stay where they are."""
    report = load(annotated(plain(("a", "b"), ("c", "d")), {}))
    report["Plan"]["N1"], report["Plan"]["N2"] = "_mine", "beside"
    report["Plan"].column_dimensions["J"].width = 12
    buffer = io.BytesIO()
    report.save(buffer)
    sheet = load(annotated(buffer.getvalue(), {2: [ERROR]}))["Plan"]
    assert [cell.value for cell in sheet[1]] == [*HEADERS, *RESULT_HEADERS, "_mine"]
    assert [cell.value for cell in sheet[2]][FIRST - 1 :] == [
        2,
        "create",
        "invalid",
        None,
        ERROR.message,
        None,
        1,
        None,
        "beside",
    ]
    assert sheet.column_dimensions["J"].width == 12


def test_columns_stand_right_of_whatever_is_beside_the_table() -> None:
    """Stray cells, merged cells and charts beside the rows are not covered; those above the header don't count."""

    def fill(workbook: Any, sheet: Any) -> None:
        sheet.merge_range("A1:Z1", "A title as wide as a screen")
        sheet.write_row("A3", HEADERS)
        sheet.write_row("A4", ["a", "b"])
        sheet.write("H4", None, workbook.add_format({"bg_color": "red"}))
        kind(workbook, sheet)

    def stray(_: Any, sheet: Any) -> None:
        sheet.write("K4", "a stray remark")

    def merged(_: Any, sheet: Any) -> None:
        sheet.merge_range("E4:M4", "")

    def chart(workbook: Any, sheet: Any) -> None:
        figure = workbook.add_chart({"type": "column"})
        figure.add_series({"values": "=Plan!$A$4:$A$5"})
        sheet.insert_chart("G4", figure)

    first = {}
    for kind in (lambda *_: None, stray, merged, chart):
        sheet = load(annotated(book(fill), {4: [ERROR]}))["Plan"]
        first[kind.__name__] = next(cell.column_letter for cell in sheet[3] if cell.value == "_row")
    assert first == {"<lambda>": "F", "stray": "L", "merged": "N", "chart": "O"}


def test_chart_that_says_its_size_alone_is_not_covered() -> None:
    """openpyxl writes where a chart begins and how large it is, not where it ends."""
    workbook = load(plain(("a", "b")))
    chart = BarChart()
    chart.width, chart.height = 7, 5  # centimetres: a bit more than four columns
    workbook["Plan"].add_chart(chart, "G1")
    buffer = io.BytesIO()
    workbook.save(buffer)
    sheet = load(annotated(buffer.getvalue(), {2: [ERROR]}))["Plan"]
    assert next(cell.column_letter for cell in sheet[1] if cell.value == "_row") == "L"


def test_hidden_columns_do_not_hide_the_results() -> None:
    """Admins hide all columns to the right; ours must be seen, and the others stay hidden."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", HEADERS)
        sheet.write_row("A2", ["a", "b"])
        sheet.set_column(len(HEADERS), 16_383, None, None, {"hidden": True})

    xml = parts(annotated(book(fill), {2: [ERROR]}))["xl/worksheets/sheet1.xml"].decode()
    cols = xml[xml.index("<cols>") : xml.index("</cols>")]
    assert cols.count('hidden="1"') == 1
    assert '<col min="14" max="16384"' in cols
    assert '<col min="6" max="6" width="7" customWidth="1"/>' in cols


def test_blank_bad_cell_takes_the_look_of_its_column() -> None:
    """A cell that isn't in the file yet keeps the number format that its column would have given it."""

    def fill(workbook: Any, sheet: Any) -> None:
        sheet.set_column("D:D", 12, workbook.add_format({"num_format": "dd.mm.yyyy"}))
        sheet.write_row("A1", HEADERS)
        sheet.write_row("A2", ["a", "b"])

    cell = load(annotated(book(fill), {2: [WARNING]}))["Plan"]["D2"]
    assert (cell.number_format, colour(cell)) == ("dd.mm.yyyy", "warning")


def test_dates_of_the_1904_calendar() -> None:
    """Workbooks that began on a Mac count days from 1904; ours must count so too."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": True}) as workbook:
        sheet = workbook.add_worksheet("Plan")
        sheet.write_row("A1", HEADERS)
        sheet.write_row("A2", ["a", "b"])
    content, moment = buffer.getvalue(), datetime.fromisoformat("2024-02-08 20:10:00")
    row = ResultRow("Plan", 2, (2, date(2024, 2, 8), None, None, None, None, None, moment), "neutral")
    back = read(annotate(content, read(content), [row], SUMMARY)).tables[0].records[0].cells
    assert (as_written(back[len(HEADERS) + 1]), as_written(back[-1])) == (date(2024, 2, 8), moment)


def test_summary_is_the_last_sheet_and_never_data() -> None:
    """A report that is imported again doesn't read it, and a new report replaces it."""
    report = annotated(annotated(rich_workbook(), {}), {})
    assert load(report).sheetnames == ["Plan", "Figures", "bulkobj results", "_bulkobj"]
    values = [
        cell.value for row in load(report)["bulkobj results"].iter_rows() for cell in row if cell.value is not None
    ]
    assert values == [
        "bulkobj results",
        "created",
        1,
        "file",
        "=plan.xlsx",
        "Problems of the file as a whole",
        "a problem <b>",
    ]
    assert [table.sheet for table in read(report).tables] == ["Plan"]


def test_all_tables_are_annotated() -> None:
    """Each sheet has its own results, notes and comments part."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        for name in ("North & South", "'West'"):
            sheet = workbook.add_worksheet(name.strip("'"))
            sheet.write_row("A1", HEADERS)
            sheet.write_row("A2", ["a", "b"])
    report = load(annotated(buffer.getvalue(), {2: [ERROR]}, "*"))
    for name in ("North & South", "West"):
        assert report[name]["F2"].value == 2
        assert report[name]["C2"].comment.text == f"bulkobj: {ERROR.message}"


def test_sheet_without_results_is_left_alone() -> None:
    """A report on some of the sheets doesn't touch the others."""
    content = rich_workbook()
    report = annotate(content, read(content), [], SUMMARY)
    assert parts(report)["xl/worksheets/sheet1.xml"] == parts(content)["xl/worksheets/sheet1.xml"]


def test_threaded_comment_is_not_touched() -> None:
    """Its note is a placeholder that the program makes anew; the cell is coloured all the same."""

    def edit(name: str, data: bytes) -> bytes:
        return data.replace(b"<author>Ann</author>", b"<author>tc={0}</author>") if "comments" in name else data

    content = changed(rich_workbook(), edit)
    report = annotated(content, {4: [ERROR]})
    assert parts(report)["xl/comments1.xml"] == parts(content)["xl/comments1.xml"]
    assert colour(load(report)["Plan"]["C4"]) == "error"


def test_many_notes_have_a_box_each() -> None:
    """More notes than one block of shape numbers holds."""
    content = plain(*[("a", "b")] * 1500)
    report = load(annotated(content, {row: [ERROR] for row in range(2, 1502)}))["Plan"]
    assert report["C1501"].comment.text == f"bulkobj: {ERROR.message}"


@pytest.mark.parametrize("tone", ["good", "unchanged", "bad", "neutral"])
def test_results_are_coloured_by_tone(tone: str) -> None:
    """Each tone has a colour of its own, none of them that of a marked cell."""
    content = plain(("a", "b"))
    row = ResultRow("Plan", 2, (2, None, "x", None, None, None, None, None), tone)
    sheet = load(annotate(content, read(content), [row], SUMMARY))["Plan"]
    assert colour(sheet["H2"]) == TONES[tone]
    assert len(set(TONES.values())) == len(TONES)


def test_report_after_a_spreadsheet_program_saved_it() -> None:
    """openpyxl stands for a program that numbers all styles anew: marks are still known and taken off."""
    buffer = io.BytesIO()
    load(annotated(rich_workbook(), {4: [ERROR], 5: [WARNING]})).save(buffer)
    file = read_after_calculation(buffer.getvalue())
    sheet = load(annotate(buffer.getvalue(), file, results_of(file, {}), SUMMARY))["Plan"]
    assert colour(sheet["C4"]) == "FFDDEBF7"
    assert colour(sheet["D5"]) is None
    assert sheet["C4"].comment.text.strip() == "Ann: is that so?"


def read_after_calculation(content: bytes) -> Any:
    """openpyxl drops the values of formulas, which is no concern of the test."""
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    assert workbook["Plan"]["A4"].value == '="acc-"&3'
    return read(content)
