"""A sheet as rows of cells, and the table that is found in it: header row, records, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bulkobj.spreadsheet.limits import check_faults
from bulkobj.spreadsheet.reading.values import Row, visible
from bulkobj.spreadsheet.table import BadCell, Cell, Record, Table

#: Rows with content in which the header is looked for (contract: "found even below title rows").
HEADER_ROWS = 30


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What the workbook reader doesn't tell of a sheet; rows are counted from 1, columns from 0.

    Its content goes no further than ``rows`` and ``columns``; ``hidden`` are the rows that can't be seen (filtered-out
    ones too), ``bad`` the cells that hold an error or a formula without a result, ``shown`` what is seen in cells whose
    number is shown as something else.
    """

    rows: int = 0
    columns: int = 0
    hidden: Collection[int] = frozenset()
    bad: Mapping[tuple[int, int], BadCell] = field(default_factory=dict)
    shown: Mapping[tuple[int, int], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows of a sheet from row 1 and column A on, blank ones as they come; rows may differ in length."""

    rows: Sequence[Row]
    hidden: Collection[int] = frozenset()


def with_facts(rows: list[Row], facts: SheetFacts) -> Grid:
    """The rows with the cells put in that the workbook reader doesn't tell of; ``rows`` is changed in place."""
    check_faults(len(facts.bad))
    told: dict[tuple[int, int], Cell] = {**facts.shown, **facts.bad}
    for (row, column), cell in told.items():
        rows.extend([()] * (row - len(rows)))
        cells = list(rows[row - 1])
        cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = cell
        rows[row - 1] = tuple(cells)
    return Grid(rows, facts.hidden)


def best_header(rows: Sequence[Row], known: Callable[[str], bool]) -> tuple[int, int]:
    """The index of the row that holds most known headers (the earliest of several), and how many those are.

    Where none is known it is the first row that isn't blank; -1 where all are.
    """
    best, most, seen = -1, 0, 0
    for index, row in enumerate(rows):
        if is_blank(row):
            continue
        seen += 1
        count = sum(map(known, _names(row)))
        if best < 0 or count > most:
            best, most = index, count
        if seen >= HEADER_ROWS:
            break
    return best, most


def is_blank(row: Row) -> bool:
    """Whether no cell of the row has content."""
    return row.count(None) == len(row)


def _names(row: Row) -> set[str]:
    """The texts that may be headers; those beginning with ``_`` are never known (contract, "The spreadsheet")."""
    names = {visible(cell) for cell in row if isinstance(cell, str)}
    return {name for name in names if not name.startswith("_")}


def to_table(sheet: str | None, grid: Grid, known: Callable[[str], bool]) -> Table:
    """The header row and the records below it; a sheet without any content has no headers and header number 0."""
    header, _ = best_header(grid.rows, known)
    if header < 0:
        return Table(sheet, 0, (), ())
    headers = _headers(grid.rows[header])
    below = enumerate(grid.rows[header + 1 :], header + 2)
    width, hidden = len(headers), grid.hidden
    records = tuple(
        Record(number, row) if len(row) == width and number not in hidden else _record(number, row, width, hidden)
        for number, row in below
        if not is_blank(row)
    )
    return Table(sheet, header + 1, headers, records)


def _headers(row: Row) -> tuple[str, ...]:
    texts = [_header(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _header(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.text if isinstance(cell, BadCell) else str(cell)


def _record(number: int, row: Row, width: int, hidden: Collection[int]) -> Record:
    beyond: Row = ()
    if len(row) > width:
        row, beyond = row[:width], row[width:]
        while beyond and beyond[-1] is None:
            beyond = beyond[:-1]
    elif len(row) < width:
        row += (None,) * (width - len(row))
    return Record(number, row, number in hidden, beyond)
