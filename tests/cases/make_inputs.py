"""Makes the inputs of cases that no text editor makes: ``python make_inputs.py`` writes those that are kept.

The ``.xls`` and ``.ods`` files are LibreOffice's own, converted from the workbook beside their recipe; where it isn't
installed they stay as they are.
"""

from __future__ import annotations

import io
import itertools
import shutil
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

HEADERS = ("Account ID", "Title", "Category", "Status", "Start Date", "End Date")
START, END = date(2027, 1, 11), date(2027, 3, 26)
AFTERNOON = datetime(2027, 3, 26, 17, 30)  # noqa: DTZ001 - a cell has no zone

Fill = Callable[[Workbook], None]
Make = Callable[[], bytes]


def book(*fills: Fill, **options: Any) -> bytes:
    """A workbook with what each of the functions puts into it."""
    target = io.BytesIO()
    made = Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd", **options})
    made.set_properties({"created": datetime(1980, 1, 1)})  # noqa: DTZ001 - the same bytes each time
    for fill in fills:
        fill(made)
    made.close()
    return target.getvalue()


def sheet(name: str, *rows: tuple[Any, ...], top: int = 0, hidden: tuple[int, ...] = ()) -> Fill:
    """Fills in a sheet: texts as texts, dates as dates; ``("=A1", value)`` is a formula with its result."""

    def fill(made: Workbook) -> None:
        ours, day = made.add_worksheet(name), made.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows, top):
            for column, cell in enumerate(row):
                _write(ours, number, column, cell, day)
        for number in hidden:
            ours.set_row(number - 1, None, None, {"hidden": True})

    return fill


def _write(ours: Any, row: int, column: int, cell: Any, day: Any) -> None:
    match cell:
        case None:
            pass
        case (str(formula), value):
            ours.write_formula(row, column, formula, day, value)
        case str():
            ours.write_string(row, column, cell)
        case _:
            ours.write(row, column, cell)


def row(title: Any, account: Any = "BLUE-1010", *, start: Any = START, end: Any = END) -> tuple[Any, ...]:
    """A row that creates an objective."""
    return (account, title, "Adoption", "In Progress", start, end)


def plan(*rows: tuple[Any, ...], **options: Any) -> Make:
    """A workbook of one sheet with those rows."""
    return lambda: book(sheet("Plan", HEADERS, *rows), **options)


