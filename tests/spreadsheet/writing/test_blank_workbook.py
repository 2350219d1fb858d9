"""The empty import workbook: it explains itself, offers the tenant's names, and sends nothing by accident."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from bulkobj.core.columns import COLUMNS, meaning
from bulkobj.core.model import Action
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import Cell, SourceFile
from bulkobj.spreadsheet.writing.template.column_help import EXAMPLES, MEANINGS
from bulkobj.spreadsheet.writing.template.workbook import LISTS_SHEET, blank_csv, blank_workbook

NAMES = {
    "status": ["In Progress", "=Done", "On Hold"],
    "category": [f"Category {n}" for n in range(60)],
    "template": [],
}
STAMP: list[list[Cell]] = [["tenant", "api.totango.com"], ["=1+1", 7, None, date(2024, 2, 8), "_x0041_\x01"]]


def template(names: dict[str, list[str]] | None = None) -> Any:
    return openpyxl.load_workbook(io.BytesIO(blank_workbook(NAMES if names is None else names, STAMP)))


def read(content: bytes, name: str = "template.xlsx") -> SourceFile:
    return read_file(name, content, ReadOptions(), meaning)


def filled(*rows: list[Cell]) -> SourceFile:
    """The workbook with rows filled in, as it is read."""
    book = template()
    for row in rows:
        book["Objectives"].append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return read(buffer.getvalue())


def test_imported_untouched_it_is_empty() -> None:
    """Neither the example nor the lists are rows to send."""
    assert [problem.code for problem in read(blank_workbook(NAMES, STAMP)).problems] == ["empty-file"]


def test_filled_in_it_is_read_without_saying_which_sheet() -> None:
    """The columns are all there in their order, and no other sheet is taken for data."""
    found = filled(["create", None, "007", None, "A title", None, "Adoption", "In Progress"])
    assert found.problems == ()
    (table,) = found.tables
    assert (table.sheet, table.headers) == ("Objectives", tuple(column.header for column in COLUMNS))
    assert table.records[0].cells[:5] == ("create", None, "007", None, "A title")


def test_stamp_comes_back() -> None:
    """The hidden sheet holds the stamp to the letter, and no formula."""
    found = filled(["create", None, "a"])
    assert found.stamp == (
        ("tenant", "api.totango.com"),
        ("=1+1", 7, None, date(2024, 2, 8), "_x0041_\x01"),
    )
    assert template()["_bulkobj"].sheet_state == "hidden"


def test_stamp_of_dates_that_no_cell_holds() -> None:
    """A date with a time zone, or one before Excel's first, is kept as text."""
    moment = datetime.fromisoformat("2024-02-08T20:10:00+00:00")
    book = openpyxl.load_workbook(io.BytesIO(blank_workbook({}, [[moment, date(1850, 1, 1), True, 1.5]])))
    cells = [cell.value for cell in book["_bulkobj"][1]]
    assert cells == ["2024-02-08 20:10:00+00:00", "1850-01-01", True, 1.5]


def test_drop_downs_offer_the_names() -> None:
    """Down to row 2,001, from a hidden sheet, long lists too; none where there are no names; ids may be typed."""
    book = template()
    rules = {str(rule.sqref): rule for rule in book["Objectives"].data_validations.dataValidation}
    assert {place: rule.formula1 for place, rule in rules.items()} == {
        "A2:A2001": f"'{LISTS_SHEET}'!$C$1:$C$5",
        "G2:G2001": f"'{LISTS_SHEET}'!$B$1:$B$60",
        "H2:H2001": f"'{LISTS_SHEET}'!$A$1:$A$3",
    }
    assert all(rule.type == "list" and rule.errorStyle == "warning" for rule in rules.values())
    lists = {letters: [cell.value for cell in book[LISTS_SHEET][letters] if cell.value] for letters in "ABC"}
    assert lists == {"A": NAMES["status"], "B": NAMES["category"], "C": [*Action]}
    assert book[LISTS_SHEET].sheet_state == "hidden"


def test_names_are_data() -> None:
    """A status called like a formula or an error is a text; blank and repeated names are offered once or not at all."""
    book = template({"status": ["=cmd|' /C calc'!A0", "#N/A", "", " ", "#N/A", "a\x01b", "x" * 40_000]})
    cells = [cell for cell in book[LISTS_SHEET]["A"] if cell.value is not None]
    assert [cell.value for cell in cells] == ["=cmd|' /C calc'!A0", "#N/A", "a_x0001_b"]  # one is too long for a cell
    assert {cell.data_type for cell in cells} == {"s"}


@pytest.mark.parametrize("names", [{}, {"status": []}, {"status": [""]}, {"something else": ["x"]}])
def test_without_names_there_are_the_actions_alone(names: dict[str, list[str]]) -> None:
    """No tenant at hand: the workbook is still a good one."""
    rules = template(names)["Objectives"].data_validations.dataValidation
    assert [rule.formula1 for rule in rules] == [f"'{LISTS_SHEET}'!$A$1:$A$5"]


def test_every_header_explains_itself() -> None:
    """A note says what belongs there and which action needs it."""
    headers = list(template()["Objectives"][1])
    assert [cell.value for cell in headers] == [column.header for column in COLUMNS]
    for cell, column in zip(headers, COLUMNS, strict=True):
        assert MEANINGS[column.header] in cell.comment.text
        assert all(f"\n{action}: " in cell.comment.text for action in Action)
    title = next(cell.comment.text for cell in headers if cell.value == "Title")
    assert "create: required\nupdate: optional\ndelete: not used\nrun template: not used\nupsert: required" in title


def test_ids_are_text_and_dates_dates() -> None:
    """What is typed into an id column keeps its zeros; date columns show the date as it is read."""
    columns = template()["Objectives"].column_dimensions
    formats = {column.header: columns[chr(65 + index)].number_format for index, column in enumerate(COLUMNS)}
    assert {header for header, shown in formats.items() if shown == "@"} == {
        "Objective ID",
        "Account ID",
        "SuccessPlays",
    }
    assert {header for header, shown in formats.items() if shown == "yyyy-mm-dd"} == {"Start Date", "End Date"}


def test_header_stays_in_sight_and_filters() -> None:
    """Frozen below the header, with a filter on every column, in front when the workbook is opened."""
    book = template()
    assert book.active.title == "Objectives"
    assert book["Objectives"].freeze_panes == "A2"
    assert book["Objectives"].auto_filter.ref == "A1:M2001"


def test_instructions_have_an_example_for_known_columns_only() -> None:
    """The example can't go stale: its headers and the explained ones are those of the columns."""
    headers = {column.header for column in COLUMNS}
    assert set(MEANINGS) == headers
    assert all(example.keys() <= headers for example in EXAMPLES)
    rows = [[cell.value for cell in row] for row in template()["Instructions"].iter_rows()]
    example = {row[0]: row[-2] for row in rows if row[0] in headers and row[-2]}
    assert example == EXAMPLES[0]


def test_csv_is_the_headers_alone() -> None:
    """A CSV template has no room for more."""
    rows = list(csv.reader(io.StringIO(blank_csv().decode("utf-8-sig"))))
    assert rows == [[column.header for column in COLUMNS]]
    assert [problem.code for problem in read(blank_csv(), "t.csv").problems] == ["empty-file"]
