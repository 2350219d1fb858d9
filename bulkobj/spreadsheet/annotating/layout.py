"""Where things stand in a worksheet's XML: found in one pass, so that only the rows concerned are looked at closely."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from bulkobj.spreadsheet.ooxml.xml_edit import Element, local, new_parser, parse, prefix_at, run, tag_end, unsound
from bulkobj.spreadsheet.table import column_index


@dataclass(slots=True)
class SheetPlaces:
    """A worksheet's rows and sections by the bytes where they stand; rows count from 1, columns from 0.

    ``rows`` are the start and end of the wanted rows, ``columns`` says how many columns have content,
    ``heights`` holds the heights (in points) of the rows that have one of their own.
    """

    content: bytes
    prefix: str = ""
    root: Element = field(default_factory=lambda: Element("", {}, 0, 0))
    sections: list[Element] = field(default_factory=list)
    rows: dict[int, tuple[int, int]] = field(default_factory=dict)
    columns: int = 0
    heights: dict[int, float] = field(default_factory=dict)

    def section(self, name: str) -> Element | None:
        """The first section of that name, without what it holds."""
        return next((section for section in self.sections if section.name == name), None)

    def parsed(self, name: str) -> Element | None:
        """The section of that name with what it holds; bytes are counted from its own start."""
        section = self.section(name)
        return parse(self.content[section.start : section.end]) if section else None


def places(content: bytes, wanted: Container[int]) -> SheetPlaces:
    """The places of a worksheet part; CannotAnnotateError where it isn't sound."""
    return _Finder(content, wanted).found


class _Finder:
    """Follows the document by depth: worksheet 0, its sections 1, rows 2, cells 3, what is in a cell 4."""

    def __init__(self, content: bytes, wanted: Container[int]) -> None:
        self.found = SheetPlaces(content)
        self._wanted = wanted
        self._depth = self._row = 0
        self._column = -1
        self._in_data = False
        self._row_start = 0
        self._parser = new_parser(self._start, self._end)
        run(self._parser, content)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        self._depth += 1
        if depth <= 1:
            self._start_section(name, attributes)
        elif not self._in_data:
            return
        elif depth == 3:
            place = attributes.get("r")
            self._column = column_index(place.rstrip("0123456789")) if place else self._column + 1
        elif depth == 4:
            self.found.columns = max(self.found.columns, self._column + 1)
        elif depth == 2:
            self._start_row(attributes)

    def _start_section(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        section = Element(local(name), attributes, at, tag_end(self.found.content, at))
        if self._depth == 1:
            if section.name != "worksheet":
                raise unsound(f"a {section.name} in place of a worksheet")
            self.found.root = section
            self.found.prefix = prefix_at(self.found.content, at).decode()
            return
        self.found.sections.append(section)
        self._in_data = section.name == "sheetData"

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
        self._column = -1
        self._row_start = self._parser.CurrentByteIndex
        if "ht" in attributes:
            self.found.heights[self._row] = float(attributes["ht"])

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._depth == 2 and self._in_data and self._row in self._wanted:
            self.found.rows[self._row] = self._row_start, self._end_of(self._row_start)
        elif self._depth == 1:
            section = self.found.sections[-1]
            section.end = self._end_of(section.start)
            section.close = section.opened if section.end == section.opened else self._parser.CurrentByteIndex

    def _end_of(self, start: int) -> int:
        """Where the element ends whose end is being told."""
        content = self.found.content
        opened = tag_end(content, start)
        return opened if content[opened - 2 : opened] == b"/>" else tag_end(content, self._parser.CurrentByteIndex)
