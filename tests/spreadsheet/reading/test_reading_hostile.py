"""Workbooks made to harm: each is one clear problem, soon, and takes nothing down with it."""

from __future__ import annotations

import struct
import time
from unittest.mock import Mock

import pytest

from bulkobj.spreadsheet import limits
from bulkobj.spreadsheet.ooxml import package
from bulkobj.spreadsheet.reading.xlsx import workbook
from tests.spreadsheet.reading.reading_kit import (
    HEADER,
    MAIN,
    problem,
    read,
    rows,
    sheet,
    unzipped,
    xlsx,
    zipped,
)

ROW = '<row r="2"><c r="A2" t="str"><v>a</v></c></row>'
FAR = '<c r="XFD1048576"><v>1</v></c>'
NOTES = sheet("", "")
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "b">]>'


@pytest.mark.parametrize(
    "body",
    [
        f'<row r="1048576">{FAR}</row>',
        f'<row r="3">{FAR}</row>',
        f"<row>{FAR}</row>",
        FAR,
        f"<row r='1048576'>{FAR}</row>".replace('"', "'"),
        f'<row r="1048576">{FAR}</row>'.replace("XFD", "xfd"),
        f'<x:row xmlns:x="u" r="3">{FAR}</x:row>'.replace("<c", "<x:c").replace("</c", "</x:c"),
        '<row r="3"><c s="0" r="XFD1048576"><v>1</v></c></row>',
        f'<row r="3"><c r="A3"><v>1</v>{FAR}</c></row>',
        '<row r="3"><c r="A1048576"><v>1</v></c><c r="XFD3"><v>1</v></c></row>',
        '<row r="3"><c r="A3"><v>1</v></c></row><row r="1048575"><c r="XFC1048575"><v>1</v></c><c><v>2</v></c></row>',
        '<row r="3"><c r="AAA3"><v>1</v></c></row><row r="1048576"><c r="A1048576"><is><t>1</t></is></c></row>',
        '<row r="1048576"><c r="T1048576"><v>1</v></c></row>',
        '<row r="9999999"><c r="A9999999"><v>1</v></c></row>',
        '<row r="3"><c r="ZZZZZZ3"><v>1</v></c></row>',
    ],
)
def test_a_stray_cell_does_not_allocate_the_whole_grid(body: str) -> None:
    """The message says where the content goes, or that a cell isn't where it says."""
    found = problem(read(xlsx(sheet(ROW + body)), "plan.xlsx"))
    assert found.code == "unreadable-file"
    says = ("content in column", "content down to row", "stands in row", "within cells", "outside of rows")
    assert any(words in found.message for words in says)


def test_far_cells_are_named_with_their_sheet() -> None:
    """A workbook may have many sheets."""
    found = problem(read(xlsx(sheet(f'{ROW}<row r="1048576">{FAR}</row>')), "plan.xlsx"))
    assert found.sheet == "Plan"
    assert "content in column" in found.message


@pytest.mark.parametrize(
    "body",
    [
        f'<!-- <row r="3"><c r="A3"><v>--></v></c></row> {FAR} <!-- -->',
        f'<!-- <row r="3"><c r="A3"><v>--></v></c></row> {FAR} -->',
        f'<?x <row r="3"><c r="A3"><v>?></v></c></row> {FAR} ?>',
        f'<?x <row r="3"><c r="A3"><v>?></v></c></row> {FAR} <?y ?>',
        f'<z a="<row r="3"><c r="A3"><v>"></v></c></row> {FAR}"/>',
        f'<![CDATA[ <row r="3"><c r="A3"><v>]]></v></c></row> {FAR} <![CDATA[ ]]>',
        f'<row r="3" a=">"{FAR}</row>',
    ],
)
def test_nothing_hides_a_stray_cell(body: str) -> None:
    """What the quick look takes for a plain row stands within something else; it never gets to the workbook reader."""
    assert problem(read(xlsx(sheet(ROW + body)), "plan.xlsx")).code == "unreadable-file"


def test_blank_cells_with_a_format_are_no_content() -> None:
    """Many programs write them far below and beside the table."""
    blanks = '<row r="1048575"><c r="A1048575" s="0"/><c r="XFD1048575"/></row>'
    blanks += '<row r="1048576"><c r="A1048576" s="0" /></row>'
    assert rows(read(xlsx(sheet(ROW + blanks)))) == {2: ("a", None)}


@pytest.mark.parametrize(
    "data",
    [
        xlsx(DOCTYPE + sheet(ROW)),
        xlsx(sheet(ROW), prologue=DOCTYPE),
        xlsx(sheet(ROW), styles=f'{DOCTYPE}<styleSheet xmlns="{MAIN}"/>'),
        xlsx(sheet(ROW), strings=f'{DOCTYPE}<sst xmlns="{MAIN}"><si><t>&a;</t></si></sst>'),
    ],
    ids=["sheet", "workbook", "styles", "strings"],
)
def test_document_types_are_refused(data: bytes) -> None:
    """No spreadsheet program writes them, and entities come with them."""
    assert "document type" in problem(read(data, "plan.xlsx")).message


