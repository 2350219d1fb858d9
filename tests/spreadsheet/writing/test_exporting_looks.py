"""How an export looks, by an independent reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.export.files import ExportSheet
from tests.spreadsheet.writing.exporting_kit import HEADERS, export, row

MOMENT = datetime.fromisoformat("2024-02-08 20:10:00")
LISTS = {"Status": ["In Progress", "Done", "Done", " ", "\ud800"], "Category": [f"Category {n}" for n in range(300)]}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workbook]:
    """A workbook of two rows, one with a long description, and of lists."""
    rows = [row(1, "One", "first line\nsecond line", date(2024, 2, 8)), row(2, "Two", "word " * 1000, MOMENT)]
    found = openpyxl.load_workbook(
        export(tmp_path, ExportSheet("Plan", HEADERS, rows), lists=LISTS, stamp=[("a", "b")])
    )
    yield found
    found.close()


@pytest.fixture
def plan(book: Workbook) -> Worksheet:
    """Its sheet of objectives."""
    sheet = book["Plan"]
    assert isinstance(sheet, Worksheet)
    return sheet


def letter(header: str) -> str:
    return "ABCDEFGHIJKL"[HEADERS.index(header)]


def test_header_stays_in_view_and_filters(plan: Worksheet) -> None:
    """The header is bold on a fill, frozen, and has a filter down to the last row."""
    assert plan.freeze_panes == "A2"
    assert plan.auto_filter.ref == "A1:L3"
    assert all(cell.font.bold and cell.fill.fill_type == "solid" for cell in plan[1])


def test_ids_are_marked_as_keys(plan: Worksheet) -> None:
    """Grey cells, and a note that says to leave them alone; nothing else is marked so."""
    for header in HEADERS:
        is_key = header in {"Account ID", "Objective ID"}
        assert (plan[f"{letter(header)}2"].fill.fill_type == "solid") == is_key
        note = plan[f"{letter(header)}1"].comment
        assert (note is not None and "Don't change these ids" in note.text) == is_key


@pytest.mark.parametrize("header", ["Account ID", "Objective ID", "SuccessPlays"])
def test_ids_are_formatted_as_text(plan: Worksheet, header: str) -> None:
    """An id that is typed into a cell, one below the table too, is not made a number."""
    assert plan.column_dimensions[letter(header)].number_format == "@"


def test_dates_have_their_formats(plan: Worksheet) -> None:
    """A date is a date cell without a time, a moment one with it."""
    dates = plan[f"{letter('Start Date')}2"], plan[f"{letter('Start Date')}3"]
    assert [cell.number_format for cell in dates] == ["yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"]
    assert [cell.value for cell in dates] == [datetime.fromisoformat("2024-02-08"), MOMENT]


def test_long_texts_are_wrapped_and_bounded(plan: Worksheet) -> None:
    """Wrapped from the top, as high as their lines, yet no row fills the screen."""
    description = plan[f"{letter('Description')}2"]
    assert (description.alignment.wrap_text, description.alignment.vertical) == (True, "top")
    assert [plan.row_dimensions[number].height for number in (2, 3)] == [30, 90]
    widths = [plan.column_dimensions[letter(name)].width for name in ("Action", "Account ID", "Title", "Description")]
    assert widths == sorted(widths)


def test_lists_offer_names_and_let_others_be(plan: Worksheet, book: Workbook) -> None:
    """A drop-down of any length for the whole column, from a hidden sheet, that only warns."""
    rules = {str(rule.sqref): rule for rule in plan.data_validations.dataValidation}
    assert set(rules) == {f"{letter(name)}2:{letter(name)}1048576" for name in LISTS}
    for rule in rules.values():
        assert (rule.type, rule.errorStyle, rule.allowBlank) == ("list", "warning", True)
    assert rules[f"{letter('Status')}2:{letter('Status')}1048576"].formula1 == "'_bulkobj_lists'!$A$1:$A$2"
    lists = book["_bulkobj_lists"]
    assert lists.sheet_state == "hidden"
    assert [cell.value for cell in lists["A"]][:3] == ["In Progress", "Done", None]
    assert [cell.value for cell in lists["B"]] == LISTS["Category"]


def test_stamp_is_very_hidden(book: Workbook) -> None:
    """Only the objectives have a tab, and they come first."""
    assert [(sheet.title, sheet.sheet_state) for sheet in book.worksheets] == [
        ("Plan", "visible"),
        ("_bulkobj_lists", "hidden"),
        ("_bulkobj", "veryHidden"),
    ]


def test_without_lists_there_is_no_sheet_of_them(tmp_path: Path) -> None:
    """A list without names gives no drop-down."""
    rows: list[tuple[Cell, ...]] = [row(1)]
    found = openpyxl.load_workbook(export(tmp_path, ExportSheet("Plan", HEADERS, rows), lists={"Status": []}))
    assert found.sheetnames == ["Plan", "_bulkobj"]
