"""Import workbooks that bulkobj fills in itself: rows made from other rows, written for a person to look through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bulkobj.core.atomic_file import save
from bulkobj.core.columns import COLUMNS, Column, Kind
from bulkobj.core.errors import InvalidFileError
from bulkobj.core.model import Severity
from bulkobj.core.timestamps import unspelled
from bulkobj.planning.planner import checked
from bulkobj.reports import report as reports
from bulkobj.reports.report import Report
from bulkobj.reports.writer import check_target
from bulkobj.spreadsheet.stamp import Stamp, stamp_rows
from bulkobj.spreadsheet.table import Cell, Record, plain
from bulkobj.validation.rows import CheckedTable, Row
from bulkobj.workflows.checked_file import CheckedFile

#: A row of a plan file: its cells by the headers of their columns.
Cells = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The outcome of a command that writes a plan file; ``written`` is None where the input was not valid.

    ``report`` holds the problems of the input, ``notes`` what a person should know of the file.
    """

    written: Path | None
    rows: int
    accounts: int
    report: Report
    notes: tuple[str, ...] = ()

    @property
    def error(self) -> InvalidFileError | None:
        """Return what ends the command, if anything does."""
        return None if self.written else InvalidFileError("the file is not valid: nothing was written")


def check_plan_target(path: Path) -> None:
    """Raise UsageError where no plan file can be written to the path."""
    check_target(path, (".xlsx", ".csv"))


def problems_of(file: CheckedFile) -> Report:
    """Return the problems of a checked file, as `bulkobj validate` reports them."""
    plan = file.plan(checked(file.tables, file.exported))
    return reports.of_plan(plan, file.request.name, "none (offline)", 0, dry_run=False)


def is_invalid(report: Report) -> bool:
    """Return whether the file has an error."""
    return any(problem.severity is Severity.ERROR for problem in report.all_problems())


def row_pairs(tables: Iterable[CheckedTable]) -> Iterator[tuple[CheckedTable, Record, Row]]:
    """Yield each row as it was checked, with the cells that it was read from."""
    for table in tables:
        for record, row in zip(table.source.records, table.rows, strict=True):
            yield table, record, row


def cell_of(table: CheckedTable, record: Record, row: Row, column: Column, zone: str | None) -> Cell:
    """Return what a row holds in a column: a date as a date cell in the file's zone, all else as it was entered."""
    given = row.given(column)
    if given is None or given.clears:
        return None
    if column.kind is not Kind.DATE:
        return ";".join(given.value) if isinstance(given.value, tuple) else given.text.strip()
    place = next(index for index, known in table.headers.columns.items() if known == column)
    cell = plain(record.cells[place])
    if isinstance(cell, date):
        return cell
    moment = unspelled(str(given.value))
    if str(given.value).endswith("T00:00:00.000Z"):
        return moment.date()
    return moment.astimezone(ZoneInfo(zone) if zone else UTC).replace(tzinfo=None)


def write_plan_file(path: Path, rows: Sequence[Cells], stamp: Stamp | None) -> None:
    """Write the rows as an import workbook with the stamp's names in drop-down lists, or as a CSV file."""
    from bulkobj.spreadsheet.writing.template import workbook  # noqa: PLC0415 - openpyxl is slow to import

    ordered = [[row.get(column.header) for column in COLUMNS] for row in rows]
    if path.suffix.lower() == ".csv":
        save(path, workbook.plan_csv(ordered))
        return
    names: dict[str, list[str]] = {}
    for (kind, _), name in (stamp.settings if stamp else {}).items():
        names.setdefault(kind, []).append(name)
    save(path, workbook.plan_workbook(names, tuple(stamp_rows(stamp)) if stamp else (), ordered))


def made_at(moment: datetime) -> str:
    """Return the time that a stamp gives."""
    return moment.isoformat(timespec="seconds")
