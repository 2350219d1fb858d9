"""Office Open XML workbooks (.xlsx, .xlsm): which sheets there are, and the rows of those that are wanted.

What the workbook reader gets is a package made here, of parts that were checked: no part is decompressed twice, and
nothing that a zip file may hide (parts of the same name, false sizes) reaches it.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bulkobj.spreadsheet.limits import UnreadableError, check_range, check_texts
from bulkobj.spreadsheet.ooxml.package import Package
from bulkobj.spreadsheet.ooxml.xml_reader import Attributes, parse, tags
from bulkobj.spreadsheet.reading.calamine import load, load_apart
from bulkobj.spreadsheet.reading.table_detection import Grid, SheetFacts, with_facts
from bulkobj.spreadsheet.reading.xlsx.number_formats import Format, padding_styles, shown_numbers
from bulkobj.spreadsheet.reading.xlsx.sheet_facts import errors_as_text, scan

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_NO_DOCUMENT = "this file isn't a spreadsheet that bulkobj reads. Save it as .xlsx or .csv, and use that"
#: The parts that all sheets share, by the kind of their relation to the workbook.
_COMMON = ("sharedStrings", "styles")
_NO_ROWS = Grid([])
_ROW_END = re.compile(rb"</([\w.-]+:)?row>")
#: The tag around all shared strings, and the counts in it: the workbook reader makes room for so many at once.
_SST = re.compile(rb"<(?:[\w.-]+:)?sst\b[^<>]*>")
_COUNTS = re.compile(rb"""\s(?:uniqueCount|count)\s*=\s*(?:"[^"]*"|'[^']*')""")
#: Bytes of a sheet's beginning in which its header is looked for where several sheets are to choose from.
_HEAD = 400_000
_MOST_STRINGS = 3_000_000
#: Bytes that the texts of a sheet's cells could come to at most before it is loaded in a process apart: the
#: workbook reader copies a text for each cell that holds it, so that a small file can ask for any amount of memory.
_TEXTS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet's name, whether it is hidden, and the part that holds it."""

    name: str
    hidden: bool
    part: str


class OoxmlBook:
    """A workbook whose sheets are read when they are asked for."""

    def __init__(self, package: Package) -> None:
        """Read the list of sheets; UnreadableError where the package isn't a whole workbook."""
        self._package = package
        workbook = self._find_workbook()
        self._related = _relations(package, workbook)
        elements = tags(package.read(workbook), "workbookPr", "sheet")
        self._date1904 = any(name == "workbookPr" and _is_true(a.get("date1904")) for name, a in elements)
        sheets = [attributes for name, attributes in elements if name == "sheet"]
        self.sheets = [sheet for attributes in sheets if (sheet := self._sheet(attributes))]
        if not self.sheets:
            raise UnreadableError(_NO_DOCUMENT)

    @property
    def format(self) -> str:
        """``xlsm`` for a workbook that may hold macros, ``xlsx`` for any other."""
        types = self._package.read("[Content_Types].xml") if "[Content_Types].xml" in self._package else b""
        return "xlsm" if b"macroEnabled" in types else "xlsx"

    def heads(self, indexes: Sequence[int]) -> list[Grid | UnreadableError]:
        """The first rows of those sheets; a fault in a sheet is told and not raised: that sheet may not be wanted."""
        heads: list[Grid | UnreadableError] = []
        packer = _Packer(self._package, self._related, date1904=self._date1904)
        for index in indexes:
            try:
                packer.add(self.sheets[index].name, self._head(self.sheets[index].part))
                heads.append(_NO_ROWS)
            except UnreadableError as fault:
                heads.append(fault)
        grids = iter(packer.grids())
        return [head if isinstance(head, UnreadableError) else next(grids) for head in heads]

    def grids(self, indexes: Sequence[int]) -> list[Grid]:
        """All rows of those sheets; UnreadableError where one can't be read or is beyond the limits."""
        packer = _Packer(self._package, self._related, date1904=self._date1904)
        for index in indexes:
            packer.add(self.sheets[index].name, self._package.read(self.sheets[index].part))
        return packer.grids()

    def _find_workbook(self) -> str:
        for kind, part in _relations(self._package, "").values():
            if kind == "officeDocument" and not part.endswith(".bin"):
                return part
        raise UnreadableError(_NO_DOCUMENT)

    def _sheet(self, attributes: Attributes) -> SheetPart | None:
        kind, part = self._related.get(attributes.get("id", ""), ("", ""))
        if kind != "worksheet":
            return None
        return SheetPart(attributes.get("name", ""), attributes.get("state") in ("hidden", "veryHidden"), part)

    def _head(self, part: str) -> bytes:
        xml = self._package.read(part, _HEAD)
        if len(xml) < _HEAD:
            return xml
        ends = list(_ROW_END.finditer(xml))
        if not ends:  # one very long row
            return self._package.read(part)
        prefix = ends[-1][1] or b""
        return xml[: ends[-1].end()] + b"</%bsheetData></%bworksheet>" % (prefix, prefix)


