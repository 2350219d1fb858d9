"""A sheet as rows of cells, and the table that is found in it: header row, records, and what stands around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bulkobj.core.columns import ACCOUNT, ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, TEMPLATE, TITLE, Column, is_ignored
from bulkobj.spreadsheet.limits import MAX_CELLS, UnreadableError
from bulkobj.spreadsheet.reading.values import Row, visible
from bulkobj.spreadsheet.table import BadCell, Cell, Record, Stray, Table, shown

#: Rows with content in which the header is looked for.
HEADER_ROWS = 30
#: A row without any of these asks for nothing: below the last one that has one there are only totals and remarks.
_IDENTIFYING = (ACCOUNT, ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, TITLE, TEMPLATE)
_TOTALS = {"total", "totals", "sum", "sums", "subtotal", "grand", "overall", "average", "count", "of", "all", "rows"}
_TOTALS |= {"accounts", "objectives", "summe", "gesamt", "somme"}

#: Returns the column that a header means, None for one that isn't known.
Meaning = Callable[[str], Column | None]


class Merge(NamedTuple):
    """A merged range: its first and last row number, its first and last column's index."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows of a sheet from row 1 and column A on, blank ones as they come; rows may differ in length.

    ``hidden`` and ``struck`` are numbers of rows that can't be seen or are struck out, ``hidden_columns`` are indexes.
    """

    rows: list[Row]
    hidden: set[int] = field(default_factory=set)
    struck: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[Merge] = field(default_factory=list)


def best_header(rows: Sequence[Row], known: Callable[[str], object]) -> tuple[int, int]:
    """Return the index of the row with most known headers (the earliest of several), and their number.

    Where none is known it is the first row that isn't blank; -1 where all are.
    """
    best, most, seen = -1, 0, 0
    for index, row in enumerate(rows):
        if is_blank(row):
            continue
        seen += 1
        count = sum(bool(known(name)) for name in header_names(row))
        if best < 0 or count > most:
            best, most = index, count
        if seen >= HEADER_ROWS:
            break
    return best, most


def is_blank(row: Row) -> bool:
    """Tell if no cell of the row has content."""
    return row.count(None) == len(row)


def header_names(row: Row) -> set[str]:
    """Return the texts that may be headers; those beginning with ``_`` are never known."""
    names = {visible(cell) for cell in row if isinstance(cell, str)}
    return {name for name in names if not name.startswith("_")}


def to_table(sheet: str | None, grid: Grid, meaning: Meaning) -> Table:
    """Return the table of a sheet; one without any content has no headers and header number 0.

    In a workbook, filled cells that belong to no header stand outside of the table; in CSV they are the record's
    ``beyond``, because a stray delimiter puts them there.
    """
    header, _ = best_header(grid.rows, meaning)
    if header < 0:
        return Table(sheet, 0, (), ())
    _spread_merged(grid, header)
    below = [(number, row) for number, row in enumerate(grid.rows[header + 1 :], header + 2) if not is_blank(row)]
    headers = _headers(grid.rows[header])
    if sheet is not None:
        headers = _without_side_blocks(headers, below, meaning)
    width = len(headers)
    places = None if all(headers) else [place for place, text in enumerate(headers) if text]
    records, outside = [], list(_strays(header + 1, grid.rows[header], width, ()))
    for number, row in below:
        beyond = row[width:]
        cells = row[:width] if len(row) >= width else row + (None,) * (width - len(row))
        if sheet is not None and (beyond or places is not None):
            outside += _strays(number, row, width, headers)
            beyond = ()
            if is_blank(cells if places is None else tuple(cells[place] for place in places)):
                continue
        records.append(Record(number, cells, number in grid.hidden, beyond, number in grid.struck))
    kept = _end(records, [meaning(text) for text in headers])
    return Table(
        sheet,
        header + 1,
        headers,
        tuple(records[:kept]),
        tuple(place for place, text in enumerate(headers) if text and place in grid.hidden_columns),
        tuple(records[kept:]),
        tuple(outside),
    )


def _headers(row: Row) -> tuple[str, ...]:
    texts = [cell.text if isinstance(cell, BadCell) else shown(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _without_side_blocks(
    headers: tuple[str, ...], below: Sequence[tuple[int, Row]], meaning: Meaning
) -> tuple[str, ...]:
    """Return the headers up to the first blank column behind which nothing new is known, such as a list of statuses."""
    for place in range(1, len(headers)):
        left, right = headers[:place], headers[place + 1 :]
        known = {meaning(text) for text in left} - {None}
        if (
            not headers[place]
            and known
            and not any(is_ignored(text) or meaning(text) not in {None, *known} for text in right)
            and not any(len(row) > place and row[place] is not None for _, row in below)
        ):
            return _headers(left)
    return headers


def _strays(number: int, row: Row, width: int, headers: Sequence[str]) -> Iterator[Stray]:
    """Yield the filled cells of a row that belong to no header."""
    for column, cell in enumerate(row):
        if cell is not None and (column >= width or (headers and not headers[column])):
            yield Stray(number, column, shown(cell))


def _spread_merged(grid: Grid, header: int) -> None:
    """Put the value of each merged range below the header into all rows of its first column that have content."""
    rows = grid.rows
    work = 0
    for merge in grid.merges:
        if merge.top <= header + 1 or merge.top > len(rows):
            continue
        bottom = min(merge.bottom, len(rows))
        work += bottom - merge.top + 1
        if work > MAX_CELLS:
            raise UnreadableError("the sheet has too many merged cells. Remove some of them")
        first = rows[merge.top - 1]
        value = first[merge.left] if merge.left < len(first) else None
        for index in range(merge.top - 1, bottom):
            if is_blank(rows[index]):
                continue
            cells = list(rows[index])
            cells.extend([None] * (merge.left + 1 - len(cells)))
            covered = cells[merge.left : merge.right + 1]
            cells[merge.left : merge.right + 1] = [value, *(None for _ in covered[1:])]
            rows[index] = tuple(cells)


def _end(records: Sequence[Record], columns: Sequence[Column | None]) -> int:
    """Return the number of records up to the last one with an account, an objective id or a title.

    "Total" as the only one of these doesn't count. Without any such record, all count.
    """
    identifying = [place for place, column in enumerate(columns) if column in _IDENTIFYING]
    for kept in range(len(records), 0, -1):
        cells = records[kept - 1].cells
        filled = [cells[place] for place in identifying if cells[place] is not None]
        if filled and not (len(filled) == 1 and _is_total(filled[0])):
            return kept
    return len(records)


def _is_total(cell: Cell) -> bool:
    words = re.findall(r"\w+", shown(cell).casefold())
    return bool(words) and all(word in _TOTALS or word.isdigit() for word in words) and not words[0].isdigit()
