"""CSV reports and failures files: exact for programs, harmless for people."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.spreadsheet.formula_guard import guard
from bulkobj.spreadsheet.reading.values import visible
from bulkobj.spreadsheet.table import BadCell, Cell, Table
from bulkobj.spreadsheet.writing.result_files import failures, plain_csv, results_csv
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, ResultRow
from tests.spreadsheet.writing.writing_kit import HEADERS, TEXTS, read, result, source, table


def report(one: Table, results: Sequence[ResultRow], delimiter: str = ",") -> bytes:
    """The report on a file of one table."""
    return results_csv([one], results, delimiter=delimiter)


def expected(text: str) -> Cell:
    """What reading must give for a text in CSV: the text, where the format can hold it and it can be seen."""
    text = re.sub("[\ud800-\udfff\ufffe\uffff\0]", "\ufffd", text)
    return text if visible(text) or guard(text) != text else None


def test_report_holds_the_cells_and_the_results_line_by_line() -> None:
    """Original columns first, result columns after them, one line for each record."""
    content = report(table([("a-1", "One", None), ("a-2", "Two", "x")]), [result(3, message="made"), result(2)])
    assert content.decode("utf-8-sig").split("\r\n") == [
        ",".join((*HEADERS, *RESULT_HEADERS)),
        "a-1,One,,2,create,created,id-2,,201,1,",
        "a-2,Two,x,3,create,created,id-3,made,201,1,",
        "",
    ]
    assert content.startswith(b"\xef\xbb\xbf")


def test_record_without_a_result_has_empty_result_cells() -> None:
    """No row is left out for want of a result, and a result of another sheet is not taken for its own."""
    records = read(report(table([("a-1", "One", None)]), [result(2, sheet="Other")])).tables[0].records
    assert records[0].cells == ("a-1", "One", None, *[None] * 8)


def test_columns_of_an_earlier_report_give_way() -> None:
    """A report on a report has each result column once, with the new content."""
    first = read(report(table([("a-1", "One", "x")]), [result(2, message="old")]))
    again = read(report(first.tables[0], [result(2, message="new")])).tables[0]
    assert again.headers == (*HEADERS, *RESULT_HEADERS)
    assert again.records[0].cells[len(HEADERS) + RESULT_HEADERS.index("_message")] == "new"


def test_single_columns_with_such_names_are_the_admins_own() -> None:
    """Only all result columns side by side are taken for an earlier report."""
    own = ("Title", "_row", "_message")
    back = read(report(table([("One", "7", "mine")], own), [result(2)])).tables[0]
    assert back.headers == (*own, *RESULT_HEADERS)
    assert back.records[0].cells[:3] == ("One", "7", "mine")


def test_no_cell_is_a_formula() -> None:
    """Formulas in cells, headers and messages are guarded, and come back as they were."""
    content = report(table([("=1+1", "@x", "-2")], ("Title", "=cmd|' /C calc'!A0", "Status")), [result(2)])
    line = content.decode("utf-8-sig").split("\r\n")
    assert line[0].startswith("Title,'=cmd|")
    assert line[1].startswith("'=1+1,'@x,-2,")
    assert read(content).tables[0].records[0].cells[:3] == ("=1+1", "@x", "-2")


def test_pandas_reads_the_report_as_it_is_meant() -> None:
    """Another reader sees the same lines, multi-line cells included."""
    content = report(table([("a-1", 'say "hi"', "one\ntwo"), ("a-2", "x;y", None)]), [result(2)])
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert frame["Notes of mine"].tolist() == ["one\ntwo", ""]
    assert frame["Title"].tolist() == ['say "hi"', "x;y"]
    assert frame["_row"].tolist() == ["2", ""]


def test_cells_of_a_workbook_become_text() -> None:
    """Whole numbers have no fraction, dates are ISO dates, errors show as themselves."""
    moment = datetime.fromisoformat("2024-02-08 20:10")
    row: tuple[Cell, ...] = (7, date(2024, 2, 8), moment, True, 2.5, BadCell("bad-cell", "#REF!"))
    headers = ("Account ID", "Start Date", "End Date", "c", "d", "Title")
    lines = plain_csv(headers, [row]).decode("utf-8-sig").split("\r\n")
    assert lines[1] == "7,2024-02-08,2024-02-08 20:10:00,TRUE,2.5,#REF!"


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.sampled_from(",;\t|"))
@settings(deadline=None)
def test_any_text_is_read_back_the_same(rows: list[tuple[str, str]], delimiter: str) -> None:
    """Whatever stands in a cell, reading the file gives it again (blank where nothing can be seen)."""
    whole = [("a-1", *row) for row in rows]
    content = plain_csv(("Account ID", "Title", "Notes"), whole, delimiter)
    records = read(content).tables[0].records
    assert [record.cells for record in records] == [("a-1", expected(one), expected(two)) for _, one, two in whole]


def test_failures_hold_the_wanted_rows_in_the_own_columns() -> None:
    """Only the rows that are not done, without result columns, with the file's own delimiter."""
    reported = read(report(table([("a-1", "One", None), ("a-2", "Two", "=x")]), [result(2), result(3)], delimiter=";"))
    content = failures(reported, [result(3, message="=odd")], "csv")
    assert content.decode("utf-8-sig") == "Account ID;Title;Notes of mine;_row;_message\r\na-2;Two;'=x;3;'=odd\r\n"
    assert read(content).tables[0].records[0].cells == ("a-2", "Two", "=x", "3", "=odd")
    again = failures(read(content), [result(2, message="new")], "csv")
    assert read(again).tables[0].headers == (*HEADERS, "_row", "_message")
    assert read(again).tables[0].records[0].cells == ("a-2", "Two", "=x", "2", "new")


def test_blank_cells_of_failures_stay_blank() -> None:
    """Whatever stands in the other rows of their column."""
    content = failures(source(table([(None, "One", None), ("a-2", None, "x")])), [result(2), result(3)], "csv")
    assert content.decode("utf-8-sig").split("\r\n")[1:3] == [",One,,2,", "a-2,,x,3,"]


def test_failures_are_understood_without_the_map() -> None:
    """A header that was mapped by hand gets the name that it stands for."""
    content = failures(source(table([("a-1", "One", None)])), [result(2)], "csv", {"Notes of mine": "Description"})
    assert read(content).tables[0].headers[:3] == ("Account ID", "Title", "Description")


def test_failures_of_several_sheets_become_one_table() -> None:
    """A CSV file has one table: columns of the same header are one, and none is lost."""
    one = table([("a-1", "One")], ("Account ID", "Title"), "North")
    two = table([("Two", "x"), ("Three", "y")], ("Title", "Owner"), "South")
    content = failures(source(one, two, kind="xlsx"), [result(2, "North"), result(3, "South")], "csv")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[:3] == ["Account ID,Title,Owner,_row,_message", "a-1,One,,2,", ",Three,y,3,"]


def test_failures_never_turn_a_formula_into_a_text_to_import() -> None:
    """A formula without a value would be a title like any other, so an error stands in its place."""
    bad = table([("a-1", BadCell("uncalculated-formula", "=A1"), None)], sheet="Plan")
    back = read(failures(source(bad, kind="xlsx"), [result(2, "Plan")], "csv"))
    assert back.tables[0].records[0].cells[1] == BadCell("bad-cell", "#N/A")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_in_a_cell_is_quoted(delimiter: str) -> None:
    """A cell that holds the delimiter stays one cell."""
    content = plain_csv(("Account ID", "Title"), [("a", f"x{delimiter}y")], delimiter)
    assert read(content).tables[0].records[0].cells == ("a", f"x{delimiter}y")
