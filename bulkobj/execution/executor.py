"""Does the steps of a plan: several accounts at once, within an account one write at a time (CONTRIBUTING, decision 7).

The executor knows neither files nor reports: it is handed jobs, and its step runner records what becomes of them.
That writes within an account never overlap makes it decidable whether a lost one happened. An account that waits to
look for a lost write keeps no worker: the others go on.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterable

from bulkobj.core.clock import Clock
from bulkobj.core.errors import BulkobjError
from bulkobj.core.model import Action
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.execution.jobs import IN_DOUBT, Account, Job
from bulkobj.execution.step_runner import StepRunner


class Executor:
    """Works through jobs, at most ``concurrency`` at a time."""

    def __init__(self, runner: StepRunner, clock: Clock, stop: StopSignal, concurrency: int) -> None:
        self._runner = runner
        self._clock = clock
        self._stop = stop
        self._concurrency = concurrency
        self._accounts: dict[str, Account] = {}
        self._ready: asyncio.PriorityQueue[tuple[float, str]] = asyncio.PriorityQueue()
        self._unfinished = 0

    def account(self, key: str, account_id: str) -> Account:
        """Return the account of that key, to be told what is known of it."""
        return self._accounts.setdefault(key, Account(account_id))

    def recall(self, made: Iterable[Job]) -> None:
        """Take in jobs that an earlier process finished without learning the ids of what they made."""
        for job in made:
            account = self.account(job.account_key, job.step.account_id)
            (account.nameless if job.step.action is Action.CREATE else account.templates).append(job)

    async def run(self, jobs: Iterable[Job]) -> None:
        """Do the jobs; returns when all are settled, or when a stop was asked for and nothing is in flight.

        Jobs of an account keep their order, but for those in doubt: they are decided first.
        """
        ordered = sorted(jobs, key=_in_doubt_first)
        keys = dict.fromkeys(job.account_key for job in ordered)
        for job in ordered:
            self.account(job.account_key, job.step.account_id).jobs.append(job)
        self._unfinished, self._ready = len(keys), asyncio.PriorityQueue()
        for key in keys:
            self._put(key)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._concurrency, len(keys))):
                group.create_task(self._stopping_on_error(self._work(group)))

    async def audit(self) -> int:
        """Look for duplicates on every account that lost a create; return how many there are."""
        open_ends = [one for one in self._accounts.values() if not one.closed and (one.nameless or one.templates)]
        accounts = [one for one in self._accounts.values() if one.once_lost or one in open_ends]
        return sum([await self._runner.audit(account) for account in accounts])

    def _put(self, key: str) -> None:
        self._ready.put_nowait((self._accounts[key].jobs[0].position, key))

    async def _stopping_on_error(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except StopRequestedError:
            return
        except BulkobjError as error:
            self._stop.ask(error)

    async def _work(self, group: asyncio.TaskGroup) -> None:
        """Serve accounts until all are done. The worker that finishes the last one wakes the others to exit."""
        while self._unfinished and not self._stop.asked:
            _, key = await self._stop.unless_asked(self._ready.get())
            if key:
                await self._serve(key, group)
        self._ready.put_nowait((math.inf, ""))

    async def _serve(self, key: str, group: asyncio.TaskGroup) -> None:
        """Take the account's next job as far as it goes, and put the account back where there is more to do."""
        account = self._accounts[key]
        wait = await self._runner.advance(account, account.jobs[0])
        if wait:
            group.create_task(self._stopping_on_error(self._put_after(wait, key)))
            return
        if wait is None:
            account.jobs.popleft()
        if account.jobs:
            self._put(key)
        else:
            await self._runner.close_account(account)
            self._unfinished -= 1

    async def _put_after(self, seconds: float, key: str) -> None:
        await self._stop.unless_asked(self._clock.sleep(seconds))
        self._put(key)


def _in_doubt_first(job: Job) -> tuple[bool, int]:
    return job.state not in IN_DOUBT, job.position
