"""The first promise: no window of S seconds sees more than N of our calls, whatever happens on the way."""

import asyncio
import math
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.slots import Wait
from tests.totango.rate_limit.limiter_crowd import TIMEOUT, Crowd, Network
from tests.totango.rate_limit.limiter_world import (
    KINDS,
    Machine,
    Place,
    Places,
    RedisPlace,
    VirtualClock,
    all_places,
    run_virtual,
    worst_window,
)


@pytest.fixture(params=KINDS, scope="module")
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Places:
    return all_places(request, tmp_path_factory)


def arrivals(
    place: Place, seed: int, rate: Rate, calls: int, *, processes: int, workers: int, **weather: float
) -> list[float]:
    """When the service sees all those calls, sorted."""
    network = Network(Random(seed), weather["slowest"], weather["lost"])
    if isinstance(place, RedisPlace):
        place.latency = lambda: network.random.uniform(0, weather["distance"])

    async def main() -> None:
        async with Machine(place, rate) as machine:
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
        distance=st.sampled_from([0.0, 0.0, 0.02, 1.0]),
    )(test)


@settings(max_examples=4, deadline=None)
@in_all_weathers
def test_no_window_sees_too_many(
    places: Places, seed: int, rate: Rate, processes: int, workers: int, **weather: float
) -> None:
    """Late, lost and cut-off calls, slow and killed processes, a slot store that is far away: the window holds."""
    place = places()
    calls = rate.calls * (2 if isinstance(place, RedisPlace) else 4)
    seen = arrivals(place, seed, rate, calls, processes=processes, workers=workers, **weather)
    assert worst_window(seen, rate.seconds) <= rate.calls


@pytest.mark.proof
@settings(max_examples=50, deadline=None)
@in_all_weathers
def test_no_window_of_thousands_sees_too_many(
    places: Places, seed: int, rate: Rate, processes: int, workers: int, **weather: float
) -> None:
    """The same for two thousand calls at a time, or five hundred where each asks a real server."""
    place = places()
    calls = 500 if isinstance(place, RedisPlace) else 2000
    seen = arrivals(place, seed, rate, calls, processes=processes, workers=workers, **weather)
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

    async def release(self, slot: int, rate: Rate, limits: Limits | None) -> None:
        """Knows nothing of answers."""

    async def waits(self, rate: Rate) -> tuple[float, ...]:
        raise NotImplementedError

    async def close(self) -> None:
        """Has nothing to close."""


def test_a_log_stamped_at_the_send_breaks_the_limit() -> None:
    """The simulation is able to fail: it catches the limiter that everybody writes first."""
    rate, network, clock = Rate(99, 60), Network(Random(1), slowest=8.0, lost=0.0), VirtualClock()

    async def main() -> None:
        limiter = RateLimiter(LogAtSend(clock), rate, TIMEOUT, clock)
        todo = iter(range(500))

        async def work() -> None:
            for _ in todo:
                slot = await limiter.take()
                until, limits = network.send(slot, clock.now())
                await asyncio.sleep(until - clock.now())
                await limiter.release(slot, limits)

        await asyncio.gather(*(work() for _ in range(40)))

    run_virtual(main)
    assert worst_window(network.arrivals, rate.seconds) > rate.calls
