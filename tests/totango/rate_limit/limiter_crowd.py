"""Processes that share a slot store and calls that go astray, to see whether a window holds whatever happens."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter, Slot
from tests.totango.rate_limit.limiter_world import Machine

TIMEOUT = 30.0


@dataclass
class Network:
    """What happens to calls: how long they take changes with the time of day, some are lost, some are cut off."""

    random: Random
    slowest: float
    lost: float
    arrivals: list[float] = field(default_factory=list)

    def duration(self, now: float) -> float:
        """Between a blink and ``slowest``, in phases of 20 seconds."""
        phase = Random(int(now // 20)).random()
        return min(TIMEOUT, self.random.uniform(0, 2) * self.slowest * phase**3)

    def send(self, slot: Slot, now: float) -> tuple[float, Limits | None]:
        """When we are through with the call, and its answer; the service sees it at any time until then.

        A call that is lost may be seen until its deadline, though we know of the loss sooner.
        """
        loop = asyncio.get_running_loop()
        until = min(slot.deadline, now + self.duration(now))
        lost = self.random.random() < self.lost
        arrives = self.random.choice([now, self.random.uniform(now, until), until])
        if lost:
            arrives = self.random.choice([arrives, slot.deadline])
        loop.call_later(arrives - now, lambda: self.arrivals.append(loop.time()))
        return until, None if lost else Limits()


@dataclass
class Crowd:
    """Processes that share a slot store, some of which are killed in the midst of it all and started anew."""

    network: Network
    machine: Machine
    calls: int
    workers: int
    lives: float

    async def __call__(self, processes: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(processes):
                group.create_task(self._process())

    async def _process(self) -> None:
        while self.calls > 0:
            store = self.machine.store()
            limiter = RateLimiter(store, self.machine.rate, TIMEOUT, self.machine.clock)
            life = self.network.random.expovariate(1 / self.lives) if self.lives < math.inf else None
            killed = asyncio.gather(*(self._work(limiter) for _ in range(self.workers)))
            with suppress(TimeoutError):
                await asyncio.wait_for(killed, life)
            await store.close()

    async def _work(self, limiter: RateLimiter) -> None:
        while self.calls > 0:
            slot = await limiter.take()
            now = self.machine.clock.now()
            if now >= slot.deadline:  # asking the slot store took that long
                await limiter.release(slot, Limits())
                continue
            self.calls -= 1
            until, limits = self.network.send(slot, now)
            await asyncio.sleep(until - now)
            if self.network.random.random() < 0.05:  # the program itself may be slow
                await asyncio.sleep(self.network.random.uniform(0, 20))
            await limiter.release(slot, limits)
