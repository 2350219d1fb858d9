"""The cost of reading each account before its creates: ``python -m tests.bench.bench_reading_before``.

The program itself imports in virtual time, against the test service, at 99 calls in 60 s and 0.3 s a call.
"""

from __future__ import annotations

import csv
import tempfile
from contextlib import closing
from pathlib import Path

from bulkobj.core.model import Rate
from tests.bench.bench_validate import HEADERS, row
from tests.bench.measure_pace import by_bulkobj
from tests.bench.virtual_world import VirtualService, World
from tests.service.behaviour import Behaviour
from tests.totango.rate_limit.limiter_world import worst_window

RATE, OURS = Rate(100, 60), Rate(99, 60)
#: Seconds that a call takes: half of them pass before the service sees it.
CALL = 0.3
#: Creates and accounts of the plans that issue 12 names.
PLANS = ((1000, 250), (70, 20))


def measured(creates: int, accounts: int) -> str:
    """Import a plan of so many creates on so many new accounts; return the figures in words."""
    behaviour = Behaviour(transit=CALL / 4, transit_jitter=CALL / 4, latency=CALL / 4, jitter=CALL / 4, seed=1)
    with tempfile.TemporaryDirectory() as name, closing(World()) as world:
        folder = Path(name)
        with closing(VirtualService(folder / "service", world, RATE, behaviour)) as service:
            service.put("accounts", [{"id": f"ACC-{n}", "name": f"Account {n}"} for n in range(accounts)])
            before, start = len(service.objectives()), world.now()
            by_bulkobj(world, service, _plan(folder / "plan.csv", creates, accounts))
            made, took, arrivals = len(service.objectives()) - before, world.now() - start, service.arrivals()
    reads = sum("accountId=" in one.path for one in arrivals)
    others = len(arrivals) - reads - creates
    best = OURS.seconds * ((len(arrivals) - 1) // OURS.calls) + CALL
    worst = worst_window([one.at for one in arrivals], RATE.seconds)
    return (
        f"{creates} creates on {accounts} accounts: {len(arrivals)} calls ({reads} reads, {others} settings), "
        f"{made} made, {took:.1f} s, {best / took:.1%} of the optimum, at most {worst} in any 60 s"
    )


def _plan(path: Path, creates: int, accounts: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(creates):
            action, _, *others = row(number)
            writer.writerow([action, f"ACC-{number % accounts}", *others])
    return path


def main() -> None:
    """Print one line for each plan."""
    for creates, accounts in PLANS:
        print(measured(creates, accounts), flush=True)


if __name__ == "__main__":
    main()
