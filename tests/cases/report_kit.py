"""Whether a report and a failures file hold the rows of their file, unchanged."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bulkobj.core.columns import meaning
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import BadCell, Cell, SourceFile, Table, as_written, shown
from bulkobj.spreadsheet.writing.report_columns import without_report
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS

#: What a spreadsheet program may run; a signed number is none.
_RUNS = re.compile(r"[=@\t\r\n]|[+-](?![0-9]+(?:[.,][0-9]+)?$)")
_LEFT = {"invalid", "failed", "conflict", "not-attempted"}


def assert_report(path: Path, source: SourceFile, report: Mapping[str, Any]) -> None:
    """One row for each row of the file that isn't blank, with the same cells, and the result of that very row."""
    for table in source.tables:
        own, written = without_report(table), _read(path, table, source.delimiter)
        assert written.headers == (*own.headers, *RESULT_HEADERS)
        width = len(own.headers)
        assert [_texts(record.cells[:width]) for record in written.records] == [_texts(r.cells) for r in own.records]
        results = [(str(row["row"]), row["result"]) for row in report["rows"] if row["sheet"] == table.sheet]
        assert [(shown(r.cells[width]), shown(r.cells[width + 2])) for r in written.records] == results


def assert_joint_report(path: Path, source: SourceFile, report: Mapping[str, Any]) -> None:
    """Of several sheets: one row for each row of each, with its cells under their headers, its result and its sheet."""
    (written,) = read_file(path.name, path.read_bytes(), ReadOptions(delimiter=source.delimiter), meaning).tables
    rows = [dict(zip(written.headers, _texts(record.cells), strict=True)) for record in written.records]
    assert [(row["_sheet"], row["_row"], row["_result"]) for row in rows] == [
        (row["sheet"], str(row["row"]), row["result"]) for row in report["rows"]
    ]
    own = [(table, record) for table in map(without_report, source.tables) for record in table.records]
    for (table, record), row in zip(own, rows, strict=True):
        assert [row[header] for header in table.headers] == _texts(record.cells)


def assert_failures(path: Path, source: SourceFile, report: Mapping[str, Any]) -> None:
    """The rows that are not done, in the input's own columns; read again, each says the same."""
    left = {(row["sheet"], row["row"]) for row in report["rows"] if row["result"] in _LEFT}
    wanted = [
        _texts(record.cells, mended="#N/A")
        for table in map(without_report, source.tables)
        for record in table.records
        if (table.sheet, record.number) in left
    ]
    again = read_file(path.name, path.read_bytes(), ReadOptions(delimiter=source.delimiter), meaning)
    if not wanted:
        assert [problem.code for problem in again.problems] == ["empty-file"]
        return
    (table,) = again.tables
    headers = without_report(source.tables[0]).headers
    assert table.headers[len(headers) :] == ("_row", "_message")
    found = [_texts(record.cells[: len(headers)]) for record in table.records]
    assert found == wanted, (found, wanted)


def assert_harmless(path: Path, source: SourceFile) -> None:
    """No cell runs as a formula that was a text in the file."""
    if path.suffix == ".csv":
        text = path.read_bytes().decode("utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter or ",")
        assert not [cell for row in rows for cell in row if _RUNS.match(cell)]
    elif source.format == "csv":
        with zipfile.ZipFile(path) as package:
            sheets = [package.read(name) for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        formulas = [formula for sheet in sheets for formula in re.findall(rb"<f[^>]*>([^<]*)", sheet)]
        assert all(formula.startswith(b"#") for formula in formulas)  # as an error is written


def _read(path: Path, table: Table, delimiter: str | None) -> Table:
    content, workbook = path.read_bytes(), path.suffix == ".xlsx"
    sheets = (table.sheet or "Results",) if workbook else ()
    again = read_file(path.name, content, ReadOptions(sheets, delimiter=None if workbook else delimiter), meaning)
    assert not again.problems
    (found,) = again.tables
    return found


def _texts(cells: tuple[Cell, ...], mended: str | None = None) -> list[str]:
    """The cells as a person sees them; a formula without a value may have to give way to the error ``mended``."""
    return [
        mended if mended and isinstance(cell, BadCell) and cell.code == "uncalculated-formula" else shown(cell)
        for cell in map(as_written, cells)
    ]
