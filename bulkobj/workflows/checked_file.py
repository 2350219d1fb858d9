"""A file to checked rows: read it, find its columns, read its cells; nothing is looked up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.columns import (
    ACCOUNT,
    ACCOUNT_ID,
    ACCOUNT_NAME,
    COLUMNS,
    Column,
    by_alias,
    by_header,
    is_known,
    meaning,
    normalised,
)
from bulkobj.core.errors import UsageError, cause
from bulkobj.core.model import Problem, Severity
from bulkobj.planning.plan import NOT_EXPORTED, Exported, Plan
from bulkobj.planning.planner import checked
from bulkobj.reports import report as reports
from bulkobj.reports.report import Report
from bulkobj.reports.writer import Input
from bulkobj.spreadsheet.reading.file_type import lock_file_beside
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.stamp import Stamp, read_stamp
from bulkobj.spreadsheet.table import SourceFile, Table
from bulkobj.validation.dates import Order
from bulkobj.validation.headers import MappedColumn
from bulkobj.validation.names import Aliases, Directory, Kind, resolve, wanted
from bulkobj.validation.results_file import DoneRow, read_results
from bulkobj.validation.row_checks import check_tables
from bulkobj.validation.rows import CheckedTable, Place, Row, RowRules

if TYPE_CHECKING:
    from bulkobj.workflows.ui import Ui


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A file's bytes, and the options of how to read them (README, "On the command line").

    ``maps`` are pairs of the file's header and bulkobj's column; ``columns`` the same from a profile, which the file
    need not have. ``path`` is None for standard input and for a pandas frame, which ``is_frame`` marks. ``rows`` are
    those that are wanted, all without it. ``defaults`` names the fields whose value is only the profile's: it holds for
    files that leave the matter open. The texts are kept as they were typed, so that a journal can keep the request.
    """

    name: str
    content: bytes
    path: Path | None = None
    sheets: tuple[str, ...] = ()
    maps: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    date_order: str | None = None
    timezone: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    rows: tuple[Place, ...] | None = None
    is_frame: bool = False
    defaults: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, **said: Any) -> FileRequest:
        """Return the request for a file on disk; ``said`` are the fields above. UsageError where it can't be read."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise UsageError(f"there is no file {path}. Check its name and folder") from None
        except OSError as error:
            raise UsageError(f"cannot read {path}: {cause(error)}. Check the file") from error
        return cls(path.name, content, path, **said)

    @property
    def content_hash(self) -> str:
        """The hash of the content."""
        return hashlib.sha256(self.content).hexdigest()

    def said(self) -> dict[str, Any]:
        """Return the options as JSON, so that a journal can keep them."""
        names = ("sheets", "maps", "columns", "date_order", "timezone", "encoding", "delimiter", "rows", "is_frame")
        said = {name: getattr(self, name) for name in (*names, "defaults")}
        return {"path": str(self.path.absolute()) if self.path else None} | said

    @classmethod
    def again(cls, name: str, content: bytes, said: Mapping[str, Any]) -> FileRequest:
        """Return the request that :meth:`said` describes."""
        told = dict(said) | {
            "path": Path(said["path"]) if said["path"] else None,
            "sheets": tuple(said["sheets"]),
            "defaults": tuple(said.get("defaults", ())),
            "maps": tuple((header, column) for header, column in said["maps"]),
            "columns": tuple((header, column) for header, column in said["columns"]),
            "rows": tuple((sheet, row) for sheet, row in said["rows"]) if said.get("rows") is not None else None,
        }
        return cls(name, content, **told)


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file as it was read, with its rows; unusable where a problem of the file as a whole is an error.

    ``stamp`` is the mark of a workbook of ours. Of a results file, ``done`` are the rows that need nothing more, and
    ``results_ids`` those whose Objective ID comes from the results.
    """

    request: FileRequest
    source: SourceFile
    tables: tuple[CheckedTable, ...] = ()
    stamp: Stamp | None = None
    done: Mapping[Place, DoneRow] = field(default_factory=dict)
    results_ids: frozenset[Place] = frozenset()

    def wanted(self) -> frozenset[Kind]:
        """Return the kinds of names to read: those in the rows, and those that identify a stamped file's tenant."""
        stamped = frozenset({Kind.STATUS, Kind.CATEGORY} if self.stamp is not None and self.stamp.tenant else ())
        return stamped.union(*(wanted(table) for table in self.tables))

    def rows(self) -> Iterator[Row]:
        """Return the rows of all its tables."""
        for table in self.tables:
            yield from table.rows

    def account_texts(self) -> frozenset[str]:
        """Return the cells that may be ids or names of accounts; none where other cells are surely names."""
        unnamed = [row for row in self.rows() if row.given(ACCOUNT_ID) is None]
        if any(row.given(ACCOUNT_NAME) is not None and row.given(ACCOUNT) is None for row in unnamed):
            return frozenset()
        return frozenset(row.value(ACCOUNT) for row in unnamed) - {""}

    def resolved(self, directory: Directory, aliases: Aliases) -> CheckedFile:
        """Return the file with ids in place of names."""
        return replace(self, tables=tuple(resolve(table, directory, aliases) for table in self.tables))

    def plan(self, plan: Plan) -> Plan:
        """Return the plan with the problems of the file before it."""
        return replace(plan, problems=(*self.source.problems, *plan.problems))

    def checked(self) -> Plan:
        """Return the plan of a file that was only checked."""
        return self.plan(checked(self.tables, self.exported))

    @property
    def exported(self) -> Exported:
        """The values that the file was exported with; none if it is no export."""
        if self.stamp is None:
            return NOT_EXPORTED
        every_row = (not self.request.sheets or "*" in self.request.sheets) and self.request.rows is None
        return Exported(self.stamp.bases, self.stamp.settings, every_row)

    @property
    def columns(self) -> tuple[MappedColumn, ...]:
        """The meaning of each header, for people to see; each pair once where several sheets have it."""
        of_file = (one for table in self.tables for one in table.headers.mapping[: len(table.source.headers)])
        return tuple(dict.fromkeys(one for one in of_file if one.header.strip()))

    @property
    def input(self) -> Input:
        """The file as reports of it need it."""
        return Input(self.source, self.request.content, self.settled, self.columns)

    def report(self, plan: Plan, settings: Settings | None, calls: int, *, dry_run: bool) -> Report:
        """Return the report of a plan for this file; without settings, of a check that made no call."""
        target = settings.target if settings is not None else "none (offline)"
        made_at = SystemClock().wall()
        report = reports.of_plan(plan, self.request.name, target, calls, dry_run=dry_run, made_at=made_at)
        return report.about(self.source, self.columns, settings.profile if settings is not None else "")

    def settled(self) -> SourceFile:
        """Return the file with each date that only other rows made clear written so that it is clear by itself."""
        return replace(self.source, tables=tuple(table.settled() for table in self.tables))

    def only(self, places: Collection[Place]) -> CheckedFile:
        """Return the file as if it had only the rows at these places; they were checked among all the others."""
        tables = tuple(table.only(places) for table in self.tables)
        source = replace(self.source, tables=tuple(table.source for table in tables))
        return replace(self, source=source, tables=tables)

    def of_tenant(self, tenant: str, directory: Directory) -> CheckedFile:
        """Return the file, with an error if the workbook is another tenant's (README, "Edit what is there")."""
        stamp = self.stamp
        if stamp is None or stamp.is_of(tenant, directory.settings()):
            return self
        made_from = f"this workbook was made from {stamp.tenant}"
        if stamp.tenant == tenant:
            why = f"{made_from}, and none of the statuses and categories of then is there now: it is another tenant"
        else:
            why = f"{made_from}, and {tenant} is another tenant"
        advice = "Make it again from the tenant that you mean, or name the other one with --base-url or --profile"
        wrong = Problem("wrong-tenant", f"{why}. {advice}")
        return replace(self, source=replace(self.source, problems=(*self.source.problems, wrong)))

    @property
    def unusable(self) -> bool:
        """True if an error of the file as a whole keeps it from being imported."""
        problems = (*self.source.problems, *(problem for table in self.tables for problem in table.problems))
        return any(problem.severity is Severity.ERROR for problem in problems)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets that were read."""
        return tuple(table.sheet for table in self.source.tables if table.sheet is not None)


def read_source(request: FileRequest) -> SourceFile:
    """Read the file's tables; UsageError where an option can't be right."""
    mapped = {normalised(name): column for name, column in parsed_maps((*request.columns, *request.maps)).items()}
    options = ReadOptions(request.sheets, request.encoding, request.delimiter, request.defaults)
    source = read_file(
        request.name, request.content, options, lambda header: mapped.get(normalised(header)) or meaning(header)
    )
    if request.is_frame:
        source = replace(source, tables=tuple(_by_position(table) for table in source.tables))
    lock = lock_file_beside(request.path) if request.path else None
    if lock is None:
        return source
    message = (
        f'"{request.name}" is open in another program ("{lock.name}" lies beside it). '
        "Save it there first; changes that are not saved are not imported"
    )
    open_elsewhere = Problem("open-elsewhere", message, severity=Severity.WARNING)
    return replace(source, problems=(*source.problems, open_elsewhere))


def _by_position(table: Table) -> Table:
    """Return a frame's table with the position of each row, from 1, as its number."""
    records = tuple(record._replace(number=record.number - 1) for record in table.records)
    return replace(table, header_number=table.header_number - 1, records=records)


