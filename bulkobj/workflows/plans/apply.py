"""`bulkobj apply`: execute a saved plan exactly as it was approved."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from bulkobj.config.settings import Settings
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Action
from bulkobj.execution.journal.records import Tenant
from bulkobj.execution.journal.run_store import RunStore, row_key
from bulkobj.planning.existing import Existing
from bulkobj.planning.plan import Plan
from bulkobj.planning.problems import too_many_deletes
from bulkobj.planning.question import Estimate, Question, Verb
from bulkobj.planning.saved_plan import apply_plan
from bulkobj.reports import report as reports
from bulkobj.reports.writer import Finished, Outputs, write_all
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.checked_file import check_file
from bulkobj.workflows.connection import Connection, Reading, connected
from bulkobj.workflows.plans.saved_plan import SavedPlan, load_plan
from bulkobj.workflows.run import NewRun, execute, refuse_unfinished, tenant_of
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import READING, now, refusing, unattempted


def apply(path: Path, settings: Settings, outputs: Outputs, ui: Ui, *, dry: bool = False) -> Finished:
    """Load the plan, check its tenant, read its accounts again, ask, execute, report; ``dry`` stops before that.

    Raises:
        UsageError: a plan that is damaged, changed, or of another tenant.
    """
    saved, fingerprint = load_plan(path)
    request = saved.request(path)
    outputs.check(path)
    store = RunStore(settings.state_dir)
    key = f"apply|{fingerprint}"
    with store.lock(key), connected(settings, ui.waiting, ui.stoppable) as connection:
        directory, calls = connection.names((Kind.STATUS, Kind.CATEGORY))
        tenant = tenant_of(directory)
        _check_tenant(saved, connection, tenant)
        refuse_unfinished(_row_keys(saved.plan), connection, store, tenant)
        reading = _read(saved.plan, connection, directory, ui)
        ran = _ran_before(saved, key, connection, store, tenant)
        plan = apply_plan(saved.plan, reading.live, saved.seen, ran)
        problem = too_many_deletes(plan, 0, len(plan.lines), settings.max_deletes)
        if problem is not None:
            plan = unattempted(replace(plan, problems=(*plan.problems, problem)))
        calls += reading.calls
        if dry:
            file, made_at = check_file(request), now()
            report = reports.of_plan(plan, saved.file, settings.target, calls, dry_run=True, made_at=made_at)
            report = replace(report, fingerprint=fingerprint).about(file.source, file.columns, settings.profile)
            written = write_all(report, file.input, outputs, ui.tell)
            return refusing(Finished(report, written))
        estimate = Estimate.of(plan.steps, reading.slot_waits, settings.rate, settings.concurrency)
        question = Question(Verb.APPLY, path.name, settings.target, settings.profile, plan, estimate)
        new = NewRun("apply", request, key, plan, reading, calls, outputs, refused=plan.refused, tenant=tenant)
        new = replace(new, existing=Existing(saved.existing))
        ui.tell(f"plan {path.name}, fingerprint {fingerprint}, made {saved.made_at}")
        return execute(new, question, connection, store, ui)


def _check_tenant(saved: SavedPlan, connection: Connection, tenant: Tenant) -> None:
    if saved.target_key != connection.tenant or not saved.tenant.may_be(tenant):
        raise UsageError(f"the plan is for another tenant ({saved.target}). Use --profile to name that one")


def _read(plan: Plan, connection: Connection, directory: Directory, ui: Ui) -> Reading:
    accounts: dict[str, list[int]] = {}
    for line in plan.lines:
        if line.step is not None and line.step.account_id:
            accounts.setdefault(line.step.account_id, []).append(line.row)
    return connection.live(accounts, directory, partial(ui.progress, READING)) if accounts else Reading()


def _row_keys(plan: Plan) -> dict[tuple[str, str, str], int]:
    steps = ((line, line.step) for line in plan.lines if line.step is not None)
    return {row_key(step.account_id, step.objective_id, line.title, step.template_id): line.row for line, step in steps}


def _ran_before(
    saved: SavedPlan, key: str, connection: Connection, store: RunStore, tenant: Tenant
) -> dict[tuple[str, str], list[str]]:
    """Return the runs of this very plan that ran its templates, at most one for each of its rows."""
    rows = Counter(
        (line.step.account_id, line.step.template_id)
        for line in saved.lines
        if line.step is not None and line.step.action is Action.RUN_TEMPLATE
    )
    if not rows:
        return {}
    ours = {info.header.run for info in store.all() if info.header.options.get("key") == key}
    known = store.template_runs(connection.key, tenant)
    return {place: [run for run in known.get(place, ()) if run in ours][: rows[place]] for place in rows}
