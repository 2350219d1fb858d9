"""Reports and failures files as plain tables (contract, "The report")."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import repeat

from bulkobj.spreadsheet.ooxml.cell_xml import cut
from bulkobj.spreadsheet.reading.sheet_selection import WHOLE
from bulkobj.spreadsheet.table import RESULTS_SHEET, STAMP_SHEET, BadCell, Cell, Record, SourceFile, Table
from bulkobj.spreadsheet.writing.plain_tables import Sheet, TextTooLongError, plain_csv, plain_xlsx
from bulkobj.spreadsheet.writing.report_columns import WIDTH, without_report
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, ResultRow, Summary

__all__ = ["Sheet", "TextTooLongError", "failures", "plain_csv", "plain_xlsx", "results_csv", "results_xlsx"]

_NO_RESULT: tuple[Cell, ...] = (None,) * WIDTH


def results_csv(tables: Sequence[Table], results: Sequence[ResultRow], *, delimiter: str = ",") -> bytes:
    """The report on a file as CSV: its own columns, then those of the results.

    There is a line for each record of the tables, in their order; the columns of an earlier report give way. A record
    without a result has empty cells there. Of several sheets the columns are those of all, and the last one says
    which sheet a row is of.
    """
    own = [without_report(table) for table in tables]
    sheet = ("_sheet",) if len(own) > 1 else ()
    grouped = _by_place(results)
    cells = [
        (*map(_time_as_text, cells), table.sheet)[: WIDTH + len(sheet)]
        for table in own
        for cells in _results(table, grouped)
    ]
    return plain_csv(*_merged(own, (*RESULT_HEADERS, *sheet), cells), delimiter)


def results_xlsx(source: SourceFile, results: Sequence[ResultRow], summary: Summary) -> bytes:
    """The report on any file as a plain workbook: a sheet for each table, and a summary.

    The stamp of a workbook of ours goes with it. A text that no cell can hold is cut, and says so.
    """
    sheets, grouped = [], _by_place(results)
    for table in source.tables:
        own = without_report(table)
        headers = (*own.headers, *RESULT_HEADERS, *_nameless(own))
        sheets.append(Sheet(table.sheet or "Results", headers, list(_rows(own, grouped))))
    problems = [(problem,) for problem in summary.problems]
    heading = [("Problems of the file as a whole",)] if problems else []
    summaries = Sheet(RESULTS_SHEET, (), [(RESULTS_SHEET,), *summary.lines, *heading, *problems])
    return plain_xlsx([*sheets, summaries, *_stamp(source)], cut=cut)


def failures(source: SourceFile, wanted: Container[tuple[str | None, int]], format: str) -> bytes:  # noqa: A002 - as files have it
    """The rows that are ``wanted`` (by sheet and row number), in the input's own columns, ready to be mended.

    ``format`` is ``csv``, where several sheets become one table, or anything else for a workbook. Reading the file
    gives the same cells, but for formulas that were never calculated: those become the error ``#N/A``, since their
    text must not be imported. The stamp of a workbook of ours goes with the rows into a workbook.

    Raises TextTooLongError for a text that the workbook can't hold.
    """
    chosen = [_chosen(without_report(table), wanted) for table in source.tables]
    if format == "csv":
        return plain_csv(*_merged(list(map(_importable, chosen))), source.delimiter or ",")
    with_rows = [table for table in chosen if table.records] or chosen[:1]
    return plain_xlsx([*map(_as_sheet, with_rows), *_stamp(source, whole=len(with_rows) > 1)])


def _as_sheet(table: Table) -> Sheet:
    rows = [(*record.cells, *_padded(record, table)) for record in table.records]
    return Sheet(table.sheet or "Rows", (*table.headers, *_nameless(table)), rows)


def _chosen(table: Table, wanted: Container[tuple[str | None, int]]) -> Table:
    return replace(table, records=tuple(one for one in table.records if (table.sheet, one.number) in wanted))


def _merged(
    tables: Sequence[Table], more_headers: Sequence[str] = (), more_cells: Iterable[Sequence[Cell]] = repeat(())
) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Several tables as one, with the headers of all, then more of them; a header that a table has twice stays two."""
    keys = [_numbered(table.headers) for table in tables]
    columns = tuple(dict.fromkeys(key for some in keys for key in some))
    records = [
        (dict(zip(some, record.cells, strict=True)), record.beyond)
        for some, table in zip(keys, tables, strict=True)
        for record in table.records
    ]
    widest = max((len(beyond) for _, beyond in records), default=0)
    headers = (*(header for header, _ in columns), *more_headers, *("",) * widest)
    return headers, [
        (*(cells.get(column) for column in columns), *more, *beyond, *(None,) * (widest - len(beyond)))
        for (cells, beyond), more in zip(records, more_cells, strict=False)
    ]


def _numbered(headers: Sequence[str]) -> list[tuple[str, int]]:
    return [(header, list(headers[:index]).count(header)) for index, header in enumerate(headers)]


def _importable(table: Table) -> Table:
    """The table without the texts of formulas, which a CSV file can't tell from other texts."""
    records = (one._replace(cells=tuple(map(_uncalculated_as_error, one.cells))) for one in table.records)
    return replace(table, records=tuple(records))


def _uncalculated_as_error(cell: Cell) -> Cell:
    return BadCell("bad-cell", "#N/A") if isinstance(cell, BadCell) and cell.code == "uncalculated-formula" else cell


_Results = Mapping[tuple[str | None, int], tuple[Cell, ...]]


def _by_place(results: Sequence[ResultRow]) -> _Results:
    return {(result.sheet, result.row): result.cells for result in results}


def _time_as_text(cell: Cell) -> Cell:
    return f"{cell:%Y-%m-%d %H:%M:%S}Z" if isinstance(cell, datetime) else cell


def _results(table: Table, results: _Results) -> Iterator[tuple[Cell, ...]]:
    return (results.get((table.sheet, record.number), _NO_RESULT) for record in table.records)


def _rows(table: Table, results: _Results) -> Iterator[tuple[Cell, ...]]:
    for record, cells in zip(table.records, _results(table, results), strict=True):
        yield (*record.cells, *cells, *_padded(record, table))


def _nameless(table: Table) -> tuple[str, ...]:
    """Empty headers over the cells that some rows have beyond the last header: nothing of the admin's is lost."""
    return ("",) * max((len(record.beyond) for record in table.records), default=0)


def _padded(record: Record, table: Table) -> tuple[Cell, ...]:
    return (*record.beyond, *(None,) * (len(_nameless(table)) - len(record.beyond)))


def _stamp(source: SourceFile, *, whole: bool = False) -> Iterator[Sheet]:
    """The hidden sheet of a workbook of ours; ``whole`` says on any that all its sheets are to be read."""
    rows = [row for row in source.stamp if not whole or row[:1] != WHOLE[:1]]
    if whole:
        rows.append(WHOLE)
    if rows:
        yield Sheet(STAMP_SHEET, (), rows, hidden=True)
