"""What a summary sheet says, for every kind of workbook that holds a report."""

from __future__ import annotations

from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.results import Summary

#: A sheet whose name begins so is never read as data.
SUMMARY_SHEET = "_bulkobj results"


def summary_rows(summary: Summary) -> list[tuple[Cell, ...]]:
    """The rows of the sheet; those with one cell are headings or problems."""
    rows: list[tuple[Cell, ...]] = [("bulkobj results",), *summary.lines]
    if summary.problems:
        rows += [(), ("Problems of the file as a whole",), *((problem,) for problem in summary.problems)]
    return rows


def headings(summary: Summary) -> frozenset[int]:
    """Which of the rows (from 0) are headings."""
    return frozenset((0, len(summary.lines) + 2) if summary.problems else (0,))
