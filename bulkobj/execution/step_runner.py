"""The life of one step: decided, sent, answered or lost, looked for, settled (CONTRIBUTING, decisions 6 to 8, 12)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from bulkobj.core.clock import Clock
from bulkobj.core.errors import BulkobjError, ReadRefusedError
from bulkobj.core.model import Action, Objective, Result
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.execution.account_locks import AccountLocks
from bulkobj.execution.fresh_values import GONE, reviewed_create, reviewed_delete, reviewed_update
from bulkobj.execution.identification import Identifier
from bulkobj.execution.jobs import IN_DOUBT, MAKING, Account, Job, Recorder, Service
from bulkobj.execution.journal.records import Moment, Outcome, State
from bulkobj.execution.reconciliation import Finding, Known, Look, look_for
from bulkobj.planning.comparison import holds
from bulkobj.planning.plan import Step
from bulkobj.totango.decoding import created_id
from bulkobj.totango.messages import message_of, stopped_by
from bulkobj.totango.responses import Response, Verdict
from bulkobj.totango.retry_policy import Attempt

_MOST_SENDS = 3
#: Seconds between two tries to get an account that another run works on.
_BUSY = 0.2

_DONE = {
    Action.CREATE: Result.CREATED,
    Action.RUN_TEMPLATE: Result.CREATED,
    Action.UPDATE: Result.UPDATED,
    Action.DELETE: Result.DELETED,
}


class StepRunner:
    """Takes a job from its state to its outcome.

    Args:
        service: the service.
        recorder: the journal.
        locks: the locks on accounts.
        clock: the machine's clock.
        stop: the signal that ends waits.
        settle: how many seconds a lost write may still take effect.
        fresh: for how many seconds live values may decide about an update or a delete.
        existing: the ``--existing`` mode.
        observe: called with every job that is settled, and its outcome.
        elsewhere: returns the objectives that other runs have made by now, by account.
    """

    def __init__(  # noqa: PLR0913 - all that it works with is passed in
        self,
        service: Service,
        recorder: Recorder,
        locks: AccountLocks,
        clock: Clock,
        stop: StopSignal,
        *,
        settle: float,
        fresh: float,
        existing: str,
        observe: Callable[[Job, Outcome], None],
        elsewhere: Callable[[], Mapping[str, Iterable[str]]],
    ) -> None:
        self._service = service
        self._recorder = recorder
        self._locks = locks
        self._clock = clock
        self._stop = stop
        self._settle_time = settle
        self._fresh = fresh
        self._existing = existing
        self._observe = observe
        self._elsewhere = elsewhere
        self._identifier = Identifier(recorder)

    async def advance(self, account: Account, job: Job) -> float | None:
        """Take the job as far as it goes now: None when it is settled, else the seconds until it can go on.

        Raises StopRequestedError where a stop ended a wait, and BulkobjError where the run can't go on.
        """
        if account.id:
            others_wrote = self._locks.take(account.id)
            if others_wrote is None:
                return _BUSY
            account.others_wrote = max(account.others_wrote, others_wrote)
        wait = await (self._look(account, job) if job.state in IN_DOUBT else self._write(account, job))
        if wait is None and account.id:
            self._locks.release(account.id)
        return wait

    async def _write(self, account: Account, job: Job) -> float | None:
        decided = await self._decide(account, job)
        if isinstance(decided, Outcome):
            account.claimed.update(filter(None, [decided.objective_id]))
            return self._settle(account, job, decided)
        if decided != job.step:
            self._recorder.revised(job.position, decided)
            job.step = decided
        attempt = await self._send(job)
        match attempt.verdict:
            case Verdict.DONE:
                return self._done(account, job, attempt)
            case Verdict.REJECTED | Verdict.FORBIDDEN:
                return self._settle(account, job, _rejection(job, attempt))
            case Verdict.LOST:
                self._lost(account, job, attempt)
                return await self._look(account, job)
            case _:
                self._unsent(job)
                raise stopped_by(attempt, job.step.action.value)

    async def _decide(self, account: Account, job: Job) -> Step | Outcome:
        """Return the step as it is to be sent, or its outcome without being sent, on values that are fresh enough."""
        if not account.id:
            return job.step
        if account.needs_reading(job, self._clock.now(), self._fresh) and await self._read(account) is None:
            return Outcome(Result.FAILED, "Totango does not know this account (404). Check the Account ID", "", 404)
        step, live = job.step, account.live
        if live is None or (step.action is Action.CREATE and self._existing == "duplicate"):
            return step
        if step.action is Action.CREATE:
            return reviewed_create(step, account.appeared)
        reviewed = {Action.UPDATE: reviewed_update, Action.DELETE: reviewed_delete}.get(step.action)
        return reviewed(step, live.get(step.objective_id)) if reviewed is not None else step

    async def _send(self, job: Job) -> Attempt:
        try:
            return await self._service.write(job.step, partial(self._sending, job))
        except (StopRequestedError, BulkobjError):
            # A wait for another try was ended, so whatever was sent before it did not take effect.
            if job.state is State.SENT:
                self._unsent(job)
            raise

    def _sending(self, job: Job) -> None:
        self._recorder.sending(job.position, Moment.of(self._clock))
        job.state = State.SENT

    def _unsent(self, job: Job) -> None:
        self._recorder.unsent(job.position)
        job.state = State.PLANNED

    def _lost(self, account: Account, job: Job, attempt: Attempt) -> None:
        if not job.sends:
            job.known_before = frozenset(account.taken)
        job.state, job.sends, job.looks = State.LOST, job.sends + 1, 0
        job.lost_since, job.reason = self._clock.now(), message_of(attempt.exchange)
        job.http_status = _status(attempt)
        self._recorder.lost(job.position, Moment.of(self._clock), job.http_status)

    def _done(self, account: Account, job: Job, attempt: Attempt) -> float | None:
        made = ""
        if job.step.action is Action.CREATE and isinstance(attempt.exchange, Response):
            made = created_id(attempt.exchange)
            if not made:
                account.nameless.append(job)
        elif job.step.action is Action.RUN_TEMPLATE:
            account.templates.append(job)
        account.claimed.update(filter(None, [made]))
        return self._settle(account, job, Outcome(_DONE[job.step.action], "", made, _status(attempt)))

    def _settle(self, account: Account, job: Job, outcome: Outcome) -> float | None:
        job.state, job.result = State.DONE, outcome.result
        if outcome.result is Result.UNKNOWN:
            account.undecided.append(job)
        self._recorder.settled(job.position, outcome, Moment.of(self._clock))
        self._observe(job, outcome)
        return None

    async def _read(self, account: Account) -> tuple[Objective, ...] | None:
        """Read the account and record what was made without an id; return None where the service doesn't know it.

        With no step of the account in doubt, what is there now is the snapshot for the steps to come.
        """
        read_at = Moment.of(self._clock)
        objectives = await self._service.objectives(account.id)
        if objectives is None:  # that proves nothing of what is there
            return None
        account.live, account.read_at, account.stale = {one.id: one for one in objectives}, read_at.seconds, False
        account.others_wrote = -math.inf
        self._identifier.identify(account, objectives)
        if not any(job.state in IN_DOUBT for job in account.jobs):
            self._take_snapshot(account, read_at)
        return objectives

    def _take_snapshot(self, account: Account, read_at: Moment) -> None:
        ids = frozenset(account.live or ())
        account.seen |= ids
        account.snapshot = True
        if account.planned is None:
            account.planned = ids
        if not account.undecided:  # a later look for that one must compare with what was there before it
            self._recorder.snapshot(account.id, account.planned, ids, read_at)

    async def _look(self, account: Account, job: Job) -> float | None:
        """Read the account back and conclude what became of a lost step."""
        job.looks += 1
        if job.step.action is Action.CREATE and job not in account.once_lost:
            account.once_lost.append(job)
        if not account.id:
            return self._again(account, job)  # nobody can look, and deleting twice does no more than once
        read_at = Moment.of(self._clock)
        objectives = await self._read_back(account)
        if objectives is None:
            return self._wait_or(job, partial(self._unknown, account, job, "its account can't be read"))
        if job.step.action in MAKING and not account.taken.issuperset(one.id for one in objectives):
            account.foreign.update(self._elsewhere().get(account.id, ()))
        wait = self._conclude(account, job, look_for(job.step, objectives, self._known(account, job)))
        if not any(one.state in IN_DOUBT for one in account.jobs):
            self._take_snapshot(account, read_at)
        return wait

    async def _read_back(self, account: Account) -> tuple[Objective, ...] | None:
        try:
            return await self._read(account)
        except ReadRefusedError:
            return None

    def _known(self, account: Account, job: Job) -> Known:
        lost = [*account.undecided, *(one for one in account.jobs if one.state in IN_DOUBT)]
        others = [one.step for one in (*account.jobs, *account.nameless) if one.step.action is Action.CREATE]
        return Known(
            account.taken,
            account.snapshot,
            sum(one.step == job.step for one in lost),
            tuple(step.body for step in others if step.body != job.step.body),
            pending=bool(account.templates)
            or any(one.step.action is Action.RUN_TEMPLATE and one.step != job.step for one in lost),
            sign=self._identifier.sign(job),
        )

    def _conclude(self, account: Account, job: Job, look: Look) -> float | None:
        ids = tuple(one.id for one in look.objectives)
        match look.finding:
            case Finding.HAPPENED:
                made = ids if job.step.action in MAKING else ()
                account.claimed.update(made)
                message = "the answer was lost; reading the account showed that it was done"
                outcome = Outcome(_DONE[job.step.action], message, ";".join(made), job.http_status, made)
                return self._settle(account, job, outcome)
            case Finding.NOT_YET if job.step.action not in MAKING:
                return self._again(account, job)
            case Finding.NOT_YET:
                return self._wait_or(job, partial(self._again, account, job))
            case Finding.UNCLEAR:
                why = f"it may be one of: {', '.join(ids)}"
                return self._wait_or(job, partial(self._unknown, account, job, why, ids))
            case Finding.OVERTAKEN:
                message = "the answer was lost, and someone else has changed the objective since. Check it in Totango"
                return self._settle(account, job, Outcome(Result.CONFLICT, message, http_status=job.http_status))
            case Finding.GONE:
                return self._settle(account, job, Outcome(Result.CONFLICT, GONE, http_status=job.http_status))

    def _wait_or(self, job: Job, conclude: Callable[[], float | None]) -> float | None:
        """Return the seconds until a second look can conclude something, or the conclusion.

        A late write has until ``settle``, counted from when its answer was given up.
        """
        left = job.lost_since + self._settle_time - self._clock.now()
        return max(left, 0.0) if left > 0 or job.looks < 2 else conclude()

    def _again(self, account: Account, job: Job) -> float | None:
        """Send the step again: it did not take effect, or is idempotent; at most ``_MOST_SENDS`` times."""
        if job.sends >= _MOST_SENDS:
            message = f"gave up after {job.sends} attempts: {job.reason}"
            return self._settle(account, job, Outcome(Result.FAILED, message, http_status=job.http_status))
        self._unsent(job)
        job.looks = 0
        return 0.0

    def _unknown(self, account: Account, job: Job, why: str, ids: tuple[str, ...] = ()) -> float | None:
        reason = job.reason or "the run ended before it came"
        message = f"the answer was lost ({reason}); {why}. Check the account in Totango"
        return self._settle(account, job, Outcome(Result.UNKNOWN, message, http_status=job.http_status, doubtful=ids))

    async def close_account(self, account: Account) -> None:
        """Find the ids of what was created without one, now that all jobs of the account are settled."""
        if (account.nameless or account.templates) and await self._read_back(account) is not None:
            self._identifier.give_up(account)
        account.closed = True

    async def audit(self, account: Account) -> int:
        """Look once more for what a lost create may have made after all; return how many duplicates appeared."""
        if not account.closed:
            await self.close_account(account)
        doubted = [job for job in account.once_lost if job.result is Result.CREATED]
        objectives = await self._read_back(account) if doubted else None
        if objectives is None:
            return 0
        account.foreign.update(self._elsewhere().get(account.id, ()))
        found = 0
        for job in doubted:
            others = account.claimed | account.foreign | job.known_before
            late = [one.id for one in objectives if one.id not in others and holds(one, job.step.body)]
            account.claimed.update(late)
            if late:
                found += len(late)
                message = f"a duplicate appeared later than --settle allows for: {', '.join(late)}"
                self._recorder.noted(job.position, f"{message}. Delete it unless it is a colleague's", late)
        return found


def _status(attempt: Attempt) -> int | None:
    return attempt.exchange.status if isinstance(attempt.exchange, Response) else None


def _rejection(job: Job, attempt: Attempt) -> Outcome:
    """Return the outcome of a step that the service refused; 404 says that an objective that was read is gone."""
    status = _status(attempt)
    if status == 404 and job.step.action is Action.DELETE and (job.sends or job.sent_before):
        return Outcome(Result.DELETED, "an earlier answer was lost, and the objective is gone", http_status=status)
    if status == 404 and job.step.before is not None:
        if job.step.action is Action.DELETE:
            return Outcome(Result.UNCHANGED, "the objective is gone already", http_status=status)
        return Outcome(Result.CONFLICT, GONE, http_status=status)
    return Outcome(Result.FAILED, message_of(attempt.exchange), http_status=status)
