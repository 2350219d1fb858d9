"""Import a file: load, check, resolve, plan, ask, run, report.

A dry run stops after the plan, and a retry takes some rows of an earlier run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bulkobj.config.settings import Settings
from bulkobj.core.columns import ACCOUNT_ID, OBJECTIVE_ID, OWNER, TEMPLATE, TITLE
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Action, Result
from bulkobj.execution.journal.records import RunHeader, Tenant
from bulkobj.execution.journal.run_store import RunStore, row_key
from bulkobj.planning.existing import Existing
from bulkobj.planning.plan import Plan, accounts_to_read
from bulkobj.planning.planner import Known, make_plan
from bulkobj.planning.problems import too_many_deletes
from bulkobj.planning.question import Estimate, Question, Verb
from bulkobj.reports import report as reports
from bulkobj.reports.writer import Finished, Outputs, write_all
from bulkobj.validation.names import Kind
from bulkobj.validation.rows import Place
from bulkobj.workflows.checked_file import CheckedFile, FileRequest, check_file, check_with
from bulkobj.workflows.connection import Connection, Reading, connected
from bulkobj.workflows.plans.saved_plan import SavedPlan, check_save_target, save_plan
from bulkobj.workflows.run import NewRun, back_to, check_tenant, execute, path_of, refuse_unfinished, tenant_of
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import READING, named, now, refusing, unattempted, unreadable


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of ``import`` alone (README, "On the command line").

    ``keep_refused`` False: a file with errors leaves no run behind, as the errors are shown elsewhere.
    """

    skip_invalid: bool = False
    again: bool = False
    max_errors: int | None = None
    first: int | None = None
    existing: Existing = Existing.REFUSE
    allow_deletes: int = 0
    keep_refused: bool = True


@dataclass(frozen=True, slots=True)
class Planned:
    """A file with its plan, the accounts as they were read for it, and the calls that all this took.

    ``unrecorded`` is the number of template rows of which no journal of this computer knows.
    """

    file: CheckedFile
    plan: Plan
    calls: int
    reading: Reading = field(default_factory=Reading)
    tenant: Tenant = field(default_factory=Tenant)
    unrecorded: int = 0

    def refused(self, choices: Choices) -> bool:
        """Return whether errors keep the plan from being carried out."""
        return self.plan.refused or (self.plan.faulty and not choices.skip_invalid)

    def question(self, verb: Verb, settings: Settings, *, run: str | None = None) -> Question:
        """Return the question to ask before the plan is carried out."""
        estimate = Estimate.of(self.plan.steps, self.reading.slot_waits, settings.rate, settings.concurrency)
        name = self.file.request.name
        return Question(
            verb, name, settings.target, settings.profile, self.plan, estimate, run=run, unrecorded=self.unrecorded
        )


def import_file(request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui) -> Finished:
    """Check, plan, ask, execute, report."""
    outputs.check(request.path)
    file = check_with(request, ui)
    outputs.check_texts(file.source)
    if not file.tables:
        return unreadable(file, settings, outputs, ui, dry_run=False)
    store = RunStore(settings.state_dir)
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        key = f"{connection.key}|{request.content_hash}"
        with store.lock(key):
            planned = plan_file(file, connection, store, choices, ui)
            if planned.refused(choices) and not choices.keep_refused:
                return _planned_report(planned, settings, outputs, choices, ui)
            new = new_run("import", planned, key, outputs, choices)
            question = planned.question(Verb.IMPORT, settings)
            return execute(new, question, connection, store, ui, first=choices.first)


def dry_run(  # noqa: PLR0913 - as import_file, and where the plan is saved
    request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui, *, save_to: Path | None = None
) -> Finished:
    """Plan an import, then stop; a plan without errors can be saved for `bulkobj apply`."""
    outputs.check(request.path)
    if save_to is not None:
        check_save_target(save_to, request.path)
        choices = replace(choices, skip_invalid=False)
    file = check_with(request, ui)
    if not file.tables:
        return unreadable(file, settings, outputs, ui, dry_run=True)
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        planned = plan_file(file, connection, RunStore(settings.state_dir), choices, ui)
        target_key = connection.tenant
    if save_to is None or planned.refused(choices):
        return _planned_report(planned, settings, outputs, choices, ui)
    fingerprint = save_plan(_saved(planned, target_key, settings, choices), save_to)
    ui.tell(f"written: {save_to} (plan {fingerprint})")
    return _planned_report(planned, settings, outputs, choices, ui, fingerprint=fingerprint)


