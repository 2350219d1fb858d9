"""Plain tables as files: CSV through pandas, workbooks through XlsxWriter, and never a text that becomes a formula.

pandas' own Excel writer is not used: it turns times and errors into texts, and it leaves no hold on how a text is
written, which matters below.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.formula_guard import guard, guard_error
from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, possible, serial, units
from bulkobj.spreadsheet.table import BadCell, Cell, as_written, shown

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Texts that XlsxWriter (3.3) would not write as they are: it takes ``<r>...</r>`` for markup of its own, and misses
#: the second of two overlapping escapes. Cut into pieces of rich text they come out right.
_MISTAKEN = re.compile(r"<r>.*</r>|.*_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_.*", re.DOTALL)
_CUTS = re.compile(r"(?<=^<)(?=r>)|(?<=_)(?=x[0-9A-Fa-f]{4}_)")
_ERRORS = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"))
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_AT_ENDS = re.compile(r"^[\s']+|[\s']+\Z")
_LONGEST_NAME = 31
_MOST_ROWS = 1_048_576
_SAMPLE = 200
_NARROWEST, _WIDEST = 9, 50


class TextTooLongError(UsageError):
    """A text that no cell of a workbook can hold; it would have to be cut."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: its header, unless ``headers`` is empty, and the rows below it.

    The name is made one that spreadsheet programs accept (see :func:`sheet_names`).
    """

    name: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    hidden: bool = False


def plain_csv(headers: Sequence[str], rows: Iterable[Sequence[Cell]], delimiter: str = ",") -> bytes:
    r"""A CSV file in UTF-8 with a byte order mark; lines end in ``\r\n`` (RFC 4180), which every program reads.

    Texts that could be taken for formulas are guarded (contract, "The report"). Halves of characters, the
    non-characters U+FFFE and U+FFFF, and the null character, by which binary files are known, become ``\ufffd``.
    """
    from pandas import DataFrame  # noqa: PLC0415 - takes half a second to import

    buffer = io.BytesIO()
    table = [[_csv_text(cell) for cell in row] for row in (headers, *rows)]
    frame = DataFrame(table, dtype=object)
    frame.to_csv(buffer, sep=delimiter, header=False, index=False, lineterminator="\r\n", encoding="utf-8")
    return b"\xef\xbb\xbf" + buffer.getvalue()


def _csv_text(cell: Cell) -> str:
    text = guard(possible(shown(as_written(cell))).replace("\0", "\ufffd"))
    return text if isinstance(cell, BadCell) else guard_error(text)


def plain_xlsx(sheets: Sequence[Sheet], *, cut: Callable[[str], str] | None = None) -> bytes:
    """A workbook of these sheets: dates as dates, texts as texts, errors of spreadsheet programs as such.

    A formula that was never calculated becomes the error ``#N/A`` with a note that holds the formula, so that nobody
    imports its text. A date with a time zone, one before March 1900, a whole number of more than 15 digits and what
    isn't a number are written as text. Control characters come back as they are; halves of characters and the
    non-characters U+FFFE and U+FFFF become ``\\ufffd``.

    Raises TextTooLongError for a text of more than 32,767 characters (given ``cut``, what that makes of the text is
    written), and UsageError for more rows than a sheet holds.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - only where a workbook is written

    buffer = io.BytesIO()
    off = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = Workbook(buffer, {"in_memory": True, **off})
    book.set_properties({"created": datetime(1980, 1, 1)})  # noqa: DTZ001 - no clock here: the same report, the same bytes
    writer = _Writer(book, cut)
    for name, sheet in zip(sheet_names([sheet.name for sheet in sheets]), sheets, strict=True):
        writer.write(name, sheet)
    book.close()
    return buffer.getvalue()


