"""The columns that an earlier report added to a file: found, so that a new report takes their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bulkobj.spreadsheet.table import Record, Table
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS

WIDTH = len(RESULT_HEADERS)


def earlier_report(headers: Sequence[str]) -> int | None:
    """Return the index of the first column of an earlier report; None where there is none.

    They are a report's only if all of :data:`RESULT_HEADERS` stand side by side in their order: single columns of
    such a name are the admin's own.
    """
    for start in reversed(range(len(headers) - WIDTH + 1)):
        if tuple(headers[start : start + WIDTH]) == RESULT_HEADERS:
            return start
    return None


def without_report(table: Table) -> Table:
    """Return the table without the columns of an earlier report."""
    start = earlier_report(table.headers)
    if start is None:
        return table
    end = start + WIDTH
    records = tuple(_without(record, start, end) for record in table.records)
    return replace(table, headers=table.headers[:start] + table.headers[end:], records=records)


def _without(record: Record, start: int, end: int) -> Record:
    return record._replace(cells=record.cells[:start] + record.cells[end:])