def _saved(planned: Planned, target_key: str, settings: Settings, choices: Choices) -> SavedPlan:
    request = planned.file.request
    return SavedPlan(
        file=request.name,
        content=request.content,
        read_as=request.said() | {"path": None},
        target=settings.target,
        target_key=target_key,
        tenant=planned.tenant,
        existing=choices.existing,
        made_at=now().isoformat(timespec="seconds"),
        lines=planned.plan.lines,
        problems=planned.plan.problems,
        seen={account: [one.id for one in held or ()] for account, held in planned.reading.live.items()},
    )


def retry(  # noqa: PLR0913 - as import_file, and whether to stop after the plan
    run: str, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui, *, dry: bool = False
) -> Finished | None:
    """Import again the rows of a run that are not done; None where there are none.

    Raises UsageError for a run that is unfinished or undone, or that went to another tenant.
    """
    store = RunStore(settings.state_dir)
    with closing(store.open(run, read_only=True)) as journal:
        header, entries, content = journal.header, tuple(journal.entries()), journal.content()
    outputs.check(path_of(header))
    _check_retried(header)
    report = reports.of_journal(header, entries)
    invalid = {(row.line.sheet, row.line.row) for row in report.rows if row.result is Result.INVALID}
    places = reports.not_done(report) - invalid
    if not places:
        return None
    request = replace(
        FileRequest.again(header.file, content, header.options["said"]), rows=tuple(sorted(places, key=str))
    )
    file, settings = check_file(request), back_to(settings, header)
    others = [entry for entry in entries if (entry.line.sheet, entry.line.row) not in places]
    made = frozenset(one for entry in others for one in entry.objective_ids)
    choices = replace(choices, existing=Existing(header.existing), skip_invalid=True)
    key = f"retry|{header.run}"
    with store.lock(key), connected(settings, ui.waiting, ui.stoppable) as connection:
        check_tenant(connection, header)
        planned = plan_file(file, connection, store, choices, ui, retried=header.run, not_counted=made)
        if dry:
            return _planned_report(planned, settings, outputs, choices, ui)
        new = new_run("retry", planned, key, outputs, choices)
        question = planned.question(Verb.RETRY, settings, run=header.run)
        return execute(new, question, connection, store, ui, first=choices.first)


def _check_retried(header: RunHeader) -> None:
    if header.undoes:
        raise UsageError(f"run {header.run} is an undo. Run `bulkobj undo {header.undoes}` to undo what is left")
    if header.undone or header.abandoned:
        raise UsageError(f"run {header.run} was undone. Run `bulkobj import` with its file to import it again")
    if not header.finished:
        raise UsageError(f"run {header.run} is unfinished. Run `bulkobj resume {header.run}` first")


def new_run(kind: str, planned: Planned, key: str, outputs: Outputs, choices: Choices) -> NewRun:
    """Return the run that carries out the plan of a file."""
    return NewRun(
        kind,
        planned.file.request,
        key,
        planned.plan,
        planned.reading,
        planned.calls,
        outputs,
        choices.max_errors,
        planned.refused(choices),
        planned.file.sheets,
        tenant=planned.tenant,
        existing=choices.existing,
    )


