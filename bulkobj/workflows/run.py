"""Carry out a plan: begin its journal, do its steps, write its report; resume a run, or write its report again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bulkobj.config.settings import Settings
from bulkobj.core.errors import (
    BulkobjError,
    InterruptedRunError,
    InvalidFileError,
    JournalError,
    StoppedError,
    StorageError,
    UsageError,
)
from bulkobj.core.model import Result
from bulkobj.core.text import numbered
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Moment, RunHeader, Tenant
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.planning.existing import Existing
from bulkobj.planning.plan import Plan
from bulkobj.planning.question import Question
from bulkobj.reports import report as reports
from bulkobj.reports.report import Report
from bulkobj.reports.writer import Finished, Input, Outputs, default_path, write_all, write_what_can_be
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.checked_file import FileRequest, check_file
from bulkobj.workflows.connection import Connection, Reading, connected
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
    tenant: Tenant = field(default_factory=Tenant)
    existing: Existing = Existing.REFUSE


_log = logging.getLogger(__name__)

_PLANNED = (Result.WOULD_CREATE, Result.WOULD_UPDATE, Result.WOULD_DELETE)


def execute(  # noqa: PLR0913 - all that a run is made of
    new: NewRun, question: Question, connection: Connection, store: RunStore, ui: Ui, *, first: int | None = None
) -> Finished:
    """Ask, begin the run's journal, carry it out, report; InterruptedRunError where the answer is no."""
    if not new.refused and new.plan.steps and not ui.agrees(question):
        raise InterruptedRunError("nothing was sent: the answer was no")
    with closing(begin(new, connection, store)) as journal:
        return carry_out(journal, connection, store, ui, first=first)


def begin(new: NewRun, connection: Connection, store: RunStore) -> Journal:
    """Begin the run's journal; from here on it can be resumed."""
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
        tenant=new.tenant,
        existing=new.existing,
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
        "folder": str(new.outputs.folder.absolute()) if new.outputs.folder else None,
        "max_errors": new.max_errors,
        "undoes": new.undoes,
    }


def carry_out(  # noqa: PLR0913 - all that a run is made of
    journal: Journal,
    connection: Connection,
    store: RunStore,
    ui: Ui,
    *,
    first: int | None = None,
    outputs: Outputs | None = None,
) -> Finished:
    """Do what the journal says is still to be done, and report; an error that stops it is in what is returned.

    ``outputs`` replaces the files that were asked for when the run was begun.
    """
    with store.working(journal.header.run):
        return _carry_out(journal, connection, store, ui, first, outputs)


def _carry_out(  # noqa: PLR0913 - as carry_out
    journal: Journal, connection: Connection, store: RunStore, ui: Ui, first: int | None, outputs: Outputs | None
) -> Finished:
    ui.began(journal.header.run)
    duplicates, error = 0, None
    try:
        if first is not None and journal.has_work():
            duplicates += _run(journal, connection, store, ui, most=first)
            _ask_for_rest(journal, connection, ui)
        if journal.has_work():
            duplicates += _run(journal, connection, store, ui, most=None)
        journal.finish(finished=True)
    except BulkobjError as stopped:
        error = StoppedError(str(stopped)) if isinstance(stopped, StorageError) else stopped
        with suppress(StorageError):  # what can't be recorded any more is recorded by the next resume
            journal.finish(finished=False)
    undoes = journal.header.options["undoes"]
    _log.info("run %s %s", journal.header.run, "finished" if error is None else f"stopped: {error}")
    if journal.header.options["refused"]:
        error = InvalidFileError("the file is not valid: nothing was sent")
    report, of = report_of(journal)
    asked = _outputs(journal.header, report, outputs)
    written, unwritten = write_what_can_be(report, of, asked, ui.tell)
    taken_back = journal.header.abandoned or journal.header.undone
    if undoes and error is None and report.exit_code == 0 and not taken_back:
        store.mark_undone(undoes)
    return Finished(report, written, error, duplicates, unwritten, journal.header.kind)


def _run(
    journal: Journal,
    connection: Connection,
    store: RunStore,
    ui: Ui,
    *,
    most: int | None,
) -> int:
    """Do at most so many steps; return the number of duplicates that appeared."""
    from bulkobj.execution.run_steps import Running  # noqa: PLC0415 - HTTP is slow to import, and a check needs none

    def progress(done: int, total: int) -> None:
        ui.progress("Sending", done, total)

    running = Running(journal, connection.settings, connection.clock, store, progress, most)
    try:
        connection.run(running)
    finally:
        journal.called(running.calls)
    return running.duplicates


def _ask_for_rest(journal: Journal, connection: Connection, ui: Ui) -> None:
    """Read the first rows back and show them; InterruptedRunError where the rest shall not be sent."""
    if not journal.has_work():
        return
    report = reports.of_journal(journal.header, journal.entries())
    accounts = {row.line.account_id: [row.line.row] for row in report.rows if row.attempts and row.line.account_id}
    reading = connection.live(accounts, Directory(), lambda _, __: None)
    journal.called(reading.calls)
    if not ui.agrees_to_rest(report, reading.live):
        journal.mark_declined(declined=True)
        run = journal.header.run
        raise InterruptedRunError(f"stopped after the first rows. Run `bulkobj resume {run}` to send the rest")


