"""What one step goes through: sent, answered or lost, looked for, settled (design, decisions 6 to 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from bulkobj.core.clock import Clock
from bulkobj.core.errors import BulkobjError, ReadRefusedError
from bulkobj.core.model import Action, Objective, Result
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.execution.jobs import Account, Job, Recorder, Service
from bulkobj.execution.journal.records import Moment, Outcome, State
from bulkobj.execution.reconciliation import Finding, Look, candidates, look_for, rebased
from bulkobj.planning.comparison import holds
from bulkobj.totango.decoding import created_id
from bulkobj.totango.messages import message_of, stopped_by
from bulkobj.totango.responses import Response, Verdict
from bulkobj.totango.retry_policy import Attempt

_MOST_SENDS = 3
_MAKING = frozenset({Action.CREATE, Action.RUN_TEMPLATE})

_DONE = {
    Action.CREATE: Result.CREATED,
    Action.RUN_TEMPLATE: Result.CREATED,
    Action.UPDATE: Result.UPDATED,
    Action.DELETE: Result.DELETED,
}


class Performer:
    """Takes a job from where it is to its outcome.

    ``settle`` is in seconds (contract, ``--settle``); ``elsewhere`` says which objectives other runs have made by now,
    by account.
    """

    def __init__(  # noqa: PLR0913 - all that it works with is passed in
        self,
        service: Service,
        recorder: Recorder,
        clock: Clock,
        stop: StopSignal,
        settle: float,
        observe: Callable[[Job, Outcome], None],
        elsewhere: Callable[[], Mapping[str, Iterable[str]]] = dict,
    ) -> None:
        self._service = service
        self._recorder = recorder
        self._clock = clock
        self._stop = stop
        self._settle_time = settle
        self._observe = observe
        self._elsewhere = elsewhere

    async def advance(self, account: Account, job: Job) -> float | None:
        """Take the job as far as it goes now: None when it is settled, else the seconds until it can go on.

        Raises StopRequestedError where a stop ended a wait, and BulkobjError where the run can't go on.
        """
        if job.state in {State.SENT, State.LOST}:
            return await self._look(account, job)
        tried = await self._send(job)
        match tried.verdict:
            case Verdict.DONE:
                self._done(account, job, tried)
            case Verdict.REJECTED:
                self._rejected(job, tried)
            case Verdict.LOST:
                self._lost(account, job, tried)
                return await self._look(account, job)
            case _:
                self._unsent(job)
                raise stopped_by(tried, job.step.action.value)
        return None

    async def _send(self, job: Job) -> Attempt:
        try:
            return await self._service.write(job.step, partial(self._sending, job))
        except (StopRequestedError, BulkobjError):
            # A wait for another try was ended, so whatever was sent before it is known not to have happened.
            if job.state is State.SENT:
                self._unsent(job)
            raise

    def _sending(self, job: Job) -> None:
        now = Moment.of(self._clock)
        self._recorder.sending(job.position, now)
        job.state, job.first_sent = State.SENT, job.first_sent or now.wall

    def _unsent(self, job: Job) -> None:
        self._recorder.unsent(job.position)
        job.state = State.PLANNED

    def _lost(self, account: Account, job: Job, tried: Attempt) -> None:
        job.state, job.sends, job.looks = State.LOST, job.sends + 1, 0
        job.lost_since, job.reason = self._clock.now(), message_of(tried.exchange)
        job.http_status = tried.exchange.status if isinstance(tried.exchange, Response) else None
        self._recorder.lost(job.position, Moment.of(self._clock), job.http_status)

    def _done(self, account: Account, job: Job, tried: Attempt) -> None:
        answer = tried.exchange
        if not isinstance(answer, Response):
            raise TypeError("done without an answer")
        made = created_id(answer) if job.step.action is Action.CREATE else ""
        if made:
            account.claimed.add(made)
        elif job.step.action is Action.CREATE:
            account.nameless.append(job)
        account.untold |= job.step.action is Action.RUN_TEMPLATE
        self._settle(job, Outcome(_DONE[job.step.action], objective_id=made, http_status=answer.status))

    def _rejected(self, job: Job, tried: Attempt) -> None:
        status = tried.exchange.status if isinstance(tried.exchange, Response) else None
        if job.step.action is Action.DELETE and status == 404 and (job.sends or job.resumed):
            message = "an earlier answer was lost, and the objective is gone"
            self._settle(job, Outcome(Result.DELETED, message, http_status=status))
        else:
            self._settle(job, Outcome(Result.FAILED, message_of(tried.exchange), http_status=status))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        job.state = State.DONE
        self._recorder.settled(job.position, outcome, Moment.of(self._clock))
        self._observe(job, outcome)

    async def _look(self, account: Account, job: Job) -> float | None:
        """Read the account back and see what became of a lost step."""
        job.looks += 1
        if job.step.action is Action.CREATE and job not in account.once_lost:
            account.once_lost.append(job)
        if not account.id:
            return self._again(job)  # nobody can look, and deleting twice does no more than once
        objectives = await self._read_back(account, job)
        if objectives is None:
            return self._wait_or(job, partial(self._unknown, job, "and its account can't be read to find out"))
        since = job.since(self._service.skew, self._clock.wall())
        if job.step.action in _MAKING and candidates(objectives, account.taken, since):
            account.claimed.update(self._elsewhere().get(account.id, ()))
        look = look_for(job.step, objectives, account.known(job), since)
        again = self._conclude(account, job, look)
        if not any(one.state is State.LOST for one in account.jobs):  # what is there may be another lost one's
            account.seen.update(one.id for one in objectives)
            account.snapshot, account.untold = True, False
        return again

    async def _read_back(self, account: Account, job: Job | None) -> tuple[Objective, ...] | None:
        """The account's objectives, with those put down that nameless creates made; None where it can't be read.

        That the service doesn't know the account proves nothing of what was made there.
        """
        try:
            objectives = await self._service.objectives(account.id)
        except ReadRefusedError:
            return None
        if objectives is None:
            return None if job is None or job.step.action in _MAKING else ()
        self._identify(account, objectives, job)
        return objectives

    def _conclude(self, account: Account, job: Job, look: Look) -> float | None:
        match look.finding:
            case Finding.HAPPENED:
                self._found(account, job, look.objectives)
            case Finding.NOT_YET if job.step.action in {Action.UPDATE, Action.DELETE}:
                if look.objectives:
                    job.step = rebased(job.step, look.objectives[0])
                return self._again(job)
            case Finding.NOT_YET:
                return self._wait_or(job, partial(self._again, job))
            case Finding.UNCLEAR:
                ids = ", ".join(one.id for one in look.objectives)
                return self._wait_or(job, partial(self._unknown, job, f"and it may be one of: {ids}"))
            case Finding.OVERTAKEN:
                message = "the answer was lost, and someone else has changed the same fields since"
                self._settle(job, Outcome(Result.CONFLICT, message, http_status=job.http_status))
            case Finding.GONE:
                message = "the answer was lost, and the objective is gone"
                self._settle(job, Outcome(Result.FAILED, message, http_status=job.http_status))
        return None

    def _found(self, account: Account, job: Job, objectives: Iterable[Objective]) -> None:
        ids = [one.id for one in objectives] if job.step.action in _MAKING else []
        account.claimed.update(ids)
        message = "the answer was lost; reading the account showed that it was done"
        self._settle(job, Outcome(_DONE[job.step.action], message, ";".join(ids), job.http_status))

    def _wait_or(self, job: Job, conclude: Callable[[], float | None]) -> float | None:
        """Seconds until a second look can conclude something, or the conclusion: a late write has until ``settle``."""
        left = job.lost_since + self._settle_time - self._clock.now()
        return max(left, 0.0) if left > 0 or job.looks < 2 else conclude()

    def _again(self, job: Job) -> float | None:
        """It is known not to have happened, or does no harm twice: send it once more, but not for ever."""
        if job.sends >= _MOST_SENDS:
            message = f"sent {job.sends} times, and it never happened: {job.reason}"
            self._settle(job, Outcome(Result.FAILED, message, http_status=job.http_status))
            return None
        self._unsent(job)
        job.looks = 0
        return 0.0

    def _unknown(self, job: Job, why: str) -> None:
        message = f"the answer was lost ({job.reason or 'the run ended before it came'}), {why}. Look at the account"
        self._settle(job, Outcome(Result.UNKNOWN, message, http_status=job.http_status))

    async def close_account(self, account: Account) -> None:
        """All jobs of the account are settled: find the ids of what was created without one."""
        if account.nameless and await self._read_back(account, None) is not None:
            for job in account.nameless:
                message = "the service gave no id for it, and the account does not show which one it is: look there"
                self._recorder.noted(job.position, message)
        account.closed = True

    def _identify(self, account: Account, objectives: Iterable[Objective], lost: Job | None) -> None:
        """Put down the ids of what was created without one, where it can be told; equal twins share theirs out."""
        for job in tuple(account.nameless):
            since = job.since(self._service.skew, self._clock.wall())
            equal = [o for o in candidates(objectives, account.taken, since) if holds(o, job.step.body)]
            twins = sum(other.step.body == job.step.body for other in account.nameless)
            spare = lost is not None and lost.step.body == job.step.body
            if twins <= len(equal) <= twins + spare:
                made = min(equal, key=lambda one: one.created_at).id
                account.claimed.add(made)
                account.nameless.remove(job)
                self._recorder.identified(job.position, [made])

    async def audit(self, account: Account) -> int:
        """Look once more for what a lost create may have made after all; the number of duplicates that appeared."""
        if not account.closed:
            await self.close_account(account)
        if not account.once_lost:
            return 0
        objectives = await self._read_back(account, None) or ()
        account.claimed.update(self._elsewhere().get(account.id, ()))
        found = 0
        for job in account.once_lost:
            since = job.since(self._service.skew, self._clock.wall())
            late = [o.id for o in candidates(objectives, account.taken, since) if holds(o, job.step.body)]
            account.claimed.update(late)
            if late:
                found += len(late)
                message = f"a duplicate appeared later than --settle allows for: delete {', '.join(late)}"
                self._recorder.noted(job.position, message)
        return found
