"""Share of the limit that the rate limiter uses, in virtual time, and its cost."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bulkobj.core.clock import SystemClock
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.sqlite_slots import SqliteSlotStore
from tests.totango.rate_limit.limiter_world import (
    Callers,
    FilePlace,
    Limiter,
    Machine,
    Service,
    SlidingLog,
    run_virtual,
    worst_window,
)

RATE = Rate(99, 60)
CALLS = 1000


class NoLimit:
    """A service that lets all pass."""

    def __call__(self, now: float) -> tuple[bool, int, float]:
        """Whether, how many more, and until when."""
        return True, 10_000, 0.0


def throughput(folder: Path, latency: float, limiter: Callable[[], Limiter]) -> tuple[float, int]:
    """The seconds that the calls take, 8 in flight, and the most that the service sees in any window."""

    async def main() -> tuple[float, int]:
        async with Machine(FilePlace(folder / f"{latency}-{limiter.__name__}.sqlite"), RATE) as machine:
            service = Service(limiter())
            callers = Callers(machine.limiter(), service, machine.clock, lambda: (latency / 2, latency / 2))
            return await callers(CALLS, workers=8), worst_window(service.arrivals, RATE.seconds)

    return run_virtual(main)


async def cost(folder: Path, calls: int = 5000) -> float:
    """Milliseconds of one take and release on a file, with a hundred slots or so held at any time."""
    clock = SystemClock()
    store = SqliteSlotStore(folder / "cost.sqlite", clock)
    limiter = RateLimiter(store, Rate(10_000, 0.001), 30, clock)
    start = time.perf_counter()
    for _ in range(calls):
        await limiter.release(await limiter.take(), Limits(50, 30.0))
    took = time.perf_counter() - start
    await store.close()
    return took / calls * 1000


def main() -> None:
    """Print one line for each measurement."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for limiter in (NoLimit, SlidingLog):
            for latency, target in ((0.3, 97), (3.0, 90)):
                took, worst = throughput(folder, latency, limiter)
                best = RATE.seconds * ((CALLS - 1) // RATE.calls) + latency
                print(
                    f"{CALLS} calls at 99/60, {latency:g} s latency, {limiter.__name__}: {took:.1f} s,"
                    f" {best / took:.1%} of the optimum (target {target} %), at most {worst} in any 60 s"
                )
        print(f"take and release: {asyncio.run(cost(folder)):.3f} ms")


if __name__ == "__main__":
    main()