def edited(data: bytes, changes: Mapping[str, Callable[[str], str]]) -> bytes:
    """The package with some of its parts changed, as text."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            change = changes.get(info.filename)
            new.writestr(info.filename, change(text.decode()) if change else text, compresslevel=1)
    return target.getvalue()


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def _uncalculated() -> bytes:
    made = plan(row(("=A1&B1", "gone")), row(("=A2", "There")))()
    return edited(made, {SHEET: lambda xml: xml.replace("<v>gone</v>", "")})


def _rich_text() -> bytes:
    rich = "<si><r><t xml:space='preserve'>Roll </t></r><r><rPr><b/></rPr><t>out</t></r><rPh><t>x</t></rPh></si>"
    return edited(plan(row("RICH"))(), {STRINGS: lambda xml: xml.replace("<si><t>RICH</t></si>", rich)})


def _errors() -> bytes:
    return plan(row(("=NA()", "#N/A")), row("B", ("=VLOOKUP(1,Z1:Z2,1)", "#REF!")), row("C", end=("=1/0", "#DIV/0!")))()


def _two_sheets() -> bytes:
    return book(sheet("Q1", HEADERS, row("First")), sheet("Q2", HEADERS, row("Second"), row("Third")))


def _sheets_on_one_objective() -> bytes:
    """Two sheets that name the same objective, by its id and by its title, and the same new one."""
    headers = ("Action", "Objective ID", *HEADERS, "Description")
    update = ("update", "3b7040a0-38d0-4604-a124-e839b9cbfb00", "ACME-1001", *(None,) * 5)
    by_title = ("upsert", None, "ACME-1001", "roll out the warehouse module")
    upsert = ("upsert", None, *row("Brand new"))
    return book(
        sheet("Ids", headers, (*update, "One")),
        sheet("Again", headers, (*update, "Two")),
        sheet("One", headers, upsert, by_title),
        sheet("Two", headers, upsert),
    )


def _other_sheets() -> bytes:
    notes = sheet("Read me", ("How to fill this in",), ("Title", "what it is about"))
    lists = sheet("Lists", ("On Hold",), ("In Progress",))
    return book(notes, sheet("Plan", HEADERS, row("Chosen")), lists)


def _hidden_sheet() -> bytes:
    def hide(made: Workbook) -> None:
        old = made.add_worksheet("Old")
        old.write_row(0, 0, HEADERS)
        old.write_row(1, 0, ("BLUE-1010", "Old", "Adoption", "In Progress"))
        old.hide()

    return book(sheet("Plan", HEADERS, row("New")), hide)


def _titles() -> bytes:
    above = (("Objectives 2027",), (None, "draft, not approved"), ())
    return book(sheet("Plan", *above, HEADERS, row("Below titles"), (), row("After a blank row"), top=1))


def _stamped() -> bytes:
    def stamp(made: Workbook) -> None:
        ours = made.add_worksheet("_bulkobj")
        rows = [("bulkobj", "1"), ("kind", "export"), ("tenant", "api.totango.com:443"), ("layout", "one-sheet")]
        for number, cells in enumerate([*rows, ("made at", "2027-01-04T09:00:00+00:00"), ("setting", "elsewhere")]):
            ours.write_row(number, 0, cells)
        ours.very_hidden()

    return book(sheet("Objectives", HEADERS, row("Elsewhere")), stamp)


def _truncated() -> bytes:
    made = plan(row("Cut off"))()
    return made[: len(made) // 2]


def _billion_laughs() -> bytes:
    names = "abcdefghij"
    entities = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise(names))
    dtd = f'<!DOCTYPE sst [<!ENTITY a "lol">{entities}]>'
    return edited(plan(row("LOL"))(), {STRINGS: lambda xml: xml.replace("<sst", f"{dtd}<sst").replace("LOL", "&j;")})


def _external_entity() -> bytes:
    dtd = '<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return edited(plan(row("XXE"))(), {STRINGS: lambda xml: xml.replace("<sst", f"{dtd}<sst").replace("XXE", "&x;")})


def _zip_bomb() -> bytes:
    rows = "<row><c><v>1</v></c></row>" * 8_000_000
    return edited(plan(row("Bomb"))(), {SHEET: lambda xml: xml.replace("</sheetData>", f"{rows}</sheetData>")})


def _long_cell() -> bytes:
    return edited(plan(row("LONG"))(), {STRINGS: lambda xml: xml.replace("LONG", "x" * 50_000_000)})


def _long_csv_cell() -> bytes:
    return ",".join(HEADERS).encode() + b"\r\nBLUE-1010," + b"x" * 50_000_000 + b",Adoption,In Progress,,\r\n"


def _million_columns() -> bytes:
    lines = (",".join(HEADERS) + ",x" * 1_000_000, "BLUE-1010,Wide,Adoption,In Progress,,")
    return "\n".join(lines).encode()


def _far_cell() -> bytes:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return edited(plan(row("Far"))(), {SHEET: lambda xml: xml.replace("</sheetData>", far)})


def _encrypted() -> bytes:
    """The container of a workbook with a password ([MS-OFFCRYPTO]): two streams, whose content is noise here."""
    end, free, table = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    header = struct.pack("<8s16xHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)
    chains = [table, end, *range(3, 10), end, *range(11, 18), end]
    sectors = struct.pack("<128I", *chains, *[free] * (128 - len(chains)))
    directory = b"".join(
        _entry(*each)
        for each in [
            ("Root Entry", 5, free, 1, end, 0),
            ("EncryptedPackage", 2, 2, free, 2, 4096),
            ("EncryptionInfo", 2, free, free, 10, 4096),
            ("", 0, free, free, 0, 0),
        ]
    )
    return header + sectors + directory + bytes(range(256)) * 32


def _entry(name: str, kind: int, left: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    length = len(text) + 2 if name else 0
    links = struct.pack("<III", left, 0xFFFFFFFF, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", length, kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def _converted(ending: str) -> Make:
    """LibreOffice's conversion of a workbook of many kinds of cells."""
    return lambda: _convert(_mixed(), ending)


def _mixed() -> bytes:
    texts = row("Schulung für 20 €", "EU/4712")
    formulas = row(('="Sum "&1+1', "Sum 2"), 100234, end=AFTERNOON)
    return book(sheet("Plan", HEADERS, texts, formulas, row(("=NA()", "#N/A")), hidden=(3,)))


