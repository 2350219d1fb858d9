"""Undo a run: plan its reverse, ask, execute, report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from bulkobj.config.settings import Settings
from bulkobj.core.columns import OF_FIELD
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.model import Action, Field, Objective, Result
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Entry, RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.planning.comparison import changed_fields, holds
from bulkobj.planning.plan import Change, Line, Live, Plan, Step
from bulkobj.planning.question import Estimate, Question, Verb
from bulkobj.reports import report as reports
from bulkobj.reports.writer import Finished, Outputs, write_all
from bulkobj.validation.names import Directory
from bulkobj.workflows.checked_file import FileRequest
from bulkobj.workflows.connection import Reading, connected
from bulkobj.workflows.run import NewRun, back_to, begin, carry_out, check_tenant, input_again, path_of
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import READING, now

_DONE = frozenset({Result.CREATED, Result.UPDATED, Result.DELETED})
#: Results of rows that are left to a person.
_LEFT = frozenset({Result.NOT_ATTEMPTED, Result.CONFLICT})


def undo(run: str, settings: Settings, outputs: Outputs, ui: Ui, *, dry: bool = False) -> Finished:
    """Plan the reverse of a run, ask, execute, report; ``dry`` stops after the plan."""
    store = RunStore(settings.state_dir)
    with closing(store.open(run, read_only=True)) as journal:
        header = journal.header
    outputs.check(path_of(header))
    settings, key = back_to(settings, header), f"undo|{header.run}"
    if store.is_at_work(header.run):
        raise UsageError(f"run {header.run} is still at work. Wait until it finishes")
    with (
        store.lock(header.options["key"]),
        store.lock(key),
        connected(settings, ui.waiting, ui.stoppable) as connection,
    ):
        check_tenant(connection, header)
        with closing(store.open(header.run, read_only=True)) as journal:
            header, entries, content = journal.header, tuple(journal.entries()), journal.content()
            _check_settled(journal, entries)
        store.refuse_undoing_twice(header.run)
        request = FileRequest.again(header.file, content, header.options["said"])
        if header.undone:
            plan, reading = undone_plan(entries), Reading()
        else:
            reading = connection.live(accounts_to_read(entries), Directory(), partial(ui.progress, READING))
            plan = undo_plan(entries, reading.live)
        if dry or not plan.steps:
            report = reports.of_plan(plan, header.file, header.target, reading.calls, dry_run=dry, made_at=now())
            of = input_again(request)
            report = report.about(of.source, of.columns, settings.profile)
            if not dry and not header.undone:
                _abandon(header, store, undone=report.exit_code == 0)
            finished = Finished(report, write_all(report, of, outputs, ui.tell))
        else:
            estimate = Estimate.of(plan.steps, reading.slot_waits, settings.rate, settings.concurrency)
            question = Question(Verb.UNDO, header.file, settings.target, settings.profile, plan, estimate, header.run)
            if not ui.agrees(question):
                raise InterruptedRunError("nothing was sent: the answer was no")
            _abandon(header, store, undone=False)
            new = NewRun("undo", request, key, plan, reading, reading.calls, outputs, undoes=header.run)
            with closing(begin(new, connection, store)) as journal:
                finished = carry_out(journal, connection, store, ui)
        for line in plan.lines:
            if line.result in _LEFT:
                ui.tell(f"not undone: row {line.row}, account {line.account_id or '?'}: {line.message}")
        return finished


def _abandon(header: RunHeader, store: RunStore, *, undone: bool) -> None:
    """Record that the run sends nothing any more, and whether nothing of it was left to undo."""
    with closing(store.open(header.run)) as journal:
        journal.abandon()
    if header.undoes:
        store.mark_in_doubt(header.undoes)
    if undone:
        store.mark_undone(header.run)


def _check_settled(journal: Journal, entries: Iterable[Entry]) -> None:
    """Raise UsageError where a step may still take effect: it can't be undone."""
    run = journal.header.run
    if journal.header.refused:
        raise UsageError(f"run {run} was refused and sent nothing, so there is nothing to undo")
    if journal.is_older_than_its_run or any(entry.in_doubt for entry in entries):
        raise UsageError(f"the result of some rows of run {run} is not known yet. Run `bulkobj resume {run}` first")


