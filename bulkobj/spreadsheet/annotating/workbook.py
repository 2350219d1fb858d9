"""A report in the admin's own workbook: result columns, colours and notes put in, everything else kept.

The workbook is edited as what it is, a zip file of XML parts, and not loaded and saved through openpyxl. openpyxl
(3.1) forgets the calculated values of formulas as soon as it saves, so that a mended copy would read as
``uncalculated-formula``; it drops shapes, form controls, sparklines and newer conditional formats, and draws charts
anew as far as it understands them; and it takes twice as long. Here a part that has nothing to do with the report keeps
its bytes. openpyxl is used where it is sound: to build the empty import workbook, and in the tests, as an independent
reader of what is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bulkobj.spreadsheet.annotating.sheet import AnnotatedSheet
from bulkobj.spreadsheet.annotating.styles import PLAIN, Styles
from bulkobj.spreadsheet.ooxml.cell_xml import cell_xml, column_letters
from bulkobj.spreadsheet.ooxml.package_edit import MAIN, OFFICE, Parts
from bulkobj.spreadsheet.ooxml.xml_edit import CannotAnnotateError, Element, Splices, escaped, parse, prefix_at, unsound
from bulkobj.spreadsheet.table import Cell, SourceFile
from bulkobj.spreadsheet.writing.results import ResultRow, Summary
from bulkobj.spreadsheet.writing.summary_sheet import SUMMARY_SHEET, headings, summary_rows

__all__ = ["MAX_NOTES", "MAX_ROWS", "CannotAnnotateError", "annotate"]

#: Beyond these a workbook takes long to write, and its notes make the spreadsheet program slow.
MAX_ROWS = 60_000
MAX_NOTES = 30_000
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_SUMMARY_START = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}">'
    '<sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews>'
    '<cols><col min="1" max="1" width="30" customWidth="1"/><col min="2" max="2" width="60" customWidth="1"/></cols>'
)
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"


def annotate(content: bytes, source: SourceFile, results: Sequence[ResultRow], summary: Summary) -> bytes:
    """The workbook ``content`` with the report in it (contract, "The report").

    ``source`` is what reading ``content`` gave: an ``xlsx`` or ``xlsm`` file. A record without a result gets empty
    result cells; a table without any result is left as it is. The columns, notes and colours of an earlier report are
    replaced.

    Raises CannotAnnotateError, with the reason in an admin's words, where that can't be done soundly or in reasonable
    time; a plain workbook will do then.
    """
    _check_size(results)
    try:
        return _annotated(Parts(content), source, results, summary)
    except (LookupError, ValueError) as fault:  # an attribute that must be there isn't, or isn't a number
        raise unsound("a part isn't as the standard has it") from fault


def _check_size(results: Sequence[ResultRow]) -> None:
    if len(results) > MAX_ROWS:
        raise CannotAnnotateError(f"it has more than {MAX_ROWS:,} rows, which would take too long")
    notes = sum(len({note.header for note in result.notes}) for result in results)
    if notes > MAX_NOTES:
        raise CannotAnnotateError(f"{notes:,} cells are wrong, and so many notes make a workbook slow")


def _annotated(parts: Parts, source: SourceFile, results: Sequence[ResultRow], summary: Summary) -> bytes:
    workbook = _Workbook(parts)
    by_sheet: dict[str | None, dict[int, ResultRow]] = {}
    for result in results:
        by_sheet.setdefault(result.sheet, {})[result.row] = result
    for table in source.tables:
        found = by_sheet.get(table.sheet)
        if found:
            part = workbook.part_of(table.sheet or "")
            AnnotatedSheet(parts, part, table, found, workbook.styles, workbook.from_1904).annotate()
    workbook.put_summary(summary)
    workbook.put_styles()
    return parts.done()


class _Workbook:
    """The workbook part: which sheets there are, where, and in which styles."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._name = parts.related("", "officeDocument") or "xl/workbook.xml"
        self._content = parts.read_xml(self._name)
        self._root = parse(self._content)
        self._sheets = _wanted(self._root, "sheets")
        properties = self._root.child("workbookPr")
        self.from_1904 = properties is not None and properties.attributes.get("date1904") in ("1", "true")
        styles = parts.related(self._name, "styles")
        self._styles_part = styles or self._new_styles()
        self.styles = Styles(parts.read_xml(self._styles_part))

    def part_of(self, sheet: str) -> str:
        """The name of the part that holds the sheet."""
        targets = {one.id: one.target for one in self._parts.relationships(self._name)}
        for element in self._sheets.children:
            if element.attributes.get("name", "").casefold() == sheet.casefold():
                return targets[element.attributes["id"]]
        raise unsound(f'no sheet "{sheet}"')

    def put_summary(self, summary: Summary) -> None:
        """The summary sheet at the end of the workbook, or in place of that of an earlier report."""
        names = {element.attributes.get("name", "").casefold() for element in self._sheets.children}
        if SUMMARY_SHEET.casefold() in names:
            part = self.part_of(SUMMARY_SHEET)
            self._parts.forget_relationships(part)
        else:
            part = self._parts.free_name("xl/worksheets/sheet{}.xml")
            self._add_sheet(part)
        self._parts.put(part, self._summary_xml(summary))

    def put_styles(self) -> None:
        """The styles with ours among them."""
        self._parts.put(self._styles_part, self.styles.done())

    def _add_sheet(self, part: str) -> None:
        self._parts.declare(_SHEET_TYPE, part=part)
        new_id = self._parts.relate(self._name, "worksheet", part)
        number = 1 + max(int(element.attributes["sheetId"]) for element in self._sheets.children)
        prefix = prefix_at(self._content, self._root.start).decode()
        changes = Splices(self._content)
        tag = f'<{prefix}sheet xmlns:r="{OFFICE}" name="{escaped(SUMMARY_SHEET)}" sheetId="{number}" r:id="{new_id}"/>'
        changes.append(self._sheets, tag.encode())
        self._parts.put(self._name, changes.done())

    def _summary_xml(self, summary: Summary) -> bytes:
        titles = headings(summary)
        rows = []
        for index, row in enumerate(summary_rows(summary)):
            cells = (self._cell(at, index, cell, is_title=index in titles) for at, cell in enumerate(row))
            rows.append(f'<row r="{index + 1}">{"".join(cells)}</row>')
        return f"{_SUMMARY_START}<sheetData>{''.join(rows)}</sheetData></worksheet>".encode()

    def _cell(self, column: int, row: int, cell: Cell, *, is_title: bool) -> str:
        style = self.styles.bold() if is_title else self.styles.date_time() if isinstance(cell, date) else 0
        return cell_xml(f"{column_letters(column)}{row + 1}", cell, style, "", from_1904=self.from_1904)

    def _new_styles(self) -> str:
        usual = "xl/styles.xml"
        part = self._parts.free_name("xl/styles{}.xml") if usual in self._parts else usual
        self._parts.put(part, PLAIN)
        self._parts.declare(_STYLES_TYPE, part=part)
        self._parts.relate(self._name, "styles", part)
        return part


def _wanted(root: Element, name: str) -> Element:
    found = root.child(name)
    if found is None:
        raise unsound(f"a workbook without {name}")
    return found
