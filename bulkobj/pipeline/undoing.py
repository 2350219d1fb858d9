"""The same road for what was done: plan the reverse of a run, ask, carry it out, report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial

from bulkobj import report as reports
from bulkobj import undoing
from bulkobj.carrying import NewRun, begin, carry_out, input_again, path_of
from bulkobj.checking import FileRequest
from bulkobj.connecting import Connection, connected
from bulkobj.errors import UsageError
from bulkobj.execution.records import Entry, RunHeader, State
from bulkobj.execution.runs import RunStore
from bulkobj.pipeline.importing import back_to, check_service
from bulkobj.pipeline.planning import READING, now
from bulkobj.plan import Live, Plan
from bulkobj.reporting import Finished, Outputs, write_all
from bulkobj.settings import Settings
from bulkobj.ui import Estimate, Ui


def undo(run: str, settings: Settings, outputs: Outputs, ui: Ui, *, dry: bool = False) -> Finished:
    """Plan the reverse of a run, ask, execute, report; ``dry`` stops after the plan."""
    store = RunStore(settings.state_dir)
    with closing(store.open(run, read_only=True)) as journal:
        header = journal.header
    outputs.check(path_of(header))
    settings, key = back_to(settings, header), f"undo|{header.run}"
    with store.lock(header.options["key"]), store.lock(key), connected(settings, ui.waiting) as connection:
        check_service(connection, header)
        with closing(store.open(header.run, read_only=True)) as journal:
            header, entries, content = journal.header, tuple(journal.entries()), journal.content()
        _check_settled(header, entries)
        store.refuse_undoing_twice(header.run)
        request = FileRequest.again(header.file, content, header.options["said"])
        plan, live, calls = _undo_plan(header, entries, connection, ui)
        if dry or not plan.steps:
            report = reports.of_plan(plan, header.file, header.target, calls, dry_run=dry, made_at=now())
            if not dry and not header.undone:
                _put_down(header, store, undone=report.exit_code == 0)
            return Finished(report, write_all(report, input_again(request), outputs, ui.tell))
        if not ui.agrees(plan, Estimate.of(plan.steps, calls, settings.rate, settings.concurrency)):
            raise UsageError("nothing was sent")
        _put_down(header, store, undone=False)
        new = NewRun("undo", request, key, plan, live, calls, outputs, undoes=header.run)
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


def _undo_plan(header: RunHeader, entries: Sequence[Entry], connection: Connection, ui: Ui) -> tuple[Plan, Live, int]:
    """The plan, what is live, and the calls that it took to read it."""
    if header.undone:
        return undoing.undone_plan(entries), {}, 0
    live, calls = connection.live(undoing.accounts_to_read(entries), partial(ui.progress, READING))
    return undoing.undo_plan(entries, live, header.skew), live, calls


def _check_settled(header: RunHeader, entries: Iterable[Entry]) -> None:
    """What may still have happened can't be taken back."""
    if header.options["refused"]:
        raise UsageError(f"run {header.run} was refused, and sent nothing: there is nothing to undo")
    if any(entry.state is State.SENT or (entry.state is State.LOST and not entry.finished_at) for entry in entries):
        raise UsageError(f"it is not known yet what became of every row of run {header.run}: `bulkobj resume` it first")
