"""One cell, read and written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.columns import (
    ACCOUNT_ID,
    ACTION,
    DESCRIPTION,
    OWNER,
    START_DATE,
    STATUS,
    SUCCESS_PLAYS,
    TITLE,
    Column,
    Kind,
)
from bulkobj.planning.comparison import same
from bulkobj.spreadsheet.table import BadCell, shown
from bulkobj.validation.cells import CellReader, Given, protected, unprotected, written
from bulkobj.validation.dates import DateRules

RULES = DateRules()


def read(cell: Any, column: Column, *, is_csv: bool = False, rules: DateRules = RULES) -> Given | None:
    """Return the meaning of a cell of that column."""
    return CellReader(column, rules, is_csv=is_csv).read(cell)


@pytest.mark.parametrize(
    ("cell", "column", "value"),
    [
        ("  Title ", TITLE, "Title"),
        (2024, TITLE, "2024"),
        (True, TITLE, "TRUE"),
        (1001.0, ACCOUNT_ID, "1001"),
        ("007310", ACCOUNT_ID, "007310"),
        (999999999999999, ACCOUNT_ID, "999999999999999"),
        ("Run_Template", ACTION, "run template"),
        ("a < b and c > d", DESCRIPTION, "a < b and c > d"),
        ("AT&T <george@example.demo>", DESCRIPTION, "AT&T <george@example.demo>"),
        ("two\nlines", DESCRIPTION, "two\nlines"),
        ("'(clear)", TITLE, "(clear)"),
        ("a; b\nc;;a", SUCCESS_PLAYS, ("a", "b", "c")),
        (" (Clear) ", SUCCESS_PLAYS, ()),
        ("(clear)", OWNER, ""),
        ("(clear)", START_DATE, ""),
        (date(2024, 2, 8), START_DATE, "2024-02-08T00:00:00.000Z"),
        (datetime(2024, 2, 8, 20, 10), START_DATE, "2024-02-08T20:10:00.000Z"),  # noqa: DTZ001 - a cell has no zone
    ],
)
def test_meaning(cell: Any, column: Any, value: object) -> None:
    found = read(cell, column)
    assert found is not None
    assert (found.value, found.code) == (value, "")


@pytest.mark.parametrize("cell", [None, "", "  ", "\u00a0\t"])
def test_blank(cell: Any) -> None:
    assert read(cell, TITLE) is None


@pytest.mark.parametrize(
    ("cell", "column", "code"),
    [
        ("<b>Bold</b>", TITLE, "html-markup"),
        ("x <br/> y", DESCRIPTION, "html-markup"),
        ("R&amp;D", DESCRIPTION, "html-markup"),
        (1.23457e15, ACCOUNT_ID, "mangled-number"),
        (12345678901234567, SUCCESS_PLAYS, "mangled-number"),
        ("crate", ACTION, "unknown-action"),
        ("(clear)", TITLE, "unexpected-value"),
        ("(clear)", STATUS, "unexpected-value"),
        ("(clear)", ACCOUNT_ID, "unexpected-value"),
        ("soon", START_DATE, "bad-date"),
        (45330, START_DATE, "bad-date"),
        (date(24, 2, 8), START_DATE, "bad-date"),
        ("02/03/2024", START_DATE, "ambiguous-date"),
        (BadCell("bad-cell", "#N/A"), OWNER, "bad-cell"),
        (BadCell("uncalculated-formula", "=A1"), TITLE, "uncalculated-formula"),
    ],
)
def test_problem(cell: Any, column: Any, code: str) -> None:
    found = read(cell, column)
    assert found is not None
    assert (found.code, found.value) == (code, None)
    assert found.message


@given(st.text())
def test_a_protected_text_is_never_the_word_clear(text: str) -> None:
    """Any text survives being written and read, the word ``(clear)`` and its escapes included."""
    assert unprotected(protected(text)) == text
    found = read(protected(text), OWNER)
    assert found is None or not found.clears


@given(st.text())
def test_a_written_text_reads_back(text: str) -> None:
    found = read(written(text, Kind.PERSON), OWNER)
    assert same(text, "" if found is None else found.value or "")


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31)))  # noqa: DTZ001 - drawn for its digits
def test_a_written_date_reads_back(moment: datetime) -> None:
    """As a cell and as text, with time of day or without, to the millisecond."""
    value = moment.isoformat(timespec="milliseconds") + "Z"
    cell = written(value, Kind.DATE)
    for form in (cell, shown(cell)):
        found = read(form, START_DATE)
        assert found is not None
        assert found.value == value


@pytest.mark.parametrize("cell", [True, date(2024, 3, 1), datetime(2024, 3, 1, 8), 1e15])  # noqa: DTZ001
def test_an_id_that_the_spreadsheet_program_has_changed(cell: Any) -> None:
    found = read(cell, ACCOUNT_ID)
    assert found is not None
    assert found.code == "mangled-number"