def check_file(request: FileRequest) -> CheckedFile:
    """Read and check the file; UsageError where an option can't be right."""
    source = read_source(request)
    _check_maps(parsed_maps(request.maps), source)
    return check_source(request, source)


def check_with(request: FileRequest, ui: Ui) -> CheckedFile:
    """Read and check the file, until the person agrees with the sheet and the columns."""
    file = check_file(request)
    while (other := ui.reads(file)) is not None:
        file = check_file(other)
    return file


def check_source(request: FileRequest, source: SourceFile) -> CheckedFile:
    """Check tables that were read from the request's file."""
    if any(problem.severity is Severity.ERROR for problem in source.problems):
        return CheckedFile(request, source)
    stamp = read_stamp(source.stamp)
    order = Order(request.date_order) if request.date_order else None
    is_default = "date_order" in request.defaults
    rules = RowRules(
        parsed_maps((*request.columns, *request.maps)),
        None if is_default else order,
        _zone(request, stamp),
        default_order=order if is_default else None,
        today=SystemClock().wall().date(),
    )
    stamped = stamp is not None and stamp.results is not None
    results = [read_results(table, rules.maps, stamped=stamped) for table in source.tables]
    tables = check_tables([one.table for one in results], rules)
    tables = tuple(replace(table, source=own) for table, own in zip(tables, source.tables, strict=True))
    done = {place: row for one in results for place, row in one.done.items()}
    file = CheckedFile(request, source, tables, stamp, done, frozenset().union(*(one.updates for one in results)))
    return file if request.rows is None else file.only(frozenset(request.rows))


