"""Number formats: the text that a spreadsheet program displays, or nothing where that can't be known."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from bulkobj.spreadsheet.reading.number_format.number_format import built_in, parse
from bulkobj.spreadsheet.table import Cell, Formatted, plain, shown

#: Format code, number, displayed text.
SHOWN = [
    ("General", 7310, "7310"),
    ("General", -4.5, "-4.5"),
    ("General", 0.1 + 0.2, "0.3"),
    ("General", 123456789012345, "123456789012345"),
    ("General", 1234.56789, "1234.56789"),
    ("General", 0.000012, "0.000012"),
    ('"EU-"General', 7310, "EU-7310"),
    ("@", 1001, "1001"),
    ('"ACME-"@', 1001, "1001"),
    ("000000", 7310, "007310"),
    ("00000;-00000", 7310, "07310"),
    ("00000;-00000;;@", 7310, "07310"),
    ('"C"#', 7310, "C7310"),
    ("[$-409]00000", 7310, "07310"),
    ("000\\-000", 7310, "007-310"),
    ("000-000", 1234567, "1234-567"),
    ("00000_);(00000)", 7310, "07310"),
    ("00000_);(00000)", -7310, "(07310)"),
    ("00000_ ;[Red]-00000\\ ", 7310, "07310"),
    ("[>=100]00000;0000", 7310, "07310"),
    ("[>=100]00000;0000", 42, "0042"),
    ("[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", 5551234, "555-1234"),
    ("[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", 5551234567, "(555) 123-4567"),
    ("000\\-00\\-0000", 12345678, "012-34-5678"),
    ("0", 0.5, "1"),
    ("0", -5, "-5"),
    ("0.0", 0.1 + 0.2, "0.3"),
    ("0.00", 1.005, "1.01"),
    ("0.0#", 1.5, "1.5"),
    ("0.0##", 1.25, "1.25"),
    ("#,##0", 1250000, "1,250,000"),
    ("#,##0", 999, "999"),
    ("#,##0.00", -1234.5, "-1,234.50"),
    ("#,##0;(#,##0)", -1234, "(1,234)"),
    ('0.0,,"M"', 1250000, "1.3M"),
    ('"$"#,##0.00', 1234.5, "$1,234.50"),
    ('#,##0.00\\ "EUR"', 1234.5, "1,234.50 EUR"),
    ("[$$-409]#,##0.00", 1234.5, "$1,234.50"),
    ("0%", 0.95, "95%"),
    ("0.00%", 0.075, "7.50%"),
    ("0\\ %", 0.95, "95 %"),
    ("0.00E+00", 1234567, "1.23E+06"),
    ("0.00E+00", 0.00012, "1.20E-04"),
    ("# ?/?", 0.75, "3/4"),
    ("# ?/?", 2.5, "2 1/2"),
    ("# ??/??", 1.25, "1  1/4"),
    ("?/?", 1.5, "3/2"),
    ("#,##0.00\\ [$€-407]", 1234.5, "1,234.50 €"),
    ("[$-407]dd.mm.yyyy", 45330, "08.02.2024"),
    ("yyyy\\-mm\\-dd", 45330, "2024-02-08"),
    ("dd.mm.yyyy", 45330, "08.02.2024"),
    ("dd/mm/yy", 45330, "08/02/24"),
    ("mmm\\-yy", 45352, "Mar-24"),
    ("d\\-mmm", 45332, "10-Feb"),
    ("[$-409]d\\-mmm\\-yy;@", 45330, "8-Feb-24"),
    ("mmmm d, yyyy", 45330, "February 8, 2024"),
    ("ddd dd", 45330, "Thu 08"),
    ("dddd", 45330, "Thursday"),
    ('"Q"0 yyyy', 45330, None),
    ("h:mm", 0.5, "12:00"),
    ("hh:mm:ss", 0.5208333333333334, "12:30:00"),
    ("h:mm AM/PM", 0.75, "6:00 PM"),
    ("h:mm AM/PM", 0.02, "12:28 AM"),
    ("m/d/yyyy h:mm", 45330.84027777778, "2/8/2024 20:10"),
    ("mm:ss.0", 0.0012345, "01:46.7"),
    ("[h]:mm", 3.25, "78:00"),
    ("[mm]:ss", 0.5, "720:00"),
]
#: Formats whose display programs disagree on, that depend on the computer, or that hide the value.
UNKNOWN = [
    ("General", 1234.56789012),
    ("General", 1 / 3),
    ("General", 123456789012.5),
    ("General", 1.5e-10),
    ("[$-407]#,##0.00", 1234.5),
    ("0.0", -0.04),
    ("#", 0),
    ("0000.", 7310),
    ("#.##", 5),
    (";;;", 5),
    ('"hidden"', 5),
    ("* 0", 5),
    ("0*-", 5),
    ("_-* #,##0_-", 5),
    ("[White]0", 5),
    ("[DBNum1]0", 5),
    ("[$-F800]dddd, mmmm dd, yyyy", 45330),
    ("[$-407]mmmm yyyy", 45330),
    ("[$-411]ggge", 45330),
    ("yyyy-mm-dd", 45),
    ("yyyy-mm-dd", -1),
    ("yyyy-mm-dd", 9e9),
    ("##0.0E+0", 12345),
    ("[>100]0", 5),
    ("[<0]0;[<10]00;000;0000", -5),
    ("0;0;0;0;0", 5),
    ("Liter 0", 5),
    ('"open', 5),
]


def display(cell: Cell) -> str | None:
    """Return the displayed text of a cell, None if it isn't known."""
    return None if isinstance(cell, Formatted) and cell.text is None else shown(cell)


