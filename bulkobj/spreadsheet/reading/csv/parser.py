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
        raise UsageError(f"--delimiter: {delimiter!r} isn't one character. Use , or ; or | or \\t (a tab)")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The rows of a CSV text, the delimiter, and the rows with a quoted cell that looks like rows of the file."""

    grid: Grid
    delimiter: str
    suspicious: tuple[int, ...] = ()


def read_delimited(text: str, given: str | None, known: Callable[[str], bool], *, is_default: bool = False) -> Parsed:
    """Return the rows of a CSV text, and the delimiter that was ``given``, declared by a ``sep=`` line, or found.

    The delimiter that yields most known headers is the right one; a given one that ``is_default`` only decides between
    equals. A ``sep=`` line is no row: Excel doesn't show it.

    Raises UnreadableError for a quotation mark that isn't closed, with the row where it opens, and beyond the limits.
    """
    declared = _DECLARED.match(text)
    if declared is not None:
        text = text[declared.end() :]
    chosen = given.replace("\\t", "\t") if given else None
    forced = None if is_default else chosen
    delimiter = forced or (declared and declared[1]) or _find(text, known, chosen)
    suspicious: list[int] = []
    with _long_cells_allowed():
        rows = list(_rows(_without_spaces_at_quotes(text, delimiter), delimiter, suspicious))
    return Parsed(Grid([csv_row(row) for row in rows]), delimiter, tuple(suspicious))


#: Excel's first line that says what the delimiter is.
_DECLARED = re.compile(r'"?sep=(.)"?(?:\r\n?|\n|$)', re.IGNORECASE)


def _without_spaces_at_quotes(text: str, delimiter: str) -> str:
    """Return the text without spaces between a delimiter and the quotation marks of a cell, as in ``a, "b, c" ,d``."""
    blank, edge = "[ \u00a0]" if delimiter == "\t" else "[ \t\u00a0]", f"[{re.escape(delimiter)}\r\n]"
    if not re.search(f'{edge}{blank}+"|^{blank}+"|"{blank}+(?:{edge}|$)', text):
        return text
    return re.sub(f'(\\A|{edge}){blank}*"((?:[^"]|"")*+)"{blank}*(?={edge}|\\Z)', r'\1"\2"', text)


def _find(text: str, known: Callable[[str], bool], default: str | None) -> str:
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        end = max(sample.rfind("\n"), sample.rfind("\r"))
        sample = sample[:end] if end > 0 else sample
    candidates = [*([default] if default else []), *DELIMITERS]
    scores = {delimiter: _score(sample, delimiter, known) for delimiter in candidates}
    return max(candidates, key=lambda delimiter: (scores[delimiter][0], delimiter == default, scores[delimiter][1]))


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
    """Raise the csv module's limit, which is one for the whole process, and restore it."""
    before = csv.field_size_limit(MAX_TEXT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(text: str, delimiter: str, suspicious: list[int]) -> Iterator[list[str]]:
    """Yield the rows; the numbers of those with a quoted cell that looks like rows are added to ``suspicious``."""
    lines = io.StringIO(text, newline="")  # as Python's csv module wants it: line ends kept, CR and CRLF too
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = cells = widest = line = 0
    spaced = 0
    try:
        for number, row in enumerate(reader, 1):
            if len(row) > MAX_COLUMNS:
                _drop_blank_end(row)
            if reader.line_num - line > 1 and widest >= _NARROW:
                style = _Style(max(widest, len(row)), delimiter, 2 * spaced > number)
                if _has_swallowed_rows(row, style):
                    suspicious.append(number)
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
    advice = 'Put a " at its end, or write "" if it belongs to the text'
    if "limit" in fault:
        message = (
            f'a cell in row {row} has more than {MAX_TEXT:,} characters, perhaps because a " is not closed. {advice}'
        )
    else:
        message = f'the " that opens a cell in row {row} is not closed where the cell ends. {advice}'
    return UnreadableError(message, row=row)


@dataclass(frozen=True, slots=True)
class _Style:
    """The look of the file's rows: most columns, the delimiter, and whether white space follows it as a rule."""

    width: int
    delimiter: str
    spaced: bool

    def delimiters(self, line: str) -> int:
        """Return how many there are in the line; -1 where people's commas are likelier, with white space after them."""
        parts = line.split(self.delimiter)
        return -1 if not self.spaced and any(part[:1].isspace() for part in parts[1:]) else len(parts) - 1


def _has_swallowed_rows(row: list[str], style: _Style) -> bool:
    """Return whether a line of a quoted cell looks like a whole row, or all lines like pieces of rows.

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
            return True
    return False
