"""Cells changed in place: what was asked for changes, and not a byte of anything else."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from bulkobj.spreadsheet.editing.edits import CannotEditError, Edit, can_edit, check_edited, edited
from bulkobj.spreadsheet.table import SourceFile, shown
from bulkobj.workflows.checked_file import FileRequest, read_source

SAMPLE = Path(__file__).parents[3] / "samples" / "quarterly-plan-with-mistakes.xlsx"
HEADER = "Account ID,Title,Status"


def source(content: bytes, name: str = "plan.csv") -> SourceFile:
    """Read a file as an import does."""
    return read_source(FileRequest(name, content))


def changed(content: bytes, *edits: Edit, name: str = "plan.csv") -> bytes:
    """Make the edits, and check that the file reads as it should."""
    before = source(content, name)
    assert before.tables, before.problems
    after = edited(content, before, edits)
    check_edited(before, source(after, name), edits)
    return after


def csv(row: int, column: int, text: str) -> Edit:
    """Return an edit of a CSV file."""
    return Edit(None, row, column, text)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"", "windows-1252"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_keeps_encoding_mark_delimiter_and_line_ends(
    mark: bytes, encoding: str, delimiter: str, line_end: str
) -> None:
    """Only the text of the cell is another one."""
    lines = [
        HEADER.replace(",", delimiter),
        delimiter.join(("A-1", "Größe", "Opn")),
        delimiter.join(("A-2", "Zwei", "")),
    ]
    content = mark + (line_end.join(lines) + line_end).encode(encoding)
    wanted = mark + (line_end.join(lines) + line_end).replace("Opn", "Open").encode(encoding)
    assert changed(content, csv(2, 2, "Open")) == wanted


@pytest.mark.parametrize(
    ("line", "new", "wanted"),
    [
        ('A-1,"Quoted, with ""marks""",Opn', "Open", 'A-1,"Quoted, with ""marks""",Open'),
        ('A-1,"Two\nlines",Opn', "Open", 'A-1,"Two\nlines",Open'),
        ("A-1,Title,Opn", 'Say "yes", please', 'A-1,Title,"Say ""yes"", please"'),
        ("A-1,Title,Opn", "two\nlines", 'A-1,Title,"two\nlines"'),
        ("A-1,Title,Opn", "", "A-1,Title,"),
        ('A-1,Title,"Opn"', "Open", "A-1,Title,Open"),
        ("A-1,Title,Opn", "=1+1", "A-1,Title,'=1+1"),
        ("A-1,Title,Opn", " spaced ", 'A-1,Title," spaced "'),
        ("A-1,Title", "Open", "A-1,Title,Open"),
    ],
)
def test_a_csv_cell_is_quoted_and_guarded_where_it_must_be(line: str, new: str, wanted: str) -> None:
    """Neighbours keep their own spelling; a short row gets the cells that it lacks."""
    content = f"{HEADER}\n{line}\nA-2,After,Open\n".encode()
    assert changed(content, csv(2, 2, new)) == f"{HEADER}\n{wanted}\nA-2,After,Open\n".encode()


def test_a_short_row_gets_all_the_cells_that_it_lacks() -> None:
    """Also where several are filled, or one far to the right."""
    content = f"{HEADER},Owner,Description\nA-1,Title\nA-2,Two\n".encode()
    after = changed(content, csv(2, 4, "far"), csv(3, 2, "Open"), csv(3, 4, "far"))
    assert after == f"{HEADER},Owner,Description\nA-1,Title,,,far\nA-2,Two,Open,,far\n".encode()


def test_several_cells_of_a_csv_file_at_once() -> None:
    """In any order, blank lines and a sep= line counted as the reader counts them; the last edit of a cell counts."""
    content = b"sep=;\nAccount ID;Title;Status\nA-1;One;x\n\nA-2;Two;y\n"
    edits = (csv(4, 2, "Closed"), csv(2, 0, "B-1"), csv(2, 2, "no"), csv(2, 2, "Open"))
    assert changed(content, *edits) == b"sep=;\nAccount ID;Title;Status\nB-1;One;Open\n\nA-2;Two;Closed\n"


def test_a_character_that_the_encoding_lacks_is_refused() -> None:
    """With the character, and the way out."""
    content = f"{HEADER}\nA-1,Größe,Opn\n".encode("windows-1252")
    with pytest.raises(CannotEditError, match='row 2: the file is windows-1252, which has no "東"'):
        changed(content, csv(2, 1, "東京"))


