"""What an admin sees when the report is opened: where it opens, what is marked, what is listed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import xlsxwriter

from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.stamp import read_stamp
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, ResultRow, Summary
from bulkobj.spreadsheet.writing.styles import RESULT_WIDTHS
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
from tests.spreadsheet.annotating.test_annotating_marks import FIRST, book, colour, plain

LONG = "the service answered 422: the status is closed. " * 5


def failed(row: int, message: str = "404 Account not found", sheet: str = "Plan") -> ResultRow:
    """The result of a row that the service refused."""
    cells = (row, "create", "failed", None, message, 404, 1, None)
    return ResultRow(
        *(sheet, row, cells, "bad", ()),
        reason=f"failed: {message}",
        needs_attention=True,
        account_id=f"acc-{row}",
        account_name="Acme, Inc.",
        title=f"Title {row}",
    )


def report_of(content: bytes, results: list[ResultRow], *sheets: str) -> bytes:
    """The workbook with these results, checked for soundness."""
    report = annotate(content, read(content, *sheets), results, SUMMARY)
    check_sound(report)
    return report


def rows(count: int) -> bytes:
    """A plan of that many rows."""
    return plain(*[(f"acc-{row}", f"Title {row}") for row in range(2, count + 2)])


def test_row_that_the_service_refused_is_marked_in_its_first_cell() -> None:
    """Red, with the reason as a note; other rows are not marked."""
    sheet = load(report_of(rows(3), [failed(3)]))["Plan"]
    assert colour(sheet["A3"]) == "error"
    assert sheet["A3"].comment.text == "bulkobj: failed: 404 Account not found"
    assert [colour(sheet[place]) for place in ("A2", "A4", "B3")] == [None] * 3


def test_row_that_was_not_attempted_is_marked_as_a_warning() -> None:
    """It is no fault of the row."""
    row = replace(failed(3), tone="neutral", reason="not-attempted")
    sheet = load(report_of(rows(3), [row]))["Plan"]
    assert colour(sheet["A3"]) == "warning"
    assert sheet["A3"].comment.text == "bulkobj: not-attempted"


def test_table_that_starts_further_right_is_marked_in_its_own_first_cell() -> None:
    """The first cell is that of the first header."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row("C4", HEADERS)
        sheet.write_row("C5", ["a", "b"])

    report = load(report_of(book(fill), [failed(5)]))
    assert colour(report["Plan"]["C5"]) == "error"
    assert report["Plan"]["A5"].value is None


def test_merged_cells_are_marked_where_they_are_seen() -> None:
    """The first cell of a row below is covered: the next one that is seen is marked."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", HEADERS)
        sheet.merge_range("A2:A3", "a")
        sheet.write("B2", "b")
        sheet.write("B3", "c")
        sheet.merge_range("C2:C3", "On Trak")

    noted = replace(failed(3), notes=(ERROR,))
    sheet = load(report_of(book(fill), [noted]))["Plan"]
    assert colour(sheet["B3"]) == "error"
    assert sheet["B3"].comment.text == "bulkobj: failed: 404 Account not found"
    assert colour(sheet["C2"]) == "error"
    assert sheet["C2"].comment.text == f"bulkobj: {ERROR.message}"


def test_mark_of_a_row_that_was_done_since_is_taken_off() -> None:
    """The report on a retry shows what is still wrong."""
    report = report_of(rows(3), [failed(2), failed(3)])
    again = load(annotate(report, read(report), [failed(3)], SUMMARY))["Plan"]
    assert (colour(again["A2"]), again["A2"].comment) == (None, None)
    assert colour(again["A3"]) == "error"


def test_list_sheet_has_counts_and_a_line_for_each_row_in_need() -> None:
    """Errors before warnings; each line leads to the row's first cell at fault."""
    only_warned = replace(failed(2), tone="good", reason="", notes=(WARNING,))
    wrong_cell = replace(failed(4), notes=(WARNING, ERROR))
    done = ResultRow("Plan", 5, (5, "create", "created", "x", None, 201, 1, None), "good")
    sheet = load(report_of(rows(5), [only_warned, failed(3), wrong_cell, done]))["bulkobj results"]
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = table.index(["Cell", "Row", "Result", "Account ID", "Account name", "Title", "Message"])
    assert table[header - 1][:2] == ["Rows that need attention: 3", None]
    assert [row[:6] for row in table[header + 1 :]] == [
        ["A3", 3, "failed", "acc-3", "Acme, Inc.", "Title 3"],
        ["C4", 4, "failed", "acc-4", "Acme, Inc.", "Title 4"],
        ["D2", 2, "failed", "acc-2", "Acme, Inc.", "Title 2"],
    ]
    assert [row[6] for row in table[header + 1 :]] == ["404 Account not found"] * 3
    assert table[1][:2] == ["created", 1]
    links = [sheet.cell(header + 2 + index, 1).hyperlink.location for index in range(3)]
    assert links == ["'Plan'!A3", "'Plan'!C4", "'Plan'!D2"]


