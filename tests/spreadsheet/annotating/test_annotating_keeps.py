"""The admin's own workbook comes back: what is not the report's stays as it was, byte for byte."""

from __future__ import annotations

import io

import xlsxwriter

from bulkobj.spreadsheet.writing.results import RESULT_HEADERS
from tests.spreadsheet.annotating.annotating_kit import (
    ERROR,
    HEADERS,
    WARNING,
    annotated,
    changed,
    load,
    parts,
    read,
    rich_workbook,
)

#: All that a report has to touch.
TOUCHED = {
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/worksheets/sheet1.xml",
    "xl/comments1.xml",
    "xl/drawings/vmlDrawing1.vml",
}


def test_all_other_parts_keep_their_bytes() -> None:
    """Charts, pictures, tables, other sheets, themes, properties: untouched."""
    before = rich_workbook()
    old, new = parts(before), parts(annotated(before, {4: [ERROR]}))
    assert {name for name in old if new[name] != old[name]} == TOUCHED
    assert new.keys() - old.keys() == {"xl/worksheets/sheet3.xml", "xl/worksheets/sheet4.xml"}
    assert {"xl/charts/chart1.xml", "xl/media/image1.png", "xl/tables/table1.xml"} <= old.keys() - TOUCHED


def test_sections_of_the_sheet_keep_their_bytes() -> None:
    """Rules, validations, frozen panes, print settings and extensions of the sheet itself stand there as before."""
    old = parts(rich_workbook())["xl/worksheets/sheet1.xml"]
    new = parts(annotated(rich_workbook(), {4: [ERROR]}))["xl/worksheets/sheet1.xml"]
    tail = old[old.index(b"</sheetData>") :]
    assert b"conditionalFormatting" in tail
    assert b"extLst" in tail
    assert new.endswith(tail)
    pane = old[old.index(b"<pane ") : old.index(b"<selection")]
    assert pane in new
    assert old[old.index(b"<sheetFormatPr") : old.index(b"<cols>")] in new


def test_formulas_keep_their_calculated_values() -> None:
    """A mended copy must not read as uncalculated-formula."""
    report = annotated(rich_workbook(), {4: [ERROR]})
    assert load(report)["Plan"]["A4"].value == '="acc-"&3'
    assert load(report, values=True)["Plan"]["A4"].value == "acc-3"


def test_reading_the_report_gives_the_same_table() -> None:
    """The report can be mended and imported: same headers, same cells, same row numbers, the results beside them."""
    before = read(rich_workbook()).tables[0]
    after = read(annotated(rich_workbook(), {4: [ERROR], 6: [WARNING]})).tables[0]
    assert after.headers == (*HEADERS, *RESULT_HEADERS)
    assert [(one.number, one.cells[: len(HEADERS)]) for one in after.records] == [
        (one.number, one.cells) for one in before.records
    ]
    assert after.records[0].cells[len(HEADERS) :] == (4, "create", "invalid", None, ERROR.message, None, 1, None)


def test_macros_stay() -> None:
    """An .xlsm stays one, with its macros."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_vba_project(io.BytesIO(b"macros of the admin"), is_stream=True)
        book.add_worksheet("Plan").write_row("A1", HEADERS)
        book.worksheets()[0].write_row("A2", ["a", "b", "c"])
    report = annotated(buffer.getvalue(), {2: [ERROR]})
    assert parts(report)["xl/vbaProject.bin"] == b"macros of the admin"
    assert b"macroEnabled" in parts(report)["[Content_Types].xml"]
    assert read(report).format == "xlsm"


def test_other_tables_of_the_sheet_are_not_widened() -> None:
    """A table (Insert > Table) that ends at the right edge keeps its range; the results stand beside it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Plan")
        columns = [{"header": header} for header in HEADERS]
        sheet.add_table("A1:E3", {"data": [["a"] * 5, ["b"] * 5], "columns": columns})
    old, report = parts(buffer.getvalue()), annotated(buffer.getvalue(), {2: [ERROR]})
    assert parts(report)["xl/tables/table1.xml"] == old["xl/tables/table1.xml"]
    assert load(report)["Plan"]["F1"].value == "_row"


def test_prefixes_that_look_unused_stay_declared() -> None:
    """Excel refuses a part whose mc:Ignorable names a prefix that isn't declared."""
    declared = b'xmlns:xr9="http://example.com/xr9"'
    names = ("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/comments1.xml", "xl/workbook.xml")

    def edit(name: str, data: bytes) -> bytes:
        return data.replace(b" xmlns=", b" " + declared + b" xmlns=", 1) if name in names else data

    new = parts(annotated(changed(rich_workbook(), edit), {4: [ERROR]}))
    assert all(declared in new[name] for name in names)
