"""Where at the right of a worksheet there is room for more columns."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bulkobj.spreadsheet.annotating.layout import SheetPlaces
from bulkobj.spreadsheet.ooxml.xml_edit import Element, parse
from bulkobj.spreadsheet.table import column_index

#: What a usual cell takes of a drawing, in its unit, of which 12,700 make a point.
_ROW, _COLUMN = 190_500, 609_600


def free_column(sheet: SheetPlaces, drawing: bytes | None, header: int) -> int:
    """The first column (from 0) right of all content, and of merged cells and drawings from the ``header`` row down.

    ``drawing`` is the part that says where charts and pictures stand. What stands above the header is no obstacle.
    """
    corners = [*_merged(sheet), *(_drawn(drawing) if drawing else ())]
    beside = [column for row, column in corners if row >= header]
    return max(sheet.columns, *beside) if beside else sheet.columns


def _merged(sheet: SheetPlaces) -> Iterator[tuple[int, int]]:
    """The last row and column of merged cells, from 1."""
    section = sheet.parsed("mergeCells")
    for merge in section.children if section else ():
        _, _, corner = merge.attributes["ref"].rpartition(":")
        letters = corner.rstrip("0123456789")
        yield int(corner[len(letters) :]), column_index(letters) + 1


def _drawn(drawing: bytes) -> Iterator[tuple[int, int]]:
    """The last row and column of drawings, from 1."""
    for anchor in parse(drawing).walk():
        start, end, size = anchor.child("from"), anchor.child("to"), anchor.child("ext")
        if start is None:
            continue
        row, column = _number(end or start, "row"), _number(end or start, "col")
        if end is None and size is not None:
            row += math.ceil(int(size.attributes["cy"]) / _ROW)
            column += math.ceil(int(size.attributes["cx"]) / _COLUMN)
        yield row + 1, column + 1


def _number(element: Element, name: str) -> int:
    child = element.child(name)
    return int(child.text) if child else 0
