"""What an export costs: ``python tests/bench/bench_export.py``.

Prints how much of the limit the reading of 1,000 accounts uses, in virtual time, and the peak memory of an export of
100,000 objectives, in a process of its own. Rate limiter, slot store, collecting and writing are the real ones; the
network is a fake.
"""

import json
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from bulkobj.core.model import Field, Named, Objective
from bulkobj.core.shutdown import StopSignal
from bulkobj.totango.responses import Exchange, Response
from bulkobj.totango.transport import Request
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.export.accounts import AccountChoice
from bulkobj.workflows.export.collect import collect
from bulkobj.workflows.export.content import Account, Export, Filters
from bulkobj.workflows.export.files import write_export
from tests.bench.bench_run import RATE, Network, opened, settings_in

# bench_run has put the folders of these on the path.
from tests.totango.rate_limit.limiter_world import VirtualClock, run_virtual, worst_window

ACCOUNTS, OBJECTIVES = 1000, 100_000
FIELDS = {
    "title": "An objective of the account",
    "description": "What is to be done, in a few words",
    "categoryId": "c1",
    "statusId": "s1",
    "owner": "owner@example.demo",
    "startDate": "2027-01-01T00:00:00.000Z",
    "endDate": "2027-03-31T00:00:00.000Z",
}


class Tenant(Network):
    """The fake network with something on every account."""

    async def send(self, call: Request, within: float) -> Exchange:
        """The list of an account, the pages of account search, the settings."""
        answer = await super().send(call, within)
        if call.path.startswith("/api/v3/objectives/"):
            return Response(200, body=json.dumps([{"id": call.params["accountId"], **FIELDS}]).encode())
        if call.form is not None:
            hits: list[dict[str, Any]] = [{"name": f"A{n}", "display_name": f"Account {n}"} for n in range(ACCOUNTS)]
            found = {"response": {"accounts": {"total_hits": ACCOUNTS, "hits": hits}}}
            return Response(200, body=json.dumps(found).encode())
        return answer


async def read_all(folder: Path, latency: float) -> tuple[float, Tenant, int]:
    """The seconds on the clock that reading every account took, and the objectives found."""
    clock, stop = VirtualClock(), StopSignal()
    network = Tenant(clock, latency)
    async with opened(settings_in(folder, RATE), clock, stop, network) as totango:
        start = clock.now()
        collected = await collect(totango, AccountChoice(everything=True), Filters(), lambda _, __: None)
        took = clock.now() - start
    return took, network, sum(len(account.objectives) for account in collected.accounts)


def throughput(latency: float) -> str:
    """How much of what the limit allows is used."""
    with tempfile.TemporaryDirectory() as name:
        took, network, found = run_virtual(lambda: read_all(Path(name), latency))
    calls = len(network.arrivals)
    best = RATE.seconds * ((calls - 1) // RATE.calls) + latency
    worst = worst_window(network.arrivals, RATE.seconds)
    used = f"{calls} calls in {took:.1f} s, {best / took:.1%} of the optimum (at least 97 %)"
    return f"{found:,} accounts read, {latency} s latency: {used}; worst {RATE.seconds:g} s: {worst} calls"


def export_many() -> None:
    """Write a workbook of many objectives, and print the peak memory."""
    fields = {Field.TITLE: FIELDS["title"], Field.DESCRIPTION: FIELDS["description"], Field.CATEGORY: "c1"}
    fields |= {Field.STATUS: "s1", Field.OWNER: FIELDS["owner"]}
    fields |= {Field.START_DATE: FIELDS["startDate"], Field.END_DATE: FIELDS["endDate"]}
    accounts = tuple(
        Account(
            Named(f"A{n}", f"Account {n}"),
            tuple(
                Objective(f"o{n}-{m}", f"A{n}", {k: f"{v}{n}" if k is Field.TITLE else v for k, v in fields.items()})
                for m in range(OBJECTIVES // ACCOUNTS)
            ),
        )
        for n in range(ACCOUNTS)
    )
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    directory = Directory({Kind.STATUS: (Named("s1", "In Progress"),), Kind.CATEGORY: (Named("c1", "Adoption"),)})
    with tempfile.TemporaryDirectory() as folder:
        write_export(
            Export(accounts, directory, "fake:443", "2027-01-01", date(2027, 1, 1)), Path(folder) / "plan.xlsx"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{OBJECTIVES:,} objectives: {held:.0f} MB to hold them, {peak:.0f} MB at the peak of writing them")


def main() -> None:
    """Measure, and print."""
    if sys.argv[1:] == ["--many"]:
        export_many()
        return
    for latency in (0.3, 3.0):
        print(throughput(latency))
    subprocess.run([sys.executable, __file__, "--many"], check=True)


if __name__ == "__main__":
    main()
