"""Free places for the result columns: beside the table, or right of everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bulkobj.spreadsheet.annotating.notes import boxes, boxes_part, cell_place
from bulkobj.spreadsheet.ooxml.package_edit import Parts
from bulkobj.spreadsheet.ooxml.xml_tree import CannotAnnotateError, Element, M, local

_PIXEL = 9_525  # the unit of drawings, English metric units
_MOST_STEPS = 2_000
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"


class Area(NamedTuple):
    """Cells from one corner to the other, both included: rows from 1, columns from 0."""

    top: int
    left: int
    bottom: int
    right: int

    def meets(self, other: Area) -> bool:
        """Return whether a cell is in both."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )


class Sizes(NamedTuple):
    """The width of a column (from 0) and the height of a row (from 1), in pixels."""

    width: Callable[[int], int]
    height: Callable[[int], int]


def area(reference: str) -> Area:
    """Return the cells of a reference such as ``A1:B2`` or ``A1``."""
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = cell_place(first), cell_place(last or first)
    return Area(top, left, bottom, right)


def merged(sheet: Element) -> list[Area]:
    """Return the merged cells of a sheet."""
    return [area(one.get("ref", "")) for one in sheet.iterfind(f"{M}mergeCells/{M}mergeCell")]


def obstacles(parts: Parts, part: str, sheet: Element, sizes: Sizes) -> Iterator[Area]:
    """Yield all that covers cells of a sheet beside their content.

    Merged cells, notes, tables, pivot tables, sparklines, pictures, charts, shapes and form controls.
    """
    yield from merged(sheet)
    for element in sheet.iterfind(f"{M}extLst//{{*}}sparkline/{{*}}sqref"):
        yield from map(area, (element.text or "").split())
    for name in parts.related(part, "comments"):
        yield from (area(one.get("ref", "")) for one in parts.xml(name).iterfind(f"{M}commentList/{M}comment"))
    for name in parts.related(part, "table"):
        yield area(parts.xml(name).get("ref", "A1"))
    for name in parts.related(part, "pivotTable"):
        yield from (area(one.get("ref", "A1")) for one in parts.xml(name).iterfind(f"{M}location"))
    for name in parts.related(part, "drawing"):
        yield from _drawn(parts.xml(name), sizes)
    controls = boxes_part(parts, part, sheet)
    if controls is not None:
        yield from _controls(parts.read(controls))


def _drawn(drawing: Element, sizes: Sizes) -> Iterator[Area]:
    for anchor in drawing.iter("{*}twoCellAnchor", "{*}oneCellAnchor"):
        found = {local(one): one for one in anchor}
        start, end, size = found.get("from"), found.get("to"), found.get("ext")
        if start is None:
            continue
        top, left = _number(start, "row") + 1, _number(start, "col")
        if end is not None:
            yield Area(top, left, _number(end, "row") + 1, _number(end, "col"))
        elif size is not None:
            across = (_number(start, "colOff") + int(size.get("cx", "0"))) // _PIXEL
            down = (_number(start, "rowOff") + int(size.get("cy", "0"))) // _PIXEL
            yield Area(top, left, _along(top, down, sizes.height), _along(left, across, sizes.width))


def keep_sizes(drawing: Element, before: Sizes, after: Sizes) -> bool:
    """Give drawings their width back after columns under them have changed; returns whether any was concerned."""
    changed = False
    for anchor in drawing.iter("{*}twoCellAnchor"):
        start, end = anchor.find("{*}from"), anchor.find("{*}to")
        if start is None or end is None:
            continue
        left, right = _number(start, "col"), _number(end, "col")
        if all(before.width(column) == after.width(column) for column in range(left, right + 1)):
            continue
        inside, offset = _number(start, "colOff") // _PIXEL, _number(end, "colOff") // _PIXEL
        pixels = sum(map(before.width, range(left, right))) + offset - inside
        column = _along(left, inside + pixels, after.width)
        _set(end, "col", column)
        _set(end, "colOff", (inside + pixels - sum(map(after.width, range(left, column)))) * _PIXEL)
        changed = True
    return changed


def _set(element: Element, name: str, number: int) -> None:
    child = element.find(f"{{*}}{name}")
    if child is not None:
        child.text = str(number)


def _number(element: Element, name: str) -> int:
    return int(element.findtext(f"{{*}}{name}") or 0)


def _along(index: int, pixels: int, size: Callable[[int], int]) -> int:
    """Return the column or row that lies so many pixels after the start of another."""
    for _ in range(_MOST_STEPS):
        if pixels <= size(index):
            break
        pixels -= size(index)
        index += 1
    return index


def _controls(content: bytes) -> Iterator[Area]:
    """Yield the places of buttons, check boxes and the like; a drawing of another kind holds none that we know."""
    try:
        root = boxes(content)
    except CannotAnnotateError:
        return
    for data in root.iter(f"{_EXCEL}ClientData"):
        corners = list(map(int, re.findall(r"-?\d+", data.findtext(f"{_EXCEL}Anchor") or "")))
        if data.get("ObjectType") != "Note" and len(corners) == 8:
            yield Area(corners[2] + 1, corners[0], corners[6] + 1, corners[4])
