"""Cells of an OpenDocument spreadsheet changed in its content; one element may stand for many equal rows or cells."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from copy import deepcopy
from io import BytesIO

from lxml import etree

from bulkobj.spreadsheet.editing.edits import ISO_DATE, CannotEditError, Edit, date_model
from bulkobj.spreadsheet.limits import MAX_INFLATED
from bulkobj.spreadsheet.table import SourceFile, Table

_CONTENT = "content.xml"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
#: The attributes that hold a cell's value.
_VALUES = frozenset(
    ("formula", "value-type", "value", "date-value", "time-value", "boolean-value", "string-value", "currency")
)
#: White space that is kept only if it has an element of its own.
_SPACES = re.compile(r"(^ +| {2,}| +$|\t)")


def edit_ods(content: bytes, source: SourceFile, edits: Sequence[Edit]) -> bytes:
    """Return the document with the edits made; raises CannotEditError if it is built in an unusual way."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if archive.getinfo(_CONTENT).file_size > MAX_INFLATED:
                raise ValueError(_CONTENT)
            root = etree.fromstring(archive.read(_CONTENT), etree.XMLParser(resolve_entities=False, no_network=True))
            for table in source.tables:
                of_table = [edit for edit in edits if edit.sheet == table.sheet]
                if of_table:
                    _edit_table(root, table, of_table)
            return _with_content(archive, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, ValueError, StopIteration) as fault:
        raise CannotEditError(
            "the document is built in an unusual way. Change it in your spreadsheet program"
        ) from fault


def _with_content(archive: zipfile.ZipFile, content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for info in archive.infolist():
            changed.writestr(info, content if info.filename == _CONTENT else archive.read(info), info.compress_type)
    return out.getvalue()


def _edit_table(root: etree._Element, table: Table, edits: Sequence[Edit]) -> None:
    element = next(one for one in root.iter(f"{_TABLE}table") if one.get(f"{_TABLE}name") == table.sheet)
    wanted: dict[int, dict[int, str]] = {}
    for edit in edits:
        wanted.setdefault(edit.row, {})[edit.column] = edit.text
    models = {column: date_model(table, column) for column in {edit.column for edit in edits}}
    numbers = {*wanted, *(row for row in models.values() if row is not None)}
    rows = dict(_parts(_rows(element), f"{_TABLE}number-rows-repeated", numbers, first=1))
    for number, texts in wanted.items():
        cells = dict(_parts(_cells(rows[number]), f"{_TABLE}number-columns-repeated", set(texts), first=0))
        for column, text in texts.items():
            cell = cells.get(column)
            if cell is None:
                raise ValueError(column)
            model = models[column]
            _put(cell, text, is_date=model is not None and bool(ISO_DATE.fullmatch(text)))
            if model is not None and ISO_DATE.fullmatch(text):
                style = _style_at(rows[model], column)
                if style is not None:
                    cell.set(f"{_TABLE}style-name", style)


def _rows(table: etree._Element) -> list[etree._Element]:
    """Return the rows of a table, those in groups included, those of tables within cells not."""
    found = table.iter(f"{_TABLE}table-row")
    return [row for row in found if next(row.iterancestors(f"{_TABLE}table")) is table]


def _cells(row: etree._Element) -> list[etree._Element]:
    return [cell for cell in row if cell.tag in _CELLS]


def _parts(
    elements: Sequence[etree._Element], attribute: str, wanted: set[int], *, first: int
) -> Iterator[tuple[int, etree._Element]]:
    """Give the elements that stand for the wanted places alone; one that stands for more is taken apart."""
    place = first
    for element in elements:
        count = int(element.get(attribute, "1"))
        inside = sorted(one for one in wanted if place <= one < place + count)
        if count == 1 and inside:
            yield place, element
        elif inside:
            start = place
            for one in inside:
                for size in (one - start, 1):
                    if size:
                        piece = _repeated(deepcopy(element), attribute, size)
                        element.addprevious(piece)
                yield one, piece
                start = one + 1
            if start < place + count:
                _repeated(element, attribute, place + count - start)
            else:
                parent = element.getparent()
                if parent is not None:
                    parent.remove(element)
        place += count


def _repeated(element: etree._Element, attribute: str, count: int) -> etree._Element:
    element.attrib.pop(attribute, None)
    if count > 1:
        element.set(attribute, str(count))
    element.tail = None
    return element


def _style_at(row: etree._Element, column: int) -> str | None:
    place = 0
    for cell in _cells(row):
        place += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        if column < place:
            return cell.get(f"{_TABLE}style-name")
    return None


def _put(cell: etree._Element, text: str, *, is_date: bool) -> None:
    """Give a cell its new text; its style, its notes and its spans stay."""
    for name in list(cell.attrib):
        if etree.QName(name).localname in _VALUES:
            del cell.attrib[name]
    for paragraph in cell.findall(f"{_TEXT}p"):
        cell.remove(paragraph)
    if not text:
        return
    cell.set(f"{_OFFICE}value-type", "date" if is_date else "string")
    if is_date:
        cell.set(f"{_OFFICE}date-value", text)
    for line in text.split("\n"):
        cell.append(_paragraph(line))


def _paragraph(line: str) -> etree._Element:
    paragraph = etree.Element(f"{_TEXT}p")
    last: etree._Element | None = None
    for piece in _SPACES.split(line):
        if _SPACES.fullmatch(piece):
            last = etree.SubElement(paragraph, f"{_TEXT}tab" if piece == "\t" else f"{_TEXT}s")
            if len(piece) > 1:
                last.set(f"{_TEXT}c", str(len(piece)))
        elif last is None:
            paragraph.text = piece or None
        else:
            last.tail = piece or None
    return paragraph
