"""Workbooks of admins, what annotating makes of them, and an independent look at whether that is sound."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import xlsxwriter

from bulkobj.core.columns import meaning
from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import SourceFile
from bulkobj.spreadsheet.writing.results import CellNote, ResultRow, Summary

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
HEADERS = ("Account ID", "Title", "Status", "Start Date", "Template")
SUMMARY = Summary((("created", 1), ("file", "=plan.xlsx")), ("a problem <b>",))
ERROR = CellNote("Status", 'unknown status "On Trak". Did you mean "On Track"?', is_error=True)
WARNING = CellNote("Start Date", "there is no start date", is_error=False)


def rich_workbook(**options: Any) -> bytes:
    """A workbook with what an admin may have in it; row 3 is the header, rows 4 to 8 are the table."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **options})
    sheet = book.add_worksheet("Plan")
    head = book.add_format({"bold": True, "bg_color": "#1F3864", "font_color": "white"})
    blue, day = book.add_format({"bg_color": "#DDEBF7"}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write("A1", "Quarterly plan", book.add_format({"bold": True, "font_size": 16}))
    sheet.write_row("A3", HEADERS, head)
    for row in range(3, 8):
        sheet.write_formula(row, 0, f'="acc-"&{row}', None, f"acc-{row}")
        sheet.write(row, 1, f"Title <{row}> & more", blue if row % 2 else None)
        sheet.write(row, 2, "On Trak", blue)
        sheet.write_datetime(row, 3, date(2024, 2, row), day)
    sheet.freeze_panes(3, 1)
    sheet.conditional_format("C4:C8", {"type": "text", "criteria": "containing", "value": "Off", "format": head})
    sheet.conditional_format("D4:D8", {"type": "data_bar", "data_bar_2010": True})
    sheet.data_validation("C4:C8", {"validate": "list", "source": ["On Track", "Off Track"]})
    sheet.write_comment("C4", "Ann: is that so?", {"author": "Ann"})
    sheet.write_comment("A5", "keep me", {"author": "Ann"})
    sheet.set_column(1, 2, 30)
    sheet.repeat_rows(2)
    _add_others(book)
    book.close()
    return buffer.getvalue()


def _add_others(book: Any) -> None:
    other = book.add_worksheet("Figures")
    other.add_table("A1:B3", {"data": [[1, 2], [3, 4]], "columns": [{"header": "One"}, {"header": "Two"}]})
    other.write_formula("D1", "=A2+1", None, 2)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Figures!$A$2:$A$3"})
    other.insert_chart("F2", chart)
    other.insert_image("F20", "dot.png", {"image_data": io.BytesIO(dot())})
    book.define_name("Total", "=Figures!$D$1")


def dot() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


def changed(
    content: bytes, edit: Callable[[str, bytes], bytes | None], add: Mapping[str, bytes] | None = None
) -> bytes:
    """The package with each part as ``edit`` makes it (None: left out), and some more parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = edit(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
        for name, data in (add or {}).items():
            new.writestr(name, data)
    return buffer.getvalue()


def read(content: bytes, *sheets: str) -> SourceFile:
    """The workbook read, without a problem."""
    found = read_file("plan.xlsx", content, ReadOptions(sheets), meaning)
    assert not found.problems, found.problems
    return found


def results_of(file: SourceFile, notes: Mapping[int, Sequence[CellNote]]) -> list[ResultRow]:
    """A result for each row: ``invalid`` for those with notes (by row number), ``created`` for the others."""
    rows = []
    for table in file.tables:
        for record in table.records:
            noted = tuple(notes.get(record.number, ()))
            result, tone = ("invalid", "bad") if noted else ("created", "good")
            message = "; ".join(note.message for note in noted) or None
            cells = (record.number, "create", result, None, message, None if noted else 201, 1, None)
            rows.append(ResultRow(table.sheet, record.number, cells, tone, noted))
    return rows


def annotated(content: bytes, notes: Mapping[int, Sequence[CellNote]], *sheets: str) -> bytes:
    """The workbook with its report, checked for soundness."""
    file = read(content, *sheets)
    report = annotate(content, file, results_of(file, notes), SUMMARY)
    check_sound(report)
    return report


def parts(content: bytes) -> dict[str, bytes]:
    """All parts by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def load(content: bytes, *, values: bool = False) -> Any:
    """The workbook as openpyxl sees it; that it doesn't know every extension is no concern here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*extension is not supported")
        return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def check_sound(content: bytes) -> None:
    """Hold the package against what spreadsheet programs insist on, by other means than the code's own."""
    all_parts = parts(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) == len(set(archive.namelist()))
    trees = {name: ET.fromstring(data) for name, data in all_parts.items() if name.endswith((".xml", ".rels", ".vml"))}  # noqa: S314 - made by the tests
    styles = _check_styles(trees)
    _check_references(all_parts, trees)
    for name, tree in trees.items():
        if tree.tag == M + "worksheet":
            _check_sheet(tree, styles)
            _check_notes(name, tree, trees)
    names = [sheet.get("name", "").casefold() for sheet in trees["xl/workbook.xml"].iter(M + "sheet")]
    assert len(names) == len(set(names))
    load(content)


def _check_styles(trees: Mapping[str, ET.Element]) -> int:
    name = next(name for name in trees if re.fullmatch(r"xl/styles\d*\.xml", name))
    for section in trees[name]:
        if section.get("count"):
            assert int(section.get("count", "")) == len(section)
    sizes = {kind: len(trees[name].findall(f"{M}{kind}/*")) for kind in ("fonts", "fills", "borders", "cellXfs")}
    for xf in trees[name].findall(f"{M}cellXfs/{M}xf"):
        for kind in ("font", "fill", "border"):
            assert int(xf.get(f"{kind}Id", "0")) < sizes[f"{kind}s"]
    return sizes["cellXfs"]


def _check_references(all_parts: Mapping[str, bytes], trees: Mapping[str, ET.Element]) -> None:
    """Every relationship leads somewhere, and every part has a type."""
    types = trees["[Content_Types].xml"]
    endings = {one.get("Extension", "").lower() for one in types if one.tag.endswith("Default")}
    named = [one.get("PartName", "").lstrip("/") for one in types if one.tag.endswith("Override")]
    assert len(named) == len(set(named))
    for name in all_parts:
        assert name == "[Content_Types].xml" or name in named or name.rpartition(".")[2].lower() in endings, name
        if name.endswith(".rels"):
            folder = posixpath.dirname(posixpath.dirname(name))
            ids = [one.get("Id") for one in trees[name]]
            assert len(ids) == len(set(ids))
            for one in trees[name]:
                target = _resolved(folder, one.get("Target", ""))
                assert one.get("TargetMode") == "External" or target in all_parts, target


def _resolved(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _check_sheet(tree: ET.Element, styles: int) -> None:
    order = [child.tag.removeprefix(M) for child in tree if child.tag.removeprefix(M) in _ORDER]
    assert order == sorted(order, key=_ORDER.index)
    assert len(order) == len(set(order) | {""}) - 1 or order.count("conditionalFormatting") > 1
    last = 0
    for column in tree.findall(f"{M}cols/{M}col"):
        assert last < int(column.get("min", "")) <= int(column.get("max", ""))
        last = int(column.get("max", ""))
    rows = [int(row.get("r", "0")) for row in tree.iter(M + "row")]
    assert rows == sorted(rows)
    for row in tree.iter(M + "row"):
        places: list[int] = []
        for cell in row:
            places.append(_column(cell.get("r", "")) or (places[-1] if places else 0) + 1)
        assert places == sorted(set(places))
        assert all(int(cell.get("s", "0")) < styles for cell in row)
        if row.get("r"):
            assert all(re.sub(r"[A-Z]+", "", cell.get("r", "")) == row.get("r") for cell in row)


_ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "autoFilter", "mergeCells"),
    *("conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup"),
    *("headerFooter", "drawing", "legacyDrawing", "legacyDrawingHF", "picture", "tableParts", "extLst"),
)


