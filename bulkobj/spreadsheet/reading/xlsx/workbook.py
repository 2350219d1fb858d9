"""Office Open XML workbooks (.xlsx, .xlsm): which sheets there are, and the rows of those that are wanted."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property

from bulkobj.spreadsheet.limits import UnreadableError
from bulkobj.spreadsheet.ooxml.package import Package
from bulkobj.spreadsheet.ooxml.xml_reader import damaged, is_true, tags
from bulkobj.spreadsheet.reading.table_detection import HEADER_ROWS, Grid
from bulkobj.spreadsheet.reading.xlsx.styles import read_styles
from bulkobj.spreadsheet.reading.xlsx.worksheet import Shared, read_strings, read_worksheet

_NO_DOCUMENT = "this file isn't a spreadsheet that bulkobj reads. Save it as .xlsx or .csv"


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet's name, if it is hidden, and the part that holds it."""

    name: str
    hidden: bool
    part: str


class OoxmlBook:
    """A workbook whose sheets are read when they are asked for."""

    def __init__(self, package: Package) -> None:
        """Read the list of sheets; UnreadableError where the package isn't a whole workbook."""
        self._package = package
        self._xml: dict[str, bytes] = {}
        workbook = self._find_workbook()
        self._related = _relations(package, workbook)
        elements = tags(package.read(workbook), "workbookPr", "sheet")
        self._from_1904 = any(name == "workbookPr" and is_true(a.get("date1904")) for name, a in elements)
        listed = [attributes for name, attributes in elements if name == "sheet"]
        self.sheets = [sheet for attributes in listed if (sheet := self._sheet(attributes)) and sheet.part in package]
        if not self.sheets:
            raise damaged("the parts of its sheets are missing") if listed else UnreadableError(_NO_DOCUMENT)

    @property
    def format(self) -> str:
        """``xlsm`` for a workbook that may hold macros, ``xlsx`` for any other."""
        types = self._package.read("[Content_Types].xml") if "[Content_Types].xml" in self._package else b""
        return "xlsm" if b"macroEnabled" in types else "xlsx"

    def head(self, index: int) -> Grid:
        """Return the first rows of a sheet; UnreadableError if it is damaged there."""
        return self._read(index, HEADER_ROWS)

    def grid(self, index: int) -> Grid:
        """Return all rows of a sheet; UnreadableError if it is damaged or beyond the limits."""
        return self._read(index, None)

    def _read(self, index: int, most_rows: int | None) -> Grid:
        sheet = self.sheets[index]
        if sheet.part not in self._xml:
            self._xml[sheet.part] = self._package.read(sheet.part)
        return read_worksheet(self._xml[sheet.part], self._shared, sheet.name, most_rows=most_rows)

    @cached_property
    def _shared(self) -> Shared:
        shared = Shared(from_1904=self._from_1904)
        for kind, part in self._related.values():
            if part in self._package and kind == "styles":
                shared.styles = read_styles(self._package.read(part))
            elif part in self._package and kind == "sharedStrings":
                read_strings(self._package.read(part), shared)
        return shared

    def _find_workbook(self) -> str:
        for kind, part in _relations(self._package, "").values():
            if kind == "officeDocument" and not part.endswith(".bin"):
                return part
        raise UnreadableError(_NO_DOCUMENT)

    def _sheet(self, attributes: dict[str, str]) -> SheetPart | None:
        kind, part = self._related.get(attributes.get("id", ""), ("", ""))
        if kind != "worksheet":
            return None
        return SheetPart(attributes.get("name", ""), attributes.get("state") in ("hidden", "veryHidden"), part)


def _relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Return the relations of a part (of the package as a whole for ``""``): kind and target part by id."""
    folder, name = posixpath.split(part)
    found = {}
    for _, attributes in tags(package.read(posixpath.join(folder, "_rels", f"{name}.rels")), "Relationship"):
        if attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
    return found
