"""A worksheet's XML followed cell by cell: exact for every way of writing it, and slow."""

from __future__ import annotations

import re
from functools import lru_cache

from bulkobj.spreadsheet.limits import check_faults, check_range
from bulkobj.spreadsheet.ooxml.xml_reader import Attributes, damaged, local, parse
from bulkobj.spreadsheet.reading.table_detection import SheetFacts
from bulkobj.spreadsheet.reading.values import bad_cell
from bulkobj.spreadsheet.table import BadCell

_REFERENCE = re.compile(r"([A-Za-z]{1,7})([0-9]{1,9})")
#: The parts of a cell: formula, value, text of its own.
_PARTS = frozenset(("f", "v", "is"))


@lru_cache(maxsize=20_000)
def column_index(letters: str) -> int:
    """The index of a column by its letters: 0 for A."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def fault_of(kind: str | None, formula: str | None, value: str | None) -> BadCell | None:
    """What is wrong with a cell of that type (its ``t``), formula and value; None stands for a part that isn't there.

    A formula whose result is an empty text has a value that is empty; its type is ``str``.
    """
    if kind == "e":
        return bad_cell(value or "#N/A")
    if formula is not None and not value and not (kind == "str" and value is not None):
        return BadCell("uncalculated-formula", f"={formula}")
    return None


class Walker:
    """Follows the whole document; :attr:`facts` is what was seen.

    A row or cell without a reference stands after the one before it (ECMA-376 part 1, 18.3.1.4 and 18.3.1.73);
    ``implicit`` tells that there were such. Raises UnreadableError for XML that isn't safe and well-formed.
    """

    def __init__(self, xml: bytes) -> None:
        self.implicit = False
        self._rows = self._columns = 0
        self._seen = self._found = 0  # row elements, bad cells; a place may come twice
        self._hidden: set[int] = set()
        self._bad: dict[tuple[int, int], BadCell] = {}
        self._row, self._column = 1, 0  # where a cell stands that doesn't say: rows from 1, columns from 0
        self._cell: Attributes | None = None
        self._texts: dict[str, str] = {}
        self._inside: str | None = None
        parse(xml, self._start, self._end, self._text)

    @property
    def facts(self) -> SheetFacts:
        """The used range, hidden rows and bad cells."""
        return SheetFacts(self._rows, self._columns, self._hidden, self._bad)

    def _start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name == "c":
            self._cell, self._texts, self._inside = attributes, {}, None
        elif name == "row":
            self._start_row(attributes)
        elif name in _PARTS:
            self._inside = name
            self._texts.setdefault(name, "")

    def _start_row(self, attributes: Attributes) -> None:
        self._seen += 1
        check_range(self._seen, 1)
        number = attributes.get("r")
        if number is None:
            self.implicit = True
        elif number.isascii() and number.isdigit() and len(number) < 10:
            self._row = int(number)
        else:
            raise damaged()
        if attributes.get("hidden") in ("1", "true"):
            self._hidden.add(self._row)

    def _text(self, text: str) -> None:
        if self._inside:
            self._texts[self._inside] += text

    def _end(self, name: str) -> None:
        name = local(name)
        if name == self._inside:
            self._inside = None
        elif name == "c" and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "row":
            self._row, self._column = self._row + 1, 0

    def _end_cell(self, attributes: Attributes) -> None:
        row, column = self._place(attributes.get("r"))
        self._column = column + 1
        texts = self._texts
        bad = fault_of(attributes.get("t"), texts.get("f"), texts.get("v"))
        if bad:
            self._bad[row, column] = bad
            self._found += 1
            check_faults(self._found)
        if bad or texts.get("v") or "is" in texts:
            self._rows = max(self._rows, row)
            self._columns = max(self._columns, self._column)

    def _place(self, reference: str | None) -> tuple[int, int]:
        if reference is None:
            self.implicit = True
            return self._row, self._column
        match = _REFERENCE.fullmatch(reference)
        if not match:
            raise damaged()
        return int(match[2]), column_index(match[1])