def _zone(request: FileRequest, stamp: Stamp | None) -> tzinfo:
    """Return the zone of times without one: that of the command line, else that of the export, else the profile's."""
    is_given = request.timezone and "timezone" not in request.defaults
    name = request.timezone if is_given or stamp is None or not stamp.zone else stamp.zone
    return ZoneInfo(name) if name else UTC


def parsed_maps(pairs: Iterable[tuple[str, str]]) -> dict[str, Column]:
    """Return the columns that the user's own headers mean; UsageError for a column that there is none of."""
    maps = {}
    for header, name in pairs:
        column = by_header(name) or by_alias(name)
        if column is None:
            raise UsageError(
                f'--map: there is no column "{name}": the columns are {", ".join(c.header for c in COLUMNS)}'
            )
        maps[header] = column
    return maps


def _check_maps(maps: Mapping[str, Column], source: SourceFile) -> None:
    found = {normalised(header) for table in source.tables for header in table.headers}
    for header in maps:
        if source.tables and normalised(header) not in found:
            raise UsageError(f'--map: the file has no column "{header}"')


def accounts_in(path: Path) -> tuple[str, ...]:
    """Return the accounts in a file: its Account ID column, or one a line. Raises UsageError for none."""
    request = FileRequest.read(path)
    file, content = check_file(request), request.content
    tables = [table for table in file.tables if table.headers.has(ACCOUNT_ID)]
    if tables:
        _refuse_bad_ids(path, tables)
        found = [row.value(ACCOUNT_ID) or row.value(ACCOUNT) for table in tables for row in table.rows]
    elif content[:2] == b"PK":
        found = []
    else:
        found = [line.strip() for line in content.decode("utf-8-sig", "replace").splitlines()]
        if found and is_known(re.split(r"[,;\t|]", found[0])[0]):
            found = []  # a header with nothing below it, or other columns
    ids = tuple(dict.fromkeys(one for one in found if one))
    if not ids:
        raise UsageError(f"{path} holds no account: give it an Account ID column, or one id a line")
    return ids


def _refuse_bad_ids(path: Path, tables: Iterable[CheckedTable]) -> None:
    for row in (row for table in tables for row in table.rows):
        given = row.given(ACCOUNT_ID)
        if given is not None and given.faulty:
            raise UsageError(f"{path}, row {row.number}: {given.message}")
