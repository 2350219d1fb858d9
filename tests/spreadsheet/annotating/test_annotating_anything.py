"""Whatever stands in a workbook, its report is sound and reads back the same."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, CellNote, Summary
from tests.spreadsheet.annotating.annotating_kit import HEADERS, annotated, check_sound, read, results_of

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

#: Texts that XlsxWriter itself gets into a workbook as they are.
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=12)
CELL = st.one_of(st.none(), PLAIN.map("x{}".format), st.integers(0, 10**6), st.booleans())
NOTES = st.builds(CellNote, st.sampled_from(HEADERS), st.text(max_size=40), st.booleans())
ROWS = st.lists(st.tuples(*[CELL] * len(HEADERS)), min_size=1, max_size=6)


@st.composite
def workbooks(draw: st.DrawFn) -> bytes:
    """A header somewhere, rows with gaps below it, here and there a format, a height, a hidden column, a note."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": draw(st.booleans())}) as book:
        sheet = book.add_worksheet("Plan")
        formats = [None, book.add_format({"bg_color": "#FFC9CF"}), book.add_format({"bold": True, "pattern": 5})]
        row = draw(st.integers(0, 3))
        sheet.write_row(row, 0, HEADERS)
        for cells in draw(ROWS):
            row += draw(st.integers(1, 2))
            sheet.set_row(row, draw(st.sampled_from((None, 5, 90))), draw(st.sampled_from(formats)))
            sheet.write(row, 0, "a")
            for column, cell in enumerate(cells[1:], 1):
                sheet.write(row, column, cell, draw(st.sampled_from(formats)))
            if draw(st.booleans()) and not sheet.constant_memory:
                sheet.write_comment(row, draw(st.integers(0, 4)), draw(PLAIN))
        sheet.set_column(
            draw(st.integers(0, 9)), 12, 20, draw(st.sampled_from(formats)), {"hidden": draw(st.booleans())}
        )
    return buffer.getvalue()


def look(content: bytes, notes: dict[int, list[CellNote]]) -> None:
    before = read(content).tables[0]
    report = annotated(content, notes)
    after = read(report).tables[0]
    assert after.headers[-8:] == RESULT_HEADERS
    assert [one.cells[: len(HEADERS)] for one in after.records] == [one.cells for one in before.records]
    assert [one.cells[-8] for one in after.records] == [one.number for one in before.records]
    assert annotated(report, notes) == report
    check_sound(annotate(report, read(report), results_of(read(report), {}), Summary(())))


@given(workbooks(), st.dictionaries(st.integers(1, 14), st.lists(NOTES, min_size=1, max_size=3), max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_workbook(content: bytes, notes: dict[int, list[CellNote]]) -> None:
    """The report is sound, keeps the cells, can be made again without a change, and can be cleaned up."""
    look(content, notes)


@pytest.mark.proof
@given(workbooks(), st.dictionaries(st.integers(1, 14), st.lists(NOTES, min_size=1, max_size=3), max_size=5))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_very_many_workbooks(content: bytes, notes: dict[int, list[CellNote]]) -> None:
    """The same, at length."""
    look(content, notes)
