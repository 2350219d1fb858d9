"""Plain workbooks: reports where the admin's own can't be had, failures files, exports."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.core.columns import TITLE
from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.reading.values import visible
from bulkobj.spreadsheet.table import BadCell, Cell, Record, SourceFile, Table, plain
from bulkobj.spreadsheet.writing.plain_tables import sheet_names
from bulkobj.spreadsheet.writing.result_files import Sheet, TextTooLongError, failures, plain_xlsx, results_xlsx
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, CellNote, ResultRow, Summary
from bulkobj.spreadsheet.writing.styles import ERROR, TONES, WARNING
from tests.spreadsheet.writing.writing_kit import HEADERS, TEXTS, read, result, source, table

SUMMARY = Summary((("created", 1), ("file", "=plan.xlsx")), ("the file is odd",))
#: Cells as reading gives them: these must come back with their types.
CELLS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 4)).filter(lambda number: number % 1 != 0),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
    st.datetimes(datetime.fromisoformat("1900-03-01"), datetime.fromisoformat("9999-12-30")).map(
        lambda moment: moment.replace(microsecond=0, second=1)
    ),
    st.sampled_from((BadCell("bad-cell", "#N/A"), BadCell("bad-cell", "#REF!"), BadCell("bad-cell", "#DIV/0!"))),
)


def expected(cell: Cell) -> Cell:
    """What reading must give for a cell: itself, where the format can hold it and it can be seen."""
    if isinstance(cell, str):
        text = re.sub("[\ud800-\udfff\ufffe\uffff]", "\ufffd", cell)
        return text if visible(text) else None
    return cell


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
@settings(deadline=None)
def test_any_cell_is_read_back_the_same(rows: list[tuple[Cell, Cell]]) -> None:
    """Texts stay texts to the letter, dates dates, numbers numbers, errors errors."""
    whole = [("a-1", *row) for row in rows]
    records = read(plain_xlsx([Sheet("Plan", ("Account ID", "Title", "Notes"), whole)]), "back.xlsx").tables[0].records
    assert [tuple(map(plain, record.cells)) for record in records] == [tuple(map(expected, row)) for row in whole]


def test_no_text_is_a_formula_or_a_link() -> None:
    """A text that looks like a formula, an address or an array formula is a plain string cell, without apostrophe."""
    texts = ("=1+1", "{=1+1}", "http://example.com", "mailto:a@example.com", "@x", "+1", "#N/A", "007")
    sheet = openpyxl.load_workbook(io.BytesIO(plain_xlsx([Sheet("Plan", ("Title",), [(text,) for text in texts])])))[
        "Plan"
    ]
    cells = [sheet.cell(row, 1) for row in range(2, len(texts) + 2)]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells] == [(text, "s", None) for text in texts]


def test_markup_of_the_library_itself_is_text() -> None:
    """XlsxWriter's own rich-text markup in a cell doesn't get into the file's XML."""
    content = plain_xlsx([Sheet("Plan", ("Title",), [("<r><t>a</t></r>",), ("<r>&</r>",)])])
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Plan"]
    assert [sheet["A2"].value, sheet["A3"].value] == ["<r><t>a</t></r>", "<r>&</r>"]


def test_report_has_the_tables_and_a_summary_that_is_not_data() -> None:
    """A sheet for each table with its results, and a summary that a later import does not read."""
    file = source(
        table([("a-1", "One", date(2024, 2, 8))], sheet="North"),
        table([("a-2", "=x", None)], sheet="South"),
        kind="xlsx",
    )
    content = results_xlsx(file, [result(2, "North"), result(2, "South", message="=evil")], SUMMARY)
    north, south = read(content, "back.xlsx", "*").tables
    assert (north.sheet, north.headers) == ("North", (*HEADERS, *RESULT_HEADERS))
    assert north.records[0].cells[2] == date(2024, 2, 8)
    assert south.records[0].cells[:3] == ("a-2", "=x", None)
    assert south.records[0].cells[7] == "=evil"
    summary = openpyxl.load_workbook(io.BytesIO(content))["bulkobj results"]
    assert [cell.value for row in summary.iter_rows() for cell in row if cell.value is not None] == [
        *("bulkobj results", "created", 1, "file", "=plan.xlsx", "Problems of the file as a whole", "the file is odd")
    ]
    assert summary["B3"].data_type == "s"