def _column(reference: str) -> int:
    index = 0
    for letter in re.sub(r"\d", "", reference):
        index = index * 26 + ord(letter) - 64
    return index


def _check_notes(name: str, tree: ET.Element, trees: Mapping[str, ET.Element]) -> None:
    """Each note has exactly one box, and each box a note."""
    folder, file = posixpath.split(name)
    rels = trees.get(f"{folder}/_rels/{file}.rels")
    targets = {
        one.get("Type", "").rpartition("/")[2]: posixpath.normpath(
            posixpath.join("/", folder, one.get("Target", ""))
        ).lstrip("/")
        for one in (rels if rels is not None else ())
    }
    if "comments" not in targets:
        return
    comments = [one.get("ref", "") for one in trees[targets["comments"]].iter(M + "comment")]
    assert len(comments) == len(set(comments))
    boxes = sorted(
        (int(data.findtext("{*}Row", "")), int(data.findtext("{*}Column", "")))
        for data in trees[targets["vmlDrawing"]].iter("{urn:schemas-microsoft-com:office:excel}ClientData")
        if data.get("ObjectType") == "Note"
    )
    assert boxes == sorted((int(re.sub(r"\D", "", one)) - 1, _column(one) - 1) for one in comments)
    assert (tree.find(M + "legacyDrawing") is not None) or not comments
