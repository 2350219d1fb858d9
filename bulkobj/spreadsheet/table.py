"""A file as it was read: sheets with a header and numbered records, before any cell has a meaning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple

from bulkobj.core.model import Problem

#: The hidden sheet by which bulkobj marks the workbooks that it writes. Sheets whose name begins so are never data.
STAMP_SHEET = "_bulkobj"
#: The sheet that a report adds: counts, and the rows that need attention. It is never data.
RESULTS_SHEET = "bulkobj results"

#: The sheet of an export with its charts; its tables have no headers that an import reads.
OVERVIEW_SHEET = "Overview"


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell without a usable value: an error of the spreadsheet program, or a formula nobody has calculated.

    ``code`` is the problem's code (``bad-cell``, ``uncalculated-formula``), ``text`` what stands in the cell.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Formatted:
    """A cell of a workbook that the spreadsheet program displays in a number format of its own.

    ``text`` is the displayed text; None if it can't be known, because ``format`` is unusual, hides or fills. Dates are
    taken from ``value``, ids and texts from ``text``. ``value`` is a text only if its display can't be known.
    """

    value: str | int | float | bool | date | time
    text: str | None
    format: str


#: None is a blank cell. Text is exactly as it stands in the file (a CSV formula guard taken off). A date without
#: a time zone is what the person sees; a workbook's date cell is a ``date`` when its time is midnight. A value that
#: :func:`shown` would not show as the spreadsheet program does is a ``Formatted``.
Cell = str | int | float | bool | date | datetime | time | BadCell | Formatted | None


class Record(NamedTuple):
    """One line below the header that isn't blank.

    ``number`` is the row number that the spreadsheet program shows (a multi-line CSV cell being one row); ``cells``
    are exactly as many as the table has headers; ``beyond`` are those after the last header, up to the last one filled.
    ``beyond`` is empty in workbooks: see ``Table.outside``. ``struck``: all filled cells of the row are struck out.
    """

    number: int
    cells: tuple[Cell, ...]
    hidden: bool = False
    beyond: tuple[Cell, ...] = ()
    struck: bool = False

    @property
    def extra(self) -> int:
        """The number of cells with content lie beyond the last header."""
        return sum(cell is not None for cell in self.beyond)


class Stray(NamedTuple):
    """A cell beside or below the table, which is ignored: its row number, its column's index (0 for A), its text."""

    number: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet (``sheet`` is None for CSV) with its header row's number, its headers as they stand, its records.

    The index of a header is that of its column in the sheet: a table that starts in column C has two empty headers.
    ``hidden_columns`` are the indexes of hidden columns that have a header. ``footer`` are the rows below the last one
    that has an account, an objective id or a title; they are no records. ``outside`` are filled cells beside the table.
    """

    sheet: str | None
    header_number: int
    headers: tuple[str, ...]
    records: tuple[Record, ...]
    hidden_columns: tuple[int, ...] = ()
    footer: tuple[Record, ...] = ()
    outside: tuple[Stray, ...] = ()

    @property
    def first_column(self) -> int:
        """The index of the column in which the table starts."""
        return next((index for index, header in enumerate(self.headers) if header), 0)

    @property
    def last_number(self) -> int:
        """The row number of the last record, or of the header if there is none."""
        return self.records[-1].number if self.records else self.header_number

    def address(self, number: int, place: int) -> str | None:
        """Return the address of a cell, such as ``J11``; None in a CSV file, whose cells have none."""
        return None if self.sheet is None else f"{column_letters(place)}{number}"


@lru_cache(maxsize=20_000)
def column_letters(index: int) -> str:
    """Return the letters of a column, A for 0."""
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


@lru_cache(maxsize=20_000)
def column_index(letters: str) -> int:
    """Return the index of a column by its letters, 0 for A."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was read: its tables in sheet order, problems of the file as a whole, and how it was read.

    ``format`` is ``csv``, ``xlsx``, ``xlsm``, ``xls`` or ``ods``. ``encoding`` and ``delimiter`` are those found (or
    given) for a CSV. ``stamp`` holds the rows of the hidden sheet by which bulkobj marks the workbooks that it writes.
    ``candidates`` are the sheets to choose from if the only problem is ``ambiguous-sheet``.
    """

    name: str
    format: str
    tables: tuple[Table, ...]
    problems: tuple[Problem, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    stamp: tuple[tuple[Cell, ...], ...] = ()
    candidates: tuple[str, ...] = ()


def plain(cell: Cell) -> str | float | bool | date | time | BadCell | None:
    """Return the cell's value without its number format."""
    return cell.value if isinstance(cell, Formatted) else cell


def as_written(cell: Cell) -> Cell:
    """Return the cell as a file without number formats holds it: dates as dates, all else as it is displayed."""
    if isinstance(cell, Formatted):
        return cell.value if cell.text is None or isinstance(cell.value, date | time) else cell.text
    return cell


def shown(cell: Cell) -> str:  # noqa: PLR0911 - one for each kind of cell
    """Return the cell as text, as a person reads it; a whole number never as ``1.0``."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case Formatted():
            return shown(cell.value) if cell.text is None else cell.text
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e22 else repr(cell)
        case datetime():
            return cell.isoformat(sep=" ", timespec="milliseconds" if cell.microsecond else "seconds")
        case date() | time():
            return cell.isoformat()
        case BadCell():
            return cell.text
        case _:
            return str(cell)