class _Writer:
    def __init__(self, book: Workbook, cut: Callable[[str], str] | None) -> None:
        self._book = book
        self._cut = cut
        self._plain = book.add_format()
        self._bold = book.add_format({"bold": True, "bg_color": "#ECEFF3", "bottom": 1, "bottom_color": "#98A2B3"})
        self._formats: dict[type, Format] = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            time: book.add_format({"num_format": "hh:mm:ss"}),
        }

    def write(self, name: str, sheet: Sheet) -> None:
        if len(sheet.rows) >= _MOST_ROWS:  # XlsxWriter would leave out the rest without a word
            raise UsageError(f"a sheet holds {_MOST_ROWS:,} rows at most, header included: write a .csv file instead")
        target = self._book.add_worksheet(name)
        if sheet.hidden:
            target.hide()
        if sheet.headers:
            target.freeze_panes(1, 0)
            if sheet.rows:
                target.autofilter(0, 0, len(sheet.rows), len(sheet.headers) - 1)
        target.set_landscape()
        target.fit_to_pages(1, 0)
        for column, width in enumerate(_widths(sheet)):
            target.set_column(column, column, width)
        for column, header in enumerate(sheet.headers):
            self._write_text(target, 0, column, header, self._bold)
        for number, row in enumerate(sheet.rows, bool(sheet.headers)):
            for column, cell in enumerate(row):
                self._write(target, number, column, cell)

    def _write(self, target: Worksheet, row: int, column: int, cell: Cell) -> None:
        cell = as_written(cell)
        match cell:
            case None | "":
                return
            case str():
                self._write_text(target, row, column, cell)
            case bool():
                target.write_boolean(row, column, cell)
            case int() | float() if abs(cell) < 1e15:
                target.write_number(row, column, cell)
            case date() | time() if serial(cell, from_1904=False) is not None:
                target.write_datetime(row, column, cell, self._formats[type(cell)])
            case BadCell():
                self._write_error(target, row, column, cell)
            case _:
                self._write_text(target, row, column, shown(cell))

    def _write_error(self, target: Worksheet, row: int, column: int, cell: BadCell) -> None:
        error = cell.text if cell.text in _ERRORS else "#N/A"
        target.write_formula(row, column, f"={error}", None, error)
        if error != cell.text:
            target.write_comment(row, column, f"In the file that was imported: {possible(cell.text)[:1000]}")

    def _write_text(self, target: Worksheet, row: int, column: int, text: str, look: Format | None = None) -> None:
        text = possible(text)
        if len(text) > MAX_TEXT // 2 and units(text) > MAX_TEXT:
            text = self._shortened(text, f"row {row + 1}, column {column + 1} of the sheet {target.get_name()}")
        if _MISTAKEN.fullmatch(text):
            pieces = [part for piece in _CUTS.split(text) for part in (self._plain, piece)]
            target.write_rich_string(row, column, *pieces, *([look] if look else []))
        else:
            target.write_string(row, column, text, look)

    def _shortened(self, text: str, place: str) -> str:
        if self._cut is None:
            raise TextTooLongError(
                f"the text for {place} has {len(text):,} characters, and a cell of a workbook holds {MAX_TEXT:,} at "
                "most: shorten it, or write a .csv file instead"
            )
        return self._cut(text)


def _widths(sheet: Sheet) -> Iterator[int]:
    """The widths of the columns by their longest lines, in characters; long texts are for the eye to open."""
    columns = max(map(len, [sheet.headers, *sheet.rows[:_SAMPLE]]), default=0)
    for column in range(columns):
        cells = [row[column] for row in [sheet.headers, *sheet.rows[:_SAMPLE]] if column < len(row)]
        longest = max(len(line) for cell in cells for line in shown(cell)[:1000].split("\n"))
        yield min(max(longest + 2, _NARROWEST), _WIDEST)


def sheet_names(wanted: Sequence[str]) -> list[str]:
    """Names for sheets that spreadsheet programs accept, each once, as close to the wanted ones as may be.

    At most 31 characters, none of ``[]:*?/\\``, no apostrophe at either end, not "History", which Excel reserves.
    """
    names: list[str] = []
    taken: set[str] = set()
    for name in wanted:
        clean = _AT_ENDS.sub("", _NOT_IN_NAMES.sub("_", possible(name))) or "Sheet"
        found = next(one for one in _candidates(clean) if one.casefold() not in taken)
        taken.add(found.casefold())
        names.append(found)
    return names


def _candidates(name: str) -> Iterator[str]:
    """The name, then the name with a number."""
    first = _shorter(name, _LONGEST_NAME)
    if first.casefold() != "history":
        yield first
    number = 2
    while True:
        end = f" ({number})"
        yield _shorter(name, _LONGEST_NAME - len(end)) + end
        number += 1


def _shorter(name: str, most: int) -> str:
    while units(name) > most:
        name = name[:-1]
    return _AT_ENDS.sub("", name)
