"""Cells of a workbook changed in its XML: only the bytes of those cells are replaced.

Texts stand in the cell itself, because shared ones belong to other cells as well. The chain of calculation is dropped
when a formula goes: spreadsheet programs build it again.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from xml.parsers import expat

from lxml import etree

from bulkobj.spreadsheet.editing.edits import ISO_DATE, CannotEditError, Edit, date_model
from bulkobj.spreadsheet.limits import MAX_INFLATED
from bulkobj.spreadsheet.ooxml.cell_xml import new_cell
from bulkobj.spreadsheet.table import Cell, SourceFile, Table, column_letters

_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ADVICE = "Change it in your spreadsheet program, and choose the file again"


def edit_workbook(content: bytes, source: SourceFile, edits: Sequence[Edit]) -> bytes:
    """Return the workbook with the edits made; raises CannotEditError where that would change other cells."""
    try:
        book = _Book(content)
        for table in source.tables:
            of_table = [edit for edit in edits if edit.sheet == table.sheet]
            if of_table:
                book.edit(table, of_table)
        return book.done()
    except (zipfile.BadZipFile, etree.XMLSyntaxError, expat.ExpatError, KeyError, ValueError) as fault:
        raise CannotEditError(f"the workbook is built in an unusual way. {_ADVICE}") from fault


@dataclass(slots=True)
class _Found:
    """A cell or a row in the XML: where it starts, where its start tag ends, where it ends."""

    start: int
    opened: int
    end: int = 0
    style: int = 0
    formula: Mapping[str, str] | None = None
    cells: dict[int, _Found] = field(default_factory=dict)


class _Book:
    def __init__(self, content: bytes) -> None:
        self._zip = zipfile.ZipFile(BytesIO(content))
        self._changed: dict[str, bytes] = {}
        self._gone: set[str] = set()
        self._workbook = _target(self._tree("_rels/.rels"), "officeDocument", "")
        tree = self._tree(self._workbook)
        folder, name = posixpath.split(self._workbook)
        self._relations = f"{folder}/_rels/{name}.rels".lstrip("/")
        self._from_1904 = any(one.get("date1904") in {"1", "true"} for one in tree.iter("{*}workbookPr"))
        ids = {one.get("name"): _attribute(one, "id") for one in tree.iter("{*}sheet")}
        parts = {one.get("Id"): _resolved(folder, one.get("Target", "")) for one in self._tree(self._relations)}
        self._parts = {sheet: parts[id_] for sheet, id_ in ids.items() if id_ in parts}

    def _read(self, name: str) -> bytes:
        if self._zip.getinfo(name).file_size > MAX_INFLATED:
            raise ValueError(name)
        return self._changed.get(name) or self._zip.read(name)

    def _tree(self, name: str) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return etree.fromstring(self._read(name), parser)

    def edit(self, table: Table, edits: Sequence[Edit]) -> None:
        part = self._parts[table.sheet or ""]
        content = self._read(part)
        models = {column: date_model(table, column) for column in {edit.column for edit in edits}}
        rows = {edit.row for edit in edits} | {row for row in models.values() if row is not None}
        found = _Finder(content, rows)
        by_row: dict[int, list[Edit]] = {}
        for edit in edits:
            by_row.setdefault(edit.row, []).append(edit)
        splices: list[tuple[int, int, bytes]] = []
        for number, of_row in by_row.items():
            row = found.rows[number]
            new = {edit.column: self._cell(edit, row.cells.get(edit.column), found, models) for edit in of_row}
            splices += _placed(content, row, new, found.prefix)
        self._changed[part] = _spliced(content, splices)

    def _cell(self, edit: Edit, old: _Found | None, found: _Finder, models: Mapping[int, int | None]) -> bytes:
        place = f"{column_letters(edit.column)}{edit.row}"
        if old is not None and old.formula is not None:
            if old.formula.get("ref", place) not in {place, f"{place}:{place}"}:
                raise CannotEditError(f"{place} holds a formula that other cells share. {_ADVICE}")
            self._drop_chain()
        value: Cell = edit.text or None
        style, model = old.style if old is not None else 0, models[edit.column]
        if model is not None and ISO_DATE.fullmatch(edit.text):
            value = date.fromisoformat(edit.text)
            row = found.rows.get(model)
            style = row.cells[edit.column].style if row is not None and edit.column in row.cells else style
        return etree.tostring(new_cell(place, value, style, from_1904=self._from_1904))

    def _drop_chain(self) -> None:
        relations = self._tree(self._relations)
        for one in relations.findall("{*}Relationship"):
            if one.get("Type", "").endswith("/calcChain"):
                part = _resolved(posixpath.dirname(self._workbook), one.get("Target", ""))
                relations.remove(one)
                self._gone.add(part)
                self._changed[self._relations] = _xml(relations)
                types = self._tree("[Content_Types].xml")
                for override in types.findall("{*}Override"):
                    if override.get("PartName", "").lstrip("/") == part:
                        types.remove(override)
                self._changed["[Content_Types].xml"] = _xml(types)

    def done(self) -> bytes:
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for info in self._zip.infolist():
                if info.filename not in self._gone:
                    archive.writestr(info, self._changed.get(info.filename) or self._zip.read(info), info.compress_type)
        return out.getvalue()


def _spliced(content: bytes, splices: Sequence[tuple[int, int, bytes]]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for start, end, piece in sorted(splices):
        pieces += content[position:start], piece
        position = end
    return b"".join([*pieces, content[position:]])


def _xml(tree: etree._Element) -> bytes:
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(value) for key, value in element.attrib.items() if etree.QName(key).localname == name), "")


def _target(relations: etree._Element, kind: str, folder: str) -> str:
    return next(
        _resolved(folder, one.get("Target", "")) for one in relations if one.get("Type", "").endswith(f"/{kind}")
    )


def _resolved(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


class _Finder:
    """Follows a sheet's XML: worksheet 0, sheetData 1, rows 2, cells 3, formulas 4."""

    def __init__(self, content: bytes, wanted: set[int]) -> None:
        self.rows: dict[int, _Found] = {}
        self.prefix = ""
        self._content, self._wanted = content, wanted
        self._depth, self._number, self._column = 0, 0, -1
        self._in_data = False
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.StartDoctypeDeclHandler = _refuse
        self._parser.Parse(content, True)  # noqa: FBT003 - expat takes it by position only

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth, self._depth = self._depth, self._depth + 1
        local = name.rpartition(":")[2]
        if depth == 0:
            self.prefix = name[: -len(local)]
        elif depth == 1:
            self._in_data = local == "sheetData"
        if not self._in_data or depth < 2:
            return
        if depth == 2:
            self._number = int(attributes.get("r", self._number + 1))
            self._column = -1
            if self._number in self._wanted:
                self.rows[self._number] = self._found()
        elif depth == 3:
            place = _PLACE.fullmatch(attributes.get("r", ""))
            self._column = _index(place[1]) if place else self._column + 1
            if self._number in self._wanted:
                cell = self._found()
                cell.style = int(attributes.get("s", "0"))
                self.rows[self._number].cells[self._column] = cell
        elif depth == 4 and local == "f" and self._number in self._wanted:
            self.rows[self._number].cells[self._column].formula = attributes

    def _found(self) -> _Found:
        start = self._parser.CurrentByteIndex
        return _Found(start, _tag_end(self._content, start))

    def _end(self, _: str) -> None:
        self._depth -= 1
        if not self._in_data or self._number not in self._wanted or self._depth not in {2, 3}:
            return
        row = self.rows[self._number]
        found = row if self._depth == 2 else row.cells[self._column]
        is_empty = self._content[found.opened - 2 : found.opened] == b"/>"
        found.end = found.opened if is_empty else self._content.index(b">", self._parser.CurrentByteIndex) + 1