def _outputs(header: RunHeader, report: Report, outputs: Outputs | None) -> Outputs:
    """Return the files to write: those that are asked for, else the results beside the file or in the folder for them.

    A run that changed nothing and refused nothing has no results. ``outputs`` are those of a resumed run.
    """
    failures, folder = header.options["failures"], header.options.get("folder")
    begun = Outputs(
        tuple(Path(path) for path in header.options["reports"]),
        Path(failures) if failures else None,
        Path(folder) if folder else None,
    )
    asked = outputs if outputs is not None and (outputs.reports or outputs.failures) else begun
    asked = replace(asked, folder=(outputs.folder if outputs is not None else None) or begun.folder)
    nothing_to_say = report.finished and set(report.counts) <= {Result.UNCHANGED} and not report.refused
    is_frame = header.options["said"].get("is_frame", False)  # whoever has the frame has the report, too
    if asked.reports or nothing_to_say or (is_frame and asked.folder is None):
        return asked
    source = path_of(header) if asked.folder is None else asked.folder / header.file
    return replace(asked, reports=(default_path(source, header.file, header.run),))


def path_of(header: RunHeader) -> Path | None:
    """Return the path of the file that the run imported; None for standard input."""
    said: Mapping[str, Any] = header.options["said"]
    return Path(said["path"]) if said["path"] else None


def report_of(journal: Journal) -> tuple[Report, Input]:
    """Return the report of a run as far as it has come, and the run's file, read as it was read then."""
    header = journal.header
    file = check_file(FileRequest.again(header.file, journal.content(), header.options["said"]))
    report = reports.of_journal(header, journal.entries())
    return report.about(file.source, file.columns, header.profile), file.input


def input_of(journal: Journal) -> Input:
    """Return the file that a run imported, read as it was read then."""
    return report_of(journal)[1]


def input_again(request: FileRequest) -> Input:
    """Return a file that was imported before, read as it was read then."""
    return check_file(request).input


def resume(run: str | None, settings: Settings, ui: Ui, outputs: Outputs | None = None) -> Finished | None:
    """Finish an interrupted run; None where there is nothing to resume.

    Without ``run``, the newest unfinished run of the profile that the command line names, else of all. Raises
    UsageError for another tenant or a profile that is gone, and StorageError for a journal that can't be read.
    """
    store = RunStore(settings.state_dir)
    found = run or store.to_resume(settings.options.profile)
    unreadable = (
        [] if run else [f"cannot read journal {path}. Copy it back from a backup" for path in store.unreadable()]
    )
    if found is None and unreadable:
        raise JournalError("; ".join(unreadable))
    for trouble in unreadable:
        ui.tell(trouble)
    if found is None:
        for declined in store.declined():
            ui.tell(
                f"run {declined} was stopped after its first rows. Run `bulkobj resume {declined}` to send the rest"
            )
        return None
    with closing(store.open(found, read_only=True)) as journal:
        header = journal.header
    if outputs is not None:
        outputs.check(path_of(header))
    settings = back_to(settings, header)
    with (
        store.lock(header.options["key"]),
        connected(settings, ui.waiting, ui.stoppable) as connection,
        closing(store.open(header.run)) as journal,
    ):
        if journal.has_work():
            check_tenant(connection, header)
        if journal.header.declined:  # it comes here by its name only
            journal.mark_declined(declined=False)
        return carry_out(journal, connection, store, ui, outputs=outputs)


def back_to(settings: Settings, header: RunHeader) -> Settings:
    """Return the settings with the target and the profile of an earlier run.

    A profile on the command line replaces the run's own. Raises UsageError where that is gone from the config file,
    or where the user names another target.
    """
    if header.profile and settings.options.profile is None and settings.profile != header.profile:
        settings = settings.with_profile(header.profile)
    if settings.given_target and settings.target != header.target:
        raise UsageError(f"run {header.run} went to {header.target}, not to {settings.target}")
    return replace(settings, base_url=header.base_url or settings.base_url, sandbox=not header.base_url)


def check_tenant(connection: Connection, header: RunHeader) -> None:
    """Raise UsageError where the connection is not to the tenant that the run went to; reads its settings."""
    if connection.key != header.target_key:
        raise UsageError(f"run {header.run} went to {header.target}, which this is not (it was emptied, or moved)")
    directory, _ = connection.names((Kind.STATUS, Kind.CATEGORY))
    if not header.is_of(connection.key, tenant_of(directory)):
        raise UsageError(
            f"run {header.run} went to another tenant of {header.target}. Use --profile to name the profile of that one"
        )


def refuse_unfinished(
    keys: Mapping[tuple[str, str, str], int], connection: Connection, store: RunStore, tenant: Tenant
) -> None:
    """Raise UsageError where rows belong to a run that is unfinished, or at work now; ``keys`` maps rows to numbers."""
    for info, held in store.unfinished_rows(connection.key, tenant):
        rows = sorted(number for key, number in keys.items() if key in held and any(key[2:]))
        if not rows:
            continue
        run, where = info.header.run, f"{'row' if len(rows) == 1 else 'rows'} {numbered(rows, 6)}"
        if info.at_work:
            raise UsageError(f"run {run} is still at work on {where} of this file. Wait until it finishes")
        raise UsageError(
            f"{where} of this file belong to run {run}, which is unfinished. "
            f"Run `bulkobj resume {run}` to finish it, or `bulkobj undo {run}`"
        )


def tenant_of(directory: Directory) -> Tenant:
    """Return the tenant's identity beside its host and port."""
    ids = {kind: tuple(thing.id for thing in directory.things.get(kind, ())) for kind in (Kind.STATUS, Kind.CATEGORY)}
    return Tenant(ids[Kind.STATUS], ids[Kind.CATEGORY])


def rewrite_report(
    run: str, path: Path | None, settings: Settings, ui: Ui, *, failures: Path | None = None
) -> Finished:
    """Write a run's report again, its failures, or both."""
    outputs = Outputs((path,) if path is not None else (), failures)
    with closing(RunStore(settings.state_dir).open(run, read_only=True)) as journal:
        outputs.check(path_of(journal.header))
        report, of = report_of(journal)
        return Finished(report, write_all(report, of, outputs, ui.tell))
