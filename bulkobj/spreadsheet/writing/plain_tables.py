"""Plain tables as files: CSV through pandas, workbooks through openpyxl, and never a text that becomes a formula.

pandas' own Excel writer is not used: it turns times and errors into texts.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.formula_guard import guard, guard_error
from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, possible, serial, units, xstring
from bulkobj.spreadsheet.table import BadCell, Cell, Formatted, as_written, column_letters, plain, shown
from bulkobj.spreadsheet.writing.cells import note
from bulkobj.spreadsheet.writing.styles import fit_page, give_look

_ERRORS = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"))
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_AT_ENDS = re.compile(r"^[\s']+|[\s']+\Z")
_LONGEST_NAME = 31
_MOST_ROWS = 1_048_576
_SAMPLE = 200
_NARROWEST, _WIDEST = 9, 50
_MISTAKEN = ("=", "#")  # openpyxl would make a formula of "=1+1" and an error of "#N/A"
_DATE_FORMATS = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss"}


class TextTooLongError(UsageError):
    """A text that no cell of a workbook can hold; it would have to be cut."""


class Styled(NamedTuple):
    """A cell with a look (see :func:`.styles.give_look`), a note and a link to another cell."""

    value: Cell
    look: str = ""
    note: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: its header, unless ``headers`` is empty, and the rows below it.

    The name is made one that spreadsheet programs accept (see :func:`sheet_names`). ``widths`` are those of the
    columns in characters; without them columns are as wide as their texts. ``opens_at`` is the row to scroll to.
    """

    name: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell | Styled]]
    hidden: bool = False
    widths: Sequence[float] = ()
    opens_at: int = 0


