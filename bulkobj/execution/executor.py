"""Does the steps of a plan: several accounts at once, within one account one write at a time (design, decisions 7, 9).

The executor knows neither files nor reports: it is handed jobs, and its performer tells a recorder what becomes of
them. That writes within an account never overlap is what makes it decidable whether a lost one happened. An account
that waits to look for a lost write keeps no worker: the others go on.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Coroutine, Iterable, Mapping

from bulkobj.core.clock import Clock
from bulkobj.core.errors import BulkobjError
from bulkobj.core.model import Action
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.execution.jobs import Account, Job
from bulkobj.execution.step_runner import Performer


class Executor:
    """Works through jobs with at most ``concurrency`` of them in hand; remembers accounts from one run to the next."""

    def __init__(self, performer: Performer, clock: Clock, stop: StopSignal, concurrency: int) -> None:
        self._performer = performer
        self._clock = clock
        self._stop = stop
        self._concurrency = concurrency
        self._accounts: dict[str, Account] = {}
        self._ready: asyncio.PriorityQueue[tuple[float, str]] = asyncio.PriorityQueue()
        self._unfinished = 0

    def know(self, seen: Mapping[str, Iterable[str]], claimed: Mapping[str, Iterable[str]]) -> None:
        """Say which objectives were on accounts before the run, and which ones its earlier steps made."""
        for account_id, ids in seen.items():
            account = self._account(account_id, account_id)
            account.seen.update(ids)
            account.snapshot = True
        for account_id, ids in claimed.items():
            self._account(account_id, account_id).claimed.update(ids)

    def recall(self, made: Iterable[Job]) -> None:
        """Say which jobs an earlier process finished without learning the ids of what they made."""
        for job in made:
            account = self._account(job.account_key, job.step.account_id)
            if job.step.action is Action.CREATE:
                account.nameless.append(job)
            else:
                account.untold = True

    async def run(self, jobs: Iterable[Job]) -> None:
        """Do the jobs; returns when all are settled, or when a stop was asked for and nothing is in flight."""
        keys = self._enqueue(jobs)
        self._unfinished, self._ready = len(keys), asyncio.PriorityQueue()
        for key in keys:
            self._put(key)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._concurrency, len(keys))):
                group.create_task(self._stopping_on_error(self._work(group)))

    async def audit(self) -> int:
        """Look for duplicates on every account that lost a create; how many there are."""
        accounts = [one for one in self._accounts.values() if one.once_lost or (one.nameless and not one.closed)]
        return sum([await self._performer.audit(account) for account in accounts])

    def _enqueue(self, jobs: Iterable[Job]) -> Collection[str]:
        keys: dict[str, None] = {}
        for job in jobs:
            keys[job.account_key] = None
            self._account(job.account_key, job.step.account_id).jobs.append(job)
        return keys

    def _account(self, key: str, account_id: str) -> Account:
        return self._accounts.setdefault(key, Account(account_id))

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
        """Serve accounts until all are through; the last one served wakes the other workers."""
        while self._unfinished and not self._stop.asked:
            _, key = await self._stop.unless_asked(self._ready.get())
            if key:
                await self._serve(key, group)
        self._ready.put_nowait((math.inf, ""))

    async def _serve(self, key: str, group: asyncio.TaskGroup) -> None:
        """Take the account's next job as far as it goes, and put the account back where there is more to do."""
        account = self._accounts[key]
        wait = await self._performer.advance(account, account.jobs[0])
        if wait:
            group.create_task(self._stopping_on_error(self._put_after(wait, key)))
            return
        if wait is None:
            account.jobs.popleft()
        if account.jobs:
            self._put(key)
        else:
            await self._performer.close_account(account)
            self._unfinished -= 1

    async def _put_after(self, seconds: float, key: str) -> None:
        await self._stop.unless_asked(self._clock.sleep(seconds))
        self._put(key)
