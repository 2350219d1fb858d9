"""The road from a file to a report, on one screen: read, check, look up, plan, ask, execute, report.

Each stage is a room of its own; here is only the order in which they are walked through. What a user is told or asked
on the way goes through the :class:`Ui`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bulkobj import report as reports
from bulkobj import undoing
from bulkobj.carrying import Finished, NewRun, begin, carry_out, input_of
from bulkobj.checking import CheckedFile, FileRequest, check_file, read_source
from bulkobj.clock import SystemClock
from bulkobj.collecting import collect
from bulkobj.connecting import Connection, connected
from bulkobj.errors import InvalidFileError, UsageError
from bulkobj.execution.records import Entry, RunHeader, State
from bulkobj.execution.runs import RunStore
from bulkobj.exporting import Export, Filters, Layout, check_output, write_export
from bulkobj.lookup import read_directory, read_live
from bulkobj.model import Result
from bulkobj.names import Directory, Kind, aliases_of, suggestions, with_words
from bulkobj.plan import Live, Plan, accounts_to_read
from bulkobj.planning import make_plan
from bulkobj.profiles import remember_aliases
from bulkobj.report import Report
from bulkobj.reporting import Input, Outputs, check_target, write_all, write_report
from bulkobj.settings import Settings
from bulkobj.spreadsheet.saving import save
from bulkobj.stamps import Stamp, stamp_rows
from bulkobj.ui import Estimate, Ui

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user said of how an import shall go (contract, "``import`` alone")."""

    skip_invalid: bool = False
    again: bool = False
    max_errors: int | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    file: CheckedFile
    plan: Plan
    live: Live
    calls: int


def validate(request: FileRequest, settings: Settings | None, outputs: Outputs, ui: Ui) -> Finished:
    """Check a file and resolve its names; without settings, no call is made and names stay unresolved."""
    outputs.check()
    file, calls, target = check_file(request), 0, "none (offline)"
    if settings is not None:
        target = settings.target
        if not file.unusable and file.wanted():
            with connected(settings, ui.waiting) as connection:
                file, _, calls = _named(file, connection, ui)
    report = reports.of_plan(file.checked(), request.name, target, calls, dry_run=False, made_at=_now())
    return _refusing(_written(report, file, outputs, ui))


def dry_run(request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui) -> Finished:
    """Plan an import, then stop."""
    outputs.check()
    file = check_file(request)
    if file.unusable:
        return _unusable(file, settings, outputs, ui)
    with connected(settings, ui.waiting) as connection:
        planned = _plan(file, connection, ui)
    report = reports.of_plan(planned.plan, request.name, settings.target, planned.calls, dry_run=True, made_at=_now())
    finished = _written(report, planned.file, outputs, ui)
    return finished if choices.skip_invalid and not planned.plan.refused else _refusing(finished)


def import_file(request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui) -> Finished:
    """Check, plan, ask, execute, report."""
    outputs.check()
    file = check_file(request)
    if file.unusable:
        return _unusable(file, settings, outputs, ui)
    store = RunStore(settings.state_dir)
    with connected(settings, ui.waiting) as connection:
        key = "|".join((connection.key, request.content_hash, *file.sheets))
        with store.lock(key):
            store.refuse_again(key, again=choices.again)
            planned = _plan(file, connection, ui)
            refused = planned.plan.refused or (planned.plan.faulty and not choices.skip_invalid)
            if not refused and planned.plan.steps and not _agrees(planned, settings, ui):
                raise UsageError("nothing was sent")
            plan, live, calls = planned.plan, planned.live, planned.calls
            new = NewRun("import", request, key, plan, live, calls, outputs, choices.max_errors, refused)
            with closing(begin(new, connection, store)) as journal:
                return carry_out(journal, connection, store, ui, first=choices.first)


def resume(run: str | None, settings: Settings, ui: Ui) -> Finished | None:
    """Finish an interrupted run, the newest one where none is named; None where there is nothing to resume."""
    store = RunStore(settings.state_dir)
    found = run or store.to_resume()
    if found is None:
        return None
    with closing(store.open(found, read_only=True)) as journal:
        header = journal.header
    settings = _back_to(settings, header)
    with store.lock(header.options["key"]), connected(settings, ui.waiting) as connection:
        _check_target(connection, header)
        with closing(store.open(header.run)) as journal:
            return carry_out(journal, connection, store, ui)


