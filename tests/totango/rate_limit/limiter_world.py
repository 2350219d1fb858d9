"""A world in virtual time for the rate limiter: a clock, services that limit calls in the usual ways, and callers."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import looptime
import pytest

from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits, read_limits
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.redis.script import script
from bulkobj.totango.rate_limit.redis.slots import RedisSlotStore
from bulkobj.totango.rate_limit.slots import SlotStore
from bulkobj.totango.rate_limit.sqlite_slots import SqliteSlotStore

T = TypeVar("T")

RATE = Rate(99, 60)
TIMEOUT = 30.0
EPOCH = datetime(2024, 2, 8, 20, 10, tzinfo=UTC)


def run_virtual(main: Callable[[], Coroutine[Any, Any, T]], start: float = 1000.0) -> T:
    """Run on a loop whose time jumps to the next timer."""
    loop = looptime.new_event_loop(start=start, noop_cycles=0)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main())


class VirtualClock:
    """The running loop's time; ``boot`` and ``shift`` can be changed to restart or suspend the machine."""

    def __init__(self, boot: str = "boot-1") -> None:
        self.boot = boot
        self.shift = 0.0

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.shift

    def wall(self) -> datetime:
        return EPOCH + timedelta(seconds=self.now())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Place(Protocol):
    """Where a slot store is kept; each opening is that of another process."""

    async def prepare(self, clock: VirtualClock) -> None:
        """Make it a place that has been in use for long."""

    def open(self, clock: VirtualClock) -> SlotStore: ...


@dataclass
class FilePlace:
    """A file of the machine."""

    path: Path

    async def prepare(self, clock: VirtualClock) -> None:
        """A file that was never there has nothing to forget."""

    def open(self, clock: VirtualClock) -> SlotStore:
        return SqliteSlotStore(self.path, clock)


@dataclass
class RedisPlace:
    """A real Redis, but for its time, which is that of the world; ``ahead`` sets its clock.

    ``server`` is what it calls itself, another after a restart; each way to it takes ``latency`` seconds.
    """

    client: Any
    name: str
    ahead: float = 4e9
    latency: Callable[[], float] = float
    server: int = 1

    async def prepare(self, clock: VirtualClock) -> None:
        """A Redis counts as lost at its first use: that was long ago."""
        if self.client.exists(f"bulkobj:{{{self.name}}}:state"):
            return
        self.ahead -= 3e9
        await RedisSlotStore(InWorldTime(self, clock), self.name, clock).check(RATE)
        self.ahead += 3e9

    def open(self, clock: VirtualClock) -> SlotStore:
        return RedisSlotStore(InWorldTime(self, clock), self.name, clock)


@dataclass
class InWorldTime:
    """Runs the slot store's script, told what time it is and where; the world's time goes on by the latency alone."""

    place: RedisPlace
    clock: VirtualClock

    def __post_init__(self) -> None:
        timed = script().replace("redis.call('TIME')", "cjson.decode(ARGV[7])")
        in_world = timed.replace("redis.call('INFO', 'server')", "ARGV[8]")
        assert len({script(), timed, in_world}) == 3
        self.script = self.place.client.register_script(in_world)

    async def run(self, keys: list[str], args: list[str]) -> list[Any]:
        await asyncio.sleep(self.place.latency())
        seconds, micros = divmod(round((self.clock.now() + self.place.ahead) * 1_000_000), 1_000_000)
        told = [f'["{seconds}","{micros}"]', f"run_id:{self.place.server}"]
        answer: list[Any] = self.script(keys=keys, args=[*args, *told])
        await asyncio.sleep(self.place.latency())
        return answer

    async def close(self) -> None:
        """The connection is the place's."""


#: Makes a place that nobody has used.
Places = Callable[[], Place]


