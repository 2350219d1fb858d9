"""A file as it was read: sheets with a header and numbered records, before any cell has a meaning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from bulkobj.core.model import Problem

#: The hidden sheet by which bulkobj marks the workbooks that it writes. Sheets whose name begins so are never data.
STAMP_SHEET = "_bulkobj"


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell without a usable value: an error of the spreadsheet program, or a formula nobody has calculated.

    ``code`` is the problem's code (``bad-cell``, ``uncalculated-formula``), ``text`` what stands in the cell.
    """

    code: str
    text: str


#: None is a blank cell. Text is exactly as it stands in the file (a CSV formula guard taken off). A date without
#: a time zone is what the person sees; a workbook's date cell is a ``date`` when its time is midnight.
Cell = str | int | float | bool | date | datetime | time | BadCell | None


class Record(NamedTuple):
    """One line below the header that isn't blank.

    ``number`` is the row number that the spreadsheet program shows (a multi-line CSV cell being one row); ``cells``
    are exactly as many as the table has headers; ``beyond`` are those after the last header, up to the last one filled.
    A tuple, as a long file has very many, and they are made twice as fast.
    """

    number: int
    cells: tuple[Cell, ...]
    hidden: bool = False
    beyond: tuple[Cell, ...] = ()

    @property
    def extra(self) -> int:
        """How many cells with content lie beyond the last header."""
        return sum(cell is not None for cell in self.beyond)


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet (``sheet`` is None for CSV) with its header row's number, its headers as they stand, its records."""

    sheet: str | None
    header_number: int
    headers: tuple[str, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What was read of a file: its tables in sheet order, problems of the file as a whole, and how it was read.

    ``format`` is ``csv``, ``xlsx``, ``xlsm``, ``xls`` or ``ods``. ``encoding`` and ``delimiter`` are those found (or
    given) for a CSV. ``stamp`` holds the rows of the hidden sheet by which bulkobj marks the workbooks that it writes.
    """

    name: str
    format: str
    tables: tuple[Table, ...]
    problems: tuple[Problem, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    stamp: tuple[tuple[Cell, ...], ...] = ()


def shown(cell: Cell) -> str:  # noqa: PLR0911 - one for each kind of cell
    """The cell as text, as a person would read it; a whole number never as ``1.0``."""
    match cell:
        case None:
            return ""
        case str():
            return cell
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
