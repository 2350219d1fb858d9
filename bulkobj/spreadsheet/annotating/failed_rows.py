"""Rows that failed, in the admin's own workbook: its formats, widths and drop-downs, without the other rows."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from lxml import etree

from bulkobj.core.columns import meaning
from bulkobj.spreadsheet.annotating.free_space import area
from bulkobj.spreadsheet.annotating.sheet import fill_row, numbered, placed
from bulkobj.spreadsheet.annotating.workbook import Workbook
from bulkobj.spreadsheet.ooxml.cell_xml import new_cell
from bulkobj.spreadsheet.ooxml.package_edit import Parts
from bulkobj.spreadsheet.ooxml.xml_tree import OFFICE, CannotAnnotateError, Element, M, required, unsound
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import BadCell, Cell, Record, Table, as_written, column_letters, shown
from bulkobj.spreadsheet.writing.styles import RESULT_WIDTHS

_ROW_HINTS = ("spans", "hidden", "collapsed", "outlineLevel")
_OF_OTHER_ROWS = ("dimension", "autoFilter", "rowBreaks", "sortState")


def failed_rows(content: bytes, table: Table, width: int) -> bytes:
    """Return the workbook ``content`` with the rows of one table alone.

    ``table`` holds the wanted records with the cells that they shall have, the first ``width`` columns as in the
    workbook, then columns to add. Formulas become their values. Raises CannotAnnotateError where it can't be done
    soundly; a workbook of ours will do then.
    """
    try:
        made = _made(content, table, width)
    except (LookupError, ValueError) as fault:
        raise unsound("a part isn't as the standard has it") from fault
    back = read_file("failures.xlsx", made, ReadOptions(), meaning)
    if len(back.tables) != 1 or _texts(back.tables[0].records) != _texts(table.records):
        raise CannotAnnotateError("its rows would read differently on their own")
    return made


def _texts(records: Sequence[Record]) -> list[list[str]]:
    return [[_comparable(cell) for cell in record.cells] for record in records]


def _comparable(cell: Cell) -> str:
    return "#N/A" if isinstance(cell, BadCell) and cell.code == "uncalculated-formula" else shown(as_written(cell))


def _made(content: bytes, table: Table, width: int) -> bytes:
    parts = Parts(content)
    workbook = Workbook(parts)
    sheet = table.sheet or ""
    part = workbook.part_of(sheet)
    root = parts.xml(part)
    data = required(root, "sheetData", "a sheet")
    rows = dict(numbered(data.iterchildren(f"{M}row")))
    header = rows[table.header_number]
    _put(header, table.header_number, dict(enumerate(table.headers)), width, workbook)
    for number, row in rows.items():
        if number > table.header_number:
            data.remove(row)
    for place, record in enumerate(table.records, table.header_number + 1):
        row = copy.deepcopy(rows[record.number])
        row.set("r", str(place))
        for hint in _ROW_HINTS:
            row.attrib.pop(hint, None)
        _put(row, place, dict(enumerate(record.cells)), width, workbook)
        data.append(row)
    _drop_other_rows(root, table.header_number)
    _widen(root, width)
    parts.forget_relationships(part)
    parts.put(part, root)
    workbook.hide_others(sheet)
    workbook.select(sheet)
    workbook.forget_calculation()
    workbook.finish()
    return parts.done()


def _put(row: Element, number: int, cells: Mapping[int, Cell], width: int, workbook: Workbook) -> None:
    """Keep a cell of the file where it shows what it shall; write the others."""
    new: dict[int, Element] = {}
    for column, cell in list(placed(row)):
        wanted = cells.get(column)
        style = workbook.styles.unmarked(int(cell.get("s", "0")))
        formula = cell.find(f"{M}f")
        if formula is not None:
            cell.remove(formula)
        is_kept = column < width and len(cell) > 0 and not isinstance(wanted, str | BadCell)
        if is_kept:
            cell.set("r", f"{column_letters(column)}{number}")
            cell.set("s", str(style))
            continue
        row.remove(cell)
        if column < width:
            new[column] = _cell(column, number, wanted, style)
    there = {column for column, _ in placed(row)} | new.keys()
    for column in cells.keys() - there:
        if cells[column] is not None:
            look = "wrap" if column > width else ""
            new[column] = _cell(column, number, cells[column], workbook.styles.look(look))
    fill_row(row, new)


def _cell(column: int, number: int, cell: Cell, style: int) -> Element:
    place = f"{column_letters(column)}{number}"
    if not isinstance(cell, BadCell):
        return new_cell(place, as_written(cell), style)
    element = new_cell(place, None, style)
    element.set("t", "e")
    etree.SubElement(element, f"{M}v").text = "#N/A" if cell.code == "uncalculated-formula" else cell.text
    return element


def _drop_other_rows(root: Element, header: int) -> None:
    """Remove what belongs to other rows, and what other parts hold: drawings, notes, tables, links."""
    for child in list(root):
        refers = any(name.startswith(f"{{{OFFICE}}}") for one in child.iter() for name in one.attrib)
        if refers or any(child.tag == M + name for name in _OF_OTHER_ROWS):
            root.remove(child)
    merges = root.find(f"{M}mergeCells")
    if merges is not None:
        for one in list(merges):
            if area(one.get("ref", "")).bottom > header:
                merges.remove(one)
        merges.set("count", str(len(merges)))
        if not len(merges):
            root.remove(merges)
    _scroll_up(root)


def _scroll_up(root: Element) -> None:
    """Scroll to the top; frozen rows and columns stay."""
    for view in root.iterfind(f"{M}sheetViews/{M}sheetView"):
        view.attrib.pop("topLeftCell", None)
        for one in view.findall(f"{M}selection"):
            view.remove(one)
        for pane in view.iterfind(f"{M}pane"):
            across, down = (int(float(pane.get(name, "0"))) for name in ("xSplit", "ySplit"))
            if pane.get("state", "").startswith("frozen"):
                pane.set("topLeftCell", f"{column_letters(across)}{down + 1}")


def _widen(root: Element, width: int) -> None:
    """Give the added columns their widths."""
    section = root.find(f"{M}cols")
    if section is None:
        section = etree.Element(f"{M}cols")
        required(root, "sheetData", "a sheet").addprevious(section)
    for one in list(section):
        if int(one.attrib["min"]) > width:
            section.remove(one)
        elif int(one.attrib["max"]) > width:
            one.set("max", str(width))
    for number, name in enumerate(("_row", "_message"), width + 1):
        attributes = {"min": str(number), "max": str(number), "width": str(RESULT_WIDTHS[name]), "customWidth": "1"}
        etree.SubElement(section, f"{M}col", attributes)
