"""The same road for what was done: plan the reverse of a run, ask, carry it out, report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bulkobj.config.settings import Settings
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.model import Action, Field, Objective, Result
from bulkobj.core.timestamps import unspelled
from bulkobj.execution.journal.records import Entry, RunHeader, State
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.planning.comparison import changed_fields, holds, same
from bulkobj.planning.plan import Change, Line, Live, Plan, Step
from bulkobj.planning.question import Estimate, Question, Verb
from bulkobj.reports import report as reports
from bulkobj.reports.writer import Finished, Outputs, write_all
from bulkobj.totango.lookup import Reading
from bulkobj.validation.names import Directory
from bulkobj.workflows.checked_file import FileRequest
from bulkobj.workflows.connection import Connection, connected
from bulkobj.workflows.run import NewRun, back_to, begin, carry_out, check_tenant, input_again, path_of
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import READING, now

_DONE = frozenset({Result.CREATED, Result.UPDATED, Result.DELETED})


def undo(run: str, settings: Settings, outputs: Outputs, ui: Ui, *, dry: bool = False) -> Finished:
    """Plan the reverse of a run, ask, execute, report; ``dry`` stops after the plan."""
    store = RunStore(settings.state_dir)
    with closing(store.open(run, read_only=True)) as journal:
        header = journal.header
    outputs.check(path_of(header))
    settings, key = back_to(settings, header), f"undo|{header.run}"
    with (
        store.lock(header.options["key"]),
        store.lock(key),
        connected(settings, ui.waiting, ui.stoppable) as connection,
    ):
        check_tenant(connection, header)
        with closing(store.open(header.run, read_only=True)) as journal:
            header, entries, content = journal.header, tuple(journal.entries()), journal.content()
        _check_settled(header, entries)
        store.refuse_undoing_twice(header.run)
        request = FileRequest.again(header.file, content, header.options["said"])
        plan, reading = _undo_plan(header, entries, connection, ui)
        if dry or not plan.steps:
            report = reports.of_plan(plan, header.file, header.target, reading.calls, dry_run=dry, made_at=now())
            if not dry and not header.undone:
                _put_down(header, store, undone=report.exit_code == 0)
            return Finished(report, write_all(report, input_again(request), outputs, ui.tell))
        estimate = Estimate.of(plan.steps, reading.calls, settings.rate, settings.concurrency)
        question = Question(Verb.UNDO, header.file, settings.target, settings.profile, plan, estimate, header.run)
        if not ui.agrees(question):
            raise InterruptedRunError("nothing was sent: the answer was no")
        _put_down(header, store, undone=False)
        new = NewRun("undo", request, key, plan, reading, reading.calls, outputs, undoes=header.run)
        with closing(begin(new, connection, store)) as journal:
            return carry_out(journal, connection, store, ui)


def _put_down(header: RunHeader, store: RunStore, *, undone: bool) -> None:
    """Put down that the run sends nothing any more; and that all of it is taken back, where there was nothing left."""
    with closing(store.open(header.run)) as journal:
        journal.abandon()
    if header.options["undoes"]:
        store.mark_in_doubt(header.options["undoes"])
    if undone:
        store.mark_undone(header.run)


def _undo_plan(header: RunHeader, entries: Sequence[Entry], connection: Connection, ui: Ui) -> tuple[Plan, Reading]:
    """Return the plan and the accounts as they were read for it."""
    if header.undone:
        return undone_plan(entries), Reading()
    reading = connection.live(accounts_to_read(entries), Directory(), partial(ui.progress, READING))
    return undo_plan(entries, reading.live, header.skew), reading


def _check_settled(header: RunHeader, entries: Iterable[Entry]) -> None:
    """What may still have happened can't be taken back."""
    if header.options["refused"]:
        raise UsageError(f"run {header.run} was refused, and sent nothing: there is nothing to undo")
    if any(entry.state is State.SENT or (entry.state is State.LOST and not entry.finished_at) for entry in entries):
        raise UsageError(f"it is not known yet what became of every row of run {header.run}: `bulkobj resume` it first")


