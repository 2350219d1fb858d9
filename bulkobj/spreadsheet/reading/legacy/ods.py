"""OpenDocument spreadsheets (.ods): one pass over the content for what the workbook reader doesn't tell."""

from __future__ import annotations

import io
import re
import zipfile

from bulkobj.spreadsheet.formula_guard import ERRORS
from bulkobj.spreadsheet.limits import MAX_BAD_CELLS, UnreadableError, check_faults, check_range, check_texts
from bulkobj.spreadsheet.ooxml.package import PROTECTED, Package
from bulkobj.spreadsheet.ooxml.xml_reader import Attributes, damaged, parse, tags
from bulkobj.spreadsheet.reading.table_detection import SheetFacts
from bulkobj.spreadsheet.reading.values import bad_cell
from bulkobj.spreadsheet.table import BadCell

MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "META-INF/manifest.xml"
#: Characters that are elements, which the workbook reader passes over.
_TAB, _BREAK = re.compile(rb"<text:tab(?:\s[^<>]*)?/>"), re.compile(rb"<text:line-break(?:\s[^<>]*)?/>")
_DIGITS = re.compile(r"[0-9]{1,30}")
#: One row that stands for more equal ones than this is a slip, or meant to do harm.
_MOST_REPEATS = 10_000


def refuse_protected(package: Package) -> None:
    """UnreadableError where a password keeps the content from being read."""
    if "encrypted-package" in package or (_MANIFEST in package and tags(package.read(_MANIFEST), "encryption-data")):
        raise UnreadableError(PROTECTED)


def repacked(content: bytes) -> bytes:
    """A package of that content alone: the workbook reader then sees nothing that was not checked."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("mimetype", MIMETYPE)
        package.writestr(_MANIFEST, "<manifest:manifest/>")
        package.writestr("content.xml", _BREAK.sub(b"&#10;", _TAB.sub(b"&#9;", content)))
    return target.getvalue()


def scan(content: bytes) -> list[SheetFacts]:
    """The facts of each table of ``content.xml``, in its order; UnreadableError where it isn't safe XML."""
    check_texts(content)
    return _Walker(content).tables


class _Walker:
    """Follows tables, rows and cells; one element may stand for many equal rows or cells.

    Names are compared with the prefixes that every program uses, as the workbook reader does.
    """

    def __init__(self, content: bytes) -> None:
        self.tables: list[SheetFacts] = []
        self._depth = 0  # of tables: one within a cell doesn't count
        self._cell: Attributes | None = None
        self._text: list[str] | None = None  # of the cell's paragraphs
        self._comment = False
        parse(content, self._start, self._end, self._add_text)

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "table:table":
            self._depth += 1
            if self._depth == 1:
                self._start_table()
        elif self._depth != 1:
            return
        elif name == "table:table-row":
            self._repeated = _repeats(attributes, "table:number-rows-repeated")
            self._visible = attributes.get("table:visibility", "visible") == "visible"
            self._column = self._last = 0
            self._faults: list[tuple[int, BadCell]] = []
            self._padded: list[tuple[int, str]] = []
        elif name in _CELLS:
            self._cell, self._text = attributes, None
        elif name == "text:p" and self._cell is not None and not self._comment:
            self._text = [*(self._text or ()), ""]
        elif name == "office:annotation":
            self._comment = True

    def _start_table(self) -> None:
        self._row, self._rows, self._columns = 1, 0, 0
        self._hidden: set[int] = set()
        self._bad: dict[tuple[int, int], BadCell] = {}
        self._shown: dict[tuple[int, int], str] = {}

    def _add_text(self, text: str) -> None:
        if self._text and not self._comment:
            self._text[-1] += text

    def _end(self, name: str) -> None:
        if name == "table:table":
            self._depth -= 1
            if self._depth == 0:
                self.tables.append(SheetFacts(self._rows, self._columns, self._hidden, self._bad, self._shown))
        elif self._depth != 1:
            return
        elif name in _CELLS and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "table:table-row":
            self._end_row()
        elif name == "office:annotation":
            self._comment = False

    def _end_cell(self, attributes: Attributes) -> None:
        first = self._column
        self._column += _repeats(attributes, "table:number-columns-repeated")
        fault = _fault(attributes, self._text)
        if fault or "office:value-type" in attributes or any(self._text or ()):
            self._last = self._column
            check_range(1, self._last)
        if fault:
            self._faults += [(column, fault) for column in range(first, self._column)]
        elif text := _padded(attributes, self._text):
            self._padded += [(column, text) for column in range(first, self._column)]

    def _end_row(self) -> None:
        rows = range(self._row, self._row + self._repeated)
        self._row = rows.stop
        if not self._last:
            return
        self._rows, self._columns = rows.stop - 1, max(self._columns, self._last)
        check_range(self._rows, self._columns)
        if not self._visible:
            self._hidden.update(rows)
        check_faults(len(self._bad) + len(rows) * len(self._faults))
        if self._repeated > _MOST_REPEATS:
            raise UnreadableError(
                f"one row is repeated {self._repeated:,} times, down to row {self._rows:,}: delete all but one",
                row=rows.start,
            )
        if len(self._shown) + len(rows) * len(self._padded) > MAX_BAD_CELLS:
            raise UnreadableError(
                f"more than {MAX_BAD_CELLS:,} numbers are shown with zeros before them: format them as text"
            )
        self._shown.update({(row, column): text for row in rows for column, text in self._padded})
        self._bad.update({(row, column): fault for row in rows for column, fault in self._faults})


_CELLS = ("table:table-cell", "table:covered-table-cell")


def _repeats(attributes: Attributes, name: str) -> int:
    number = attributes.get(name, "1")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise damaged()
    return int(number)


def _padded(attributes: Attributes, paragraphs: list[str] | None) -> str:
    """What is seen of a whole number that is shown with zeros before it."""
    text, number = "\n".join(paragraphs or ()), attributes.get("office:value", "")
    is_whole = attributes.get("office:value-type") == "float" and _DIGITS.fullmatch(text) and _DIGITS.fullmatch(number)
    return text if is_whole and text != number and int(text) == int(number) else ""


def _fault(attributes: Attributes, paragraphs: list[str] | None) -> BadCell | None:
    """The cell's error, or its formula that nobody has calculated: one without a value and without any text."""
    formula, text = attributes.get("table:formula"), "\n".join(paragraphs or ())
    if attributes.get("calcext:value-type") == "error" or (formula is not None and text in ERRORS):
        return bad_cell(text or "#N/A")
    if formula is not None and "office:value-type" not in attributes and paragraphs is None:
        return BadCell("uncalculated-formula", "=" + formula.partition(":=")[2])
    return None
