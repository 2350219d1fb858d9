"""Files to read: workbooks put together part by part, so that each can be wrong in one way."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from bulkobj.core.columns import Column, by_header
from bulkobj.core.model import Problem, Severity
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import Cell, SourceFile, Table

FILES = Path(__file__).parent / "files"
KNOWN = {"action", "objectiveid", "accountid", "title", "status", "startdate"}

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEADER = '<row r="1"><c r="A1" t="str"><v>Account ID</v></c><c r="B1" t="str"><v>Title</v></c></row>'
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="164"/></cellXfs>'
    "</styleSheet>"
)


def known(header: str) -> Column | None:
    """Return the column if it is one of a few, as loosely as the program does it."""
    return by_header(header) if header.casefold().replace(" ", "").replace("_", "").replace("-", "") in KNOWN else None


def read(
    data: bytes | str,
    name: str = "plan.csv",
    *,
    sheets: tuple[str, ...] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    defaults: tuple[str, ...] = (),
) -> SourceFile:
    """Read it; a text is taken as UTF-8."""
    content = data.encode() if isinstance(data, str) else data
    return read_file(name, content, ReadOptions(sheets, encoding, delimiter, defaults), known)


def table(source: SourceFile) -> Table:
    """Return the only table, of a file without errors."""
    assert all(one.severity is Severity.WARNING for one in source.problems)
    (only,) = source.tables
    return only


def problem(source: SourceFile) -> Problem:
    """The only problem, of a file without tables."""
    assert source.tables == ()
    (only,) = source.problems
    return only


def rows(source: SourceFile) -> dict[int, tuple[Cell, ...]]:
    """The only table's records by their row numbers."""
    return {record.number: record.cells for record in table(source).records}


def sheet(body: str, header: str = HEADER) -> str:
    """A worksheet with those rows below the header."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{header}{body}</sheetData></worksheet>'


def xlsx(
    *sheets: str | bytes,
    names: tuple[str, ...] = ("Plan", "Second", "Third"),
    states: Mapping[str, str] | None = None,
    strings: str | None = None,
    styles: str = STYLES,
    prologue: str = "",
    settings: str = "",
) -> bytes:
    """A workbook of those worksheets, put together without a library."""
    links = "".join(_link(f"s{n}", "worksheet", f"worksheets/s{n}.xml") for n, _ in enumerate(sheets))
    listed = "".join(
        f'<sheet name="{names[n]}" sheetId="{n + 1}" state="{(states or {}).get(names[n], "visible")}" r:id="s{n}"/>'
        for n, _ in enumerate(sheets)
    )
    parts: dict[str, str | bytes] = {
        "_rels/.rels": _links(_link("book", "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": _links(
            links
            + _link("t", "sharedStrings", "sharedStrings.xml") * bool(strings)
            + _link("y", "styles", "styles.xml")
        ),
        "xl/workbook.xml": f'{prologue}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr {settings}/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/styles.xml": styles,
        **{f"xl/worksheets/s{n}.xml": content for n, content in enumerate(sheets)},
    }
    return zipped(parts | ({"xl/sharedStrings.xml": strings} if strings else {}))


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip file of those parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return target.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    """The parts of a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def _link(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'


def _links(links: str) -> str:
    return f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>'