def accounts_to_read(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """Return the accounts that must be read to plan the undo, each with the numbers of its rows."""
    accounts: dict[str, list[int]] = {}
    for entry in entries:
        if entry.line.result in _DONE and entry.line.account_id:
            accounts.setdefault(entry.line.account_id, []).append(entry.line.row)
    return accounts


def undone_plan(entries: Iterable[Entry]) -> Plan:
    """Return the plan for a run that is undone already: nothing is left to do."""
    lines = (entry.line._replace(step=None, changes={}, problems=(), message="undone already") for entry in entries)
    return Plan(tuple(line._replace(result=Result.UNCHANGED) for line in lines))


def undo_plan(entries: Iterable[Entry], live: Live) -> Plan:
    """Return the plan that undoes the done rows; ``live`` holds the accounts of :func:`accounts_to_read`."""
    entries = tuple(entries)
    undoer = _Undoer(live, {one for entry in entries for one in entry.objective_ids})
    return Plan(tuple(line for entry in entries for line in undoer.lines(entry)))


@dataclass(frozen=True, slots=True)
class _Undoer:
    live: Live
    claimed: set[str]
    recreated: set[str] = field(default_factory=set)

    def lines(self, entry: Entry) -> Iterator[Line]:
        line = entry.line._replace(step=None, changes={}, problems=(), message="", result=Result.UNCHANGED)
        step = entry.line.step
        if entry.line.result is Result.UNKNOWN:
            yield _left(line, "unknown whether this was done", entry.doubtful)
        elif entry.line.result not in _DONE or step is None:
            yield line._replace(message="nothing to undo")
        elif line.account_id and self.live.get(line.account_id) is None:
            yield _left(line, "Totango does not know this account, or the token may not see it", entry.objective_ids)
        elif step.action is Action.UPDATE:
            yield self._restored(line, step, entry.line.changes)
        elif step.action is Action.DELETE:
            yield self._recreated(line, step, entry.line.changes)
        else:
            yield from self._deleted(line._replace(action=Action.DELETE), entry)

    def _on(self, account_id: str) -> dict[str, Objective]:
        return {one.id: one for one in self.live.get(account_id) or ()}

    def _deleted(self, line: Line, entry: Entry) -> Iterator[Line]:
        """Delete what a positive answer stands for; what may be a colleague's is left to a person."""
        held, made = self._on(line.account_id), {one.id: one for one in entry.made}
        for one in entry.objective_ids:
            if one not in entry.doubtful:
                objective = line._replace(objective_id=one)
                if one not in held:
                    yield objective._replace(message="it is gone already")
                elif not _is_as_made(held[one], entry.line.step, made.get(one)):
                    message = f"changed since the import, so not deleted: {one}. Delete it in Totango if needed"
                    yield objective._replace(result=Result.CONFLICT, message=message)
                else:
                    title = str(held[one].get(Field.TITLE))
                    step = Step(Action.DELETE, line.account_id, one, before=held[one])
                    yield objective._replace(result=Result.WOULD_DELETE, step=step, title=title)
        there = [one for one in entry.doubtful if one in held]
        if there:
            yield _left(line, "may be a colleague's, as the answer was lost or had no id", there)
        elif not entry.objective_ids:
            yield _left(line, "the service gave no id for it", ())
        elif entry.doubtful and set(entry.objective_ids) <= set(entry.doubtful):
            yield line._replace(message="it is gone already")

    def _restored(self, line: Line, step: Step, done: Mapping[Field, Change]) -> Line:
        held = self._on(step.account_id).get(step.objective_id)
        if held is None or step.before is None:
            return line._replace(result=Result.CONFLICT, message=f"the objective is gone: {step.objective_id}")
        after = changed_fields(step)
        before = {name: step.before.get(name) for name in after}
        if holds(held, before):
            return line._replace(message="it is as it was before")
        if not holds(held, after):
            names = ", ".join(OF_FIELD[name].header for name in after if not holds(held, {name: after[name]}))
            message = f"changed since by someone else ({names}), so not restored: {held.id}. Check it in Totango"
            return line._replace(result=Result.CONFLICT, message=message)
        body = {name: value for name, value in held.fields.items() if name is not Field.SUCCESS_PLAYS} | before
        undoing = Step(Action.UPDATE, step.account_id, step.objective_id, body=body, before=held)
        changes = {name: _back(done, name, (before[name], after[name])) for name in after}
        return line._replace(result=Result.WOULD_UPDATE, step=undoing, changes=changes)

    def _recreated(self, line: Line, step: Step, done: Mapping[Field, Change]) -> Line:
        line = line._replace(action=Action.CREATE)
        if step.before is None:
            return _left(line, "the row named no account, so its values are not known", [step.objective_id])
        found = self._equal(step.before)
        if found is not None:
            self.recreated.add(found)
            return line._replace(message="it is there again", objective_id=found)
        changes = {name: _back(done, name, (value, None)) for name, value in step.before.fields.items()}
        undoing = Step(Action.CREATE, step.account_id, body=dict(step.before.fields))
        message = f"it gets a new id in place of {step.objective_id}"
        return line._replace(
            result=Result.WOULD_CREATE, step=undoing, changes=changes, message=message, objective_id=""
        )

    def _equal(self, before: Objective) -> str | None:
        """Return one that is equal in every field, and that no other row of the run made or names."""
        taken = self.recreated | self.claimed - {before.id}
        wanted = {name: before.get(name) for name in Field}
        open_to = (one for one in self._on(before.account_id).values() if one.id not in taken)
        return next((one.id for one in open_to if holds(one, wanted)), None)


def _left(line: Line, why: str, ids: Iterable[str]) -> Line:
    """Return the line of a row that is left to a person; its message names the objectives."""
    named = f": {', '.join(ids)}" if ids else ""
    return line._replace(result=Result.NOT_ATTEMPTED, message=f"{why}{named}. Check the account in Totango")


def _is_as_made(held: Objective, step: Step | None, made: Objective | None) -> bool:
    """Return whether nobody has changed the objective since; a template's is compared with what was read then."""
    if made is not None:
        return holds(held, {name: made.get(name) for name in Field})
    if step is None or step.action is Action.RUN_TEMPLATE:
        return step is not None
    never_a_default = {name: name.empty for name in (Field.DESCRIPTION, Field.SUCCESS_PLAYS)}
    return holds(held, never_a_default | dict(step.body))


def _back(done: Mapping[Field, Change], name: Field, by_id: Change) -> Change:
    """Return a change the other way round, by the names that people saw where the run's report has them."""
    before, after = done.get(name, by_id)
    return after, before
