"""The first promise: no window of S seconds sees more than N of our calls, whatever happens on the way."""

import asyncio
import math
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pacer_world import Machine, VirtualClock, run_virtual, worst_window

from bulkobj.model import Rate
from bulkobj.totango.ledger import Wait
from bulkobj.totango.limits import Limits
from bulkobj.totango.pacer import Pacer, Slot

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
    """Processes that share a ledger, some of which are killed in the midst of it all and started anew."""

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
            ledger = self.machine.ledger()
            pacer = Pacer(ledger, self.machine.rate, TIMEOUT, self.machine.clock)
            life = self.network.random.expovariate(1 / self.lives) if self.lives < math.inf else None
            killed = asyncio.gather(*(self._work(pacer) for _ in range(self.workers)))
            with suppress(TimeoutError):
                await asyncio.wait_for(killed, life)
            await ledger.close()

    async def _work(self, pacer: Pacer) -> None:
        while self.calls > 0:
            slot = await pacer.take()
            self.calls -= 1
            now = self.machine.clock.now()
            until, limits = self.network.send(slot, now)
            await asyncio.sleep(until - now)
            if self.network.random.random() < 0.05:  # the program itself may be slow
                await asyncio.sleep(self.network.random.uniform(0, 20))
            await pacer.give_back(slot, limits)


def arrivals(seed: int, rate: Rate, calls: int, *, processes: int, workers: int, **weather: float) -> list[float]:
    """When the service sees all those calls, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        network = Network(Random(seed), weather["slowest"], weather["lost"])

        async def main() -> None:
            async with Machine(Path(folder) / "calls.sqlite", rate) as machine:
                await Crowd(network, machine, calls, workers, weather["lives"])(processes)
                await asyncio.sleep(TIMEOUT)

        run_virtual(main)
    assert len(network.arrivals) >= calls
    return sorted(network.arrivals)


def in_all_weathers(test: Callable[..., None]) -> Callable[..., None]:
    return given(
        seed=st.integers(0, 2**32),
        rate=st.sampled_from([Rate(99, 60), Rate(99, 60), Rate(20, 1), Rate(7, 45)]),
        processes=st.integers(1, 4),
        workers=st.integers(1, 40),
        slowest=st.sampled_from([0.01, 1.0, 8.0, 60.0]),
        lost=st.sampled_from([0.0, 0.05, 0.5]),
        lives=st.sampled_from([math.inf, 100.0, 10.0]),
    )(test)


@settings(max_examples=12, deadline=None)
@in_all_weathers
def test_no_window_sees_too_many(seed: int, rate: Rate, processes: int, workers: int, **weather: float) -> None:
    """Late, lost and cut-off calls, slow and killed processes: the window holds."""
    seen = arrivals(seed, rate, 4 * rate.calls, processes=processes, workers=workers, **weather)
    assert worst_window(seen, rate.seconds) <= rate.calls


@pytest.mark.proof
@settings(max_examples=50, deadline=None)
@in_all_weathers
def test_no_window_of_thousands_sees_too_many(
    seed: int, rate: Rate, processes: int, workers: int, **weather: float
) -> None:
    """The same for two thousand calls at a time."""
    seen = arrivals(seed, rate, 2000, processes=processes, workers=workers, **weather)
    assert worst_window(seen, rate.seconds) <= rate.calls


class LogAtSend:
    """The usual limiter, to see that this world would find it out: a slot is held from the send for S."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.log: list[float] = []

    async def take(self, rate: Rate, _: float) -> int | Wait:
        now = self.clock.now()
        self.log = [sent for sent in self.log if sent + rate.seconds > now]
        if len(self.log) >= rate.calls:
            return Wait(self.log[0] + rate.seconds - now + 0.001)
        self.log.append(now)
        return len(self.log)

    async def give_back(self, slot: int, rate: Rate, limits: Limits | None) -> None:
        """Knows nothing of answers."""

    async def close(self) -> None:
        """Has nothing to close."""


def test_a_log_stamped_at_the_send_breaks_the_limit() -> None:
    """The simulation is able to fail: it catches the limiter that everybody writes first."""
    rate, network, clock = Rate(99, 60), Network(Random(1), slowest=8.0, lost=0.0), VirtualClock()

    async def main() -> None:
        pacer = Pacer(LogAtSend(clock), rate, TIMEOUT, clock)
        todo = iter(range(500))

        async def work() -> None:
            for _ in todo:
                slot = await pacer.take()
                until, limits = network.send(slot, clock.now())
                await asyncio.sleep(until - clock.now())
                await pacer.give_back(slot, limits)

        await asyncio.gather(*(work() for _ in range(40)))

    run_virtual(main)
    assert worst_window(network.arrivals, rate.seconds) > rate.calls