def all_places(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Places:
    """The body of a fixture with the parameters :data:`KINDS`: places of one kind."""
    if request.param == "file":
        return lambda: FilePlace(folders.mktemp("place") / "ledgers" / "calls.sqlite")
    client = request.getfixturevalue("redis_daemon").client
    return lambda: RedisPlace(client, uuid.uuid4().hex)


KINDS = ("file", "redis")


@dataclass
class Machine:
    """One machine, or several that share a Redis: opens limiters, each of its own process, and closes them."""

    place: Place
    rate: Rate = RATE
    clock: VirtualClock = field(default_factory=VirtualClock)
    stores: list[SlotStore] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def store(self) -> SlotStore:
        self.stores.append(self.place.open(self.clock))
        return self.stores[-1]

    def limiter(self, timeout: float = TIMEOUT) -> RateLimiter:
        return RateLimiter(self.store(), self.rate, timeout, self.clock, self.waits.append)

    async def __aenter__(self) -> Machine:
        await self.place.prepare(self.clock)
        return self

    async def __aexit__(self, *_: object) -> None:
        for store in self.stores:
            await store.close()


class Limiter(Protocol):
    """How a service counts: whether a call at this time passes, and what it says is left, until a reset in seconds."""

    def __call__(self, now: float) -> tuple[bool, int, float]: ...


class FixedWindow:
    """Counts from zero in each period."""

    def __init__(self, limit: int = 100, period: float = 60.0, phase: float = 17.0) -> None:
        self.limit, self.period, self.phase = limit, period, phase
        self.window, self.count = -1.0, 0

    def __call__(self, now: float) -> tuple[bool, int, float]:
        window = (now - self.phase) // self.period
        if window != self.window:
            self.window, self.count = window, 0
        passed = self.count < self.limit
        self.count += passed
        return passed, self.limit - self.count, (window + 1) * self.period + self.phase - now


class SlidingLog:
    """Counts the calls of the last period; says when the oldest of them, or (``full``) the newest, leaves it."""

    def __init__(self, limit: int = 100, period: float = 60.0, *, full: bool = False) -> None:
        self.limit, self.period, self.full = limit, period, full
        self.log: deque[float] = deque()

    def __call__(self, now: float) -> tuple[bool, int, float]:
        while self.log and self.log[0] <= now - self.period:
            self.log.popleft()
        passed = len(self.log) < self.limit
        if passed:
            self.log.append(now)
        reset = self.log[-1 if self.full else 0] + self.period - now
        return passed, self.limit - len(self.log), reset


class SlidingCounter:
    """Weighs the count of the previous window by how much of it the last period still covers."""

    def __init__(self, limit: int = 100, period: float = 60.0) -> None:
        self.limit, self.period = limit, period
        self.window, self.count, self.previous = -1.0, 0, 0

    def __call__(self, now: float) -> tuple[bool, int, float]:
        window, into = divmod(now, self.period)
        if window != self.window:
            self.previous = self.count if window == self.window + 1 else 0
            self.window, self.count = window, 0
        weighed = self.previous * (1 - into / self.period) + self.count
        passed = weighed + 1 <= self.limit
        self.count += passed
        return passed, max(0, int(self.limit - weighed - passed)), self.period - into


class Gcra:
    """A bucket of ``burst`` calls that refills evenly."""

    def __init__(self, limit: int = 100, period: float = 60.0, burst: int = 100) -> None:
        self.step, self.burst = period / limit, burst
        self.theoretical = 0.0

    def __call__(self, now: float) -> tuple[bool, int, float]:
        later = max(self.theoretical, now) + self.step
        passed = later - now <= self.step * self.burst
        self.theoretical = later if passed else self.theoretical
        room = (now + self.step * self.burst - self.theoretical) / self.step
        return passed, max(0, int(room + 1e-6)), max(0.0, self.step * (1 - room))


@dataclass(frozen=True)
class Call:
    """One call as its sender saw it; what was said of the limit is in the answer."""

    sent: float
    received: float
    limits: Limits


@dataclass
class Service:
    """Answers calls as its limiter rules, with headers or without; keeps the times of our calls."""

    limiter: Limiter
    headers: bool = True
    arrivals: list[float] = field(default_factory=list)

    def receive(self, now: float) -> tuple[int, Mapping[str, str]]:
        passed, remaining, reset = self.limiter(now)
        self.arrivals.append(now)
        said = {"RateLimit-Remaining": str(remaining), "RateLimit-Reset": str(int(reset))}
        return 200 if passed else 429, said if self.headers else {}

    async def foreign(self, gaps: Iterable[float]) -> None:
        """Others spend the same token's calls, with these pauses between them."""
        for gap in gaps:
            await asyncio.sleep(gap)
            self.limiter(asyncio.get_running_loop().time())


@dataclass
class Callers:
    """Workers that make calls through one rate limiter, each call again while it is refused."""

    limiter: RateLimiter
    service: Service
    clock: VirtualClock
    latency: Callable[[], tuple[float, float]]
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, calls: int, workers: int = 8) -> float:
        """Make the calls; the seconds that they took."""
        start, todo = self.clock.now(), iter(range(calls))
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(todo))
        return self.clock.now() - start

    async def _work(self, todo: Iterator[int]) -> None:
        for _ in todo:
            while await self._refused():
                pass

    async def _refused(self) -> bool:
        slot, sent = await self.limiter.take(), self.clock.now()
        there, back = self.latency()
        await asyncio.sleep(there)
        status, headers = self.service.receive(self.clock.now())
        await asyncio.sleep(back)
        limits = read_limits(status, headers, self.clock.wall())
        self.calls.append(Call(sent, self.clock.now(), limits))
        await self.limiter.release(slot, limits)
        return limits.refused


def worst_window(arrivals: list[float], seconds: float) -> int:
    """The most arrivals in any window of that many seconds, both its ends counted."""
    recent: deque[float] = deque()
    worst = 0
    for arrival in sorted(arrivals):
        recent.append(arrival)
        while recent[0] < arrival - seconds:
            recent.popleft()
        worst = max(worst, len(recent))
    return worst
