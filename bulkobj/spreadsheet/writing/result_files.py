"""Reports and failures files as plain tables (README, "The report")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pandas import DataFrame, Index, concat

from bulkobj.spreadsheet.annotating.failed_rows import failed_rows
from bulkobj.spreadsheet.ooxml.cell_xml import cut
from bulkobj.spreadsheet.ooxml.xml_tree import CannotAnnotateError
from bulkobj.spreadsheet.reading.sheet_selection import WHOLE
from bulkobj.spreadsheet.stamp import result_stamp
from bulkobj.spreadsheet.table import (
    RESULTS_SHEET,
    STAMP_SHEET,
    BadCell,
    Cell,
    Record,
    SourceFile,
    Table,
    column_letters,
)
from bulkobj.spreadsheet.writing.list_sheet import Target, in_need, list_rows
from bulkobj.spreadsheet.writing.plain_tables import (
    Sheet,
    Styled,
    TextTooLongError,
    plain_csv,
    plain_xlsx,
    sheet_names,
)
from bulkobj.spreadsheet.writing.report_columns import WIDTH, without_report
from bulkobj.spreadsheet.writing.results import (
    RESULT_HEADERS,
    Mark,
    ResultRow,
    Summary,
    column_at_fault,
    marks_of,
)
from bulkobj.spreadsheet.writing.styles import LIST_WIDTHS

__all__ = ["Sheet", "TextTooLongError", "failures", "plain_csv", "plain_xlsx", "results_csv", "results_xlsx"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FAILURE_HEADERS = ("_row", "_message")
_NO_RESULT: tuple[Cell, ...] = (None,) * WIDTH


def results_csv(tables: Sequence[Table], results: Sequence[ResultRow], *, delimiter: str = ",") -> bytes:
    """Return the report on a file as CSV; see :func:`results_frame`."""
    frame = results_frame(tables, results)
    place = max(place for place, header in enumerate(frame.columns) if header == "_finished_at")
    cells = frame.itertuples(index=False, name=None)
    rows = ((*row[:place], _time_as_text(row[place]), *row[place + 1 :]) for row in cells)
    return plain_csv(list(frame.columns), rows, delimiter)


def results_frame(tables: Sequence[Table], results: Iterable[ResultRow]) -> DataFrame:
    """Return the report on a file as a frame: the file's own columns, then those of the results.

    There is a row for each record of the tables, in their order; the columns of an earlier report give way. A record
    without a result has empty cells there. Of several sheets the columns are those of all, and the last one says
    which sheet a row is of.
    """
    own = frame_of([without_report(table) for table in tables])
    rows = {(row.sheet, row.row): row.cells for row in results}
    if not tables:
        return DataFrame(list(rows.values()), columns=list(RESULT_HEADERS), dtype=object)
    found = DataFrame([rows.get(place, _NO_RESULT) for place in own.index], columns=RESULT_HEADERS, dtype=object)
    beyond = [label for label in own.columns if label[0] is None]
    frame = concat([own.drop(columns=beyond).reset_index(drop=True), found], axis=1)
    if len(tables) > 1:
        frame["_sheet"] = [sheet for sheet, _ in own.index]
    frame = concat([frame, own[beyond].reset_index(drop=True)], axis=1)
    frame.columns = _headers(frame.columns)
    return frame


def frame_of(tables: Sequence[Table]) -> DataFrame:
    """Return the records of tables as a frame with the columns of all, by sheet and row number.

    A column is known by its header and the number of columns of that header before it in its table. Cells beyond the
    last header have no header: None and their number.
    """
    frames = []
    for table in tables:
        width = max((len(record.beyond) for record in table.records), default=0)
        cells = [(*record.cells, *record.beyond, *(None,) * (width - len(record.beyond))) for record in table.records]
        places = [(table.sheet, record.number) for record in table.records]
        columns: list[tuple[str | None, int]] = [*_numbered(table.headers), *((None, one) for one in range(width))]
        frames.append(DataFrame(cells, columns=_labels(columns), index=_labels(places), dtype=object))
    if len(frames) < 2:
        return frames[0] if frames else DataFrame()
    return concat(frames).fillna("")


def _labels(labels: Iterable[tuple[Any, ...]]) -> Index[Any]:
    """Return tuples as labels, without making levels of them."""
    return Index(list(labels), tupleize_cols=False, dtype=object)


def _headers(labels: Iterable[Any]) -> list[str]:
    return [(label[0] or "") if isinstance(label, tuple) else label for label in labels]


def results_xlsx(source: SourceFile, results: Sequence[ResultRow], summary: Summary) -> bytes:
    """Return the report on any file as a workbook of ours: a sheet for each table, and the list sheet.

    It has the same marks, notes and list as the admin's own workbook would have. The stamp of a workbook of ours goes
    with it. A text that no cell can hold is cut, and says so.
    """
    tables = [without_report(table) for table in source.tables]
    names = sheet_names([table.sheet or "Results" for table in tables])
    grouped = {(result.sheet, result.row): result for result in results}
    places: dict[tuple[str | None, int], Target] = {}
    sheets = []
    for name, table in zip(names, tables, strict=True):
        rows = []
        nameless = _nameless(table)
        for number, record in enumerate(table.records, 2):
            result = grouped.get((table.sheet, record.number))
            rows.append(_marked(record, table, result, len(nameless)))
            if result is not None and result.needs_attention:
                at = column_at_fault(result, table.headers, table.first_column)
                places[result.sheet, result.row] = Target(name, f"{column_letters(at)}{number}")
        headers = (*table.headers, *RESULT_HEADERS, *nameless)
        sheets.append(Sheet(name, headers, rows))
    in_list = [row for row in in_need(results) if (row.sheet, row.row) in places]
    opened = min((int(places[row.sheet, row.row].address.lstrip(_LETTERS)) for row in in_list), default=0)
    if sheets and len(sheets) == 1:
        sheets[0] = replace(sheets[0], opens_at=opened)
    listed = [
        [Styled(cell.value, cell.look, link=cell.link) for cell in row]
        for row in list_rows(summary, in_list, lambda row: places[row.sheet, row.row])
    ]
    added = Sheet(RESULTS_SHEET, (), listed, widths=LIST_WIDTHS)
    stamp = [*source.stamp, *result_stamp(source.stamp, summary.run)]
    return plain_xlsx([*sheets, added, Sheet(STAMP_SHEET, (), stamp, hidden=True)], cut=cut)


def _marked(record: Record, table: Table, result: ResultRow | None, beyond: int) -> tuple[Cell | Styled, ...]:
    """Return the cells of a row with its marks and its result."""
    cells: list[Cell | Styled] = list(record.cells)
    rest = (*record.beyond, *(None,) * (beyond - len(record.beyond)))
    if result is None:
        return (*cells, *_NO_RESULT, *rest)
    notes: dict[int, list[Mark]] = {}
    for mark in marks_of(result, table.headers, table.first_column):
        notes.setdefault(mark.column, []).append(mark)
    for column, marks in notes.items():
        look = "error" if any(mark.is_error for mark in marks) else "warning"
        text = "\n".join(dict.fromkeys(mark.message for mark in marks))
        cells[column] = Styled(record.cells[column], look, text)
    looks = {"_result": result.tone, "_message": "wrap", "_finished_at": "date"}
    shown = (
        cell if cell is None or header not in looks else Styled(cell, looks[header])
        for header, cell in zip(RESULT_HEADERS, result.cells, strict=True)
    )
    return (*cells, *shown, *rest)


def failures(
    source: SourceFile,
    rows: Sequence[ResultRow],
    format: str,  # noqa: A002 - as files have it
    renamed: Mapping[str, str] = MappingProxyType({}),
    content: bytes = b"",
) -> bytes:
    """Return these rows in the input's own columns, with ``_row`` and ``_message``, ready to fix and import.

    ``format`` is ``csv``, where several sheets become one table, or anything else for a workbook. Reading the file
    gives the same cells, except formulas that were never calculated: those become the error ``#N/A``, because their
    text must not be imported. ``renamed`` are headers to write under another name, so that they are understood without
    ``--map``. The stamp of a workbook of ours goes with the rows into a workbook. ``content`` is an ``.xlsx`` input,
    whose formats, widths and drop-downs a workbook keeps if its rows are those of one sheet.

    Raises TextTooLongError for a text that the workbook can't hold.
    """
    wanted = {(row.sheet, row.row): row for row in rows}
    chosen = [_failed(without_report(table), wanted, renamed) for table in source.tables]
    if format == "csv":
        frame = frame_of(chosen)
        last = [label for label in frame.columns if label[0] in _FAILURE_HEADERS or label[0] is None]
        frame = frame[[*frame.columns.drop(last), *last]]
        # not frame.map: it makes "nan" of blank cells
        cells = (tuple(map(_uncalculated_as_error, row)) for row in frame.itertuples(index=False, name=None))
        return plain_csv(_headers(frame.columns), cells, source.delimiter or ",")
    with_rows = [table for table in chosen if table.records] or chosen[:1]
    if content and len(with_rows) == 1 and with_rows[0].records:
        (own,) = (table for table in source.tables if table.sheet == with_rows[0].sheet)
        width = len(with_rows[0].headers) - len(_FAILURE_HEADERS)
        if without_report(own).headers == own.headers[: len(without_report(own).headers)]:
            try:
                return failed_rows(content, with_rows[0], width)
            except CannotAnnotateError:
                pass  # then without the formats of the input
    return plain_xlsx([*map(_as_sheet, with_rows), *_stamp(source, whole=len(with_rows) > 1)])


def _failed(table: Table, wanted: Mapping[tuple[str | None, int], ResultRow], renamed: Mapping[str, str]) -> Table:
    """Return the table with the rows that are wanted, and their numbers and messages."""
    width = len(table.headers)
    if table.headers[-2:] == _FAILURE_HEADERS:  # of a failures file that was imported
        width -= 2
    headers = (*(renamed.get(header, header) for header in table.headers[:width]), *_FAILURE_HEADERS)
    found = ((one, wanted.get((table.sheet, one.number))) for one in table.records)
    records = (
        one._replace(cells=(*one.cells[:width], row.row, row.message or row.reason or None))
        for one, row in found
        if row is not None
    )
    return replace(table, headers=headers, records=tuple(records))


def _as_sheet(table: Table) -> Sheet:
    rows = [(*record.cells, *record.beyond) for record in table.records]
    return Sheet(table.sheet or "Rows", (*table.headers, *_nameless(table)), rows)


def _numbered(headers: Sequence[str]) -> list[tuple[str, int]]:
    return [(header, list(headers[:index]).count(header)) for index, header in enumerate(headers)]


def _uncalculated_as_error(cell: Cell) -> Cell:
    return BadCell("bad-cell", "#N/A") if isinstance(cell, BadCell) and cell.code == "uncalculated-formula" else cell


def _time_as_text(cell: Cell) -> Cell:
    return f"{cell:%Y-%m-%d %H:%M:%S}Z" if isinstance(cell, datetime) else cell


def _nameless(table: Table) -> tuple[str, ...]:
    """Empty headers over the cells that some rows have beyond the last header: nothing of the admin's is lost."""
    return ("",) * max((len(record.beyond) for record in table.records), default=0)


def _stamp(source: SourceFile, *, whole: bool = False) -> Iterator[Sheet]:
    """Return the hidden sheet of a workbook of ours; ``whole`` says on any that all its sheets are to be read."""
    rows = [row for row in source.stamp if not whole or row[:1] != WHOLE[:1]]
    if whole:
        rows.append(WHOLE)
    if rows:
        yield Sheet(STAMP_SHEET, (), rows, hidden=True)
