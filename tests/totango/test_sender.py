"""A request's slot, its retries, and when nothing is tried any more; all in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, cast

import pytest

from bulkobj.core.errors import ReadRefusedError, ServiceDownError
from bulkobj.core.model import Rate
from bulkobj.core.shutdown import StopSignal
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter, Slot
from bulkobj.totango.rate_limit.slots import SlotStore, Wait
from bulkobj.totango.responses import Exchange, NoResponse, Response, Verdict
from bulkobj.totango.retry_policy import Attempt, Health, Retrying
from bulkobj.totango.transport import Request, Sender, Transport
from tests.totango.rate_limit.limiter_world import VirtualClock, run_virtual

READ = Request("GET", "/x")
WRITE = Request("POST", "/x", json={})
OK = Response(200, {}, b"[]")
LOST = NoResponse(sent=True, reason="reset")
NOT_SENT = NoResponse(sent=False, reason="refused")
SECONDS = 60.0


class Slots:
    """A limiter that always has a slot, and remembers what became of each."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.lasts = 30.0
        self.taken = 0
        self.released: list[Limits | None] = []

    async def take(self) -> Slot:
        self.taken += 1
        return Slot(self.taken, self.clock.now() + self.lasts)

    async def release(self, slot: Slot, limits: Limits | None) -> None:
        self.released.append(limits)


class Network:
    """Gives these exchanges, the last one again and again; each takes a second."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self.exchanges = list(exchanges)
        self.sent: list[tuple[float, float]] = []

    async def send(self, request: Request, within: float) -> Exchange:
        self.sent.append((asyncio.get_running_loop().time(), within))
        await asyncio.sleep(1)
        return self.exchanges.pop(0) if len(self.exchanges) > 1 else self.exchanges[0]


class World:
    """A sender between such a limiter and such a network."""

    def __init__(self, *exchanges: Exchange, healthy: bool = True) -> None:
        self.clock = VirtualClock()
        self.slots = Slots(self.clock)
        self.network = Network(exchanges)
        self.health = Health(self.clock, SECONDS)
        self.healthy = healthy

    def run(self, work: Callable[[Sender], Any]) -> Any:
        async def main() -> Any:
            stop = StopSignal()
            if self.healthy:
                self.health.saw(Attempt(Verdict.DONE, OK))
            retrying = Retrying(
                self.health, SECONDS, lambda seconds: stop.unless_asked(self.clock.sleep(seconds)), Random(1)
            )
            limiter, transport = cast("RateLimiter", self.slots), cast("Transport", self.network)
            return await work(Sender(transport, limiter, retrying, self.clock, stop, 8))

        return run_virtual(main)


async def write(sender: Sender) -> Attempt:
    return await sender.write(WRITE, lambda: None)


@pytest.mark.parametrize(
    ("exchange", "limits"),
    [
        (LOST, None),
        (NOT_SENT, Limits()),
        (Response(201, {"ratelimit-remaining": "7"}, b"{}"), Limits(7)),
        (Response(500, {}, b""), Limits()),
    ],
)
def test_a_slot_is_released_as_its_request_ended(exchange: Exchange, limits: Limits | None) -> None:
    """One without a response may still be on its way; one that never left counts as ended now."""
    world = World(exchange)
    world.run(write)
    assert world.slots.released[0] == limits
    assert len(world.slots.released) == world.slots.taken == len(world.network.sent)


def test_each_try_takes_a_slot_of_its_own() -> None:
    world = World(LOST, Response(503, {}, b""), OK)
    assert world.run(lambda sender: sender.read(READ)) == OK
    assert world.slots.taken == len(world.slots.released) == 3


def test_a_slot_that_has_expired_is_not_used() -> None:
    """The machine slept between the slot and the send: nothing is sent with it."""
    world = World(OK)
    world.slots.lasts = -1
    attempt = world.run(write)
    assert (attempt.verdict, world.network.sent) == (Verdict.NOT_SENT, [])
    assert "asleep" in attempt.exchange.reason


def test_a_request_has_the_time_that_is_left_of_its_slot() -> None:
    """A send begins after the intent is recorded, and the slot's deadline stays."""
    world = World(OK)

    def slow() -> None:
        world.clock.shift += 10

    world.run(lambda sender: sender.write(WRITE, slow))
    assert world.network.sent[0][1] == pytest.approx(20)