class _Packer:
    """A workbook of the sheets that are wanted, put together for the workbook reader."""

    def __init__(self, package: Package, related: dict[str, tuple[str, str]], *, date1904: bool) -> None:
        self._date1904 = date1904
        self._facts: list[SheetFacts] = []
        self._parts: dict[str, bytes] = {}
        self._markup = 0
        self._longest_text = 0
        self._padding: dict[int, Format] = {}
        for kind, part in related.values():
            if kind in _COMMON:
                self._add_common(kind, package.read(part))

    def _add_common(self, kind: str, xml: bytes) -> None:
        if b"<!" in xml:
            parse(xml)
        check_texts(xml)
        if kind == "sharedStrings":
            self._longest_text = _longest(xml)
            xml = _SST.sub(lambda tag: _COUNTS.sub(b"", tag[0]), xml, count=1)
        elif b"numFmt " in xml:
            self._padding = padding_styles(xml)
        self._parts[f"xl/{kind}.xml"] = xml

    def add(self, name: str, xml: bytes) -> None:
        """Put a worksheet in; UnreadableError where it isn't safe or is beyond the limits."""
        check_texts(xml)
        facts = replace(scan(xml), shown=shown_numbers(xml, self._padding))
        check_range(facts.rows, facts.columns, name)
        self._markup += xml.count(b"<")
        if any(bad.code == "bad-cell" for bad in facts.bad.values()):
            xml = errors_as_text(xml)
        self._parts[f"xl/worksheets/sheet{len(self._facts)}.xml"] = xml
        self._facts.append(facts)

    def grids(self) -> list[Grid]:
        """The rows of the sheets that were put in."""
        if not self._facts:
            return []
        most_cells = self._markup // 4  # each cell with content has two start tags and two end tags
        loader = load_apart if most_cells * self._longest_text > _TEXTS else load
        sheets = loader(self._zipped())
        return [with_facts(sheet.rows, facts) for sheet, facts in zip(sheets, self._facts, strict=True)]

    def _zipped(self) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as package:
            for name, text in self._lists().items():
                package.writestr(name, text)
            while self._parts:  # each part is let go of as soon as it is copied
                package.writestr(*self._parts.popitem())
        return target.getvalue()

    def _lists(self) -> dict[str, str]:
        numbers = range(len(self._facts))
        names = "".join(f'<sheet name="{n}" sheetId="{n + 1}" r:id="sheet{n}"/>' for n in numbers)
        links = [_relation(f"sheet{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
        links += [_relation(kind, kind, f"{kind}.xml") for kind in _COMMON]
        return {
            "_rels/.rels": _relation_list(_relation("book", "officeDocument", "xl/workbook.xml")),
            "xl/_rels/workbook.xml.rels": _relation_list("".join(links)),
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr '
            f'date1904="{int(self._date1904)}"/><sheets>{names}</sheets></workbook>',
        }


def _longest(strings: bytes) -> int:
    """The bytes of the longest shared string, its markup included, or more."""
    end = b"</si>" if b"</si>" in strings else b"si>"
    if strings.count(end) > _MOST_STRINGS:
        raise UnreadableError(f"the workbook holds more than {_MOST_STRINGS:,} different texts. Split it")
    return max(map(len, strings.split(end)))


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relation_list(relations: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>'


def _relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """The relations of a part (of the package as a whole for ``""``): each one's kind and target part by its id."""
    folder, name = posixpath.split(part)
    found = {}
    for _, attributes in tags(package.read(posixpath.join(folder, "_rels", f"{name}.rels")), "Relationship"):
        if attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, target.lstrip("/"))
    return found


def _is_true(text: str | None) -> bool:
    return text in ("1", "true")
