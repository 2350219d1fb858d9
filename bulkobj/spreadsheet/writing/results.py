"""What a report adds to a file: a result for each row, and a word on each cell that is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from bulkobj.spreadsheet.table import Cell

#: The columns that a report adds (contract, "The report"); a header that begins with ``_`` is ignored on import.
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
    """What is wrong with one cell: its column's header as it stands in the file, and a message that says what to do."""

    header: str
    message: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row of the file (``sheet`` is None for CSV), the cells under :data:`RESULT_HEADERS`, and notes on its cells.

    ``tone`` is ``good`` (done, valid, unchanged), ``bad`` (invalid, failed, unknown, conflict) or ``neutral``.
    """

    sheet: str | None
    row: int
    cells: tuple[Cell, ...]
    tone: str
    notes: tuple[CellNote, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary sheet says: lines of a name and a value, such as ``("created", 12)``, and problems of the file."""

    lines: tuple[tuple[str, Cell], ...]
    problems: tuple[str, ...] = ()