def plain_csv(headers: Sequence[str], rows: Iterable[Sequence[Cell]], delimiter: str = ",") -> bytes:
    r"""Return a CSV file in UTF-8 with a byte order mark; lines end in ``\r\n`` (RFC 4180), which every program reads.

    Texts that could be taken for formulas are guarded. Halves of characters, the non-characters U+FFFE and U+FFFF,
    and the null character, by which binary files are known, become ``\ufffd``.
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
    r"""Return a workbook of these sheets: dates as dates, texts as texts, errors of spreadsheet programs as such.

    A formula that was never calculated becomes the error ``#N/A`` with a note that holds the formula, so that nobody
    imports its text. A date with a time zone, one before March 1900, a whole number of more than 15 digits and an
    infinite one are written as text. Control characters come back as they are; halves of characters and the
    non-characters U+FFFE and U+FFFF become ``\ufffd``.

    Raises TextTooLongError for a text of more than 32,767 characters (given ``cut``, its result is written), and
    UsageError for more rows than a sheet holds.
    """
    book = Workbook(write_only=True)
    # no clock here: the same report has the same bytes
    book.properties.created = book.properties.modified = datetime(1980, 1, 1)  # noqa: DTZ001 - openpyxl takes no zone
    book.properties.creator = "bulkobj"
    for name, sheet in zip(sheet_names([sheet.name for sheet in sheets]), sheets, strict=True):
        if len(sheet.rows) >= _MOST_ROWS:
            raise UsageError(f"a sheet holds {_MOST_ROWS:,} rows at most, header included: write a .csv file instead")
        _SheetWriter(book.create_sheet(name), cut).write(sheet)
    buffer = io.BytesIO()
    ExcelWriter(book, _Timeless(buffer, "w", zipfile.ZIP_DEFLATED)).save()
    return buffer.getvalue()


class _Timeless(zipfile.ZipFile):
    """A zip file whose entries have no time of their own."""

    def writestr(self, name: zipfile.ZipInfo | str, data: bytes | str, *_: object) -> None:  # type: ignore[override]
        """Write an entry."""
        entry = zipfile.ZipInfo(name.filename if isinstance(name, zipfile.ZipInfo) else name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        super().writestr(entry, data)

    def write(self, filename: str, arcname: str, *_: object) -> None:  # type: ignore[override]
        """Write a file as an entry, piece by piece."""
        entry = zipfile.ZipInfo(arcname)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with open(filename, "rb") as source, self.open(entry, "w", force_zip64=True) as target:  # noqa: PTH123 - a name of openpyxl's
            while piece := source.read(1_000_000):
                target.write(piece)


class _SheetWriter:
    """Writes the rows of a sheet, one at a time. A cell object is used again for the next cell of the same look."""

    def __init__(self, target: Worksheet, cut: Callable[[str], str] | None) -> None:
        self._target = target
        self._cut = cut
        self._cells: dict[tuple[str, str], BookCell] = {}

    def write(self, sheet: Sheet) -> None:
        """Write the sheet."""
        self._set_up(sheet)
        if sheet.headers:
            self._append(1, [Styled(header, "header") for header in sheet.headers])
        for number, row in enumerate(sheet.rows, 1 + bool(sheet.headers)):
            self._append(number, row)

    def _append(self, number: int, row: Sequence[Cell | Styled]) -> None:
        # one cell after the other: a cell object is written before it gets its next value
        self._target.append(self._row(number, row))  # type: ignore[arg-type] # the stubs name the generator's own type

    def _set_up(self, sheet: Sheet) -> None:
        """Set what stands in the file before the rows."""
        target = self._target
        if sheet.hidden:
            target.sheet_state = "hidden"
        for column, width in enumerate(sheet.widths or _widths(sheet)):
            target.column_dimensions[column_letters(column)].width = width
        if sheet.headers:
            target.freeze_panes = "A2"
            if sheet.rows:
                target.auto_filter.ref = f"A1:{column_letters(len(sheet.headers) - 1)}{len(sheet.rows) + 1}"
        else:
            target.sheet_view.showGridLines = False
        if sheet.opens_at and target.sheet_view.pane is not None:
            target.sheet_view.pane.topLeftCell = f"A{max(sheet.opens_at - 3, 2)}"
            for selection in target.sheet_view.selection:
                selection.activeCell = selection.sqref = f"A{sheet.opens_at}"
        fit_page(target)

    def _row(self, number: int, row: Sequence[Cell | Styled]) -> Iterator[BookCell | float | None]:
        for column, cell in enumerate(row):
            if cell is None or cell == "":
                yield None
                continue
            try:
                if isinstance(cell, str) and not cell.startswith(_MISTAKEN):
                    yield self._fitting(cell)  # type: ignore[misc] # a cell object takes four times as long
                else:
                    yield self._cell(cell if isinstance(cell, Styled) else Styled(cell))
            except _TooLongError as fault:
                place = f"row {number}, column {column + 1} of the sheet {self._target.title}"
                raise TextTooLongError(
                    f"the text for {place} has {fault.args[0]:,} characters, and a cell of a workbook holds "
                    f"{MAX_TEXT:,} at most: shorten it, or write a .csv file instead"
                ) from fault

    def _cell(self, styled: Styled) -> BookCell | float | None:
        value, number_format = plain(styled.value), ""
        is_moment = isinstance(value, date | time) and serial(value, from_1904=False) is not None
        is_value = value is None or is_moment or (isinstance(value, int | float) and abs(value) < 1e15)
        if is_value and isinstance(styled.value, Formatted):
            number_format = styled.value.format
        elif is_moment and styled.look != "date":
            number_format = _DATE_FORMATS[type(value)]
        cell = self._looking(styled, number_format)
        if cell is None and is_value:
            return value  # type: ignore[return-value]
        if cell is None:
            cell = WriteOnlyCell(self._target)
        if is_value:
            cell.value = value  # type: ignore[assignment]
        elif isinstance(value, BadCell):
            cell.value = value.text if value.text in _ERRORS else "#N/A"
            cell.data_type = "e"
        else:
            cell.value = self._fitting(shown(styled.value))
            cell.data_type = "s"
        return cell

    def _looking(self, styled: Styled, number_format: str) -> BookCell | None:
        """Return a cell with that look, None for one without any; one with a note or a link is not used again."""
        value, text = styled.value, styled.note
        if isinstance(value, BadCell) and value.text not in _ERRORS:
            text = f"In the file that was imported: {value.text[:1000]}\n{text}".strip()
        is_alone = bool(text or styled.link)
        if not (is_alone or styled.look or number_format):
            return None
        found = None if is_alone else self._cells.get((styled.look, number_format))
        if found is not None:
            return found
        found = WriteOnlyCell(self._target)
        give_look(found, styled.look)
        if number_format:
            found.number_format = number_format
        if text:
            found.comment = note(xstring(text))
        if styled.link:
            found.hyperlink = Hyperlink(ref="A1", location=styled.link)
        if not is_alone:
            self._cells[styled.look, number_format] = found
        return found

    def _fitting(self, text: str) -> str:
        if text.isascii() and text.isprintable() and "_x" not in text and len(text) <= MAX_TEXT:
            return text
        text = possible(text)
        if len(text) > MAX_TEXT // 2 and units(text) > MAX_TEXT:
            if self._cut is None:
                raise _TooLongError(len(text))
            text = self._cut(text)
        return xstring(text)


class _TooLongError(Exception):
    """A text that is too long for a cell; its place is known to the row's writer."""


def _widths(sheet: Sheet) -> Iterator[int]:
    """Yield the widths of the columns by their longest lines, in characters; long texts are for the eye to open."""
    sample = [sheet.headers, *sheet.rows[:_SAMPLE]]
    for column in range(max(map(len, sample), default=0)):
        cells = [row[column] for row in sample if column < len(row)]
        texts = (shown(cell.value if isinstance(cell, Styled) else cell)[:1000] for cell in cells)
        longest = max(len(line) for text in texts for line in text.split("\n"))
        yield min(max(longest + 2, _NARROWEST), _WIDEST)


def sheet_names(wanted: Sequence[str]) -> list[str]:
    r"""Return names for sheets that spreadsheet programs accept, each once, as close to the wanted ones as may be.

    At most 31 characters, none of ``[]:*?/\``, no apostrophe at either end, not "History", which Excel reserves.
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
    """Return the name, then the name with a number."""
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