def workbook() -> bytes:
    """A plan with formats, a formula, a comment and another sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Plan"
    sheet.append(["Account ID", "Title", "Status", "Start Date", "Double"])
    sheet.append(["A-1", "One", "Opn", date(2027, 1, 2), "=2*2"])
    sheet.append(["A-2", "Two", None, "3 March", "x"])
    sheet["B2"].font = Font(bold=True, color="FF0000")
    sheet["D2"].number_format = "dd/mm/yyyy"
    sheet.column_dimensions["B"].width = 40
    book.create_sheet("Other").append(["left", "alone"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts(content: bytes) -> dict[str, bytes]:
    """Return the parts of a zip file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_workbook_keeps_all_but_the_cells() -> None:
    """Formats and the other parts stay byte for byte; a missing cell is put in its place; a date is a date."""
    content = workbook()
    edits = [
        Edit("Plan", 2, 1, "Uno & <due>"),
        Edit("Plan", 3, 2, "Open"),
        Edit("Plan", 3, 3, "2027-03-03"),
        Edit("Plan", 2, 0, ""),
    ]
    after = changed(content, *edits, name="plan.xlsx")
    before_parts, after_parts = parts(content), parts(after)
    assert list(before_parts) == list(after_parts)
    assert [n for n in before_parts if before_parts[n] != after_parts[n]] == ["xl/worksheets/sheet1.xml"]
    sheet = openpyxl.load_workbook(io.BytesIO(after))["Plan"]
    assert [cell.value for cell in sheet[2]] == [None, "Uno & <due>", "Opn", datetime(2027, 1, 2), "=2*2"]  # noqa: DTZ001
    assert [cell.value for cell in sheet[3]] == ["A-2", "Two", "Open", datetime(2027, 3, 3), "x"]  # noqa: DTZ001
    assert sheet["B2"].font.b
    assert sheet["D3"].number_format == "dd/mm/yyyy"