def undo(run: str, settings: Settings, outputs: Outputs, ui: Ui, *, dry: bool = False) -> Finished:
    """Plan the reverse of a run, ask, execute, report; ``dry`` stops after the plan."""
    outputs.check()
    store = RunStore(settings.state_dir)
    with closing(store.open(run, read_only=True)) as journal:
        header, entries, content = journal.header, tuple(journal.entries()), journal.content()
    _check_settled(header, entries)
    request = FileRequest.again(header.file, content, header.options["said"])
    settings, key = _back_to(settings, header), f"undo|{header.run}"
    with store.lock(header.options["key"]), store.lock(key), connected(settings, ui.waiting) as connection:
        _check_target(connection, header)
        plan, live, calls = _undo_plan(header, entries, connection, ui)
        if dry or not plan.steps:
            report = reports.of_plan(plan, header.file, header.target, calls, dry_run=dry, made_at=_now())
            return Finished(report, write_all(report, Input(read_source(request), content), outputs, ui.tell))
        if not ui.agrees(plan, Estimate.of(plan.steps, calls, settings.rate, settings.concurrency)):
            raise UsageError("nothing was sent")
        new = NewRun("undo", request, key, plan, live, calls, outputs, undoes=header.run)
        with closing(begin(new, connection, store)) as journal:
            finished = carry_out(journal, connection, store, ui)
    if finished.exit_code == 0:
        with closing(store.open(header.run)) as journal:
            journal.undo()
    return finished


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which objectives are exported, and where to; ``output`` None is standard output, as CSV."""

    output: Path | None
    accounts: tuple[str, ...] = ()
    everything: bool = False
    filters: Filters = field(default_factory=Filters)
    layout: Layout = Layout.ONE_SHEET


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, and what it could not read: messages by account, and accounts beyond search's reach."""

    written: tuple[Path, ...]
    objectives: int
    accounts: int
    failed: Mapping[str, str]
    out_of_reach: int

    @property
    def exit_code(self) -> int:
        """0 where all that was asked for was written, else 1."""
        return 1 if self.failed or self.out_of_reach else 0


def export(request: ExportRequest, settings: Settings, ui: Ui) -> Exported:
    """Read the accounts' objectives, and write those that are wanted; nothing is written where that is interrupted."""
    check_output(request.output, request.layout)
    if not request.accounts and not request.everything:
        raise UsageError("say which accounts: --account ID, --accounts-file PATH or --all")
    with connected(settings, ui.waiting) as connection:
        collected = connection.run(
            lambda totango, _: collect(
                totango,
                () if request.everything else request.accounts,
                request.filters,
                lambda done, total: ui.progress("Reading accounts", done, total),
            )
        )
        made_at = connection.clock.wall().isoformat(timespec="seconds")
        content = Export(collected.accounts, collected.directory, connection.tenant, made_at, request.layout)
    written = write_export(content, request.output)
    number = sum(len(account.objectives) for account in collected.accounts)
    return Exported(written, number, len(collected.accounts), collected.failed, collected.out_of_reach)


def import_template(output: Path, settings: Settings, ui: Ui) -> None:
    """Write an empty import workbook with the tenant's names in drop-down lists; a ``.csv`` has headers alone."""
    check_target(output, (".xlsx", ".csv"))
    from bulkobj.spreadsheet import blank  # noqa: PLC0415 - brings openpyxl, which only templates need

    if output.suffix.lower() == ".csv":
        save(output, blank.blank_csv())
        return
    kinds = (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)
    with connected(settings, ui.waiting) as connection:
        directory = connection.run(lambda totango, _: read_directory(totango, kinds))
        made_at = connection.clock.wall().isoformat(timespec="seconds")
        ids = frozenset(thing.id for kind in kinds[:2] for thing in directory.things[kind])
        stamp = Stamp("template", connection.tenant, made_at=made_at, settings=ids)
    names = {kind.value: [directory.name(kind, thing.id) for thing in directory.things[kind]] for kind in kinds}
    save(output, blank.blank_workbook(names, tuple(stamp_rows(stamp))))


def rewrite_report(run: str, path: Path, settings: Settings, ui: Ui) -> Finished:
    """Write a run's report again."""
    check_target(path)
    with closing(RunStore(settings.state_dir).open(run, read_only=True)) as journal:
        report = reports.of_journal(journal.header, journal.entries())
        write_report(report, input_of(journal), path, ui.tell)
        return Finished(report, (path,))


def _agrees(planned: _Planned, settings: Settings, ui: Ui) -> bool:
    return ui.agrees(planned.plan, Estimate.of(planned.plan.steps, planned.calls, settings.rate, settings.concurrency))