def test_list_sheet_of_several_sheets_names_them() -> None:
    """A name with an apostrophe is written as links want it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        for name in ("North", "Ann's"):
            sheet = workbook.add_worksheet(name)
            sheet.write_row("A1", HEADERS)
            sheet.write_row("A2", ["a", "b"])
    report = load(report_of(buffer.getvalue(), [failed(2, sheet="North"), failed(2, sheet="Ann's")], "*"))
    cells = [row[0] for row in report["bulkobj results"].iter_rows() if row[0].hyperlink]
    assert [cell.value for cell in cells] == ["North!A2", "Ann's!A2"]
    assert [cell.hyperlink.location for cell in cells] == ["'North'!A2", "'Ann''s'!A2"]


def test_list_sheet_of_an_earlier_version_is_replaced() -> None:
    """There is one such sheet, under its new name."""
    report = changed(
        annotated(rich_workbook(), {}),
        lambda name, data: (
            data.replace(b'"bulkobj results"', b'"_bulkobj results"') if name == "xl/workbook.xml" else data
        ),
    )
    assert load(annotated(report, {4: [ERROR]})).sheetnames == ["Plan", "Figures", "bulkobj results", "_bulkobj"]


def test_list_sheet_is_never_data() -> None:
    """It has an Account ID and a Title, and is no plan all the same."""
    report = report_of(rows(3), [failed(2), failed(3), failed(4)])
    assert [table.sheet for table in read(report).tables] == ["Plan"]
    assert [table.sheet for table in read(report, "*").tables] == ["Plan"]


@pytest.mark.parametrize("is_frozen", [True, False])
def test_workbook_opens_on_the_plan_at_the_first_row_in_need(*, is_frozen: bool) -> None:
    """Wherever the admin last was; frozen rows stay, and no two sheets are selected."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        workbook.add_worksheet("Lists").write_row("A1", ["On Track", "Off Track"])
        sheet = workbook.add_worksheet("Plan")
        sheet.write_row("A1", HEADERS)
        for row in range(1, 100):
            sheet.write_row(row, 0, ["a", "b"])
        if is_frozen:
            sheet.freeze_panes(1, 1)
        workbook.worksheets()[0].activate()
    report = load(report_of(buffer.getvalue(), [failed(90), failed(60)]))
    assert report.active.title == "Plan"
    assert not report["Lists"].sheet_view.tabSelected
    view = report["Plan"].sheet_view
    assert view.tabSelected
    top = view.pane.topLeftCell if is_frozen else view.topLeftCell
    assert top == ("B57" if is_frozen else "A57")
    active = [one for one in view.selection if one.pane == ("bottomRight" if is_frozen else None)]
    assert [one.activeCell for one in active] == ["A60"]


def test_workbook_without_a_row_in_need_opens_on_the_plan() -> None:
    """Where the admin left it."""
    report = annotated(rich_workbook(), {})
    assert load(report).active.title == "Plan"
    assert load(report)["Plan"].sheet_view.pane.topLeftCell == "B4"