def test_the_deadline_counts_from_before_the_slot_store_answers() -> None:
    """The store holds the slot from its own time: what comes later than it lapses would not be counted."""

    class Slow:
        async def take(self, rate: Rate, lapse: float) -> int | Wait:
            await asyncio.sleep(5)
            return 1

    async def main() -> float:
        limiter = RateLimiter(cast("SlotStore", Slow()), Rate(99, 60), 30, VirtualClock())
        return (await limiter.take()).deadline - asyncio.get_running_loop().time()

    assert run_virtual(main) == pytest.approx(25)


def test_the_intent_is_recorded_when_the_slot_is_had_and_before_each_send() -> None:
    world = World(Response(429, {}, b""), NOT_SENT, OK)
    seen: list[tuple[int, int]] = []
    world.run(lambda sender: sender.write(WRITE, lambda: seen.append((world.slots.taken, len(world.network.sent)))))
    assert seen == [(1, 0), (2, 1), (3, 2)]


@pytest.mark.parametrize(
    "exchange", [LOST, Response(500, {}, b""), Response(200, {}, b"false"), Response(400, {}, b"")]
)
def test_a_write_that_may_have_happened_is_not_repeated(exchange: Exchange) -> None:
    world = World(exchange)
    world.run(write)
    assert len(world.network.sent) == 1


@pytest.mark.parametrize(("healthy", "tries"), [(True, 7), (False, 4)])
def test_a_read_is_tried_often_and_ever_more_patiently(healthy: bool, tries: int) -> None:  # noqa: FBT001 - a parameter
    """Waits between tries double at most, and there are waits; before any success there are fewer tries."""
    world = World(Response(500, {}, b""), healthy=False)
    if healthy:
        world.healthy = True
    else:
        world.network.exchanges = [LOST]
    with pytest.raises((ReadRefusedError, ServiceDownError)):
        world.run(lambda sender: sender.read(READ))
    starts = [at for at, _ in world.network.sent]
    assert len(starts) == tries
    waits = [after - before - 1 for before, after in itertools.pairwise(starts)]
    assert all(0 < wait <= min(20, 2**n) for n, wait in enumerate(waits))


def test_after_a_429_the_limiter_alone_waits() -> None:
    world = World(*[Response(429, {}, b"")] * 30, OK)
    assert world.run(lambda sender: sender.read(READ)) == OK
    starts = [at for at, _ in world.network.sent]
    assert starts == pytest.approx([starts[0] + n for n in range(31)])


def test_a_service_that_stays_away_is_given_up() -> None:
    """Five failures in a row over the rate's seconds open the breaker: what follows is tried once."""
    world = World(LOST)

    async def reads(sender: Sender) -> list[int]:
        counts = []
        for _ in range(8):
            before = len(world.network.sent)
            with pytest.raises(ServiceDownError):
                await sender.read(READ)
            counts.append(len(world.network.sent) - before)
            await asyncio.sleep(15)
        return counts

    counts = world.run(reads)
    assert counts[0] == 7
    assert counts[-3:] == [1, 1, 1]


def test_the_breaker_closes_with_a_success() -> None:
    clock = VirtualClock()

    async def main() -> list[bool]:
        health, states = Health(clock, SECONDS), []
        for at, attempt in (
            (0, LOST),
            (20, LOST),
            (40, LOST),
            (50, LOST),
            (59, LOST),
            (61, LOST),
            (62, OK),
            (63, LOST),
        ):
            clock.shift = at
            health.saw(Attempt(Verdict.DONE if attempt is OK else Verdict.LOST, attempt))
            states.append(health.broken)
        return states

    assert run_virtual(main) == [False] * 5 + [True, False, False]


def test_a_budget_bounds_all_retries_together() -> None:
    """30 retries, and one for every five requests; refusals for the limit are free."""
    world = World(Response(500, {}, b""))

    async def reads(sender: Sender) -> int:
        for _ in range(12):
            with pytest.raises(ReadRefusedError):
                await sender.read(READ)
        return len(world.network.sent)

    sent = world.run(reads)
    assert 12 + 30 <= sent <= 12 + 30 + sent / 5 + 1
    assert world.health.down
    free = Health(VirtualClock(), SECONDS)
    for _ in range(100):
        free.retried(Attempt(Verdict.LIMITED, Response(429)))
    assert not free.down
