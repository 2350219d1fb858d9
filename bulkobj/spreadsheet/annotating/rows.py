"""A row of a worksheet's XML with our cells put in and its bad cells coloured; all else stays byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulkobj.spreadsheet.annotating.styles import Styles
from bulkobj.spreadsheet.ooxml.cell_xml import column_letters
from bulkobj.spreadsheet.ooxml.xml_edit import (
    CannotAnnotateError,
    Splices,
    local,
    new_parser,
    run,
    tag_end,
    with_attribute,
)
from bulkobj.spreadsheet.table import column_index


@dataclass(slots=True)
class CellPlace:
    """A cell by the bytes where it stands in its row, its column (from 0), its style, and whether it has a formula."""

    column: int
    style: int
    start: int
    opened: int
    end: int = 0
    has_formula: bool = False


@dataclass(slots=True)
class RowPlaces:
    """A row's cells, its own style for cells that aren't there (None without one), and its attributes."""

    cells: list[CellPlace] = field(default_factory=list)
    style: int | None = None
    attributes: dict[str, str] = field(default_factory=dict)


def row_places(row: bytes) -> RowPlaces:
    """The cells of a ``<row>``; CannotAnnotateError where it isn't sound."""
    found = RowPlaces()
    depth, column = 0, -1

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, column
        depth += 1
        if depth == 1:
            found.attributes = attributes
            found.style = int(attributes["s"]) if "s" in attributes else None
        elif depth == 2 and local(name) == "c":
            at = parser.CurrentByteIndex
            column = column_index(attributes["r"].rstrip("0123456789")) if "r" in attributes else column + 1
            found.cells.append(CellPlace(column, int(attributes.get("s", "0")), at, tag_end(row, at)))
        elif depth == 3 and local(name) == "f":
            found.cells[-1].has_formula = True

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if depth == 1 and local(name) == "c":
            cell = found.cells[-1]
            empty = row[cell.opened - 2 : cell.opened] == b"/>"
            cell.end = cell.opened if empty else tag_end(row, parser.CurrentByteIndex)

    parser = new_parser(start, end)
    run(parser, row)
    return found


@dataclass(frozen=True, slots=True)
class RowEditor:
    """Edits the rows of one sheet; ``column_styles`` are the styles of columns that have one of their own."""

    styles: Styles
    prefix: str
    column_styles: Mapping[int, int]

    def edit(self, row: bytes, number: int, cells: Mapping[int, str], marks: Mapping[int, bool]) -> bytes:
        """The row with ``cells`` (XML by column) in place of its own, and the cells of ``marks`` marked: True for an
        error, False for a warning.

        Other cells lose the mark of an earlier report. CannotAnnotateError where a formula would be overwritten.
        """
        found = row_places(row)
        changes = Splices(row)
        there = {cell.column for cell in found.cells}
        for cell in found.cells:
            if cell.column in cells:
                _refuse_formula(cell, number)
                changes.replace(cell.start, cell.end, cells[cell.column].encode())
            else:
                self._restyle(changes, cell, is_error=marks.get(cell.column))
        blanks = {column: self._blank(found, number, column, is_error=marks[column]) for column in marks.keys() - there}
        _insert(changes, found, blanks | {column: xml for column, xml in cells.items() if column not in there})
        if "spans" in found.attributes:  # only a hint for speed, and wrong by now
            opened = tag_end(row, 0)
            changes.replace(0, opened, with_attribute(row[:opened], "spans", None))
        return changes.done()

    def _restyle(self, changes: Splices, cell: CellPlace, *, is_error: bool | None) -> None:
        own = self.styles.unmarked(cell.style)
        style = own if is_error is None else self.styles.marked(own, is_error=is_error)
        if style != cell.style:
            tag = with_attribute(changes.content[cell.start : cell.opened], "s", str(style))
            changes.replace(cell.start, cell.opened, tag)

    def _blank(self, row: RowPlaces, number: int, column: int, *, is_error: bool) -> str:
        own = self.column_styles.get(column, 0) if row.style is None else row.style
        return (
            f'<{self.prefix}c r="{column_letters(column)}{number}" s="{self.styles.marked(own, is_error=is_error)}"/>'
        )


def _refuse_formula(cell: CellPlace, number: int) -> None:
    if cell.has_formula:
        raise CannotAnnotateError(f"a result column of an earlier report holds a formula by now, in row {number}")


def _insert(changes: Splices, row: RowPlaces, new: Mapping[int, str]) -> None:
    """Put the new cells where the order of columns wants them."""
    end = row.cells[-1].end if row.cells else 0
    if not end:
        raise CannotAnnotateError("a row of the workbook has changed since it was read")
    for column in sorted(new):
        at = next((cell.start for cell in row.cells if cell.column > column), end)
        changes.insert(at, new[column].encode())
