"""Workbooks in .xls and .ods, and files that are something else than their names say."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from bulkobj.spreadsheet.reading.legacy import xls
from bulkobj.spreadsheet.table import BadCell, Formatted, plain
from tests.spreadsheet.reading.reading_kit import (
    FILES,
    OFFICE,
    problem,
    read,
    rows,
    sheet,
    table,
    unzipped,
    xlsx,
    zipped,
)

XLS = (FILES / "plan.xls").read_bytes()
ODS = (FILES / "plan.ods").read_bytes()
COMPOUND = XLS[:8]
BINARY = (
    f'<Relationships><Relationship Id="b" Type="{OFFICE}/officeDocument" Target="xl/workbook.bin"/></Relationships>'
)


@pytest.mark.parametrize(("data", "kind"), [(XLS, "xls"), (ODS, "ods")])
def test_all_that_a_sheet_shows_is_read(data: bytes, kind: str) -> None:
    """Title rows, dates, errors, line breaks, a hidden row; hidden and other sheets are left alone."""
    source = read(data, f"plan.{kind}")
    found = table(source)
    assert (source.format, found.sheet, found.header_number) == (kind, "Plan", 3)
    assert found.headers == ("Account ID", "Title", "Start Date", "Status", "Amount")
    assert {number: tuple(map(plain, cells)) for number, cells in rows(source).items()} == {
        4: ("a1", "First", date(2024, 2, 8), BadCell("bad-cell", "#DIV/0!"), 42),
        5: ("a2", "line 1\nline 2", datetime(2024, 2, 9, 20, 10, 5), BadCell("bad-cell", "#N/A"), 4.5),  # noqa: DTZ001 - a sheet's own time
        7: (12345678901, "seen by nobody", time(12, 30), "In Progress", "x"),
    }
    assert [record.hidden for record in found.records] == [False, False, True]


def test_the_content_decides_what_a_file_is() -> None:
    """The ending is only a hint."""
    modern = xlsx(sheet('<row r="2"><c r="A2"><v>1</v></c></row>'))
    assert [read(XLS, name).format for name in ("plan.xlsx", "plan.csv")] == ["xls", "xls"]
    assert [read(modern, name).format for name in ("plan.xls", "plan.csv", "plan")] == ["xlsx"] * 3
    assert read("Account ID,Title\na,b", "plan.tsv").format == "csv"


def test_macros_make_an_xlsm() -> None:
    """By what the package says of its parts."""
    parts = unzipped(xlsx(sheet('<row r="2"><c r="A2"><v>1</v></c></row>')))
    types = "<Types><Override ContentType='application/vnd.ms-excel.sheet.macroEnabled.main+xml'/></Types>"
    assert read(zipped({**parts, "[Content_Types].xml": types}), "plan.xlsm").format == "xlsm"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("plan.xls", b"<html><table><tr><td>Account ID</td></tr></table></html>", "web page"),
        ("plan.xls", b'\xef\xbb\xbf\n<?xml version="1.0"?><Workbook/>', "XML file"),
        ("plan.csv", "<!DOCTYPE html><p>Sign in".encode("utf-16"), "web page"),
        ("plan.xls", b"Account ID,Title\na,b\n", ".xls workbook"),
        ("plan.xlsx", b"Account ID,Title\na,b\n", "an .xlsx workbook"),
        ("plan.numbers", b"\x00\x01\x02", "a .numbers workbook"),
        ("plan.csv", b"%PDF-1.7", "PDF"),
        ("plan.csv", b"{\\rtf1 Account ID}", "rich text"),
        ("plan.csv", b"\x1f\x8b\x08", "compressed"),
        ("plan.xls", COMPOUND + b"\0" * 600, "damaged"),
        ("plan.xls", COMPOUND, "damaged"),
        ("plan.xlsx", COMPOUND + "EncryptedPackage".encode("utf-16-le"), "password"),
        (
            "plan.xls",
            XLS.replace("Workbook".encode("utf-16-le"), "WordDoku".encode("utf-16-le")),
            "holds no workbook",
        ),
        ("plan.xls", XLS[:3000], "damaged"),
        ("plan.ods", ODS[:1500], "damaged"),
        ("plan.xlsx", zipped({"word/document.xml": "<a/>"}), "a Word document"),
        ("plan.xlsb", zipped({"_rels/.rels": BINARY}), "isn't a spreadsheet that bulkobj reads"),
        ("plan.xlsb", zipped({"xl/workbook.bin": ""}), "binary workbook"),
        ("plan.zip", zipped({"plan.csv": "Account ID,Title\na,b"}), 'a zip archive with "plan.csv"'),
    ],
)
def test_other_files_are_refused_in_words_that_help(name: str, data: bytes, words: str) -> None:
    """One clear line each, and no data from them."""
    found = problem(read(data, name))
    assert found.code == "unreadable-file"
    assert words in found.message
    assert "\n" not in found.message


def test_a_protected_xls_asks_for_the_password_to_be_taken_off() -> None:
    """A FILEPASS record stands where the code page of an open file does."""
    code_page = b"\x42\x00\x02\x00"
    assert XLS.count(code_page) == 1
    assert "password" in problem(read(XLS.replace(code_page, b"\x2f\x00\x02\x00"), "plan.xls")).message


def ods(body: str = "", **parts: str) -> bytes:
    """The .ods file with rows put in below the header."""
    content = unzipped(ODS)["content.xml"].decode()
    before, header, after = content.partition("Amount</text:p></table:table-cell>")
    close = "</table:table-row>"
    position = after.index(close) + len(close)
    inserted = before + header + after[:position] + body + after[position:]
    return zipped({**unzipped(ODS), "content.xml": inserted, **parts})


FORMULA = '<table:table-cell table:formula="of:=A1"/>'
CELL = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'


def test_repeated_rows_and_cells_of_an_ods_are_counted() -> None:
    """One element may stand for many; comments are no content."""
    note = "<office:annotation><text:p>note</text:p></office:annotation>"
    source = read(
        ods(
            f'<table:table-row table:number-rows-repeated="2" table:visibility="filter">{CELL}'
            f'<table:table-cell table:formula="of:=A1+1" table:number-columns-repeated="2">{note}</table:table-cell>'
            "</table:table-row>"
            f'<table:table-row table:number-rows-repeated="500"><table:table-cell>{note}</table:table-cell>'
            "</table:table-row>"
        )
    )
    waiting = BadCell("uncalculated-formula", "=A1+1")
    found = table(source).records[:3]
    assert [record.number for record in found] == [4, 5, 506]
    assert [record.hidden for record in found] == [True, True, False]
    assert found[0].cells == found[1].cells == ("x", waiting, waiting, None, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f'<table:table-row table:number-rows-repeated="99999999">{CELL}</table:table-row>', "row 100,000,002"),
        (
            "<table:table-row>"
            + CELL.replace(" off", ' table:number-columns-repeated="5000" off')
            + "</table:table-row>",
            "5,000",
        ),
        (f'<table:table-row table:number-rows-repeated="9{"9" * 20}">{CELL}</table:table-row>', "damaged"),
        (f'<table:table-row table:number-rows-repeated="-1">{CELL}</table:table-row>', "damaged"),
        (
            f'<table:table-row table:number-rows-repeated="600000">{FORMULA}</table:table-row>',
            "600,000 cells",
        ),
        ("<table:table-row>", "damaged"),
    ],
)
def test_an_ods_beyond_the_limits_is_refused(body: str, words: str) -> None:
    """Before anything is made of it."""
    assert words in problem(read(ods(body), "plan.ods")).message


def test_a_protected_ods_asks_for_the_password_to_be_taken_off() -> None:
    """Its manifest says that parts are encrypted."""
    manifest = '<m:manifest xmlns:m="u"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    assert "password" in problem(read(ods(**{"META-INF/manifest.xml": manifest}), "plan.ods")).message
    assert "password" in problem(read(ods(**{"encrypted-package": "x"}), "plan.ods")).message


def test_what_stands_in_an_ods_as_an_element_is_a_character() -> None:
    cell = CELL.replace(">x<", '>a<text:tab/>b<text:line-break text:style="s"/>c<')
    assert rows(read(ods(f"<table:table-row>{cell}</table:table-row>"), "plan.ods"))[4][0] == "a\tb\nc"


def test_an_id_of_an_ods_is_what_is_seen() -> None:
    number = '<table:table-cell office:value-type="float" office:value="7310"><text:p>{}</text:p></table:table-cell>'
    cells = number.format("007310") + number.format("7310.00")
    assert rows(read(ods(f"<table:table-row>{cells}</table:table-row>"), "plan.ods"))[4][:2] == (
        Formatted(7310, "007310", ""),
        Formatted(7310, "7310.00", ""),
    )


def test_container_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sectors may be chained in a circle; the process that follows them is ended."""
    monkeypatch.setattr(xls, "_SECONDS", 0.001)
    assert "can't be read" in problem(read(XLS, "plan.xls")).message
