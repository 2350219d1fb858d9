"""The columns of a worksheet: their widths and styles as the XML has them, and the widths of ours put among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bulkobj.spreadsheet.annotating.layout import SheetPlaces
from bulkobj.spreadsheet.ooxml.xml_edit import Element, parse, with_attribute

_USUAL_WIDTH = 8.43
_ROW_PIXELS = 20
_FAR = 1_500


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """A ``<col>``: the columns (from 0) from ``first`` to ``last``, its tag, and what it says of them."""

    first: int
    last: int
    tag: bytes
    width: float | None
    style: int

    @property
    def near(self) -> range:
        """Its columns, as far to the right as a table may reach."""
        return range(self.first, min(self.last, _FAR) + 1)

    def but(self, taken: Mapping[int, object]) -> Iterator[tuple[int, bytes]]:
        """The range without some columns, as ranges that are left of it: where they begin, and their tags."""
        edges = sorted(column for column in taken if self.first <= column <= self.last)
        start = self.first
        for stop in [*edges, self.last + 1]:
            if stop > start:
                tag = with_attribute(with_attribute(self.tag, "min", str(start + 1)), "max", str(stop))
                yield start, (tag if edges else self.tag)
            start = stop + 1


@dataclass(frozen=True, slots=True)
class Columns:
    """All ``<col>`` of a worksheet, and how wide and high what says nothing is (in pixels)."""

    ranges: tuple[ColumnRange, ...]
    widths: dict[int, int]
    pixels: int
    row_pixels: int
    heights: Mapping[int, float]

    def width(self, column: int) -> int:
        """The width of a column in pixels; 0 for a hidden one."""
        return self.widths.get(column, self.pixels)

    def height(self, row: int) -> int:
        """The height of a row (from 1) in pixels."""
        points = self.heights.get(row)
        return self.row_pixels if points is None else round(points * 4 / 3)

    def with_widths(self, widths: Mapping[int, float]) -> Columns:
        """The columns where some have these widths (in characters)."""
        return replace(self, widths=self.widths | {column: _pixels(width) for column, width in widths.items()})

    @property
    def styles(self) -> Mapping[int, int]:
        """The styles of those columns that have one, as far to the right as a table may reach."""
        return {column: one.style for one in self.ranges if one.style for column in one.near}


def columns_of(sheet: SheetPlaces) -> Columns:
    """What the worksheet says of its columns."""
    section = sheet.section("cols")
    ranges: tuple[ColumnRange, ...] = ()
    if section is not None:
        content = sheet.content[section.start : section.end]
        ranges = tuple(_range(content, element) for element in parse(content).all("col"))
    usual = sheet.section("sheetFormatPr")
    said = usual.attributes if usual else {}
    width = float(said.get("defaultColWidth", _USUAL_WIDTH))
    height = round(float(said.get("defaultRowHeight", 15)) * 4 / 3)
    widths = {column: _pixels(one.width) for one in ranges if one.width is not None for column in one.near}
    return Columns(ranges, widths, _pixels(width), height or _ROW_PIXELS, sheet.heights)


def _range(content: bytes, element: Element) -> ColumnRange:
    said = element.attributes
    width = 0.0 if said.get("hidden") in ("1", "true") else float(said["width"]) if "width" in said else None
    tag = content[element.start : element.opened]
    return ColumnRange(int(said["min"]) - 1, int(said["max"]) - 1, tag, width, int(said.get("style", "0")))


def _pixels(width: float) -> int:
    """Excel's own rule for its usual font: characters to pixels."""
    return round(width * 7 + 5) if width >= 1 else round(width * 12)


def columns_xml(columns: Columns, widths: Mapping[int, float], prefix: str) -> bytes:
    """The ``<cols>`` section with these widths (in characters); such a column is neither hidden nor styled by it."""
    tags = [piece for one in columns.ranges for piece in one.but(widths)]
    for column, width in widths.items():
        number = column + 1
        tags.append((column, f'<{prefix}col min="{number}" max="{number}" width="{width}" customWidth="1"/>'.encode()))
    pieces = b"".join(tag for _, tag in sorted(tags))
    return f"<{prefix}cols>".encode() + pieces + f"</{prefix}cols>".encode()
