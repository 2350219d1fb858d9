"""CSV text to rows: the delimiter is found, and a quotation mark that was never closed is named with its row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_TEXT, UnreadableError, check_range
from bulkobj.spreadsheet.reading.table_detection import Grid, best_header
from bulkobj.spreadsheet.reading.values import csv_row

DELIMITERS = (",", ";", "\t", "|")
#: Characters of the file's beginning that are enough to find the delimiter by.
_SAMPLE = 200_000
#: Columns from which on the number of delimiters in all lines of a cell says something, and that in one line does.
_NARROW, _WIDE = 3, 4
_LINE_END = re.compile(r"\r\n|\r|\n")


def check_delimiter(delimiter: str | None) -> None:
    r"""Refuse what can't be a delimiter; UsageError. ``\t`` may be written out, as it is hard to type."""
    if delimiter is not None and delimiter != "\\t" and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise UsageError(f"--delimiter: {delimiter!r} isn't one character. Use , or ; or | or \\t (a tab), for example")


def read_delimited(text: str, given: str | None, known: Callable[[str], bool]) -> tuple[Grid, str]:
    """The rows of a CSV text, and the delimiter that was ``given``, declared by a ``sep=`` line, or found.

    The delimiter that yields most known headers is the right one. A ``sep=`` line is no row: Excel doesn't show it.

    Raises UnreadableError for a quotation mark that isn't closed, with the row where it opens, and beyond the limits.
    """
    declared = _DECLARED.match(text)
    if declared is not None:
        text = text[declared.end() :]
    delimiter = (given and given.replace("\\t", "\t")) or (declared and declared[1]) or _find(text, known)
    with _long_cells_allowed():
        rows = list(_rows(text, delimiter))
    return Grid([csv_row(row) for row in rows]), delimiter


#: Excel's first line that says what the delimiter is.
_DECLARED = re.compile(r'"?sep=(.)"?(?:\r\n?|\n|$)', re.IGNORECASE)


def _find(text: str, known: Callable[[str], bool]) -> str:
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        end = max(sample.rfind("\n"), sample.rfind("\r"))
        sample = sample[:end] if end > 0 else sample
    return max(DELIMITERS, key=lambda delimiter: _score(sample, delimiter, known))


def _score(sample: str, delimiter: str, known: Callable[[str], bool]) -> tuple[int, int]:
    """Known headers first; without any, the columns that all of the first rows have."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) >= 100:
                break
    except csv.Error:  # the real reading will say where
        pass
    widths = {len(row) for row in rows if row}
    return best_header([csv_row(row) for row in rows], known)[1], min(widths, default=0)


@contextmanager
def _long_cells_allowed() -> Iterator[None]:
    """The csv module's limit is one for the whole process: raise it and put it back."""
    before = csv.field_size_limit(MAX_TEXT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")  # as Python's csv module wants it: line ends kept, CR and CRLF too
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = cells = widest = line = 0
    spaced = 0
    try:
        for number, row in enumerate(reader, 1):
            if len(row) > MAX_COLUMNS:
                _drop_blank_end(row)
            if reader.line_num - line > 1 and widest >= _NARROW:
                _refuse_swallowed(row, number, _Style(max(widest, len(row)), delimiter, 2 * spaced > number))
            spaced += any(cell[:1] == " " for cell in row[1:])
            cells, widest, line = cells + len(row), max(widest, len(row)), reader.line_num
            if widest > MAX_COLUMNS or number > MAX_ROWS or cells > MAX_CELLS:
                check_range(number, widest)
            yield row
    except csv.Error as fault:
        raise _unclosed(number + 1, str(fault)) from fault


def _drop_blank_end(row: list[str]) -> None:
    """Take off the empty cells at the row's end, which some programs write up to the last possible column."""
    filled = "\0".join(row).rstrip("\0")  # no cell holds this character
    del row[filled.count("\0") + 1 :]


def _unclosed(row: int, fault: str) -> UnreadableError:
    if "limit" in fault:
        return UnreadableError(
            f"a cell that begins in row {row} has more than {MAX_TEXT:,} characters. Most often a quotation mark "
            f'(") is opened in that row and never closed: close it, or write it twice ("") if it belongs to the text',
            row=row,
        )
    return UnreadableError(
        f'a quotation mark (") that opens in row {row} is not closed where its cell ends. '
        'Close it, or write it twice ("") if it belongs to the text',
        row=row,
    )


@dataclass(frozen=True, slots=True)
class _Style:
    """How rows of the file look: the most columns, the delimiter, and whether white space follows it as a rule."""

    width: int
    delimiter: str
    spaced: bool

    def delimiters(self, line: str) -> int:
        """How many there are in the line; -1 where people's commas are likelier, which have white space after them."""
        parts = line.split(self.delimiter)
        return -1 if not self.spaced and any(part[:1].isspace() for part in parts[1:]) else len(parts) - 1


def _refuse_swallowed(row: list[str], number: int, style: _Style) -> None:
    """Refuse a quoted cell of which a line looks like a whole row, or all lines like pieces of rows.

    A stray quotation mark swallows rows until another one happens to close it. Text of several lines that people
    write has other numbers of delimiters in its lines, and white space after them.
    """
    last = style.width - 1
    for index, text in enumerate(row):
        first, *rest = (style.delimiters(line) for line in _LINE_END.split(text))
        if not rest:
            continue
        *whole, end = rest
        pieces = first == last - index and end == last - (len(row) - 1 - index)
        is_wide = style.width >= _WIDE
        if (pieces and (whole or is_wide) and set(whole) <= {last}) or (is_wide and last in whole):
            raise _unclosed(number, "swallowed")
