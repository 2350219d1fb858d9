"""OpenDocument spreadsheets (.ods): one pass over their content.

The displayed text of a cell stands in the file, beside its value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time

from bulkobj.spreadsheet.formula_guard import ERRORS
from bulkobj.spreadsheet.limits import MAX_COLUMNS, MAX_TEXT, UnreadableError, check_faults, check_range
from bulkobj.spreadsheet.ooxml.package import PROTECTED, Package
from bulkobj.spreadsheet.ooxml.xml_reader import Element, damaged, elements, local, tags, too_long
from bulkobj.spreadsheet.reading.number_format.number_format import EXACT
from bulkobj.spreadsheet.reading.table_detection import Grid, Merge
from bulkobj.spreadsheet.reading.values import bad_cell, text_or_blank
from bulkobj.spreadsheet.table import BadCell, Cell, Formatted, shown

MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "META-INF/manifest.xml"
#: One row that stands for more equal ones than this is a slip, or meant to do harm.
_MOST_REPEATS = 10_000
_DURATION = re.compile(r"PT(\d{1,9})H(\d{1,2})M(\d{1,2})(?:[.,]\d*)?S")
_LENGTH = re.compile(r"(-?[0-9.]+)(cm|mm|in|pt|pc|px)")
_POINTS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}


def is_ods(package: Package) -> bool:
    """Tell if a zip file is an OpenDocument spreadsheet."""
    return "mimetype" in package and package.read("mimetype", 100).startswith(MIMETYPE.encode())


@dataclass(slots=True)
class OdsSheet:
    """A table of the document."""

    name: str
    hidden: bool
    content: Grid


class OdsBook:
    """An .ods workbook."""

    format = "ods"

    def __init__(self, package: Package) -> None:
        """Read the whole document; UnreadableError if it is damaged, protected or beyond the limits."""
        protected = _MANIFEST in package and tags(package.read(_MANIFEST), "encryption-data")
        if protected or "encrypted-package" in package:
            raise UnreadableError(PROTECTED)
        self.sheets = list(_sheets(package.read("content.xml")))
        if not self.sheets:
            raise damaged("it has no sheets")

    def head(self, index: int) -> Grid:
        """Return all rows of a sheet."""
        return self.sheets[index].content

    def grid(self, index: int) -> Grid:
        """Return all rows of a sheet."""
        return self.sheets[index].content


@dataclass(slots=True)
class _Styles:
    """The names of automatic styles that hide rows, columns or sheets, or strike text out."""

    hiding: set[str] = field(default_factory=set)
    striking: set[str] = field(default_factory=set)

    def add(self, style: Element) -> None:
        name = _get(style, "name")
        for properties in style:
            length = _LENGTH.fullmatch(_get(properties, "row-height") or _get(properties, "column-width"))
            if (length and float(length[1]) * _POINTS[length[2]] < 1) or _get(properties, "display") == "false":
                self.hiding.add(name)
            line = _get(properties, "text-line-through-style") or _get(properties, "text-line-through-type")
            if line not in {"", "none"}:
                self.striking.add(name)


def _sheets(content: bytes) -> Iterator[OdsSheet]:
    styles = _Styles()
    reader: _Reader | None = None
    for element in elements(content, "style", "table-column", "table-row", "table"):
        match local(element.tag):
            case "style":
                styles.add(element)
            case "table" if not _is_nested(element):
                reader = reader or _Reader(styles)
                name = _get(element, "name")
                yield OdsSheet(name, _get(element, "style-name") in styles.hiding, reader.grid)
                reader = None
            case "table-column" if not _is_nested(element):
                reader = reader or _Reader(styles)
                reader.add_columns(element)
            case "table-row" if not _is_nested(element):
                reader = reader or _Reader(styles)
                reader.add_row(element)


def _is_nested(element: Element) -> bool:
    """Tell if an element belongs to a table within a cell, or to a chart."""
    return any(local(one.tag) in {"table-cell", "covered-table-cell", "shapes"} for one in element.iterancestors())


def _get(element: Element, name: str) -> str:
    """Return the attribute of that local name, ``""`` if there is none."""
    return next((str(value) for key, value in element.items() if local(key) == name), "")


class _Reader:
    """Collects the rows of one table; one element may stand for many equal rows, columns or cells."""

    def __init__(self, styles: _Styles) -> None:
        self.grid = Grid([])
        self._styles = styles
        self._row = self._column = self._widest = self._faults = 0
        self._column_styles: list[tuple[int, str]] = []

    def add_columns(self, element: Element) -> None:
        first, repeated = self._column, _repeats(element, "number-columns-repeated")
        self._column += repeated
        if len(self._column_styles) < MAX_COLUMNS:
            self._column_styles.append((self._column, _get(element, "default-cell-style-name")))
        if self._hides(element):
            self.grid.hidden_columns.update(range(first, min(self._column, MAX_COLUMNS)))

    def add_row(self, element: Element) -> None:
        repeated = _repeats(element, "number-rows-repeated")
        first = self._row + 1
        self._row += repeated
        cells, struck = self._cells(element, first)
        if not cells:
            return
        self._widest = max(self._widest, len(cells))
        check_range(self._row, self._widest)
        self._faults += repeated * sum(isinstance(cell, BadCell) for cell in cells)
        check_faults(self._faults)
        if repeated > _MOST_REPEATS:
            raise UnreadableError(
                f"one row is repeated {repeated:,} times, down to row {self._row:,}. Delete all but one", row=first
            )
        rows = self.grid.rows
        rows.extend([()] * (first - 1 - len(rows)))
        rows.extend([tuple(cells)] * repeated)
        numbers = range(first, self._row + 1)
        hidden = (
            _get(element, "visibility") in {"collapse", "filter"} or _get(element, "style-name") in self._styles.hiding
        )
        if hidden or any(_get(one, "display") == "false" for one in element.iterancestors()):
            self.grid.hidden.update(numbers)
        if struck:
            self.grid.struck.update(numbers)

    def _cells(self, row: Element, number: int) -> tuple[list[Cell], bool]:
        cells: list[Cell] = []
        column, struck = 0, True
        for element in row:
            if local(element.tag) not in {"table-cell", "covered-table-cell"}:
                continue
            first, repeated = column, _repeats(element, "number-columns-repeated")
            column += repeated
            spanned = _repeats(element, "number-rows-spanned"), _repeats(element, "number-columns-spanned")
            if spanned != (1, 1):
                top, left = number, first
                self.grid.merges.append(Merge(top, top + spanned[0] - 1, left, left + spanned[1] - 1))
            paragraphs = list(_paragraphs(element))
            text = "\n".join(one for one, _ in paragraphs)
            value = _value(element, text, has_text=bool(paragraphs))
            if value is None:
                continue
            check_range(1, column)
            style = _get(element, "style-name") or self._style_of_column(first)
            struck = struck and (style in self._styles.striking or all(self._strikes(spans) for _, spans in paragraphs))
            cells.extend([None] * (first - len(cells)))
            cells.extend([value] * repeated)
        return cells, struck

    def _hides(self, element: Element) -> bool:
        hidden = _get(element, "visibility") in {"collapse", "filter"}
        return hidden or _get(element, "style-name") in self._styles.hiding

    def _style_of_column(self, column: int) -> str:
        return next((style for end, style in self._column_styles if column < end), "")

    def _strikes(self, spans: list[str]) -> bool:
        return bool(spans) and all(style in self._styles.striking for style in spans)


def _repeats(element: Element, name: str) -> int:
    number = _get(element, name) or "1"
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise damaged(f"a cell is repeated {number[:20]} times")
    return int(number)


def _paragraphs(cell: Element) -> Iterator[tuple[str, list[str]]]:
    """Yield the text of each of a cell's paragraphs with the styles of its pieces; comments and shapes are left out."""
    for part in cell:
        if local(part.tag) == "p":
            pieces = list(_pieces(part, ""))
            text = re.sub(r"[ \t\r\n]+", " ", "".join(piece for piece, _ in pieces)).strip(" ")
            text = text.replace("\ue000", "\t").replace("\ue001", "\n").replace("\ue002", " ")
            if len(text) > MAX_TEXT:
                raise too_long()
            yield text, [style for piece, style in pieces if piece.strip()]


