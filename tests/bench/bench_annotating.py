"""How long an annotated report takes, beside loading and saving the same workbook with openpyxl.

.venv/bin/python -m tests.bench.bench_annotating [ROWS]
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from datetime import date

import openpyxl
import xlsxwriter

from bulkobj.core.columns import COLUMNS, meaning
from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import Cell, SourceFile
from bulkobj.spreadsheet.writing.result_files import results_csv, results_xlsx
from bulkobj.spreadsheet.writing.results import CellNote, ResultRow, Summary

SUMMARY = Summary((("created", 1),))


def workbook(rows: int) -> bytes:
    """A plan of that many rows in all columns."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet, day = book.add_worksheet("Plan"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [column.header for column in COLUMNS])
        for row in range(1, rows + 1):
            texts = ("create", "", f"acc-{row % 900}", "", f"Title {row}", f"What it is good for, {row}", "Adoption")
            sheet.write_row(row, 0, [*texts, "In Progress", "ann@example.com"])
            sheet.write_datetime(row, 9, date(2024, 2, 1 + row % 28), day)
            sheet.write_datetime(row, 10, date(2024, 5, 1 + row % 28), day)
    return buffer.getvalue()


def results(file: SourceFile) -> list[ResultRow]:
    """A result for each row; every fifth has an error and a warning."""
    notes = (
        CellNote("Status", 'unknown status "In Progres"', is_error=True),
        CellNote("Template", "odd", is_error=False),
    )
    rows = []
    for record in file.tables[0].records:
        noted = notes if record.number % 5 == 0 else ()
        cells: tuple[Cell, ...] = (record.number, "create", "created", f"id-{record.number}", None, 201, 1, None)
        rows.append(ResultRow("Plan", record.number, cells, "bad" if noted else "good", noted))
    return rows


def timed(name: str, work: Callable[[], object]) -> None:
    """Print how long it takes."""
    start = time.perf_counter()
    work()
    print(f"{name:<45} {time.perf_counter() - start:6.2f} s")


def through_openpyxl(content: bytes) -> None:
    """What the annotating would rest on otherwise."""
    openpyxl.load_workbook(io.BytesIO(content)).save(io.BytesIO())


def main(rows: int) -> None:
    """Print the figures for a workbook of so many rows."""
    content = workbook(rows)
    file = read_file("plan.xlsx", content, ReadOptions(), meaning)
    found = results(file)
    report = annotate(content, file, found, SUMMARY)
    again = read_file("plan.xlsx", report, ReadOptions(), meaning)
    timed(f"annotate {rows:,} rows", lambda: annotate(content, file, found, SUMMARY))
    timed("annotate that report again", lambda: annotate(report, again, found, SUMMARY))
    timed("the same as a plain workbook", lambda: results_xlsx(file, found, SUMMARY))
    timed("the same as CSV", lambda: results_csv(file.tables, found))
    timed("openpyxl: load and save, nothing annotated", lambda: through_openpyxl(content))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
