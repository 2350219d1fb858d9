"""The documented Python interface (README, "From Python").

A plan is a spreadsheet, named by its path, or a pandas frame with the spreadsheet's columns. The number of a frame's
row is its position, from 1. Problems are in the report. What ends a command without a report is raised as a
:class:`bulkobj.errors.BulkobjError` with its exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bulkobj.config.settings import Options, Settings, load_settings
from bulkobj.core.model import Action, Problem, Result, Severity
from bulkobj.planning.existing import Existing
from bulkobj.planning.question import Question
from bulkobj.reports.report import Report, ReportRow
from bulkobj.reports.writer import Finished, Outputs
from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.plain_tables import plain_csv
from bulkobj.validation.names import Kind
from bulkobj.workflows import import_file as _import
from bulkobj.workflows import run as _run
from bulkobj.workflows import undo as _undo
from bulkobj.workflows import validate as _validate
from bulkobj.workflows.checked_file import FileRequest
from bulkobj.workflows.connection import connected
from bulkobj.workflows.export import export as _export
from bulkobj.workflows.export.accounts import AccountChoice
from bulkobj.workflows.export.collect import collect
from bulkobj.workflows.export.content import HEADERS, Export, Filters, Layout
from bulkobj.workflows.export.export import Exported, ExportRequest
from bulkobj.workflows.import_file import Choices
from bulkobj.workflows.ui import Ui, Unattended
from bulkobj.workflows.validate import READING

__all__ = [
    "AccountChoice",
    "Action",
    "Choices",
    "Existing",
    "ExportRequest",
    "Exported",
    "FileRequest",
    "Filters",
    "Finished",
    "Layout",
    "Options",
    "Outputs",
    "Plan",
    "Problem",
    "Question",
    "Report",
    "ReportRow",
    "Result",
    "Settings",
    "Severity",
    "Ui",
    "Unattended",
    "dry_run",
    "export",
    "export_frame",
    "frame_request",
    "import_file",
    "import_template",
    "load_settings",
    "resume",
    "retry",
    "rewrite_report",
    "settings_frame",
    "undo",
    "validate",
]

#: What can be planned: a file's request, the path of a file, or a frame.
Plan = FileRequest | Path | str | pd.DataFrame

_NO_OUTPUTS, _NO_CHOICES, _UNATTENDED = Outputs(), Choices(), Unattended()
_KINDS = (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)


def validate(
    plan: Plan, settings: Settings | None = None, outputs: Outputs = _NO_OUTPUTS, ui: Ui = _UNATTENDED
) -> Finished:
    """Check a plan and resolve its names; without settings, no call is made and names stay unresolved."""
    return _validate.validate(_request(plan), settings, outputs, ui)


def dry_run(
    plan: Plan,
    settings: Settings,
    outputs: Outputs = _NO_OUTPUTS,
    choices: Choices = _NO_CHOICES,
    ui: Ui = _UNATTENDED,
) -> Finished:
    """Plan an import, then stop."""
    return _import.dry_run(_request(plan), settings, outputs, choices, ui)


def import_file(
    plan: Plan,
    settings: Settings,
    outputs: Outputs = _NO_OUTPUTS,
    choices: Choices = _NO_CHOICES,
    ui: Ui = _UNATTENDED,
) -> Finished:
    """Check, plan, ask, execute, report. Without outputs, the results of a file lie beside it; a frame has none."""
    return _import.import_file(_request(plan), settings, outputs, choices, ui)


def resume(run: str | None, settings: Settings, ui: Ui = _UNATTENDED) -> Finished | None:
    """Finish an interrupted run, the newest one if none is named; None if there is nothing to resume."""
    return _run.resume(run, settings, ui)


def retry(run: str, settings: Settings, outputs: Outputs = _NO_OUTPUTS, ui: Ui = _UNATTENDED) -> Finished | None:
    """Import again the rows of a run that are not done; None if there are none."""
    return _import.retry(run, settings, outputs, Choices(), ui)


def undo(
    run: str, settings: Settings, outputs: Outputs = _NO_OUTPUTS, ui: Ui = _UNATTENDED, *, dry: bool = False
) -> Finished:
    """Plan the reverse of a run and execute it; ``dry`` stops after the plan."""
    return _undo.undo(run, settings, outputs, ui, dry=dry)


def rewrite_report(run: str, path: Path, settings: Settings, ui: Ui = _UNATTENDED) -> Finished:
    """Write a run's report again."""
    return _run.rewrite_report(run, path, settings, ui)


def export(request: ExportRequest, settings: Settings, ui: Ui = _UNATTENDED) -> Exported:
    """Write the objectives of accounts to a spreadsheet."""
    return _export.export(request, settings, ui)


def import_template(output: Path, settings: Settings, ui: Ui = _UNATTENDED) -> None:
    """Write an empty import workbook with the tenant's names in drop-down lists."""
    _export.import_template(output, settings, ui)


def export_frame(
    settings: Settings,
    accounts: Sequence[str] = (),
    filters: Filters | None = None,
    ui: Ui = _UNATTENDED,
) -> pd.DataFrame:
    """Return the objectives of accounts (ids or names; none: all accounts) under the columns of an export.

    An edited frame can be imported: its Objective IDs make each row an update. Times are in UTC.
    """
    choice = AccountChoice(tuple(accounts), everything=not accounts)
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        progress = partial(ui.progress, READING)
        found = connection.run(lambda totango, _: collect(totango, choice, filters or Filters(), progress))
        now = connection.clock.wall()
        content = Export(found.accounts, found.directory, connection.tenant, now.isoformat(), now.date())
    rows = [[_with_zone(cell) for cell in row] for row in content.rows(content.accounts)]
    return pd.DataFrame(rows, columns=list(HEADERS), dtype=object)


def settings_frame(settings: Settings, ui: Ui = _UNATTENDED) -> pd.DataFrame:
    """Return the statuses, categories and objective templates of the tenant: ``kind``, ``name`` and ``id``."""
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        directory, _ = connection.names(_KINDS)
    rows = [(kind.value, thing.name, thing.id) for kind in _KINDS for thing in directory.things.get(kind, ())]
    return pd.DataFrame(rows, columns=["kind", "name", "id"])


def frame_request(frame: pd.DataFrame, name: str = "frame.csv", **options: Any) -> FileRequest:
    """Return the request for a frame; ``options`` are the fields of :class:`FileRequest`, such as ``maps``.

    None, NaN and NaT are blank cells. A whole number is read without a decimal point, because pandas turns a column of
    whole numbers with a gap into floats.
    """
    headers = [str(header) for header in frame.columns]
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return FileRequest(name, plain_csv(headers, rows), is_frame=True, delimiter=",", **options)


def _request(plan: Plan) -> FileRequest:
    if isinstance(plan, pd.DataFrame):
        return frame_request(plan)
    return plan if isinstance(plan, FileRequest) else FileRequest.read(Path(plan))


def _cell(value: object) -> Cell:
    """Return a frame's value as the cell of a CSV file."""
    if isinstance(value, list | tuple | set | frozenset):
        return ";".join(str(one) for one in value)
    if pd.isna(value):  # type: ignore[call-overload] # any scalar
        return None
    if isinstance(value, datetime):
        plain = value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
        return plain.date() if plain.time() == time() and plain.tzinfo is None else plain.isoformat()
    if isinstance(value, date | str | bool):
        return value
    number = getattr(value, "item", lambda: value)()  # numpy's numbers are none of Python's
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number if isinstance(number, int | float) else str(value)


def _with_zone(cell: Cell) -> Cell:
    return f"{cell.isoformat()}Z" if isinstance(cell, datetime) else cell
