"""Carries out what a journal still holds to be done; a fresh run and a resumed one join here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock
from bulkobj.core.errors import StorageError
from bulkobj.core.model import Action
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.account_locks import AccountLocks
from bulkobj.execution.executor import Executor
from bulkobj.execution.jobs import IN_DOUBT, Job
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import TO_DO, Entry, Outcome, State, grouped
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.execution.step_runner import StepRunner
from bulkobj.execution.stop_rules import StopRules
from bulkobj.totango.client import Totango


@dataclass(slots=True)
class Running:
    """The rest of a run: a function to be called with the service.

    Attributes:
        journal: the run's journal.
        settings: the settings of the command.
        clock: the machine's clock.
        store: the folder of all runs, which says what other runs have made.
        progress: called with the numbers of steps done, and of all.
        most: the number of steps to do at most.
        calls: the calls that were sent, afterwards.
        duplicates: the objectives that a lost create must have made after all, afterwards.
    """

    journal: Journal
    settings: Settings
    clock: Clock
    store: RunStore
    progress: Callable[[int, int], None]
    most: int | None = None
    calls: int = 0
    duplicates: int = 0

    async def __call__(self, totango: Totango, stop: StopSignal) -> None:
        """Do the steps; raises the error that the run was stopped with."""
        header = self.journal.header
        if self.journal.is_older_than_its_run:
            self.journal.distrust()
        entries = list(self.journal.entries())
        jobs = [self._job(entry) for entry in entries if entry.state in TO_DO][: self.most]
        rules = StopRules(stop, header.options.get("max_errors"))
        done = 0

        def observe(job: Job, outcome: Outcome) -> None:
            nonlocal done
            done += 1
            rules.saw(job.step.account_id, outcome)
            self.progress(done, len(jobs))

        folder = self.store.folder.parent / "locks"
        locks = AccountLocks(folder, header.target_key, header.run, self.store.is_at_work, self.clock)
        with closing(locks):
            runner = StepRunner(
                totango,
                self.journal,
                locks,
                self.clock,
                stop,
                settle=self.settings.settle,
                fresh=self.settings.fresh,
                existing=header.existing,
                observe=observe,
                elsewhere=self._elsewhere,
            )
            executor = Executor(runner, self.clock, stop, self.settings.concurrency)
            self._prepare(executor, entries, jobs)
            try:
                await executor.run(jobs)
                if not stop.asked:
                    self.duplicates = await executor.audit()
            finally:
                self.calls = totango.calls
        if stop.reason is not None:
            raise stop.reason

    def _prepare(self, executor: Executor, entries: Iterable[Entry], jobs: Iterable[Job]) -> None:
        """Tell the executor what earlier processes, and other runs, know of the accounts."""
        for account_id, known in self.journal.accounts(self.clock.boot).items():
            account = executor.account(account_id, account_id)
            account.planned, account.seen, account.snapshot = known.planned, set(known.latest), True
            account.read_at = known.read_at
        for job in jobs:
            account = executor.account(job.account_key, job.step.account_id)
            if account.id and not self.journal.is_new:
                account.stale = True
                account.planned = account.planned or frozenset()  # whatever is there may have appeared since
            if job.state in IN_DOUBT:
                job.known_before = frozenset(account.seen)
        for account_id, ids in grouped(self.journal.made()).items():
            executor.account(account_id, account_id).claimed.update(ids)
        for account_id, made_elsewhere in self._elsewhere().items():
            executor.account(account_id, account_id).foreign.update(made_elsewhere)
        executor.recall(self._job(entry) for entry in entries if entry.lacks_id)

    def _elsewhere(self) -> Mapping[str, Iterable[str]]:
        return self.store.made_in(self.journal.header.target_key, but=self.journal.header.run)

    def _job(self, entry: Entry) -> Job:
        step = entry.line.step
        if step is None:
            raise StorageError(
                f"row {entry.line.row} of the journal has nothing to send. Put a copy of the journal back"
            )
        job = Job(entry.position, step, entry.line.title if step.action is Action.RUN_TEMPLATE else "")
        job.sent_before = entry.first_sent_at is not None or entry.state in IN_DOUBT
        job.http_status = entry.http_status
        if entry.state in IN_DOUBT:
            job.state = State.LOST
            job.sends = int(entry.state is State.LOST)  # that we died says nothing against the service
            job.lost_since = self.clock.now() - self._lost_for(entry)
        return job

    def _lost_for(self, entry: Entry) -> float:
        """Return for how many seconds the step has been lost; one found ``sent`` was so by its time-out."""
        if not entry.boot or entry.boot != self.clock.boot:
            return 0.0  # the machine was started since: the wait begins again
        timeout = self.settings.timeout if entry.state is State.SENT else 0.0
        return min(self.clock.now() - entry.seconds - timeout, self.settings.settle)  # below 0 before its time-out