def accounts_to_read(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """Return the accounts that must be read to plan the undo, each with the numbers of its rows."""
    accounts: dict[str, list[int]] = {}
    for entry in entries:
        if entry.line.result in _DONE and entry.line.account_id:
            accounts.setdefault(entry.line.account_id, []).append(entry.line.row)
    return accounts


def undone_plan(entries: Iterable[Entry]) -> Plan:
    """The plan for a run that was undone already: there is nothing left to take back."""
    message = "undone already"
    return Plan(
        tuple(
            entry.line._replace(step=None, changes={}, problems=(), message=message, result=Result.UNCHANGED)
            for entry in entries
        )
    )


def undo_plan(entries: Iterable[Entry], live: Live, skew: float | None) -> Plan:
    """The plan that takes back what the entries say was done.

    ``skew`` is how far the service's clock was ahead of ours when the run was done, in seconds: objectives of a
    template run, whose ids nobody gave, are known by when they were made.
    """
    entries = tuple(entries)
    undoer = _Undoer(live, skew, {one for entry in entries for one in entry.line.objective_id.split(";")})
    return Plan(tuple(line for entry in entries for line in undoer.lines(entry)))


@dataclass(frozen=True, slots=True)
class _Undoer:
    live: Live
    skew: float | None
    claimed: set[str]
    recreated: set[str] = field(default_factory=set)

    def lines(self, entry: Entry) -> Iterator[Line]:
        line = entry.line._replace(step=None, changes={}, problems=(), message="", result=Result.UNCHANGED)
        if entry.line.result is Result.UNKNOWN:
            message = "it is not known whether this was done: look at the account, or `bulkobj resume` the run before"
            yield line._replace(result=Result.NOT_ATTEMPTED, message=message)
        elif entry.line.result not in _DONE or entry.line.step is None:
            yield line._replace(message="there is nothing to undo")
        elif entry.line.action is Action.UPDATE:
            yield self._restored(line, entry.line.step, entry.line.changes)
        elif entry.line.action is Action.DELETE:
            yield self._recreated(line, entry.line.step, entry.line.changes)
        elif entry.line.action is Action.RUN_TEMPLATE:
            yield from self._template_taken_back(line, entry)
        else:
            yield self._deleted(line, entry.line.step, entry.line.objective_id)

    def _on(self, account_id: str) -> dict[str, Objective]:
        return {one.id: one for one in self.live.get(account_id) or ()}

    def _deleted(self, line: Line, step: Step, objective_id: str) -> Line:
        line = line._replace(action=Action.DELETE, objective_id=objective_id)
        if not objective_id:
            message = "the service gave no id for it, so that it can't be undone: delete it by hand"
            return line._replace(result=Result.NOT_ATTEMPTED, message=message)
        held = self._on(step.account_id).get(objective_id)
        if held is None:
            return line._replace(message="it is gone already")
        if not holds(held, step.body):
            message = "it was changed since: delete it by hand if you mean to"
            return line._replace(result=Result.CONFLICT, message=message)
        undoing = Step(Action.DELETE, step.account_id, objective_id, before=held)
        return line._replace(result=Result.WOULD_DELETE, step=undoing)

    def _restored(self, line: Line, step: Step, done: Mapping[Field, Change]) -> Line:
        held = self._on(step.account_id).get(step.objective_id)
        if held is None or step.before is None:
            return line._replace(result=Result.CONFLICT, message="the objective is gone")
        after = changed_fields(step)
        before = {name: step.before.get(name) for name in after}
        if holds(held, before):
            return line._replace(message="it is as it was before")
        if not holds(held, after):
            names = ", ".join(name.value for name in after if not same(held.get(name), after[name]))
            return line._replace(result=Result.CONFLICT, message=f"changed since by someone else: {names}")
        body = {name: value for name, value in held.fields.items() if name is not Field.SUCCESS_PLAYS} | before
        undoing = Step(Action.UPDATE, step.account_id, step.objective_id, body=body, before=held)
        changes = {name: _back(done, name, (before[name], after[name])) for name in after}
        return line._replace(result=Result.WOULD_UPDATE, step=undoing, changes=changes)

    def _recreated(self, line: Line, step: Step, done: Mapping[Field, Change]) -> Line:
        line = line._replace(action=Action.CREATE)
        if step.before is None:
            message = "the row named no account, so that it was not known what was deleted"
            return line._replace(result=Result.NOT_ATTEMPTED, message=message)
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
        """One that is equal in every field, and that no other row of the run made or speaks of."""
        taken = self.recreated | self.claimed - {before.id}
        wanted = {name: before.get(name) for name in Field}
        open_to = (one for one in self._on(before.account_id).values() if one.id not in taken)
        return next((one.id for one in open_to if holds(one, wanted)), None)

    def _template_taken_back(self, line: Line, entry: Entry) -> Iterator[Line]:
        made = [one for one in entry.line.objective_id.split(";") if one]
        held = self._on(line.account_id)
        found = [held[one] for one in made if one in held] if made else self._made_by(entry, held.values())
        if not found and made:
            yield line._replace(action=Action.DELETE, message="it is gone already")
        elif not found:
            message = "what the template made was not found: delete it by hand"
            yield line._replace(action=Action.DELETE, result=Result.NOT_ATTEMPTED, message=message)
        for one in found:
            undoing = Step(Action.DELETE, line.account_id, one.id, before=one)
            title = str(one.get(Field.TITLE))
            yield line._replace(
                action=Action.DELETE, result=Result.WOULD_DELETE, step=undoing, objective_id=one.id, title=title
            )

    def _made_by(self, entry: Entry, held: Iterable[Objective]) -> list[Objective]:
        """Writes within an account never overlap, so what was made while the run of the template lasted is its own.

        The service's clock is known to within the second that its answers are dated by.
        """
        if self.skew is None or entry.sent_at is None or entry.finished_at is None:
            return []
        ahead = timedelta(seconds=self.skew)
        begin = datetime.fromisoformat(entry.sent_at) + ahead - timedelta(seconds=1)
        end = datetime.fromisoformat(entry.finished_at) + ahead + timedelta(seconds=1.5)
        return [one for one in held if one.id not in self.claimed and _made_between(one, begin, end)]


def _back(done: Mapping[Field, Change], name: Field, by_id: Change) -> Change:
    """A change the other way round, by the names that people saw where the run's report has them."""
    before, after = done.get(name, by_id)
    return after, before


def _made_between(objective: Objective, begin: datetime, end: datetime) -> bool:
    try:
        return begin <= unspelled(objective.created_at) <= end
    except ValueError:
        return False
