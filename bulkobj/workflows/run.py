"""A plan becomes a run: its journal is begun, its steps are done, its report is written; a resumed run joins here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulkobj.core.errors import BulkobjError, InvalidFileError, StoppedError
from bulkobj.core.model import Result
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Moment, RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.planning.plan import Plan
from bulkobj.reports import report as reports
from bulkobj.reports.writer import Finished, Input, Outputs, default_path, write_what_can_be
from bulkobj.validation.names import Directory
from bulkobj.workflows.checked_file import FileRequest, check_file
from bulkobj.workflows.connection import Connection
from bulkobj.workflows.lookup import Reading
from bulkobj.workflows.ui import Ui


@dataclass(frozen=True, slots=True)
class NewRun:
    """A plan that was agreed to, or refused, with all that its journal keeps of it.

    ``key`` names what is imported where: no two runs of one key work at the same time. ``sheets`` are those that were
    read of a workbook; ``calls`` were sent to plan it.
    """

    kind: str
    request: FileRequest
    key: str
    plan: Plan
    reading: Reading
    calls: int
    outputs: Outputs
    max_errors: int | None = None
    refused: bool = False
    sheets: tuple[str, ...] = ()
    undoes: str | None = None


_log = logging.getLogger(__name__)

_PLANNED = (Result.WOULD_CREATE, Result.WOULD_UPDATE, Result.WOULD_DELETE)


def begin(new: NewRun, connection: Connection, store: RunStore) -> Journal:
    """Begin the run's journal: from here on it can be resumed."""
    now = connection.clock.wall()
    header = RunHeader(
        run=store.new_id(now, connection.random),
        kind=new.kind,
        created_at=now.isoformat(timespec="seconds"),
        file=new.request.name,
        file_hash=new.request.content_hash,
        target=connection.settings.target,
        target_key=connection.key,
        base_url="" if connection.settings.sandbox else connection.settings.base_url,
        options=_options(new),
        problems=new.plan.problems,
        calls=new.calls,
        profile=connection.settings.profile,
    )
    _log.info("run %s begins: %s of %s into %s", header.run, new.kind, header.file, header.target)
    plan = new.plan.results(dict.fromkeys(_PLANNED, Result.NOT_ATTEMPTED))
    lines = plan.without_steps().lines if new.refused else plan.lines
    live = {account: held for account, held in new.reading.live.items() if held is not None}
    seen = {account: [one.id for one in held] for account, held in live.items()}
    boot = connection.clock.boot
    read_at = {account: Moment(now, boot, seconds) for account, seconds in new.reading.read_at.items()}
    return Journal.create(store.folder, header, new.request.content, lines, seen, read_at)


def _options(new: NewRun) -> dict[str, Any]:
    return {
        "key": new.key,
        "sheets": new.sheets,
        "refused": new.refused,
        "said": new.request.said(),
        "reports": [str(path.absolute()) for path in new.outputs.reports],
        "failures": str(new.outputs.failures.absolute()) if new.outputs.failures else None,
        "max_errors": new.max_errors,
        "undoes": new.undoes,
    }


def carry_out(
    journal: Journal, connection: Connection, store: RunStore, ui: Ui, *, first: int | None = None
) -> Finished:
    """Do what the journal says is still to be done, and report; what stops it early is in what is returned."""
    with store.working(journal.header.run):
        return _carry_out(journal, connection, store, ui, first)


def _carry_out(journal: Journal, connection: Connection, store: RunStore, ui: Ui, first: int | None) -> Finished:
    def claimed() -> Mapping[str, Iterable[str]]:
        return store.made_in(journal.header.target_key, but=journal.header.run)

    ui.began(journal.header.run)
    duplicates, error = 0, None
    try:
        if first is not None and journal.has_work():
            duplicates += _run(journal, connection, claimed, ui, most=first)
            _ask_for_rest(journal, connection, ui)
        if journal.has_work():
            duplicates += _run(journal, connection, claimed, ui, most=None)
    except BulkobjError as stopped:
        error = stopped
    journal.finish(finished=error is None)
    undoes = journal.header.options["undoes"]
    _log.info("run %s %s", journal.header.run, "finished" if error is None else f"stopped: {error}")
    if journal.header.options["refused"]:
        error = InvalidFileError("the file is not valid: nothing was sent")
    report = reports.of_journal(journal.header, journal.entries())
    written, unwritten = write_what_can_be(report, input_of(journal), _outputs(journal.header), ui.tell)
    taken_back = journal.header.abandoned or journal.header.undone
    if undoes and error is None and report.exit_code == 0 and not taken_back:
        store.mark_undone(undoes)
    return Finished(report, written, error, duplicates, unwritten)


def _run(
    journal: Journal,
    connection: Connection,
    claimed: Callable[[], Mapping[str, Iterable[str]]],
    ui: Ui,
    *,
    most: int | None,
) -> int:
    """Do at most so many steps; how many duplicates turned up."""

    from bulkobj.execution.run_steps import Running  # noqa: PLC0415 - HTTP is slow to import, and a check needs none

    def progress(done: int, total: int) -> None:
        ui.progress("Sending", done, total)

    running = Running(journal, connection.settings, connection.clock, claimed, progress, most)
    try:
        connection.run(running)
    finally:
        journal.called(running.calls, running.skew)
    return running.duplicates


def _ask_for_rest(journal: Journal, connection: Connection, ui: Ui) -> None:
    """Read the first rows back and show them; raises StoppedError where the rest shall not be sent."""
    if not journal.has_work():
        return
    report = reports.of_journal(journal.header, journal.entries())
    accounts = {row.line.account_id: [row.line.row] for row in report.rows if row.attempts and row.line.account_id}
    reading = connection.live(accounts, Directory(), lambda _, __: None)
    journal.called(reading.calls, None)
    if not ui.agrees_to_rest(report, reading.live):
        journal.mark_declined(declined=True)
        raise StoppedError("stopped after the first rows, as you asked")


def _outputs(header: RunHeader) -> Outputs:
    """Where the run's reports go: where the user said, or beside the file."""
    said, failures = header.options["reports"], header.options["failures"]
    paths = [Path(path) for path in said] or [default_path(path_of(header), header.file, header.run)]
    return Outputs(tuple(paths), Path(failures) if failures else None)


def path_of(header: RunHeader) -> Path | None:
    """Where the file was that the run imported; None for standard input."""
    said: Mapping[str, Any] = header.options["said"]
    return Path(said["path"]) if said["path"] else None


def input_of(journal: Journal) -> Input:
    """The file that a run imported, read again as it was read then."""
    header = journal.header
    return input_again(FileRequest.again(header.file, journal.content(), header.options["said"]))


def input_again(request: FileRequest) -> Input:
    """A file that was imported before, read again as it was read then."""
    file = check_file(request)
    return Input(file.source, request.content, file.settled)