def _convert(data: bytes, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.xlsx")
        path.write_bytes(data)
        home = f"-env:UserInstallation={Path(folder, 'office').as_uri()}"
        command = ["soffice", home, "--headless", "--convert-to", ending, "--outdir", folder, str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return path.with_suffix(f".{ending}").read_bytes()


#: Inputs that stand in their folders, as anyone may want to open them.
KEPT: Mapping[str, tuple[str, Make]] = {
    "xlsx-dates-as-cells": (
        "plan.xlsx",
        plan(row("Day", end=AFTERNOON), row("Text", start="2027-01-11", end="26.03.2027")),
    ),
    "xlsx-date-times-in-a-zone": ("plan.xlsx", plan(row("Zoned", end=AFTERNOON))),
    "xlsx-1904-dates": ("plan.xlsx", plan(row("From an old Mac"), date_1904=True)),
    "xlsx-numeric-ids": ("plan.xlsx", plan(row("Orchid", 100234), row("Pacific", 100235.0))),
    "xlsx-long-number-id": ("plan.xlsx", plan(row("Digits lost", 1234567890123456), row("Kept", "1234567890123456"))),
    "xlsx-rich-text": ("plan.xlsx", _rich_text),
    "xlsx-error-cells": ("plan.xlsx", _errors),
    "xlsx-formula-without-value": ("plan.xlsx", _uncalculated),
    "xlsx-formula-with-value": (
        "plan.xlsx",
        plan(row(('="Plan "&2027', "Plan 2027"), end=("=E2+74", 46472)), row("Second", ("=A2", "BLUE-1010"))),
    ),
    "xlsx-formula-like-titles": (
        "plan.xlsx",
        plan(*map(row, ("=1+1", "+1", "-1", "@x", "'=1+1", "=cmd|' /C calc'!A0"))),
    ),
    "xlsx-hidden-row": ("plan.xlsx", lambda: book(sheet("Plan", HEADERS, row("A"), row("B"), hidden=(3,)))),
    "xlsx-two-sheets": ("plan.xlsx", _two_sheets),
    "xlsx-two-sheets-chosen": ("plan.xlsx", _two_sheets),
    "xlsx-two-sheets-all": ("plan.xlsx", _two_sheets),
    "xlsx-sheets-on-one-objective": ("plan.xlsx", _sheets_on_one_objective),
    "xlsx-sheet-not-there": ("plan.xlsx", _two_sheets),
    "xlsx-one-sheet-of-several": ("plan.xlsx", _other_sheets),
    "xlsx-hidden-sheet": ("plan.xlsx", _hidden_sheet),
    "xlsx-title-rows": ("plan.xlsx", _titles),
    "xlsx-wrong-tenant": ("plan.xlsx", _stamped),
    "xlsx-date-as-number": ("plan.xlsx", plan(row("Number", start=46033))),
    "xlsx-status-is-true": ("plan.xlsx", plan(("BLUE-1010", True, "Adoption", True, START, END))),
}

#: Inputs by LibreOffice.
CONVERTED: Mapping[str, tuple[str, Make]] = {
    "xls-by-libreoffice": ("plan.xls", _converted("xls")),
    "ods-by-libreoffice": ("plan.ods", _converted("ods")),
}

#: Inputs that are too large or too broken to be kept.
AT_TEST_TIME: Mapping[str, tuple[str, Make]] = {
    "hostile-truncated-zip": ("plan.xlsx", _truncated),
    "hostile-billion-laughs": ("plan.xlsx", _billion_laughs),
    "hostile-external-entity": ("plan.xlsx", _external_entity),
    "hostile-zip-bomb": ("plan.xlsx", _zip_bomb),
    "hostile-50-mb-cell": ("plan.xlsx", _long_cell),
    "hostile-50-mb-csv-cell": ("plan.csv", _long_csv_cell),
    "hostile-million-columns": ("plan.csv", _million_columns),
    "hostile-far-cell": ("plan.xlsx", _far_cell),
    "hostile-encrypted": ("plan.xlsx", _encrypted),
}


def main() -> None:
    """Write the inputs that are kept."""
    made = {**KEPT, **(CONVERTED if shutil.which("soffice") else {})}
    for case, (name, make) in made.items():
        folder = Path(__file__).parent / case
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
