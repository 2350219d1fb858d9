"""`bulkobj expand`: the same goals on many accounts, as a plan to look through. Writes nothing to the service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bulkobj.config.settings import Settings
from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, COLUMNS, OBJECTIVE_ID, Column
from bulkobj.core.columns import Kind as ColumnKind
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Named
from bulkobj.spreadsheet.stamp import Stamp
from bulkobj.spreadsheet.table import Cell, SourceFile, Table, plain
from bulkobj.validation.headers import match_headers
from bulkobj.validation.names import Directory, Kind, aliases_of
from bulkobj.workflows.checked_file import CheckedFile, FileRequest, check_source, parsed_maps, read_source
from bulkobj.workflows.connection import connected
from bulkobj.workflows.export.accounts import AccountChoice, beyond_search, choose_accounts
from bulkobj.workflows.plans.periods import next_quarter, relative_date
from bulkobj.workflows.plans.plan_file import (
    Cells,
    PlanFile,
    cell_of,
    check_plan_target,
    is_invalid,
    made_at,
    problems_of,
    row_pairs,
    write_plan_file,
)
from bulkobj.workflows.ui import Ui

_PLACEHOLDER = re.compile(r"\{(account|account_id)\}")
_TEXTS = frozenset({ColumnKind.TEXT, ColumnKind.PERSON})
_KINDS = (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)


@dataclass(frozen=True, slots=True)
class Expansion:
    """Options of an expansion; ``start`` None is the first day of the next quarter."""

    accounts: AccountChoice
    start: date | None = None


def expand(request: FileRequest, how: Expansion, output: Path, settings: Settings, ui: Ui) -> PlanFile:
    """Write a plan that sets every goal on every account, account by account."""
    check_plan_target(output)
    how.accounts.check()
    source = read_source(request)
    with connected(settings, ui.waiting) as connection:
        today = connection.clock.wall().date()
        goals = _prepared(source, request, how.start or next_quarter(today))
        file = check_source(request, goals)
        chosen = connection.run(lambda totango, _: choose_accounts(totango, how.accounts))
        chosen.refuse_unknown()
        directory, _ = connection.names(_KINDS)
        now, tenant = connection.clock.wall(), connection.tenant
    report = problems_of(file.resolved(directory, aliases_of(settings.table)))
    if is_invalid(report):
        return PlanFile(None, 0, 0, report)
    rows = [cells for account in chosen.accounts for cells in _rows(file, account)]
    stamp = Stamp("template", tenant, made_at=made_at(now), settings=_names(directory))
    write_plan_file(output, rows, stamp)
    notes = (beyond_search(chosen.out_of_reach),) if chosen.out_of_reach else ()
    return PlanFile(output, len(rows), len(chosen.accounts), report, notes)


def _names(directory: Directory) -> dict[tuple[str, str], str]:
    templates = directory.things.get(Kind.TEMPLATE, ())
    return directory.settings() | {("template", one.id): directory.name(Kind.TEMPLATE, one.id) for one in templates}


def _prepared(source: SourceFile, request: FileRequest, start: date) -> SourceFile:
    """Return the goals as a plan for one account: relative dates put as dates, and an Account ID in each row.

    Raises:
        UsageError: the goals name accounts or objectives themselves.
    """
    maps = parsed_maps((*request.columns, *request.maps))
    tables = []
    for table in source.tables:
        columns = match_headers(table, maps).columns
        for index, column in columns.items():
            if column in {ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID} and any(r.cells[index] for r in table.records):
                header = table.headers[index]
                raise UsageError(f'the goals have a column "{header}". Remove it: the options name the accounts')
        kept = [index for index in range(len(table.headers)) if columns.get(index) not in {ACCOUNT_ID, ACCOUNT_NAME}]
        tables.append(_for_one_account(table, kept, columns, start))
    return replace(source, tables=tuple(tables))


def _for_one_account(table: Table, kept: list[int], columns: dict[int, Column], start: date) -> Table:
    records = []
    for record in table.records:
        cells = [_absolute(record.cells[index], columns.get(index), start) for index in kept]
        records.append(record._replace(cells=(*cells, "{account_id}")))
    headers = (*(table.headers[index] for index in kept), ACCOUNT_ID.header)
    return replace(table, headers=headers, records=tuple(records))


def _absolute(cell: Cell, column: Column | None, start: date) -> Cell:
    """Return the cell with a relative date as text such as ``2027-03-31``, which no order of day and month changes."""
    text = plain(cell)
    if column is None or column.kind is not ColumnKind.DATE or not isinstance(text, str):
        return cell
    day = relative_date(text, start)
    return cell if day is None else day.isoformat()


def _rows(file: CheckedFile, account: Named) -> Iterator[Cells]:
    """Yield the goals as rows for the account."""
    words = {"account": account.name or account.id, "account_id": account.id}
    for table, record, row in row_pairs(file.tables):
        cells: dict[str, Cell] = {}
        for column in COLUMNS:
            cell = cell_of(table, record, row, column, file.request.timezone)
            if column.kind in _TEXTS and isinstance(cell, str):
                # One pass: an account whose name is "{account_id}" stays what it is.
                cell = _PLACEHOLDER.sub(lambda found: words[found[1]], cell)
            cells[column.header] = cell
        yield cells | {ACCOUNT_ID.header: account.id, ACCOUNT_NAME.header: account.name or None}
