"""Workbooks that spreadsheet programs open, however their XML is spelled and their parts are named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from bulkobj.spreadsheet.table import Formatted
from tests.spreadsheet.reading.reading_kit import MAIN, problem, read, rows, sheet, unzipped, xlsx, zipped

STRINGS = f'<sst xmlns="{MAIN}"><si><t>a1</t></si></sst>'
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="170" formatCode="000000"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>'
)
BODY = '<row r="2"><c r="A2" s="1"><v>7310</v></c><c r="B2" t="s"><v>0</v></c></row>'
SEEN = {2: (Formatted(7310, "007310", "000000"), "a1")}
XML = sheet(BODY)


def prefixed(xml: str) -> str:
    """The same with a prefix before the name of each element."""
    return xml.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("xmlns=", "xmlns:x=")


@pytest.mark.parametrize(
    "spelled",
    [
        XML.replace('r="A2" s="1"', 's="1" r="A2"'),
        XML.replace('"', "'"),
        XML.replace("><", ">\n  <"),
        XML.replace("<v>7310</v>", "<v>\n7310.0\n</v>"),
        XML.replace("<v>7310</v>", "<v>7.31E3</v>"),
        XML.replace("<v>7310</v>", "<v><![CDATA[7310]]></v>"),
        XML.replace("<v>7310</v>", "<v>73<!-- - -->10</v>"),
        XML.replace("<v>7310</v>", "<f>A1</f><v>7310</v>"),
        XML.replace(' r="A2"', "").replace(' r="B2"', "").replace(' r="2"', ""),
        XML.replace('r="A2"', 'r="a2"'),
        XML.replace("<sheetData>", '<dimension ref="1:2"/><sheetData>'),
        XML.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'),
        XML.replace(' t="s"><v>0</v>', ' t="inlineStr"><is><r><t>a</t></r><r><t>1</t></r><rPh><t>x</t></rPh></is>'),
        XML.replace(' t="s"><v>0</v>', ' t="str"><f>X()</f><v>a1</v>'),
        XML.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        prefixed(XML),
        '<?xml version="1.0" encoding="UTF-16"?>' + XML,
        '<?xml version="1.0" encoding="UTF-16"?>' + prefixed(XML),
    ],
)
def test_any_spelling_of_a_sheet(spelled: str) -> None:
    """The id is what the cell shows, and the text is the text."""
    content = spelled.encode("utf-16" if "UTF-16" in spelled else "utf-8")
    assert rows(read(xlsx(content, strings=STRINGS, styles=STYLES), "plan.xlsx")) == SEEN


def test_parts_in_utf_16() -> None:
    """All of them."""
    parts = unzipped(xlsx(XML, strings=STRINGS, styles=STYLES))
    wide = {name: text.decode().encode("utf-16") for name, text in parts.items()}
    assert rows(read(zipped(dict(wide)), "plan.xlsx")) == SEEN


def without(name: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Leave a part out that others refer to."""
    return lambda parts: {key: value for key, value in parts.items() if key != name}


@pytest.mark.parametrize(
    "changed",
    [
        lambda parts: {name.replace("/", "\\"): text for name, text in parts.items()},
        lambda parts: {name.upper(): text for name, text in parts.items()},
        lambda parts: {f"/{name}": text for name, text in parts.items()},
        without("xl/styles.xml"),
        without("xl/sharedStrings.xml"),
        without("xl/worksheets/s1.xml"),
        lambda parts: {name: text.replace(b'"xl/workbook.xml"', b'"/xl/workbook.xml"') for name, text in parts.items()},
        lambda parts: {name: text.replace(b'"worksheets/', b'"\\xl\\worksheets\\') for name, text in parts.items()},
    ],
)
def test_any_naming_of_parts(changed: Callable[[dict[str, bytes]], dict[str, bytes]]) -> None:
    """Also where a part that is referred to isn't there and isn't needed."""
    own = '<row r="2"><c r="A2" t="inlineStr"><is><t>a1</t></is></c></row>'
    parts = unzipped(xlsx(sheet(own), sheet("", ""), strings=STRINGS, styles=STYLES))
    assert rows(read(zipped(dict(changed(parts))), "plan.xlsx")) == {2: ("a1", None)}