@pytest.mark.parametrize(("code", "number", "text"), SHOWN)
def test_display(code: str, number: float, text: str | None) -> None:
    assert display(parse(code).cell(float(number))) == text


@pytest.mark.parametrize(("code", "number"), UNKNOWN)
def test_unknown_display(code: str, number: float) -> None:
    """The value is there for dates; ids and texts can't be taken from it."""
    assert display(parse(code).cell(float(number))) is None


def test_value_is_kept_beside_the_display() -> None:
    """Dates are dates and numbers numbers, whatever they look like."""
    assert plain(parse("mmm-yy").cell(45352.0)) == date(2024, 3, 1)
    assert plain(parse("[$-F800]dddd, mmmm dd, yyyy").cell(45330.0)) == date(2024, 2, 8)
    assert plain(parse("h:mm").cell(45330.5)) == datetime(2024, 2, 8, 12)  # noqa: DTZ001 - a sheet's own time
    assert plain(parse("h:mm").cell(0.5)) == time(12)
    assert plain(parse("[h]:mm").cell(3.25)) == 3.25
    assert plain(parse("0%").cell(0.95)) == 0.95
    assert parse("yyyy-mm-dd").cell(43868.0, from_1904=True) == date(2024, 2, 8)


@pytest.mark.parametrize(
    ("number", "value", "text"),
    [
        (0, 7310, "7310"),
        (1, 7310.4, "7310"),
        (4, 7310, "7,310.00"),
        (10, 0.5, "50.00%"),
        (14, 45330, None),
        (15, 45330, "8-Feb-24"),
        (17, 45330, "Feb-24"),
        (22, 45330.5, None),
        (27, 45330, None),
        (37, -5, "(5)"),
        (44, 5, None),
        (46, 1.5, "36:00:00"),
        (49, 7310, "7310"),
        (99, 5, None),
    ],
)
def test_built_in_formats(number: int, value: float, text: str | None) -> None:
    """Those that follow the computer's region are not known, but their dates are dates."""
    cell = built_in(number).cell(float(value))
    assert display(cell) == text
    assert isinstance(plain(cell), date) is (number in {14, 15, 17, 22, 27})


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("General", "5E12"),
        ("00000", "5E12"),
        ("@", "5E12"),
        ("0;-0;0;@", "5E12"),
        ('"ACME-"@', "ACME-5E12"),
        ('0;-0;0;"no. "@" !"', "no. 5E12 !"),
        (";;;", None),
        ('0;-0;0;"other"', None),
        ("@*-", None),
    ],
)
def test_texts_in_a_format(code: str, text: str | None) -> None:
    """A text is itself, with what the format puts around it."""
    assert display(parse(code).text_cell("5E12")) == text


@pytest.mark.proof
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_displays_the_same(tmp_path: Path) -> None:
    """A program of other people is asked for each text of the table."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.column_dimensions["A"].width = 60
    known = [(code, number, text) for code, number, text in SHOWN if text is not None]
    for row, (code, number, _) in enumerate(known, 1):
        sheet.cell(row, 1, number).number_format = code
    book.save(tmp_path / "formats.xlsx")
    home = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    target = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true"
    command = ["soffice", home, "--headless", "--convert-to", target, "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "formats.xlsx")], check=True, capture_output=True)
    with io.StringIO((tmp_path / "formats.csv").read_text("utf-8"), newline="") as file:
        theirs = [row[0].strip() for row in csv.reader(file)]
    different = [(code, ours, found) for (code, _, ours), found in zip(known, theirs, strict=True) if ours != found]
    assert different == []