def test_workbook_of_ours_has_the_marks_the_notes_and_the_list() -> None:
    """Rows of a CSV or .xls file stand elsewhere in it: links and marks follow them."""
    records = (Record(5, ("a-1", "One", None)), Record(9, ("a-2", "Two", "x")))
    file = SourceFile("plan.xls", "xls", (Table("Plan", 3, HEADERS, records),))
    failed = ResultRow(
        *("Plan", 9, (9, "create", "failed", None, "404 Account not found", 404, 1, None), "bad"),
        notes=(CellNote("Title", "is odd", is_error=False),),
        reason="failed: 404 Account not found",
        needs_attention=True,
        account_id="a-2",
    )
    moment = datetime.fromisoformat("2024-02-08 20:10:00")
    done = ResultRow("Plan", 5, (5, "update", "unchanged", "id", None, None, 0, moment), "unchanged")
    book = openpyxl.load_workbook(io.BytesIO(results_xlsx(file, [done, failed], SUMMARY)))
    sheet, listed = book["Plan"], book["bulkobj results"]
    assert (sheet["A3"].fill.fgColor.rgb, sheet["A3"].comment.text) == (ERROR, "failed: 404 Account not found")
    assert (sheet["B3"].fill.fgColor.rgb, sheet["B3"].comment.text) == (WARNING, "is odd")
    assert sheet["A2"].fill.fill_type is None
    assert [sheet[place].fill.fgColor.rgb for place in ("F2", "F3")] == [TONES["unchanged"], TONES["bad"]]
    assert sheet["H3"].alignment.wrap_text
    assert sheet["K2"].number_format == 'yyyy-mm-dd hh:mm:ss "UTC"'
    links = {cell.value: cell.hyperlink.location for row in listed.iter_rows() for cell in row if cell.hyperlink}
    assert links == {"B3": "'Plan'!B3"}
    assert book["_bulkobj"].sheet_state == "hidden"
    assert sheet.sheet_view.selection[0].activeCell == "A3"


def test_failures_read_back_as_the_same_cells() -> None:
    """The wanted rows of all sheets, with dates and errors as they were, and the stamp of our own workbook."""
    stamp = (("tenant", "host"), ("base", 1.5))
    rows: list[tuple[Cell, ...]] = [
        ("1", "One", None),
        ("2", "Two", time(10, 30)),
        ("3", BadCell("bad-cell", "#N/A"), 4),
    ]
    file = source(table(rows, sheet="Plan"), table([("x", "y", "z")], sheet="Done"), kind="xlsx", stamp=stamp)
    content = failures(file, [result(3, "Plan"), result(4, "Plan")], "xlsx")
    back = read(content, "back.xlsx")
    assert [one.sheet for one in back.tables] == ["Plan"]
    assert [record.cells[:3] for record in back.tables[0].records] == rows[1:]
    assert [record.cells[3] for record in back.tables[0].records] == [3, 4]
    assert back.stamp == stamp
    assert openpyxl.load_workbook(io.BytesIO(content))["_bulkobj"].sheet_state == "hidden"


def test_failures_without_any_row_are_a_valid_workbook() -> None:
    """Nothing failed: the file has the headers and is empty."""
    file = source(table([("1", "One", None)], sheet="Plan"), kind="xlsx", stamp=(("tenant", "host"),))
    found = read_file("back.xlsx", failures(file, [], "xlsx"), ReadOptions(), lambda _: TITLE)
    assert [problem.code for problem in found.problems] == ["empty-file"]


