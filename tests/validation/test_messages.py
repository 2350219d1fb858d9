"""Every message says what is wrong, then gives one instruction."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bulkobj.core.columns import ACCOUNT_ID, ACTION, DESCRIPTION, OWNER, START_DATE, SUCCESS_PLAYS, TITLE, Column
from bulkobj.spreadsheet.table import BadCell, Formatted
from bulkobj.validation.cells import CellReader
from bulkobj.validation.dates import DateRules
from tests.validation.rows_kit import checked

VERBS = frozenset(
    (
        *("Add", "Change", "Check", "Choose", "Clear", "Copy", "Delete", "Did", "Enter", "Fix", "Format", "Move"),
        *("Put", "Remove", "Rename", "Run", "Save", "Set", "Use", "Wait"),
    )
)
#: Messages that only say what will happen.
STATEMENTS = {"hidden-row", "duplicate-row", "unknown-column", "footer-row"}
RULES = DateRules(None, ZoneInfo("Europe/Berlin"), swapped_by="13/06/2027", today=date(2026, 1, 1))
CELLS: list[tuple[Any, Column, str]] = [
    ("crate", ACTION, "unknown-action"),
    (BadCell("bad-cell", "#REF!"), OWNER, "bad-cell"),
    (BadCell("uncalculated-formula", "=A1"), OWNER, "uncalculated-formula"),
    (Formatted(7, None, "0000."), ACCOUNT_ID, "bad-cell"),
    ("..", ACCOUNT_ID, "bad-cell"),
    ("1.23457E+15", ACCOUNT_ID, "mangled-number"),
    ("5E+12", ACCOUNT_ID, "mangled-number"),
    (1e15, ACCOUNT_ID, "mangled-number"),
    (True, ACCOUNT_ID, "mangled-number"),
    ("1001.0", ACCOUNT_ID, "decimal-id"),
    ("sp-1|sp-2", SUCCESS_PLAYS, "bad-cell"),
    ('["sp-1","sp-2"]', SUCCESS_PLAYS, "bad-cell"),
    ("<b>x</b>", TITLE, "html-markup"),
    ("[object Object]", DESCRIPTION, "null-word"),
    ("#N/D", OWNER, "null-word"),
    ("(clear)", TITLE, "unexpected-value"),
    ("(clear)", ACCOUNT_ID, "unexpected-value"),
    ("soon", START_DATE, "bad-date"),
    (46000, START_DATE, "bad-date"),
    ("2027-02-30", START_DATE, "bad-date"),
    ("0024-02-08", START_DATE, "bad-date"),
    ("02/03/2027", START_DATE, "ambiguous-date"),
    (date(2027, 5, 6), START_DATE, "ambiguous-date"),
    ("2060-01-01", START_DATE, "unusual-year"),
    ("1999-12-31", START_DATE, "unusual-year"),
    ("2027-03-28 02:30", START_DATE, "clock-change"),
    ("2027-10-31 02:30", START_DATE, "clock-change"),
]


def assert_plain(code: str, message: str) -> None:
    """At most about 140 characters, no stop, and an instruction at the end."""
    assert len(message) <= 150, message
    assert not message.endswith(".")
    *_, last = message.replace("? ", ". ").split(". ")
    assert code in STATEMENTS or last.split()[0] in VERBS, message


@pytest.mark.parametrize(("cell", "column", "code"), CELLS)
def test_messages_about_cells(cell: Any, column: Column, code: str) -> None:
    found = CellReader(column, RULES, is_csv=isinstance(cell, str)).read(cell)
    assert found is not None
    assert found.code == code
    assert_plain(code, found.message)


def test_messages_about_rows_and_files() -> None:
    tables = [
        checked("Title|Nonsense|Descripton", ("x", "y")),
        checked("Nonsense", ("x",)),
        checked("Action|Objective ID|Account ID|Title|title", ("create", "o", "", ""), ("update", "", "", "")),
        checked("Action|Objective ID|Account ID", ("delete", "o1", ""), ("delete", "o1", "a1"), ("delete", "", "")),
        checked(
            "Account ID|Title|Category|Status|Start Date|End Date", ("a", "t", "x", "Twin", "2027-02-02", "2027-01-01")
        ),
        checked("Start Date|End Date|Account Name", ("13/01/2027", "01/13/2027", "Harbor")),
    ]
    problems = [*(p for t in tables for p in t.problems), *(p for t in tables for row in t.rows for p in row.problems)]
    for problem in problems:
        if problem.code != "missing-column":  # names the option as well
            assert_plain(problem.code, problem.message)
    assert len({problem.code for problem in problems}) >= 12


@pytest.mark.parametrize("text", ["5E12", "7e10", "1.0", "1.23457E+15", "1E+5"])
def test_a_text_cell_of_a_workbook_is_an_id_as_it_stands(text: str) -> None:
    """Only numbers can be shortened."""
    found = CellReader(ACCOUNT_ID, DateRules()).read(text)
    assert found is not None
    assert (found.value, found.code) == (text, "")


def test_a_csv_cell_without_a_sign_is_an_id() -> None:
    found = CellReader(ACCOUNT_ID, DateRules(), is_csv=True).read("5E12")
    assert found is not None
    assert (found.value, found.code) == ("5E12", "")


@pytest.mark.parametrize("text", ["sp-1;sp-2", "sp-1, sp-2", "sp-1\nsp-2", "sp-1,;\r\nsp-2;"])
def test_plays_are_separated_by_semicolons_commas_and_line_breaks(text: str) -> None:
    found = CellReader(SUCCESS_PLAYS, DateRules()).read(text)
    assert found is not None
    assert found.value == ("sp-1", "sp-2")


@pytest.mark.parametrize("text", ["<link>", "<a and b>", "a < b", "<name>", "see <address>", "x <3", "N/A", "-"])
def test_texts_that_are_no_markup_and_no_null(text: str) -> None:
    found = CellReader(TITLE, DateRules()).read(text)
    assert found is not None
    assert (found.value, found.code) == (text, "")


@pytest.mark.parametrize(
    "text", ['<a href="x">y', "</a>", "<img src=x>", "<br>", "<input disabled>", "<!-- x", "&#x41;"]
)
def test_texts_that_are_markup(text: str) -> None:
    found = CellReader(TITLE, DateRules()).read(text)
    assert found is not None
    assert found.code == "html-markup"


def test_the_zone_of_a_cell_without_one() -> None:
    found = CellReader(START_DATE, DateRules(zone=UTC)).read(datetime(2027, 3, 28, 2, 30))  # noqa: DTZ001 - a cell has no zone
    assert found is not None
    assert (found.value, found.code) == ("2027-03-28T02:30:00.000Z", "")