@pytest.mark.parametrize(
    "xml",
    [
        sheet(ROW).encode("utf-16-le"),
        b'<?xml version="1.0" encoding="cp037"?>' + sheet(ROW).encode(),
        sheet(ROW)[:-20].encode(),
        sheet(ROW).encode().replace(b">a<", b">\xff<"),
        sheet(ROW).encode().replace(b">a<", b">\0<"),
        b"",
        sheet('<row r="x"><c r="A2"><v>1</v></c></row>').encode(),
        sheet('<row r="2"><c r="2A"><v>1</v></c></row>').encode(),
        sheet('<row r="2"><c r="A2" t="s"><v>99</v></c></row>').encode(),
    ],
)
def test_damaged_sheets_are_refused(xml: bytes) -> None:
    """Strange encodings too: no two parsers see the same in them."""
    assert "damaged" in problem(read(xlsx(xml), "plan.xlsx")).message


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels", "xl/worksheets/s0.xml"]
)
def test_a_missing_part_is_damage(part: str) -> None:
    """Whichever it is."""
    parts = unzipped(xlsx(sheet(ROW)))
    del parts[part]
    assert problem(read(zipped(parts), "plan.xlsx")).code == "unreadable-file"


def test_what_comes_out_of_the_zip_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb is stopped on its way, whatever size its header claims; parts are counted together."""
    monkeypatch.setattr(package, "MAX_INFLATED", 1_000_000)
    bomb = xlsx(sheet(ROW + " " * 700_000), NOTES, strings=f'<sst xmlns="{MAIN}">{" " * 400_000}</sst>')
    assert "unpacks to more than" in problem(read(bomb, "plan.xlsx")).message
    bomb = xlsx(sheet(ROW + " " * 2_000_000))
    assert "unpacks to more than" in problem(read(bomb, "plan.xlsx")).message
    directory = bomb.rindex(b"PK\x01\x02")
    lying = bomb[: directory + 24] + struct.pack("<I", 1_000) + bomb[directory + 28 :]
    assert problem(read(lying, "plan.xlsx")).code == "unreadable-file"


@pytest.mark.proof
def test_a_real_bomb_is_stopped_soon() -> None:
    """Half a gigabyte of blanks in half a megabyte."""
    bomb = xlsx(sheet(ROW + " " * 500_000_000))
    began = time.process_time()
    assert "unpacks to more than" in problem(read(bomb, "plan.xlsx")).message
    assert time.process_time() - began < 5


def test_an_encrypted_part_asks_for_the_password_to_be_taken_off() -> None:
    """Not the workbook's own protection, but the zip file's."""
    data = bytearray(xlsx(sheet(ROW)))
    position = -1
    while (position := data.find(b"PK\x01\x02", position + 1)) >= 0:
        data[position + 8] |= 1
    assert "password" in problem(read(bytes(data), "plan.xlsx")).message


def test_a_huge_cell_is_refused() -> None:
    """In the sheet or among the shared texts; one that is only large is not."""
    large, huge = "x" * 900_000, "x" * 2_100_000
    own = '<row r="2"><c r="A2" t="inlineStr"><is><t>{}</t></is></c></row>'
    assert rows(read(xlsx(sheet(own.format(large))))) == {2: (large, None)}
    assert "characters" in problem(read(xlsx(sheet(own.format(huge))))).message
    strings = f'<sst xmlns="{MAIN}"><si><t>{huge}</t></si></sst>'
    assert "characters" in problem(read(xlsx(sheet(ROW), strings=strings))).message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<row r="2"></row>' * 20_000, "row 20,001"),
        ("<row/>" * 20_000, "row 20,001"),
        ('<x:row xmlns:x="u"/>' * 20_001, "row 20,001"),
        ('<row r="2">' + '<c r="A2" t="e"/>' * 20_001 + "</row>", "20,001 cells"),
        ("<row r='2'>" + '<c r="A2" t="e"/>' * 20_001 + "</row>", "20,001 cells"),
        ('<row r="2">' + '<c r="A2"><f>1</f></c>' * 20_001 + "</row>", "20,001 cells"),
    ],
    ids=["rows", "rows without numbers", "rows with a prefix", "errors", "errors otherwise", "formulas"],
)
def test_a_flood_of_elements_is_refused(body: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes in the file, many objects in memory."""
    monkeypatch.setattr(limits, "MAX_BAD_CELLS", 20_000)
    monkeypatch.setattr(limits, "MAX_ROWS", 20_000)
    assert words in problem(read(xlsx(sheet(body)), "plan.xlsx")).message


@pytest.mark.proof
def test_a_flood_of_shared_texts_is_refused() -> None:
    """As above."""
    strings = f'<sst xmlns="{MAIN}">{"<si></si>" * 3_000_001}</sst>'
    assert "different texts" in problem(read(xlsx(sheet(ROW), strings=strings))).message


def test_too_little_memory_is_a_problem_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is known of it."""
    monkeypatch.setattr(workbook, "read_worksheet", Mock(side_effect=MemoryError))
    assert "memory" in problem(read(xlsx(sheet(ROW)), "plan.xlsx")).message


def test_the_kit_makes_readable_workbooks() -> None:
    """So that the refusals above are not the kit's fault."""
    assert rows(read(xlsx(sheet(ROW)))) == {2: ("a", None)}
    assert HEADER in sheet(ROW)


@pytest.mark.parametrize("count", ["4000000000", "18446744073709551615"])
def test_a_count_of_texts_that_is_a_lie_makes_no_room(count: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The workbook reader would ask for as much memory as the file says, and end the process where there is less."""
    strings = f'<sst xmlns="{MAIN}" count="{count}" uniqueCount=\'{count}\'><si><t>a</t></si></sst>'
    body = '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    assert rows(read(xlsx(sheet(body), strings=strings), "plan.xlsx"))[2] == ("a", None)
    assert capfd.readouterr().err == ""