def test_formula_without_a_value_is_an_error_with_a_note() -> None:
    """Its text must not be imported by accident, and the admin must see what it was."""
    content = plain_xlsx([Sheet("Plan", ("Title",), [(BadCell("uncalculated-formula", "=A1*2"),)])])
    cell = openpyxl.load_workbook(io.BytesIO(content), data_only=True)["Plan"]["A2"]
    assert cell.value == "#N/A"
    assert cell.comment is not None
    assert "=A1*2" in cell.comment.text


def test_text_too_long_for_a_cell_is_refused() -> None:
    """32,767 UTF-16 units fit; one more raises an error that says where, and what to do."""
    assert read(plain_xlsx([Sheet("Plan", ("Title", "a"), [("x" * MAX_TEXT, "a")])]), "a.xlsx")
    for text in ("x" * (MAX_TEXT + 1), "😀" * (MAX_TEXT // 2 + 1)):
        with pytest.raises(TextTooLongError, match=r"row 2, column 1 of the sheet Plan.*write a \.csv"):
            plain_xlsx([Sheet("Plan", ("Title",), [(text,)])])
    assert issubclass(TextTooLongError, UsageError)


@pytest.mark.parametrize("letter", ["x", "😀"])
def test_report_cuts_a_text_too_long_and_says_so(letter: str) -> None:
    """A report is still made, and the cell itself says that something is missing."""
    content = results_xlsx(source(table([("a", letter * 40_000, None)])), [result(2)], SUMMARY)
    text = read(content, "back.xlsx").tables[0].records[0].cells[1]
    assert isinstance(text, str)
    assert text.startswith(letter * 16_000)
    assert text.endswith("(cut here: a cell holds no more)")
    assert len(text.encode("utf-16-le")) // 2 <= MAX_TEXT


def test_more_rows_than_a_sheet_holds_are_refused() -> None:
    """XlsxWriter would leave them out without a word."""
    with pytest.raises(UsageError, match=r"1,048,576 rows at most.*write a \.csv"):
        plain_xlsx([Sheet("Plan", ("Title",), [("x",)] * 1_048_576)])


def test_what_no_date_cell_holds_is_text() -> None:
    """Dates before March 1900, with a time zone, and numbers of too many digits keep what they say."""
    aware = datetime.fromisoformat("2024-02-08T20:10:00+00:00")
    content = plain_xlsx([Sheet("Plan", ("Title", "a", "b", "c"), [(date(1900, 1, 5), aware, 10**17, float("inf"))])])
    cells = read(content, "back.xlsx").tables[0].records[0].cells
    assert cells == ("1900-01-05", "2024-02-08 20:10:00+00:00", "1" + "0" * 17, "inf")


def test_the_same_report_has_the_same_bytes() -> None:
    """Writing a run's report again gives the same file."""
    file = source(table([("a", "b", None)]))
    assert results_xlsx(file, [result(2)], SUMMARY) == results_xlsx(file, [result(2)], SUMMARY)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["a", "A", "a"], ["a", "A (2)", "a (3)"]),
        (["x" * 40, "x" * 31], ["x" * 31, "x" * 27 + " (2)"]),
        (["[a]:*?/\\b", "'quoted'", "", "  ", "History"], ["_a______b", "quoted", "Sheet", "Sheet (2)", "History (2)"]),
        (["😀" * 20, "a\x00b\ud800"], ["😀" * 15, "a_b\ufffd"]),
        ([" ' ' ", "' a '", "x" * 29 + "' y"], ["Sheet", "a", "x" * 29]),
    ],
)
def test_sheet_names_are_made_acceptable(wanted: list[str], names: list[str]) -> None:
    """Forbidden characters, lengths, apostrophes, reserved and repeated names."""
    assert sheet_names(wanted) == names


@pytest.mark.proof
@given(st.lists(st.text(max_size=40), max_size=6))
@settings(deadline=None)
def test_any_sheet_names_give_a_workbook(wanted: list[str]) -> None:
    """Whatever accounts are called, the workbook can be written and loaded, and no sheet is lost."""
    content = plain_xlsx([Sheet(name, ("Title",), [("x",)]) for name in ["first", *wanted]])
    assert len(openpyxl.load_workbook(io.BytesIO(content)).sheetnames) == len(wanted) + 1