def test_a_text_like_a_number_or_formula_stays_a_text() -> None:
    """What the person typed is what the cell shows."""
    after = changed(workbook(), Edit("Plan", 2, 0, "007310"), Edit("Plan", 2, 1, "=1+1"), name="plan.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(after))["Plan"]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("007310", "s")
    assert sheet["B2"].data_type in {"s", "inlineStr"}
    record = source(after, "plan.xlsx").tables[0].records[0]
    assert [shown(cell) for cell in record.cells[:2]] == ["007310", "=1+1"]


def with_part(content: bytes, name: str, new: bytes) -> bytes:
    """Return the zip file with another content of a part."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part, old in (parts(content) | {name: new}).items():
            archive.writestr(part, new if part == name else old)
    return out.getvalue()


def test_a_formula_that_goes_takes_the_chain_of_calculation_along() -> None:
    """Programs take a chain that names a cell without a formula for damage."""
    content = workbook()
    types = parts(content)["[Content_Types].xml"].replace(
        b"</Types>",
        b'<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        b'spreadsheetml.calcChain+xml"/></Types>',
    )
    relations = parts(content)["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"'
        b' Target="calcChain.xml"/></Relationships>',
    )
    sheet = parts(content)["xl/worksheets/sheet1.xml"].replace(b"<f>2*2</f><v></v>", b"<f>2*2</f><v>4</v>")
    for name, new in {
        "[Content_Types].xml": types,
        "xl/_rels/workbook.xml.rels": relations,
        "xl/worksheets/sheet1.xml": sheet.replace(b"<f>2*2</f><v/>", b"<f>2*2</f><v>4</v>"),
        "xl/calcChain.xml": b'<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<c r="E2" i="1"/></calcChain>',
    }.items():
        content = with_part(content, name, new)
    kept = parts(changed(content, Edit("Plan", 2, 1, "Uno"), name="plan.xlsx"))
    assert "xl/calcChain.xml" in kept
    gone = parts(changed(content, Edit("Plan", 2, 4, "four"), name="plan.xlsx"))
    assert "xl/calcChain.xml" not in gone
    assert b"calcChain" not in gone["[Content_Types].xml"] + gone["xl/_rels/workbook.xml.rels"]


def test_a_formula_that_others_share_is_left_alone() -> None:
    """Without it the others would have none."""
    content = workbook()
    sheet = parts(content)["xl/worksheets/sheet1.xml"]
    shared = sheet.replace(b"<f>2*2</f>", b'<f t="shared" ref="E2:E3" si="0">2*2</f>')
    assert shared != sheet
    with pytest.raises(CannotEditError, match="E2 holds a formula that other cells share"):
        edited(
            with_part(content, "xl/worksheets/sheet1.xml", shared),
            source(content, "plan.xlsx"),
            [Edit("Plan", 2, 4, "4")],
        )


def test_a_sheet_with_prefixed_names_and_empty_rows() -> None:
    """As some programs write it: every element with a prefix, rows and cells without content, no addresses."""
    content = workbook()
    sheet = (
        b'<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        b'<x:row><x:c t="inlineStr"><x:is><x:t>Account ID</x:t></x:is></x:c>'
        b'<x:c t="inlineStr"><x:is><x:t>Title</x:t></x:is></x:c></x:row>'
        b'<x:row r="2"><x:c r="A2" t="inlineStr"><x:is><x:t>A-1</x:t></x:is></x:c><x:c r="B2"/></x:row>'
        b"</x:sheetData></x:worksheet>"
    )
    content = with_part(content, "xl/worksheets/sheet1.xml", sheet)
    after = parts(changed(content, Edit("Plan", 2, 1, "One"), name="plan.xlsx"))["xl/worksheets/sheet1.xml"]
    assert after.startswith(sheet.partition(b'<x:c r="B2"/>')[0])
    assert b"One" in after


def test_the_sample_is_corrected_cell_by_cell() -> None:
    """Every cell of the sample can be changed without changing another one."""
    content = SAMPLE.read_bytes()
    table = source(content, SAMPLE.name).tables[0]
    edits = [Edit(table.sheet, record.number, place, f"n{place}") for record in table.records for place in range(3)]
    after = changed(content, *edits, name=SAMPLE.name)
    assert {shown(record.cells[1]) for record in source(after, SAMPLE.name).tables[0].records} == {"n1"}


ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="Plan">%s<table:table-row table:number-rows-repeated="1000"><table:table-cell '
    'table:number-columns-repeated="50"/></table:table-row></table:table></office:spreadsheet></office:body>'
    "</office:document-content>"
)


def ods(*rows: str) -> bytes:
    """Return an .ods document with these rows, each its cells' XML."""
    text = '<table:table-cell office:value-type="string" table:style-name="ce1"><text:p>{}</text:p></table:table-cell>'
    header = "".join(text.format(one) for one in (*HEADER.split(","), "Start Date"))
    body = "".join(
        row if row.startswith("<table:table-row") else f"<table:table-row>{row}</table:table-row>"
        for row in (header, *rows)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS % body)
        archive.writestr("other.xml", "<left-alone/>")
    return out.getvalue()


def test_an_ods_document_is_edited_where_one_element_stands_for_many() -> None:
    """Repeated rows and cells are taken apart; styles, spaces, lines and dates are right; other parts stay."""
    cell = '<table:table-cell office:value-type="string" table:style-name="ce2"><text:p>{}</text:p></table:table-cell>'
    dated = (
        '<table:table-cell office:value-type="date" office:date-value="2027-01-02" table:style-name="day">'
        "<text:p>2027-01-02</text:p></table:table-cell>"
    )
    empty = '<table:table-cell table:number-columns-repeated="3"/>'
    content = ods(
        cell.format("A-1") + cell.format("One") + cell.format("Opn") + dated,
        f'<table:table-row table:number-rows-repeated="3">{cell.format("A-2")}{cell.format("Same")}'
        f'<table:table-cell table:number-columns-repeated="40"/></table:table-row>',
        cell.format("A-3") + empty,
    )
    edits = [
        Edit("Plan", 2, 2, "Open"),
        Edit("Plan", 4, 1, "Two  spaces\nand <a> line"),
        Edit("Plan", 4, 3, "2027-03-03"),
        Edit("Plan", 6, 2, "Open"),
        Edit("Plan", 2, 1, ""),
    ]
    after = changed(content, *edits, name="plan.ods")
    assert parts(after)["other.xml"] == parts(content)["other.xml"]
    records = source(after, "plan.ods").tables[0].records
    assert [[shown(one) for one in record.cells] for record in records] == [
        ["A-1", "", "Open", "2027-01-02"],
        ["A-2", "Same", "", ""],
        ["A-2", "Two  spaces\nand <a> line", "", "2027-03-03"],
        ["A-2", "Same", "", ""],
        ["A-3", "", "Open", ""],
    ]
    text = parts(after)["content.xml"].decode()
    assert text.count('table:style-name="day"') == 2
    assert 'office:date-value="2027-03-03"' in text


def test_an_edit_that_reads_otherwise_is_refused() -> None:
    """The check after the edit is what the user can rely on."""
    before = source(f"{HEADER}\nA-1,One,Open\n".encode())
    after = source(f"{HEADER}\nA-1,Two,Open\n".encode())
    check_edited(before, after, [csv(2, 1, "Two")])
    for edits in ([], [csv(2, 1, "Three")], [csv(2, 2, "Two")]):
        with pytest.raises(CannotEditError, match="row 2 can't be changed here"):
            check_edited(before, after, edits)


def test_cells_outside_the_table_and_other_formats() -> None:
    """Nothing is written outside; a format that can't be edited says what to do."""
    content = f"{HEADER}\nA-1,One,Open\n".encode()
    before = source(content)
    assert edited(content, before, [csv(2, 9, "x"), csv(2, -1, "x"), Edit("No", 2, 0, "x")]) == content
    assert can_edit(before)
    old = SourceFile("plan.xls", "xls", before.tables)
    assert not can_edit(old)
    with pytest.raises(CannotEditError, match="Save it as"):
        edited(content, old, [csv(2, 1, "x")])