def test_escaped_characters_of_texts() -> None:
    """Each run by itself; what isn't a character is replaced."""
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>a_x0009_b</t></si><si><t>_x005F_x0041_</t></si>'
        "<si><r><t>_x00</t></r><r><t>41_</t></r></si><si><t>_xD83D__xDE00_ _xD83D_</t></si></sst>"
    )
    body = "".join(f'<row r="{n + 2}"><c r="A{n + 2}" t="s"><v>{n}</v></c></row>' for n in range(4))
    found = rows(read(xlsx(sheet(body), strings=strings), "plan.xlsx"))
    assert [cells[0] for cells in found.values()] == ["a\tb", "_x0041_", "_x0041_", "\U0001f600 \ufffd"]


def test_texts_in_a_format_and_dates_written_out() -> None:
    """A text has what its format puts around it; a strict date is displayed by its format."""
    styles = STYLES.replace("000000", "&quot;ACME-&quot;@").replace(
        '<xf numFmtId="170"/>', '<xf numFmtId="170"/><xf numFmtId="15"/>'
    )
    body = (
        '<row r="2"><c r="A2" s="1" t="inlineStr"><is><t>1001</t></is></c>'
        '<c r="B2" s="2" t="d"><v>2024-02-08T00:00:00</v></c></row>'
    )
    found = rows(read(xlsx(sheet(body), styles=styles), "plan.xlsx"))[2]
    assert found == ("ACME-1001", Formatted(date(2024, 2, 8), "8-Feb-24", "d-mmm-yy"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<row r="2"><c r="A2" t="s"><v>9</v></c></row>', "text that isn't there"),
        ('<row r="2"><c r="A2"><v>seven</v></c></row>', '"seven" as a number'),
        ('<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>', "out of order"),
        ('<row r="2"><c r="A3"><v>1</v></c></row>', "A3 stands in row 2"),
        ('<row r="2"><c r="A2"><v>1</v></row>', "XML is broken"),
    ],
)
def test_damaged_sheets_say_what_is_wrong(body: str, words: str) -> None:
    assert words in problem(read(xlsx(sheet(body)), "plan.xlsx")).message


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("plan.xlsx", b"", "0 bytes"),
        ("~$plan.xlsx", b"\x05Jane" + b" " * 160, 'Use "plan.xlsx"'),
        (".~lock.plan.ods#", b",jane,host,25.11.2026 15:00,file:///x;", 'Use "plan.ods"'),
        ("plan.docx", zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "a Word document"),
        ("plan.pptx", zipped({"[Content_Types].xml": "", "ppt/presentation.xml": ""}), "a PowerPoint presentation"),
        ("plan.numbers", zipped({"Index/Document.iwa": "", "Metadata/Properties.plist": ""}), "a Numbers"),
        ("plan.odt", zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), "not a spreadsheet"),
        ("plans.zip", zipped({"a/plan.xlsx": ""}), 'zip archive with "a/plan.xlsx"'),
        ("plan.gsheet", b'{"url": "https://docs.google.com/open?id=1", "doc_id": "1"}', "link to a Google Sheet"),
        ("plan.json", b'[{"title": "One"}]', "a JSON file"),
        ("plan.csv", b'\xef\xbb\xbf {"title": "One"}'.replace(b"\xef\xbb\xbf", b""), "a JSON file"),
        ("plan.pdf", b"%PDF-1.7", "a PDF document"),
        ("plan.xls", b"<html><table>", "a web page"),
        (
            "plan.xls",
            b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
            "XML Spreadsheet 2003",
        ),
        ("plan.parquet", b"PAR1xxxx", "a Parquet file"),
    ],
)
def test_other_files_are_called_what_they_are(name: str, data: bytes, words: str) -> None:
    """With one thing to do."""
    found = problem(read(data, name))
    assert words in found.message
    assert found.code == ("unreadable-file" if data else "empty-file")
