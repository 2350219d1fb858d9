"""Carries out what a journal says is still to be done; a fresh run and a resumed one are the same to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock
from bulkobj.core.errors import StorageError
from bulkobj.core.model import Action
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.executor import Executor
from bulkobj.execution.jobs import Job
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import TO_DO, Entry, Outcome, State, grouped
from bulkobj.execution.step_runner import Performer
from bulkobj.execution.stop_rules import HaltingRules
from bulkobj.totango.client import Totango


@dataclass(slots=True)
class Running:
    """What is left to do of a run.

    ``claimed`` says which objectives other runs have made by now, by account; ``most`` is how many steps are done at
    the most. After it was called, ``calls`` is how many calls were sent, ``skew`` how far the service's clock is ahead,
    and ``duplicates`` how many objectives turned up that a lost create must have made after all.
    """

    journal: Journal
    settings: Settings
    clock: Clock
    claimed: Callable[[], Mapping[str, Iterable[str]]]
    progress: Callable[[int, int], None]
    most: int | None = None
    calls: int = 0
    skew: float | None = None
    duplicates: int = 0

    async def __call__(self, totango: Totango, stop: StopSignal) -> None:
        """Do the steps; raises the error that the run was stopped with."""
        jobs = [self._job(entry) for entry in self.journal.entries() if entry.state in TO_DO][: self.most]
        halting = HaltingRules(stop, self.journal.header.options.get("max_errors"))
        done = 0

        def observe(_: Job, outcome: Outcome) -> None:
            nonlocal done
            done += 1
            halting.saw(outcome)
            self.progress(done, len(jobs))

        performer = Performer(totango, self.journal, self.clock, stop, self.settings.settle, observe, self.claimed)
        executor = Executor(performer, self.clock, stop, self.settings.concurrency)
        executor.know(self.journal.seen(), grouped(self.journal.made()))
        executor.know({}, self.claimed())
        executor.recall(self._job(entry) for entry in self.journal.entries() if _is_nameless(entry))
        try:
            await executor.run(jobs)
            if not stop.asked:
                self.duplicates = await executor.audit()
        finally:
            self.calls, self.skew = totango.calls, totango.skew
        if stop.reason is not None:
            raise stop.reason

    def _job(self, entry: Entry) -> Job:
        if entry.line.step is None:
            raise StorageError(f"row {entry.line.row} of the journal is to be sent, and has nothing to send")
        lost = entry.state is not State.PLANNED
        return Job(
            entry.position,
            entry.line.step,
            State.LOST if lost else State.PLANNED,
            sends=1 if entry.state is State.LOST else 0,  # that we died says nothing against the service
            first_sent=_moment(entry.first_sent_at),
            lost_since=self.clock.now() - self._lost_for(entry) if lost else 0.0,
            http_status=entry.http_status,
            resumed=entry.first_sent_at is not None,
        )

    def _lost_for(self, entry: Entry) -> float:
        """For how many seconds the step has been lost; one found ``sent`` was so by its time-out."""
        if not entry.boot or entry.boot != self.clock.boot:
            return 0.0  # nobody knows how long the machine was off
        gone = self.clock.now() - entry.seconds - (self.settings.timeout if entry.state is State.SENT else 0.0)
        return min(max(gone, 0.0), self.settings.settle)


def _is_nameless(entry: Entry) -> bool:
    """Whether the step created something whose id is still to be found."""
    step = entry.line.step
    return (
        entry.state is State.DONE and step is not None and step.action is Action.CREATE and not entry.line.objective_id
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