def plan_file(  # noqa: PLR0913 - a retry says what it retries
    file: CheckedFile,
    connection: Connection,
    store: RunStore,
    choices: Choices,
    ui: Ui,
    *,
    retried: str | None = None,
    not_counted: frozenset[str] = frozenset(),
) -> Planned:
    """Resolve the file's names, read its accounts, and plan it.

    ``retried`` is a run whose template runs, and ``not_counted`` are objectives, that belong to other rows. Raises
    UsageError for rows of an unfinished run, and StoppedError for an account that can't be read.
    """
    file, directory, calls = named(file, connection, ui, always=() if file.unusable else (Kind.STATUS, Kind.CATEGORY))
    tenant = tenant_of(directory)
    if file.unusable:
        return Planned(file, unattempted(file.checked()), calls, tenant=tenant)
    refuse_unfinished(_row_keys(file), connection, store, tenant)
    ran = _template_runs(file, connection, store, tenant, again=choices.again)
    runs = {key: [run for run in some if run != retried] for key, some in ran.items()}
    accounts = accounts_to_read(file.rows())
    owned = any(row.value(OWNER) for row in file.rows())
    progress = partial(ui.progress, READING)
    reading = connection.live(accounts, directory, progress, with_users=owned) if accounts else Reading()
    known = Known(
        choices.existing,
        reading.forbidden,
        {} if choices.again else runs,
        _done(file, connection, store, tenant),
        file.results_ids,
        not_counted,
        reading.owners(),
    )
    plan = file.plan(make_plan(file.tables, reading.live, directory, file.exported, known))
    unrecorded = sum(
        line.step is not None
        and line.step.action is Action.RUN_TEMPLATE
        and (line.step.account_id, line.step.template_id) not in ran
        for line in plan.lines
    )
    read = sum(len(objectives or ()) for objectives in reading.live.values())
    problem = too_many_deletes(plan, read, choices.allow_deletes, connection.settings.max_deletes)
    if problem is not None:
        plan = unattempted(replace(plan, problems=(*plan.problems, problem)))
    return Planned(file, plan, calls + reading.calls, reading, tenant, unrecorded)


def _row_keys(file: CheckedFile) -> dict[tuple[str, str, str], int]:
    """Return what tells each row of the file from others, with its number."""
    keys: dict[tuple[str, str, str], int] = {}
    for row in file.rows():
        names = (row.value(column) for column in (ACCOUNT_ID, OBJECTIVE_ID, TITLE, TEMPLATE))
        keys.setdefault(row_key(*names), row.number)
    return keys


def _template_runs(
    file: CheckedFile, connection: Connection, store: RunStore, tenant: Tenant, *, again: bool
) -> Mapping[tuple[str, str], list[str]]:
    """Return the runs of templates that the journals know; UsageError for an unreadable journal unless ``again``."""
    if not any(row.action is Action.RUN_TEMPLATE for row in file.rows()):
        return {}
    unreadable = store.unreadable()
    if unreadable and not again:
        raise UsageError(
            f"cannot read journal {unreadable[0]}, so it is not known which templates ran. Move it away or use --again"
        )
    return store.template_runs(connection.key, tenant)


def _done(file: CheckedFile, connection: Connection, store: RunStore, tenant: Tenant) -> dict[Place, str]:
    """Return the rows of a results file that need nothing more; a template whose run is undone runs again."""
    templates = any(done.template for done in file.done.values())
    undone = _undone_templates(connection, store, tenant) if templates else frozenset()
    return {
        place: done.message
        for place, done in file.done.items()
        if not done.template or undone.isdisjoint((done.objective_id, _digits(done.finished_at)))
    }


def _undone_templates(connection: Connection, store: RunStore, tenant: Tenant) -> frozenset[str]:
    """Return the objective ids, or else the times, of template runs that are undone."""
    undone: set[str] = set()
    for info in store.all():
        if info.header.undone and info.header.is_of(connection.key, tenant):
            with closing(store.open(info.header.run, read_only=True)) as journal:
                ran = [entry for entry in journal.entries() if entry.line.action is Action.RUN_TEMPLATE]
            undone |= {entry.line.objective_id or _digits(entry.finished_at or "") for entry in ran}
    return frozenset(undone - {""})


def _digits(time: str) -> str:
    """Return the year to the second of a time in UTC, however it is written."""
    return re.sub(r"\D", "", time)[:14]


def _planned_report(  # noqa: PLR0913 - a saved plan has a fingerprint
    planned: Planned, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui, *, fingerprint: str = ""
) -> Finished:
    report = planned.file.report(planned.plan, settings, planned.calls, dry_run=True)
    report = replace(report, fingerprint=fingerprint)
    finished = Finished(report, write_all(report, planned.file.input, outputs, ui.tell))
    return refusing(finished) if planned.refused(choices) else finished