def _undo_plan(header: RunHeader, entries: Sequence[Entry], connection: Connection, ui: Ui) -> tuple[Plan, Live, int]:
    """The plan, what is live, and the calls that it took to read it."""
    if header.undone:
        return undoing.undone_plan(entries), {}, 0
    live, calls = connection.run(lambda totango, _: _read(undoing.accounts_to_read(entries), totango, ui))
    return undoing.undo_plan(entries, live, header.skew), live, calls


def _now() -> datetime:
    """When a check or a plan is made; nothing depends on it but what its report says."""
    return SystemClock().wall()


def _check_target(connection: Connection, header: RunHeader) -> None:
    if connection.key != header.target_key:
        raise UsageError(f"run {header.run} went to {header.target}, which this is not (it was emptied, or moved)")


def _check_settled(header: RunHeader, entries: Iterable[Entry]) -> None:
    """What may still have happened can't be taken back."""
    if header.options["refused"]:
        raise UsageError(f"run {header.run} was refused, and sent nothing: there is nothing to undo")
    if any(entry.state is State.SENT or (entry.state is State.LOST and not entry.finished_at) for entry in entries):
        raise UsageError(f"it is not known yet what became of every row of run {header.run}: `bulkobj resume` it first")


def _named(file: CheckedFile, connection: Connection, ui: Ui) -> tuple[CheckedFile, Directory, int]:
    """The file with ids in place of names, the names that were read, and the calls that it took."""
    kinds, calls, directory = file.wanted(), 0, Directory()
    if kinds:
        directory, calls = connection.run(lambda totango, _: _directory(kinds, totango))
    file = file.of_tenant(connection.tenant, directory)
    aliases = aliases_of(connection.settings.table)
    resolved = file.resolved(directory, aliases)
    accepted = [one for one in suggestions(resolved.tables, directory) if ui.accepts(one)]
    if not accepted:
        return resolved, directory, calls
    words = {kind: {one.name: one.meant for one in accepted if one.kind is kind} for kind in kinds}
    settings = connection.settings
    remember_aliases(settings.config_path, settings.profile, {k.value: named for k, named in words.items() if named})
    return file.resolved(directory, with_words(aliases, words)), directory, calls


async def _directory(kinds: Iterable[Kind], totango: Totango) -> tuple[Directory, int]:
    return await read_directory(totango, kinds), totango.calls


def _plan(file: CheckedFile, connection: Connection, ui: Ui) -> _Planned:
    file, directory, calls = _named(file, connection, ui)
    accounts = () if file.unusable else accounts_to_read(file.rows())
    if not accounts:
        plan = _unattempted(file) if file.unusable else file.plan(make_plan(file.tables, {}, directory))
        return _Planned(file, plan, {}, calls)
    live, more = connection.run(lambda totango, _: _read(accounts, totango, ui))
    bases = file.stamp.bases if file.stamp is not None else {}
    return _Planned(file, file.plan(make_plan(file.tables, live, directory, bases)), live, calls + more)


async def _read(accounts: Sequence[str], totango: Totango, ui: Ui) -> tuple[Live, int]:
    live = await read_live(totango, accounts, lambda done, total: ui.progress("Reading accounts", done, total))
    return live, totango.calls


def _back_to(settings: Settings, header: RunHeader) -> Settings:
    """The settings with the target of an earlier run; UsageError where the user names another one."""
    if settings.given_target and settings.target != header.target:
        raise UsageError(f"run {header.run} went to {header.target}, not to {settings.target}")
    return replace(settings, base_url=header.base_url or settings.base_url, sandbox=not header.base_url)


def _unattempted(file: CheckedFile) -> Plan:
    """What an import makes of a file that is of no use: its valid rows are not attempted."""
    return file.checked().results({Result.VALID: Result.NOT_ATTEMPTED})


def _unusable(file: CheckedFile, settings: Settings, outputs: Outputs, ui: Ui) -> Finished:
    plan = _unattempted(file)
    report = reports.of_plan(plan, file.request.name, settings.target, 0, dry_run=False, made_at=_now())
    return _refusing(_written(report, file, outputs, ui))


def _written(report: Report, file: CheckedFile, outputs: Outputs, ui: Ui) -> Finished:
    return Finished(report, write_all(report, Input(file.source, file.request.content), outputs, ui.tell))


def _refusing(finished: Finished) -> Finished:
    """Exit 3 where something is wrong with the file."""
    report = finished.report
    if report.refused or Result.INVALID in report.counts:
        return replace(finished, error=InvalidFileError("the file is not valid: nothing was sent"))
    return finished
