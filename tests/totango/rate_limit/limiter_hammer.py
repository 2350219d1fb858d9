"""A process that calls as fast as its limiter lets it, until it is killed: ``limiter_hammer.py SLOT_STORE LOG SEED``.

SLOT_STORE is a file, or the URL of a Redis.

The log gets a line for each call before anything else happens to it: when the service will see it, on the clock that
all processes share. So the network delivers what a killed process has sent, as a real one does.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

from bulkobj.config.redis_url import RedisUrl
from bulkobj.core.clock import SystemClock
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.redis.connection import RedisServer
from bulkobj.totango.rate_limit.redis.slots import RedisSlotStore
from bulkobj.totango.rate_limit.slots import SlotStore
from bulkobj.totango.rate_limit.sqlite_slots import SqliteSlotStore

RATE = Rate(20, 1)
TIMEOUT = 0.4
WORKERS = 8


def opened(store: str, clock: SystemClock) -> SlotStore:
    """The slot store of that name."""
    if "://" in store:
        return RedisSlotStore(RedisServer(RedisUrl(store), clock), "hammered", clock)
    return SqliteSlotStore(Path(store), clock)


async def hammer(store: str, log: int, random: Random) -> None:
    """Call from several tasks at once."""
    clock = SystemClock()
    limiter = RateLimiter(opened(store, clock), RATE, TIMEOUT, clock)

    async def work() -> None:
        while True:
            slot = await limiter.take()
            now = clock.now()
            until = min(slot.deadline, now + random.expovariate(10))
            answered = random.random() < 0.9 and now < slot.deadline
            if now < slot.deadline:  # else the process was stopped before it sent
                arrives = random.choice([now, random.uniform(now, until), until if answered else slot.deadline])
                os.write(log, f"{arrives!r}\n".encode())
            while clock.now() < until:
                await asyncio.sleep(until - clock.now())
            await limiter.release(slot, Limits() if answered else None)

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work())


if __name__ == "__main__":
    store, log, seed = sys.argv[1:]
    asyncio.run(hammer(store, os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), Random(seed)))