def _pieces(element: Element, style: str) -> Iterator[tuple[str, str]]:
    """Yield the texts within an element, each with the style of its span; elements that are characters are marked."""
    if element.text:
        yield element.text, style
    for part in element:
        match local(part.tag):
            case "s":
                yield "\ue002" * min(_repeats(part, "c"), MAX_TEXT), style
            case "tab":
                yield "\ue000", style
            case "line-break":
                yield "\ue001", style
            case "annotation" | "ruby-text" | "note":
                pass
            case _:
                yield from _pieces(part, _get(part, "style-name") or style)
        if part.tail:
            yield part.tail, style


def _value(cell: Element, text: str, *, has_text: bool) -> Cell:  # noqa: PLR0911 - one for each kind of value
    formula, kind = _get(cell, "formula"), ""
    for key, value in cell.items():
        if local(key) == "value-type":
            kind = "error" if "error" in {kind, value} else value
    if kind == "error" or (formula and text in ERRORS):
        return bad_cell(text or "#N/A")
    if formula and not kind and not has_text:
        return BadCell("uncalculated-formula", "=" + formula.partition(":=")[2])
    match kind:
        case "float" | "percentage" | "currency":
            return _shown_as(_number(_get(cell, "value")), text, has_text=has_text)
        case "date":
            return _shown_as(_date(_get(cell, "date-value")), text, has_text=has_text)
        case "time":
            return _shown_as(_time(_get(cell, "time-value")), text, has_text=has_text)
        case "boolean":
            return _get(cell, "boolean-value") == "true"
        case "string" if not has_text:
            return text_or_blank(_get(cell, "string-value"))
    return text_or_blank(text)


def _shown_as(value: Cell, text: str, *, has_text: bool) -> Cell:
    if value is None or isinstance(value, (str, BadCell, Formatted)):
        return value if value is not None else text_or_blank(text)
    if not has_text or text.strip() == shown(value):
        return value
    return Formatted(value, text.strip() or None, "")


def _number(text: str) -> Cell:
    try:
        number = float(text)
    except ValueError:
        raise damaged(f'a cell holds "{text[:20]}" as a number') from None
    if not math.isfinite(number):
        return bad_cell(text)
    return int(number) if number.is_integer() and -EXACT < number < EXACT else number


def _date(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return bad_cell(text[:100])
    return moment.date() if moment.time() == time() else moment


def _time(text: str) -> Cell:
    """Return a time of day; an elapsed time of a day or more is only what it shows."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = map(int, match.groups())
    return time(hours, minutes, seconds) if hours < 24 and minutes < 60 and seconds < 60 else None
