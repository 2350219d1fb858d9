"""Workbooks as other programs write them, and those that had better not be touched."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest
import xlsxwriter
from openpyxl.comments import Comment

from bulkobj.spreadsheet.annotating import workbook as annotating
from bulkobj.spreadsheet.annotating.workbook import CannotAnnotateError, annotate
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS
from bulkobj.spreadsheet.writing.template.workbook import blank_workbook
from tests.spreadsheet.annotating.annotating_kit import (
    ERROR,
    HEADERS,
    SUMMARY,
    WARNING,
    annotated,
    changed,
    load,
    parts,
    read,
    results_of,
    rich_workbook,
)

M = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def written_by_openpyxl() -> bytes:
    """Absolute targets, VML with prefixes ns0 to ns2, notes of somebody."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADERS)
    sheet.append(["a", "b", "c"])
    sheet["B2"].comment = Comment("mine", "Ann")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def filled_in_template() -> bytes:
    """The workbook that most admins start from."""
    book = load(blank_workbook({"status": ["On Track"]}, [("tenant", "x")]))
    for column, text in enumerate(["create", None, "acc-1", None, "A title", None, "Adoption", "On Trak"], 1):
        book["Objectives"].cell(2, column, text)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_prefixes() -> bytes:
    """As the Open XML SDK and what builds on it write: every element with a prefix."""

    def edit(name: str, data: bytes) -> bytes:
        if not re.search(rb"<(worksheet|workbook|styleSheet|comments|sst)\b", data) or name.endswith(".rels"):
            return data
        data = re.sub(rb"<(/?)([A-Za-z]\w*)(?=[\s/>])", rb"<\1x:\2", data)
        return data.replace(b" xmlns=", b" xmlns:x=", 1)

    return changed(rich_workbook(), edit)


