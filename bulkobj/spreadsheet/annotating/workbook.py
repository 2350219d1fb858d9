"""A report in the admin's own workbook: result columns, marks, notes and a list sheet put in, everything else kept.

The workbook is edited as a zip file of XML parts. openpyxl would lose cached formula values, sparklines and text boxes
(CONTRIBUTING, decision 13). Parts that the report doesn't touch keep their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from lxml import etree

from bulkobj.spreadsheet.annotating.sheet import AnnotatedSheet
from bulkobj.spreadsheet.annotating.styles import PLAIN, Styles
from bulkobj.spreadsheet.ooxml.cell_xml import new_cell
from bulkobj.spreadsheet.ooxml.package_edit import Parts
from bulkobj.spreadsheet.ooxml.xml_tree import MAIN, OFFICE, CannotAnnotateError, Element, M, required, unsound
from bulkobj.spreadsheet.stamp import result_stamp
from bulkobj.spreadsheet.table import RESULTS_SHEET, STAMP_SHEET, SourceFile, column_letters
from bulkobj.spreadsheet.writing.list_sheet import NAMES, Listed, Target, in_need, list_rows
from bulkobj.spreadsheet.writing.results import ResultRow, Summary
from bulkobj.spreadsheet.writing.styles import LIST_WIDTHS

__all__ = ["MAX_NOTES", "MAX_ROWS", "CannotAnnotateError", "annotate"]

#: Beyond these a workbook takes long to write, and its notes make the spreadsheet program slow.
MAX_ROWS = 20_000
MAX_NOTES = 30_000
_WORKSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_STYLES = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_SELECTED = re.compile(rb"""(<(?:\w+:)?sheetView\b[^<>]*?)\s+tabSelected\s*=\s*["'](?:1|true)["']""")
_SHEET_KINDS = ("worksheet", "chartsheet", "dialogsheet")


def annotate(content: bytes, source: SourceFile, results: Sequence[ResultRow], summary: Summary) -> bytes:
    """Return the workbook ``content`` with the report in it.

    ``source`` is the reading of ``content``, an ``xlsx`` or ``xlsm`` file. A record without a result gets empty result
    cells; a table without any result is left as it is. The columns, notes and colours of an earlier report are
    replaced.

    Raises CannotAnnotateError, with the reason in an admin's words, where that can't be done soundly or in reasonable
    time. A workbook of ours will do then.
    """
    if len(results) > MAX_ROWS:
        raise CannotAnnotateError(f"it has more than {MAX_ROWS:,} rows, which would take too long")
    notes = sum(len({note.header for note in result.notes}) + bool(result.reason) for result in results)
    if notes > MAX_NOTES:
        raise CannotAnnotateError(f"{notes:,} cells are wrong, and so many notes make a workbook slow")
    try:
        return _annotated(Parts(content), source, results, summary)
    except (LookupError, ValueError) as fault:  # an attribute that must be there isn't, or isn't a number
        raise unsound("a part isn't as the standard has it") from fault


def _annotated(parts: Parts, source: SourceFile, results: Sequence[ResultRow], summary: Summary) -> bytes:
    workbook = Workbook(parts)
    by_sheet: dict[str | None, dict[int, ResultRow]] = {}
    for result in results:
        by_sheet.setdefault(result.sheet, {})[result.row] = result
    sheets: dict[str | None, AnnotatedSheet] = {}
    for table in source.tables:
        found = by_sheet.get(table.sheet)
        if found:
            part = workbook.part_of(table.sheet or "")
            sheets[table.sheet] = AnnotatedSheet(parts, part, table, found, workbook.styles, workbook.from_1904)
            sheets[table.sheet].annotate()

    def target_of(row: ResultRow) -> Target:
        number, column = sheets[row.sheet].place_of(row)
        return Target(row.sheet or "", f"{column_letters(column)}{number}")

    listed = [row for row in in_need(results) if row.sheet in sheets]
    workbook.put_list([*list_rows(summary, listed, target_of)])
    workbook.put_stamp(source, summary)
    if sheets:
        first = min(listed, key=lambda row: (list(sheets).index(row.sheet), row.row), default=None)
        opened = next(iter(sheets)) if first is None else first.sheet
        if workbook.select(opened or ""):
            sheets[opened].open_at(None if first is None else sheets[opened].place_of(first))
    workbook.finish()
    return parts.done()


class Workbook:
    """The workbook part: its sheets, where they are, and their styles."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._name = next(iter(parts.related("", "officeDocument")), "xl/workbook.xml")
        self._root = parts.xml(self._name)
        self._sheets = required(self._root, "sheets", "a workbook")
        properties = self._root.find(f"{M}workbookPr")
        self.from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        self._styles_part = next(iter(parts.related(self._name, "styles")), None) or self._new_styles()
        self.styles = Styles(parts.xml(self._styles_part))

    def part_of(self, sheet: str) -> str:
        """Return the name of the part that holds the sheet."""
        found = self._find(sheet)
        if found is None:
            raise unsound(f'no sheet "{sheet}"')
        targets = {one.id: one.target for one in self._parts.relationships(self._name)}
        return targets[found.attrib[f"{{{OFFICE}}}id"]]

    def put_list(self, rows: Sequence[Sequence[Listed]]) -> None:
        """Put the list sheet at the end, or in place of that of an earlier report."""
        root = etree.Element(f"{M}worksheet", nsmap={None: MAIN})
        properties = etree.SubElement(root, f"{M}sheetPr")
        etree.SubElement(properties, f"{M}pageSetUpPr", {"fitToPage": "1"})
        views = etree.SubElement(root, f"{M}sheetViews")
        etree.SubElement(views, f"{M}sheetView", {"showGridLines": "0", "workbookViewId": "0"})
        columns = etree.SubElement(root, f"{M}cols")
        for number, width in enumerate(LIST_WIDTHS, 1):
            attributes = {"min": str(number), "max": str(number), "width": str(width), "customWidth": "1"}
            etree.SubElement(columns, f"{M}col", attributes)
        data = etree.SubElement(root, f"{M}sheetData")
        links = etree.Element(f"{M}hyperlinks")
        for number, row in enumerate(rows, 1):
            element = etree.SubElement(data, f"{M}row", {"r": str(number)})
            for column, cell in enumerate(row):
                place = f"{column_letters(column)}{number}"
                look = "date" if isinstance(cell.value, date) else cell.look
                element.append(new_cell(place, cell.value, self.styles.look(look), from_1904=self.from_1904))
                if cell.link:
                    etree.SubElement(links, f"{M}hyperlink", {"ref": place, "location": cell.link})
        if len(links):
            root.append(links)
        etree.SubElement(root, f"{M}pageSetup", {"orientation": "landscape", "fitToHeight": "0"})
        old = next((name for name in NAMES if self._find(name) is not None), None)
        if old is not None:
            part = self.part_of(old)
            self._parts.forget_relationships(part)
            self._find(old, rename=RESULTS_SHEET)
            self._parts.put(part, root)
        else:
            self._add_sheet(RESULTS_SHEET, root)

    def put_stamp(self, source: SourceFile, summary: Summary) -> None:
        """Mark the workbook as a results file on the hidden sheet, below what an export has there."""
        rows = result_stamp(source.stamp, summary.run)
        is_new = self._find(STAMP_SHEET) is None
        root = etree.Element(f"{M}worksheet", nsmap={None: MAIN})
        if not is_new:
            root = self._parts.xml(self.part_of(STAMP_SHEET))
        data = root.find(f"{M}sheetData")
        if data is None:
            data = etree.SubElement(root, f"{M}sheetData")
        for number, row in enumerate(rows, 1 + max([0, *(int(one.get("r", "0")) for one in data)])):
            element = etree.SubElement(data, f"{M}row", {"r": str(number)})
            for column, cell in enumerate(row):
                element.append(new_cell(f"{column_letters(column)}{number}", cell, 0))
        if is_new:
            self._add_sheet(STAMP_SHEET, root, state="hidden")
        elif rows:
            self._parts.put(self.part_of(STAMP_SHEET), root)

    def select(self, sheet: str) -> bool:
        """Make the sheet the one that the workbook opens on; False where it can't be seen."""
        chosen = self._find(sheet)
        if chosen is None or chosen.get("state", "visible") != "visible":
            return False
        views = self._root.find(f"{M}bookViews")
        if views is None:
            views = etree.Element(f"{M}bookViews")
            self._sheets.addprevious(views)
        view = views.find(f"{M}workbookView")
        if view is None:
            view = etree.SubElement(views, f"{M}workbookView")
        view.set("activeTab", str(list(self._sheets.iterchildren(f"{M}sheet")).index(chosen)))
        for part in self._parts.related(self._name, *_SHEET_KINDS):
            # two selected sheets would be edited together
            content = self._parts.read(part)
            if (deselected := _SELECTED.sub(rb"\1", content)) != content:
                self._parts.put(part, deselected)
        return True

    def hide_others(self, sheet: str) -> None:
        """Hide all sheets but one; what they hold, such as lists to choose from, stays."""
        for element in self._sheets.iterchildren(f"{M}sheet"):
            if element.get("name", "").casefold() == sheet.casefold():
                element.attrib.pop("state", None)
            else:
                element.set("state", "hidden")

    def forget_calculation(self) -> None:
        """Remove the list of formula cells, which some of them are gone from; programs make it again."""
        for name in self._parts.related(self._name, "calcChain"):
            self._parts.remove(self._name, name)

    def finish(self) -> None:
        """Put the workbook part and its styles among the parts."""
        self._parts.put(self._name, self._root)
        self._parts.put(self._styles_part, self.styles.root)

    def _find(self, sheet: str, *, rename: str = "") -> Element | None:
        for element in self._sheets.iterchildren(f"{M}sheet"):
            if element.get("name", "").casefold() == sheet.casefold():
                if rename:
                    element.set("name", rename)
                return element
        return None

    def _add_sheet(self, name: str, root: Element, **state: str) -> None:
        part = self._parts.free_name("xl/worksheets/sheet{}.xml")
        self._parts.declare(_WORKSHEET, part=part)
        new_id = self._parts.relate(self._name, "worksheet", part)
        number = 1 + max(int(element.attrib["sheetId"]) for element in self._sheets.iterchildren(f"{M}sheet"))
        attributes = {"name": name, "sheetId": str(number), **state, f"{{{OFFICE}}}id": new_id}
        etree.SubElement(self._sheets, f"{M}sheet", attributes, nsmap={"r": OFFICE})
        self._parts.put(part, root)

    def _new_styles(self) -> str:
        usual = "xl/styles.xml"
        part = self._parts.free_name("xl/styles{}.xml") if usual in self._parts else usual
        self._parts.put(part, PLAIN)
        self._parts.declare(_STYLES, part=part)
        self._parts.relate(self._name, "styles", part)
        return part
