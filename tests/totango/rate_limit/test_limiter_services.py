"""Services that limit in each of the usual ways, alone or with others spending the same token's calls."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.totango.rate_limit.limiter_world import (
    RATE,
    Callers,
    FilePlace,
    FixedWindow,
    Gcra,
    Limiter,
    Machine,
    Service,
    SlidingCounter,
    SlidingLog,
    run_virtual,
    worst_window,
)

Latency = Callable[[Random], tuple[float, float]]


def full_log() -> Limiter:
    return SlidingLog(full=True)


def small_bucket() -> Limiter:
    return Gcra(burst=10)


def jittery(random: Random) -> tuple[float, float]:
    return random.expovariate(2), random.expovariate(2)


def quick(_: Random) -> tuple[float, float]:
    return 0.15, 0.15


def slow(_: Random) -> tuple[float, float]:
    return 1.5, 1.5


def arriving_last(random: Random) -> tuple[float, float]:
    return random.uniform(0, 6), 0.0


def run(
    path: Path, limiter: Limiter, latency: Latency, *, calls: int, headers: bool, foreign: float = 0.0
) -> tuple[float, Callers]:
    """Make the calls while others make ``foreign`` a minute; the seconds they took, and who made them."""
    random = Random(7)

    async def main() -> tuple[float, Callers]:
        async with Machine(FilePlace(path / f"{headers}.sqlite")) as machine, asyncio.timeout(100_000):
            service = Service(limiter, headers)
            callers = Callers(machine.limiter(), service, machine.clock, lambda: latency(random))
            others = asyncio.create_task(service.foreign(pauses(random, foreign)))
            took = await callers(calls)
            others.cancel()
            return took, callers

    return run_virtual(main)


def pauses(random: Random, calls_a_minute: float) -> Iterator[float]:
    """What lies between the calls of others, for ever."""
    while calls_a_minute:
        yield random.expovariate(calls_a_minute / 60)


@pytest.mark.parametrize("foreign", [0, 60], ids=["alone", "with others"])
@pytest.mark.parametrize("headers", [True, False], ids=["headers", "silent"])
@pytest.mark.parametrize("limiter", [FixedWindow, SlidingLog, full_log, SlidingCounter, Gcra, small_bucket])
def test_no_service_is_stormed(tmp_path: Path, limiter: Callable[[], Limiter], foreign: int, *, headers: bool) -> None:
    """All calls get done, at most those in flight are refused at once, and nobody sends before the reset."""
    _, callers = run(tmp_path, limiter(), jittery, calls=250, headers=headers, foreign=foreign)
    refused = [call for call in callers.calls if call.limits.refused]
    assert len(callers.calls) - len(refused) == 250
    for call in refused:
        reset = RATE.seconds if call.limits.reset is None else call.limits.reset
        assert not [other for other in callers.calls if call.received < other.sent < call.received + reset]
    assert worst_window(callers.service.arrivals, RATE.seconds) <= RATE.calls


@pytest.mark.parametrize("limiter", [FixedWindow, SlidingLog, full_log, Gcra])
def test_headers_cost_our_own_traffic_next_to_nothing(tmp_path: Path, limiter: Callable[[], Limiter]) -> None:
    """With nobody else about, no call is refused and what the service says slows us by less than 3 %."""
    silent, _ = run(tmp_path, limiter(), jittery, calls=400, headers=False)
    told, callers = run(tmp_path, limiter(), jittery, calls=400, headers=True)
    assert not [call for call in callers.calls if call.limits.refused]
    assert told <= silent * 1.03


@pytest.mark.proof
@pytest.mark.parametrize("latency", [quick, slow, jittery, arriving_last])
@pytest.mark.parametrize("limiter", [FixedWindow, SlidingLog, full_log, Gcra])
def test_headers_cost_long_runs_next_to_nothing(
    tmp_path: Path, limiter: Callable[[], Limiter], latency: Latency
) -> None:
    """The same for three thousand calls, in each kind of latency."""
    silent, _ = run(tmp_path, limiter(), latency, calls=3000, headers=False)
    told, _ = run(tmp_path, limiter(), latency, calls=3000, headers=True)
    assert told <= silent * 1.03
