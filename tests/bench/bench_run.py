"""What a whole run costs beyond the network, and how much of the limit it uses: ``python tests/bench/bench_run.py``.

Executor, rate limiter, slot store and journal are the real ones, on real files; the network is a fake, and time is
virtual where a minute has to pass.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock, SystemClock
from bulkobj.core.model import Rate, Result
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.execution.run_steps import Running
from bulkobj.planning.plan import Line
from bulkobj.totango.client import Totango
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.sqlite_slots import SqliteSlotStore
from bulkobj.totango.responses import Exchange, Response
from bulkobj.totango.retry_policy import Health, Retrying
from bulkobj.totango.transport import Request, Sender
from tests.execution.execution_kit import create
from tests.totango.rate_limit.limiter_world import VirtualClock, run_virtual, worst_window

TOP = Path(__file__).parents[2]

RATE, UNLIMITED = Rate(99, 60), Rate(1_000_000, 0.001)
STEPS, ACCOUNTS, ROWS = 1000, 50, 20_000
SETTING = [{"id": "7ee010f0", "displayName": "In Progress"}, {"id": "b6d0a419", "displayName": "Adoption"}]


@dataclass
class Network:
    """A fake for the transport: every create is done, half the latency after it was sent."""

    clock: Clock
    latency: float = 0.0
    arrivals: list[float] = field(default_factory=list)

    async def send(self, call: Request, _: float) -> Exchange:
        """The service's answer."""
        await asyncio.sleep(self.latency / 2)
        self.arrivals.append(self.clock.now())
        await asyncio.sleep(self.latency / 2)
        if call.method == "GET":
            return Response(200, body=json.dumps(SETTING).encode())
        return Response(201, body=b'{"id": "%d"}' % len(self.arrivals))


@asynccontextmanager
async def opened(settings: Settings, clock: Clock, stop: StopSignal, network: Any) -> AsyncIterator[Totango]:
    """A connection over the fake network."""
    with_slot_store = SqliteSlotStore(settings.state_dir / "slot store.sqlite", clock)
    limiter = RateLimiter(with_slot_store, settings.rate, settings.timeout, clock)
    retrying = Retrying(Health(clock, settings.rate.seconds), settings.rate.seconds, clock.sleep, Random(1))
    try:
        yield Totango(Sender(network, limiter, retrying, clock, stop, settings.concurrency))
    finally:
        await with_slot_store.close()


def settings_in(folder: Path, rate: Rate) -> Settings:
    """Settings with the defaults of the command line."""
    return Settings("http://fake", "token", rate, 30.0, 60.0, 8, folder, folder / "config.toml", "default")


def begun(folder: Path) -> Journal:
    """The journal of a run of creates, in turns on several accounts."""
    steps = [create(f"Objective {n}", f"ACCOUNT-{n % ACCOUNTS}") for n in range(STEPS)]
    lines = [Line(n, None, one.action, Result.NOT_ATTEMPTED, one, one.account_id) for n, one in enumerate(steps, 2)]
    header = RunHeader("20260101-000000-test", "import", "2026-01-01T00:00:00+00:00", "f", "h", "t", "k", "u")
    return Journal.create(folder / "runs", header, b"", lines, {f"ACCOUNT-{n}": [] for n in range(ACCOUNTS)})


async def carried_out(folder: Path, clock: Clock, rate: Rate, latency: float) -> tuple[float, Network]:
    """The seconds on the clock that the run took."""
    settings, stop, network = settings_in(folder, rate), StopSignal(), Network(clock, latency)
    with closing(begun(folder)) as journal:
        running = Running(journal, settings, clock, RunStore(folder), lambda _, __: None)
        async with opened(settings, clock, stop, network) as totango:
            start = clock.now()
            await running(totango, stop)
            took = clock.now() - start
        if journal.states() != {Result.CREATED: STEPS}:
            raise RuntimeError(f"not all was done: {journal.states()}")
    return took, network


def throughput(latency: float) -> str:
    """How much of what the limit allows is used."""
    with tempfile.TemporaryDirectory() as name:
        took, network = run_virtual(lambda: carried_out(Path(name), VirtualClock(), RATE, latency))
    best = RATE.seconds * ((STEPS - 1) // RATE.calls) + latency
    target = 97 if latency < 1 else 90
    worst = worst_window(network.arrivals, RATE.seconds)
    return (
        f"{STEPS} creates at 99/60, {latency:g} s latency: {took:.1f} s, {best / took:.1%} of the optimum"
        f" (target {target} %), at most {worst} in any 60 s"
    )


def own_cost() -> str:
    """Real milliseconds of a step: journal, rate limiter and bookkeeping, on a disk of this machine."""
    with tempfile.TemporaryDirectory(dir=TOP) as name:
        started = time.perf_counter()
        asyncio.run(carried_out(Path(name), SystemClock(), UNLIMITED, 0.0))
        each = (time.perf_counter() - started) / STEPS * 1000
    return f"own cost of a step: {each:.2f} ms (target < 5 ms)"


def import_many() -> None:
    """In a child: the program itself imports a file of many rows, over the fake network."""
    from bulkobj.cli.main import run  # noqa: PLC0415 - the child alone runs the program

    def over_fake(settings: Settings, clock: Clock, _: Random, stop: StopSignal, __: object) -> Any:
        return opened(settings, clock, stop, Network(clock))

    with mock.patch("bulkobj.workflows.connection.open_totango", over_fake):
        try:
            run()
        finally:
            status = Path("/proc/self/status").read_text().split()
            print(int(status[status.index("VmHWM:") + 1]) // 1024)


def peak_memory() -> str:
    """The most memory that planning, journalling, carrying out and reporting a long file takes."""
    with tempfile.TemporaryDirectory(dir=TOP) as name:
        folder = Path(name)
        rows = (
            f"A-{n % 500},Objective {n},Adoption,In Progress,2027-01-11,2027-03-26,{'d' * 200}" for n in range(ROWS)
        )
        header = "Account ID,Title,Category,Status,Start Date,End Date,Description"
        (folder / "plan.csv").write_text("\n".join([header, *rows]))
        environ = {"BULKOBJ_TOKEN": "t", "BULKOBJ_STATE_DIR": str(folder / "state"), "BULKOBJ_CONFIG": "/dev/null"}
        command = [sys.executable, __file__, "import", str(folder / "plan.csv"), "--yes", "--rate", "1000000/0.001"]
        started = time.perf_counter()
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    return f"{ROWS} rows planned, sent and reported: at most {ran.stdout.strip()} MB (target < 500 MB), {took:.0f} s"


def main() -> None:
    """Print one line for each measurement."""
    for measure in (partial(throughput, 0.3), partial(throughput, 3.0), own_cost, peak_memory):
        print(measure(), flush=True)


if __name__ == "__main__":
    import_many() if sys.argv[1:] else main()