def test_hidden_plan_stays_hidden() -> None:
    """A workbook can't open on a sheet that can't be seen."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        workbook.add_worksheet("Seen").write("A1", "x")
        sheet = workbook.add_worksheet("Plan")
        sheet.write_row("A1", HEADERS)
        sheet.write_row("A2", ["a", "b"])
        sheet.hide()
    report = load(report_of(buffer.getvalue(), [failed(2)], "Plan"))
    assert report.active.title == "Seen"
    assert report["Plan"].sheet_state == "hidden"


def test_message_wraps_and_its_row_grows() -> None:
    """A height that a program calculated is replaced, one that a person chose stays."""

    def edit(name: str, data: bytes) -> bytes:
        data = data.replace(b'<row r="2"', b'<row r="2" ht="15"')
        return data.replace(b'<row r="3"', b'<row r="3" ht="40" customHeight="1"') if "sheet1" in name else data

    content = changed(rows(2), edit)
    sheet = load(report_of(content, [failed(2, LONG), failed(3, LONG)]))["Plan"]
    message = sheet.cell(2, FIRST + RESULT_HEADERS.index("_message"))
    assert message.alignment.wrap_text
    assert sheet.row_dimensions[2].height == 75
    assert sheet.row_dimensions[3].height == 40


def test_results_file_is_stamped() -> None:
    """By its run, once; a later run's results say so."""
    content = rows(2)
    first = annotate(content, read(content), results_of(read(content), {}), Summary((), (), "run-1"))
    found = read_stamp(read(first).stamp)
    assert found is not None
    assert (found.kind, found.tenant, found.results) == ("results", "", "run-1")
    assert annotate(first, read(first), results_of(read(first), {}), Summary((), (), "run-1")) == first
    later = annotate(first, read(first), results_of(read(first), {}), Summary((), (), ""))
    assert getattr(read_stamp(read(later).stamp), "results", None) == ""
    assert load(later)["_bulkobj"].sheet_state == "hidden"


def above(workbook: Any, sheet: Any) -> None:
    _insert_chart(workbook, sheet, "G1", 40)


def below(workbook: Any, sheet: Any) -> None:
    _insert_chart(workbook, sheet, "G9", 200)
    sheet.write("H12", "Total")


def beside(workbook: Any, sheet: Any) -> None:
    _insert_chart(workbook, sheet, "K4", 200)


def note(_: Any, sheet: Any) -> None:
    sheet.write("I6", "Ann: ask Bob")


def in_the_header(_: Any, sheet: Any) -> None:
    sheet.write("M4", "Legend")
    sheet.write("N4", 1)


def sparkline(_: Any, sheet: Any) -> None:
    sheet.add_sparkline("H5", {"range": "Plan!A5:E5"})


def button(_: Any, sheet: Any) -> None:
    sheet.insert_button("H5", {"caption": "Send", "width": 100})


def text_box(_: Any, sheet: Any) -> None:
    sheet.insert_textbox("L7", "Legend", {"width": 100, "height": 30})


def picture_far_off(workbook: Any, sheet: Any) -> None:
    sheet.write("H5", "beside")
    _insert_chart(workbook, sheet, "L9", 200)


def _insert_chart(workbook: Any, sheet: Any, place: str, height: int) -> None:
    chart = workbook.add_chart({"type": "column"})
    chart.add_series({"values": "=Plan!$A$5:$A$6"})
    chart.set_size({"width": 300, "height": height})
    sheet.insert_chart(place, chart)


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (above, "F"),
        (below, "F"),
        (beside, "P"),
        (note, "J"),
        (in_the_header, "O"),
        (sparkline, "I"),
        (button, "J"),
        (text_box, "N"),
        (picture_far_off, "Q"),
    ],
)
def test_results_stand_beside_the_table_where_eight_columns_are_free(
    kind: Callable[[Any, Any], None], first: str
) -> None:
    """What stands above or below the table is not in the way; else they stand right of everything."""

    def fill(workbook: Any, sheet: Any) -> None:
        sheet.write_row("A4", HEADERS)
        for row in range(4, 7):
            sheet.write_row(row, 0, ["a", "b"])
        kind(workbook, sheet)

    header = load(report_of(book(fill), [failed(5)]))["Plan"][4]
    assert next(cell.column_letter for cell in header if cell.value == "_row") == first


def test_chart_above_the_results_keeps_its_width() -> None:
    """Our wide columns would stretch it."""

    def fill(workbook: Any, sheet: Any) -> None:
        sheet.write_row("A20", HEADERS)
        sheet.write_row("A21", ["a", "b"])
        _insert_chart(workbook, sheet, "H1", 200)

    content = book(fill)
    before = load(content)["Plan"]._charts[0].anchor
    report = report_of(content, [failed(21)])
    after = load(report)["Plan"]._charts[0].anchor
    assert (before._from.col, before._from.colOff) == (after._from.col, after._from.colOff)
    widths = dict(enumerate(RESULT_WIDTHS.values(), FIRST - 1))
    columns = range(after._from.col, after.to.col)
    pixels = sum(int(widths[column] * 7 + 5) for column in columns) + after.to.colOff // 9525
    assert abs(pixels - 300) <= 1
    assert parts(report)["xl/charts/chart1.xml"] == parts(content)["xl/charts/chart1.xml"]