def _refuse(*_: object) -> None:
    raise ValueError


_TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")


def _tag_end(content: bytes, start: int) -> int:
    match = _TAG.match(content, start)
    if match is None:
        raise ValueError(start)
    return match.end()


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _placed(content: bytes, row: _Found, new: Mapping[int, bytes], prefix: str) -> list[tuple[int, int, bytes]]:
    """Return the bytes to be replaced, for a row's new cells in their order."""
    splices: list[tuple[int, int, bytes]] = []
    at_end: list[bytes] = []
    before: dict[int, list[bytes]] = {}
    for column, piece in sorted(new.items()):
        old = row.cells.get(column)
        later = min((one for one in row.cells if one > column), default=None)
        if old is not None:
            splices.append((old.start, old.end, piece))
        elif later is not None:
            before.setdefault(row.cells[later].start, []).append(piece)
        else:
            at_end.append(piece)
    splices += [(at, at, b"".join(pieces)) for at, pieces in before.items()]
    if at_end and row.end == row.opened:
        close = f"</{prefix}row>".encode()
        splices.append((row.opened - 2, row.opened, b">" + b"".join(at_end) + close))
    elif at_end:
        last = content.rindex(b"</", row.start, row.end)
        splices.append((last, last, b"".join(at_end)))
    return splices