def simple() -> bytes:
    """A header and two rows."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write_row("A1", HEADERS)
        sheet.write_row("A2", ["a", "b", "c", "d", "e"])
        sheet.write_row("A3", ["f", "g"])
    return buffer.getvalue()


def without_references() -> bytes:
    """Rows and cells that don't say where they are."""

    def edit(name: str, data: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return data
        data = re.sub(rb'<c r="[A-Z]+\d+"', b"<c", data)
        return re.sub(rb'<row r="\d+" ', b"<row ", data)

    return changed(simple(), edit)


def without_styles() -> bytes:
    """A program that knows of no styles at all."""

    def edit(name: str, data: bytes) -> bytes | None:
        if name == "xl/styles.xml":
            return None
        data = re.sub(rb'<Override PartName="/xl/styles.xml"[^>]*>|<Relationship [^>]*/styles"[^>]*>', b"", data)
        return re.sub(rb' s="\d+"', b"", data) if "sheet" in name else data

    return changed(simple(), edit)


@pytest.mark.parametrize(
    "make", [written_by_openpyxl, filled_in_template, with_prefixes, without_references, without_styles]
)
def test_other_writers_workbooks_are_annotated(make: object) -> None:
    """The report is sound, has the results and the note, reads back, and can be annotated again."""
    assert callable(make)
    content: bytes = make()
    before = read(content).tables[0]
    number = before.records[0].number
    report = annotated(content, {number: [ERROR]})
    after = read(report).tables[0]
    assert after.headers == (*before.headers, *RESULT_HEADERS)
    assert [one.cells[: len(before.headers)] for one in after.records] == [one.cells for one in before.records]
    assert after.records[0].cells[-6] == "invalid"
    notes = [cell.comment.text for row in load(report)[before.sheet].iter_rows() for cell in row if cell.comment]
    assert sum(f"bulkobj: {ERROR.message}" in note for note in notes) == 1
    assert annotated(report, {number: [ERROR]}) == report


def test_notes_of_openpyxl_stay() -> None:
    """Both notes have their boxes in one drawing, although its prefixes are others than ours."""
    report = annotated(written_by_openpyxl(), {2: [ERROR]})
    assert load(report)["Sheet"]["B2"].comment.text == "mine"
    assert load(report)["Sheet"]["C2"].comment.text == f"bulkobj: {ERROR.message}"


def refuses(content: bytes, reason: str) -> None:
    """Annotating the rich workbook, changed to ``content``, is refused for that reason."""
    file = read(rich_workbook())
    with pytest.raises(CannotAnnotateError, match=reason):
        annotate(content, file, results_of(file, {4: [ERROR]}), SUMMARY)


def replaced(part: str, old: bytes, new: bytes) -> bytes:
    """The rich workbook with some bytes of a part replaced."""

    def edit(name: str, data: bytes) -> bytes:
        assert name != part or old in data
        return data.replace(old, new) if name == part else data

    return changed(rich_workbook(), edit)


@pytest.mark.parametrize(
    ("part", "old", "new", "reason"),
    [
        ("xl/workbook.xml", M.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main", "Strict Open XML"),
        ("xl/worksheets/sheet1.xml", b"</worksheet>", b"", "damaged XML"),
        ("xl/worksheets/sheet1.xml", b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', "document type"),
        ("xl/worksheets/sheet1.xml", b'encoding="UTF-8"', b'encoding="UTF-16"', "damaged XML|encoded as"),
        ("xl/worksheets/sheet1.xml", b'<row r="4"', b'<row r="14"', "not where they were"),
        ("xl/worksheets/sheet1.xml", b' s="', b' s="9', "a cell format that isn't there"),
        ("xl/worksheets/sheet1.xml", b'<row r="4"', b'<row r="four"', "the standard"),
        ("xl/styles.xml", b"cellXfs", b"cellXfz", "styles without cellXfs"),
        ("xl/_rels/workbook.xml.rels", b"rId1", b"rId100", "the standard"),
        ("xl/workbook.xml", b'name="Plan"', b'name="Plam"', 'no sheet "Plan"'),
        ("xl/comments1.xml", b'ref="C4"', b'ref="4C"', "a comment on no cell"),
        ("xl/drawings/vmlDrawing1.vml", b"</xml>", b"", "drawings of an unknown kind"),
    ],
)
def test_unsound_workbooks_are_refused(part: str, old: bytes, new: bytes, reason: str) -> None:
    """No half-good workbook is made of one that isn't as it should be."""
    content = replaced(part, old, new)
    file = read(rich_workbook())
    with pytest.raises(CannotAnnotateError, match=reason):
        annotate(content, file, results_of(file, {5: [ERROR, WARNING]}), SUMMARY)


def test_signed_workbook_is_refused() -> None:
    """A signature would no longer be true."""
    refuses(changed(rich_workbook(), lambda _, data: data, {"_xmlsignatures/origin.sigs": b""}), "digitally signed")


def test_what_is_no_package_is_refused() -> None:
    """Garbage in place of a workbook."""
    refuses(b"garbage", "damaged")
    refuses(rich_workbook()[:-30], "damaged")


def test_formula_in_a_result_column_is_refused() -> None:
    """What an admin has built into the results is not overwritten."""
    book = load(annotated(written_by_openpyxl(), {}))
    book["Sheet"]["H2"] = "=A2"
    buffer = io.BytesIO()
    book.save(buffer)
    file = read(buffer.getvalue())
    with pytest.raises(CannotAnnotateError, match="holds a formula by now, in row 2"):
        annotate(buffer.getvalue(), file, results_of(file, {}), SUMMARY)


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of rows or notes the plain report is the better one."""
    content = rich_workbook()
    file = read(content)
    monkeypatch.setattr(annotating, "MAX_ROWS", 4)
    with pytest.raises(CannotAnnotateError, match="more than 4 rows"):
        annotate(content, file, results_of(file, {}), SUMMARY)
    monkeypatch.setattr(annotating, "MAX_ROWS", 5)
    monkeypatch.setattr(annotating, "MAX_NOTES", 1)
    with pytest.raises(CannotAnnotateError, match="2 cells are wrong"):
        annotate(content, file, results_of(file, {4: [ERROR, WARNING]}), SUMMARY)
    assert annotate(content, file, results_of(file, {4: [ERROR]}), SUMMARY)


def test_no_room_at_the_right_is_refused() -> None:
    """A cell beside the table, and one in the last column, leave no place for the results."""
    book = load(written_by_openpyxl())
    book["Sheet"]["F2"], book["Sheet"]["XFD9"] = "beside", "far"
    buffer = io.BytesIO()
    book.save(buffer)
    file = read(written_by_openpyxl())
    with pytest.raises(CannotAnnotateError, match="no room"):
        annotate(buffer.getvalue(), file, results_of(file, {}), SUMMARY)


@pytest.mark.proof
def test_zip_bomb_is_refused() -> None:
    """A part that unpacks to gigabytes is not unpacked."""
    buffer = io.BytesIO(rich_workbook())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/bomb.bin", "w") as part:
        for _ in range(310):
            part.write(bytes(1_000_000))
    refuses(buffer.getvalue(), "unpacks to more than")


def test_every_part_is_in_place() -> None:
    """The order of the package's parts stays: [Content_Types].xml comes first, as some readers want it."""
    assert next(iter(parts(annotated(rich_workbook(), {})))) == "[Content_Types].xml"
