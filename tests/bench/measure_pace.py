"""How fast each tool imports, and how many calls the service sees, in virtual time against one and the same sandbox.

It allows 100 calls in any 60 s. Of the time that a call takes, a random part passes before the service sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import functools
import importlib
import io
import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import httpx

from bulkobj.core.model import Rate
from tests.bench.alternatives.plain_script import import_plan
from tests.bench.bench_validate import HEADERS, row
from tests.bench.virtual_world import VirtualService, World
from tests.cli.cli_kit import bulkobj
from tests.service.behaviour import Behaviour
from tests.totango.rate_limit.limiter_world import worst_window

RATE = Rate(100, 60)
SEEDS = (1, 2, 3)
#: The most seconds that a call takes; the least are 0.05.
SLOW, QUICK = 3.0, 0.3
ACCOUNTS = tuple(f"ACC-{n}" for n in range(50))


@dataclass(frozen=True)
class Pace:
    """Virtual seconds, the most calls in any 60 s, the calls refused with 429, and the rows that were not made."""

    seconds: float
    worst: int
    refused: int
    missing: int

    def __str__(self) -> str:
        return f"{self.seconds:,.0f} s" + (f", {self.missing} rows missing" if self.missing else "")


#: Imports a plan in that world, into its service.
Import = Callable[[World, VirtualService, Path], None]


def write_plan(path: Path, rows: int) -> Path:
    """A plan of creates, in turns on several accounts."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(rows):
            action, _, *others = row(number)
            writer.writerow([action, ACCOUNTS[number % len(ACCOUNTS)], *others])
    return path


def accounts() -> list[dict[str, str]]:
    """The accounts of the plans, for the service to hold."""
    return [{"id": account, "name": f"Account {account}"} for account in ACCOUNTS]


def by_bulkobj(world: World, service: VirtualService, plan: Path) -> None:
    """The program itself, with the options that it has by itself."""
    environ = {
        "BULKOBJ_TOKEN": service.connection["headers"]["app-token"],
        "BULKOBJ_BASE_URL": service.connection["base_url"],
        "BULKOBJ_STATE_DIR": str(plan.parent / "state"),
        "BULKOBJ_CONFIG": str(plan.parent / "config.toml"),
    }
    client = functools.partial(httpx.AsyncClient, transport=service.asynchronous)
    with (
        mock.patch("bulkobj.totango.client.httpx.AsyncClient", client),
        mock.patch("bulkobj.workflows.connection.SystemClock", return_value=world),
        mock.patch("asyncio.new_event_loop", world.new_loop),
    ):
        ran = bulkobj("import", plan, "--yes", environ=environ)
    if ran.code:
        raise RuntimeError(ran.err)


def by_plain_script(world: World, service: VirtualService, plan: Path) -> None:
    """pandas, httpx and a fixed sleep."""
    with httpx.Client(transport=service.synchronous, **service.connection) as client, world.sleeping():
        import_plan(client, plan)


def by_aiolimiter(world: World, service: VirtualService, plan: Path) -> None:
    """The same with workers, on aiolimiter, which may not be installed."""
    script = importlib.import_module("tests.bench.alternatives.aiolimiter_script")

    async def main() -> None:
        async with httpx.AsyncClient(transport=service.asynchronous, **service.connection) as client:
            await script.import_plan(client, plan)

    with asyncio.Runner(loop_factory=world.new_loop) as runner:
        runner.run(main())


@functools.cache
def pace_of(work: Import, rows: int, longest: float) -> Pace:
    """The median seconds and refusals of imports whose delays differ by the seed, and the worst of the rest."""
    runs = [_run(work, rows, longest, seed) for seed in SEEDS]
    return Pace(
        statistics.median(one.seconds for one in runs),
        max(one.worst for one in runs),
        statistics.median_low(one.refused for one in runs),
        max(one.missing for one in runs),
    )


def _run(work: Import, rows: int, longest: float, seed: int) -> Pace:
    jitter = longest / 2 - 0.025
    behaviour = Behaviour(transit=0.025, transit_jitter=jitter, latency=0.025, jitter=jitter, seed=seed)
    with tempfile.TemporaryDirectory() as name, closing(World()) as world:
        folder = Path(name)
        with closing(VirtualService(folder / "service", world, RATE, behaviour)) as service:
            service.put("accounts", accounts())
            before, start = len(service.objectives()), world.now()
            with contextlib.redirect_stdout(io.StringIO()):
                work(world, service, write_plan(folder / "plan.csv", rows))
            arrivals = service.arrivals()
            return Pace(
                world.now() - start,
                worst_window([one.at for one in arrivals], RATE.seconds),
                sum(one.status == 429 for one in arrivals),
                before + rows - len(service.objectives()),
            )
