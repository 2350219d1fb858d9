"""The content of a report, row by row, whatever kind of file it is written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulkobj.spreadsheet.table import Cell

#: The columns that a report adds; a header that begins with ``_`` is ignored on import.
RESULT_HEADERS = (
    "_row",
    "_action",
    "_result",
    "_objective_id",
    "_message",
    "_http_status",
    "_attempts",
    "_finished_at",
)


@dataclass(frozen=True, slots=True)
class CellNote:
    """A problem of one cell: its column's header as it stands in the file, and the message."""

    header: str
    message: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row of the file (``sheet`` is None for CSV), the cells under :data:`RESULT_HEADERS`, and notes on its cells.

    ``tone`` is ``good`` (done, or valid), ``unchanged``, ``bad`` (invalid, failed, unknown, conflict) or ``neutral``.
    ``reason`` says why the row was not done; it is empty for a row that was.
    """

    sheet: str | None
    row: int
    cells: tuple[Cell, ...]
    tone: str
    notes: tuple[CellNote, ...] = ()
    reason: str = ""
    needs_attention: bool = False
    account_id: str = ""
    account_name: str = ""
    title: str = ""

    @property
    def is_error(self) -> bool:
        """Return whether an error, and not only a warning, needs attention."""
        return bool(self.reason) or any(note.is_error for note in self.notes)

    @property
    def result(self) -> str:
        """The word under ``_result``."""
        return str(self.cells[RESULT_HEADERS.index("_result")] or "")

    @property
    def message(self) -> str:
        """The text under ``_message``."""
        return str(self.cells[RESULT_HEADERS.index("_message")] or "")


@dataclass(frozen=True, slots=True)
class Summary:
    """The head of the list sheet: names and values, such as ``("created", 12)``, and problems of the whole file.

    ``run`` is the run's id for the stamp of a results file; empty where nothing was sent.
    """

    lines: tuple[tuple[str, Cell], ...]
    problems: tuple[str, ...] = ()
    run: str = ""


class Mark(NamedTuple):
    """A marked cell of a row: its column (from 0), the text of its note, and its colour, an error's or a warning's."""

    column: int
    message: str
    is_error: bool


def marks_of(result: ResultRow, headers: Sequence[str], first: int) -> list[Mark]:
    """Return the marks of a row: its cells at fault, and its ``first`` cell where the row was not done."""
    marks = [
        Mark(headers.index(note.header), note.message, note.is_error) for note in result.notes if note.header in headers
    ]
    if not result.reason:
        return marks
    others = [mark for mark in marks if mark.column != first or mark.message not in result.reason]
    return [Mark(first, result.reason, result.tone == "bad"), *others]


def column_at_fault(result: ResultRow, headers: Sequence[str], first: int) -> int:
    """Return the column of the row's first cell at fault, errors before warnings; ``first`` where no cell is."""
    found = [(not note.is_error, headers.index(note.header)) for note in result.notes if note.header in headers]
    return min(found)[1] if found else first
