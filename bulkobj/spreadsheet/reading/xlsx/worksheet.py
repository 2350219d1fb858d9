"""A worksheet's XML to rows of cells, in one pass that knows every spelling of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from bulkobj.spreadsheet.limits import MAX_COLUMNS, MAX_TEXT, UnreadableError, check_faults, check_range
from bulkobj.spreadsheet.ooxml.xml_reader import Element, damaged, elements, is_true, local, too_long
from bulkobj.spreadsheet.reading.table_detection import Grid, Merge
from bulkobj.spreadsheet.reading.values import bad_cell, text_or_blank
from bulkobj.spreadsheet.reading.xlsx.styles import Styles, is_struck
from bulkobj.spreadsheet.table import BadCell, Cell, column_index, column_letters

_MOST_STRINGS = 3_000_000
_LETTERS = [column_letters(index) for index in range(MAX_COLUMNS)]
#: A row that is less than one point high can't be seen.
_LEAST_HEIGHT = 1.0
_LEAST_WIDTH = 0.1
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(slots=True)
class Shared:
    """The parts that all sheets of a workbook share: texts, those struck out as a whole, styles and the calendar."""

    strings: list[str | None] = field(default_factory=list)
    struck_strings: set[int] = field(default_factory=set)
    styles: Styles = field(default_factory=Styles)
    from_1904: bool = False


def read_strings(xml: bytes, shared: Shared) -> None:
    """Read the shared strings into ``shared``."""
    for element in elements(xml, "si"):
        if len(shared.strings) >= _MOST_STRINGS:
            raise UnreadableError(
                f"the workbook holds more than {_MOST_STRINGS:,} different texts. Save it as several smaller files"
            )
        if not _is_plain(element) and _is_struck_text(element):
            shared.struck_strings.add(len(shared.strings))
        shared.strings.append(text_or_blank(_text_of(element)))


def read_worksheet(xml: bytes, shared: Shared, name: str, *, most_rows: int | None = None) -> Grid:
    """Return a worksheet's rows, or the first ``most_rows`` that have content.

    Raises UnreadableError for a sheet that is damaged or beyond the limits.
    """
    reader = _Reader(shared, name)
    found, sheet = 0, None
    for row in elements(xml, "row"):
        sheet = sheet if sheet is not None else row.getroottree().getroot()
        found += reader.add_row(row)
        if found == most_rows:
            break
    reader.add_settings(sheet if sheet is not None else ())
    return reader.grid


class _Reader:
    """Collects the rows of one worksheet; a row or cell without a reference stands after the one before it.

    See ECMA-376 part 1, 18.3.1.4 and 18.3.1.73.
    """

    def __init__(self, shared: Shared, name: str) -> None:
        self.grid = Grid([])
        self._shared = shared
        self._name = name
        self._number = 0  # of the row before
        self._rows_seen = self._faults = self._widest = 0
        self._numbers: dict[tuple[str | None, str | None], Cell] = {}
        self._unsized: list[int] = []  # rows that are hidden if the sheet hides rows by default
        self._marks_struck = bool(shared.styles.struck or shared.struck_strings)
        self._text_formats = {str(index) for index, one in enumerate(shared.styles.formats) if one.text_section}

    def add_row(self, element: Element) -> bool:
        """Read a ``row``; return if it has content."""
        self._rows_seen += 1
        check_range(self._rows_seen, 1, self._name)
        number = self._row_number(element.get("r"))
        cells = self._cells(element, number)
        if not cells:
            return False
        self._widest = max(self._widest, len(cells))
        check_range(number, self._widest, self._name)
        rows = self.grid.rows
        if number <= len(rows):
            raise damaged(f"row {number:,} comes twice or out of order")
        rows.extend([()] * (number - 1 - len(rows)))
        rows.append(tuple(cells))
        height, hidden = element.get("ht"), element.get("hidden")
        if is_true(hidden) or _is_below(height, _LEAST_HEIGHT):
            self.grid.hidden.add(number)
        elif height is None and hidden is None:
            self._unsized.append(number)
        return True

    def add_settings(self, sheet: Iterable[Element]) -> None:
        """Read the elements of a worksheet beside its rows: hidden columns, default sizes and merged ranges."""
        for part in sheet:
            match local(part.tag):
                case "sheetFormatPr":
                    if is_true(part.get("zeroHeight")) or _is_below(part.get("defaultRowHeight"), _LEAST_HEIGHT):
                        self.grid.hidden.update(self._unsized)
                case "cols":
                    for column in part:
                        self._add_columns(column)
                case "sheetData":
                    if any(local(one.tag) != "row" for one in part):
                        raise damaged("its cells stand outside of rows")
                case "mergeCells":
                    for merged in part:
                        self._add_merge(merged.get("ref", ""))

    def _row_number(self, text: str | None) -> int:
        if text is None:
            self._number += 1
        elif text.isascii() and text.isdigit() and len(text) < 10 and int(text):
            self._number = int(text)
        else:
            raise damaged("a row has no proper number")
        return self._number

    def _cells(self, row: Element, number: int) -> list[Cell]:
        cells: list[Cell] = []
        digits = str(number)
        looks_closer = self._marks_struck or bool(self._text_formats)
        column, struck = -1, self._marks_struck
        for element in row:
            reference = element.get("r")
            column += 1
            if reference is not None and (column >= MAX_COLUMNS or reference != _LETTERS[column] + digits):
                column = self._column(reference, number)
            value = self._value(element)
            if value is None:
                continue
            if looks_closer:
                value = self._displayed(value, element)
                struck = struck and self._is_struck(element)
            if column >= MAX_COLUMNS:
                check_range(number, column + 1, self._name)
            if column < len(cells):
                cells[column] = value
            else:
                cells.extend([None] * (column - len(cells)))
                cells.append(value)
        if struck and cells:
            self.grid.struck.add(number)
        return cells

    def _value(self, cell: Element) -> Cell:
        """Return a cell's value: at once for a shared text or a number that was seen before, as nearly all are."""
        kind = cell.get("t")
        if len(cell) == 1 and (kind is None or kind == "s"):
            part = cell[0]
            if part.tag.endswith("v"):
                text = part.text
                try:
                    return self._shared.strings[int(text)] if kind else self._numbers[cell.get("s"), text]
                except (LookupError, ValueError, TypeError):
                    pass  # a number that is new, or a damaged cell
        return self._any_value(cell, kind)

    def _displayed(self, value: Cell, cell: Element) -> Cell:
        """Return a text in the cell's format for texts, and any other value as it is."""
        if isinstance(value, str) and cell.get("s", "0") in self._text_formats:
            return self._shared.styles.format(cell.get("s")).text_cell(value)
        return value

    def _column(self, reference: str, number: int) -> int:
        """Return the index of the column that a cell's reference names."""
        letters = reference.rstrip("0123456789")
        if not letters.isalpha() or not letters.isascii() or len(letters) > 7:
            raise damaged("a cell has no proper reference")
        if reference[len(letters) :] != str(number):
            raise damaged(f"the cell {reference[:20]} stands in row {number:,}")
        return column_index(letters)

    def _any_value(self, cell: Element, kind: str | None) -> Cell:
        """Return the value of a cell of any kind, in any spelling."""
        if not len(cell):
            return self._bad(bad_cell("#N/A")) if kind == "e" else None
        formula = value = inline = None
        for part in cell:
            match local(part.tag):
                case "v":
                    value = part.text or ""
                case "f":
                    formula = part.text or ""
                case "is":
                    inline = _text_of(part)
                case "c" | "row":
                    raise damaged("its cells stand within cells")
        if kind == "e":
            return self._bad(bad_cell(value or "#N/A"))
        if formula is not None and not value and not (kind == "str" and value is not None):
            return self._bad(BadCell("uncalculated-formula", f"={formula}"))
        if inline is not None:
            return text_or_blank(inline)
        return None if value is None else self._typed(kind, value, cell.get("s"))

    def _bad(self, cell: BadCell) -> BadCell:
        self._faults += 1
        check_faults(self._faults)
        return cell

    def _typed(self, kind: str | None, value: str, style: str | None) -> Cell:
        match kind:
            case "s":
                try:
                    return self._shared.strings[int(value)]
                except (ValueError, IndexError):
                    raise damaged("a cell names a text that isn't there") from None
            case "str" | "inlineStr":
                return text_or_blank(_unescaped(value))
            case "b":
                return is_true(value.strip().lower())
            case "d":
                return self._iso_date(value.strip(), style)
        return self._number_cell(value, style)

    def _number_cell(self, text: str, style: str | None) -> Cell:
        key = style, text
        if key not in self._numbers:
            try:
                number = float(text) if text.strip() else None
            except ValueError:
                raise damaged(f'a cell holds "{text[:20]}" as a number') from None
            if number is None:
                self._numbers[key] = None
            elif not math.isfinite(number):
                self._numbers[key] = bad_cell(str(number))
            else:
                number_format = self._shared.styles.format(style)
                self._numbers[key] = number_format.cell(number, from_1904=self._shared.from_1904)
        return self._numbers[key]

    def _iso_date(self, text: str, style: str | None) -> Cell:
        """Return a date that is written out, as strict Open XML has it, in the cell's format."""
        try:
            if text.startswith("T"):
                return time.fromisoformat(text)
            moment = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return self._bad(bad_cell(text[:100]))
        number_format = self._shared.styles.format(style)
        if number_format.is_date:
            days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 - as people see it
            return number_format.cell(days)
        return moment.date() if moment.time() == time() else moment

    def _is_struck(self, cell: Element) -> bool:
        shared, style = self._shared, cell.get("s", "0")
        if style.isdecimal() and int(style) in shared.styles.struck:
            return True
        if cell.get("t") == "s":
            return any(local(part.tag) == "v" and _int(part.text) in shared.struck_strings for part in cell)
        return any(local(part.tag) == "is" and _is_struck_text(part) for part in cell)

    def _add_columns(self, element: Element) -> None:
        """Note the hidden ones of a ``col``'s columns."""
        if is_true(element.get("hidden")) or _is_below(element.get("width"), _LEAST_WIDTH):
            first, last = (_int(element.get(name)) for name in ("min", "max"))
            self.grid.hidden_columns.update(range(max(first, 1) - 1, min(last, MAX_COLUMNS)))

    def _add_merge(self, reference: str) -> None:
        """Note a merged range."""
        match = re.fullmatch(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})", reference)
        if match:
            columns, rows = map(column_index, match.group(1, 3)), map(int, match.group(2, 4))
            (left, right), (top, bottom) = sorted(columns), sorted(rows)
            self.grid.merges.append(Merge(top, bottom, left, right))


def _is_below(text: str | None, limit: float) -> bool:
    try:
        return text is not None and float(text) < limit
    except ValueError:
        return False


def _int(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _text_of(element: Element) -> str:
    """Return the text of a shared or inline string: its runs, without phonetic ones."""
    runs = [_unescaped(element[0].text or "")] if _is_plain(element) else []
    for part in () if runs else element:
        match local(part.tag):
            case "t":
                runs.append(_unescaped(part.text or ""))
            case "r":
                runs += [_unescaped(one.text or "") for one in part if local(one.tag) == "t"]
    text = "".join(runs)
    if len(text) > MAX_TEXT:
        raise too_long()
    return text


def _is_plain(element: Element) -> bool:
    """Tell if a string is one text without runs."""
    return len(element) == 1 and element[0].tag.endswith("t")


def _is_struck_text(element: Element) -> bool:
    """Return if a text of several runs has every one of them struck out."""
    runs = [one for one in element if local(one.tag) == "r"]
    return bool(runs) and all(any(local(p.tag) == "rPr" and is_struck(p) for p in run) for run in runs)


def _unescaped(text: str) -> str:
    """Return the text with ``_xHHHH_`` as the characters that they stand for (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
