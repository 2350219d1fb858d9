"""Ctrl-C and SIGTERM to a real process: what is in flight is finished, and `bulkobj resume` goes on from there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process_kit import ACCOUNTS, Machine, each_once, made, plan, until, writes
from tests.service.server import SandboxServer

pytestmark = [pytest.mark.proof, pytest.mark.skipif(os.name != "posix", reason="signals processes the POSIX way")]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A service slow enough that something is always in flight."""
    with SandboxServer(tmp_path / "served", rate="100/3") as server:
        server.behave(latency=0.2)
        yield Machine(server, tmp_path / "state")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.proof)], ids=["SIGINT", "SIGTERM"]
)
def test_an_interrupt_in_mid_run(machine: Machine, tmp_path: Path, number: int) -> None:
    """Exit 130, nothing left in the air, a word on how to go on; resuming asks nothing and does the rest once."""
    server = machine.server
    with machine.start("import", plan(tmp_path / "p.csv", 24, accounts=ACCOUNTS), "--yes", "--json") as process:
        until(lambda: len(writes(server)) >= 6)
        process.signal(number)
        ended = process.end()
    report = ended.report
    assert ended.code == 130
    assert f"bulkobj resume {report['run']}" in ended.err
    assert report["finished"] is False
    assert set(report["counts"]) == {"created", "not-attempted"}
    assert report["counts"]["created"] == sum(made(server).values()) == len(writes(server)) < 24
    resumed = machine.run("resume", "--json")
    assert (resumed.code, resumed.report["counts"]) == (0, {"created": 24}), resumed.err
    assert made(server) == each_once(24)
    assert len(writes(server)) == 24


def test_an_interrupt_while_accounts_are_read(machine: Machine, tmp_path: Path) -> None:
    """Exit 130, no further call is made, nothing is written and no run is begun."""
    ids = [one["id"] for one in machine.server.objectives()]
    accounts = {one["id"]: one["accountId"] for one in machine.server.objectives()}
    file = tmp_path / "p.csv"
    rows = [f"update,{accounts[one]},{one},Changed" for one in ids]
    file.write_text("\n".join(["Action,Account ID,Objective ID,Title", *rows]))
    with machine.start("import", file, "--yes", BULKOBJ_CONCURRENCY="1") as process:
        until(lambda: len(machine.server.arrivals()) >= 2)
        process.signal(signal.SIGINT)
        ended = process.end()
    assert (ended.code, ended.err) == (130, "bulkobj: interrupted\n")
    assert not writes(machine.server)
    assert len(machine.server.arrivals()) <= 3 < len(set(accounts.values()))
    assert not list((machine.state / "runs").glob("*"))


def test_a_second_interrupt_ends_at_once(machine: Machine, tmp_path: Path) -> None:
    """A call that hangs is not waited for; what it did is found out by resuming."""
    server = machine.server
    server.fault("hang", method="POST", when="after", count=1)
    with machine.start("import", plan(tmp_path / "p.csv", 3), "--yes", BULKOBJ_TIMEOUT="50") as process:
        until(lambda: bool(made(server)))
        process.signal(signal.SIGINT)
        assert process.stays(0.3), "it didn't wait for what was in flight"
        process.signal(signal.SIGINT)
        assert process.end().code == 130
    assert machine.run("resume", BULKOBJ_SETTLE="0").code == 0
    assert made(server) == each_once(3)


def test_an_interrupt_while_a_lost_create_settles(machine: Machine, tmp_path: Path) -> None:
    """The wait for --settle is given up at once; resuming looks, and sends again what never happened."""
    server = machine.server
    server.fault("drop", method="POST", when="before", count=1)
    file = plan(tmp_path / "p.csv", 2)
    with machine.start("import", file, "--yes", "--json", BULKOBJ_SETTLE="50") as process:
        until(lambda: bool(writes(server)) and "accountId" in server.arrivals()[-1].path)
        process.signal(signal.SIGINT)
        ended = process.end()
    assert ended.code == 130
    assert ended.report["counts"] == {"not-attempted": 1, "unknown": 1}
    assert "bulkobj resume" in ended.err
    assert machine.run("resume").code == 0
    assert made(server) == each_once(2)


@pytest.mark.parametrize("command", ["import", "undo", "settings"])
def test_an_interrupt_while_the_last_reads_are_in_flight(machine: Machine, tmp_path: Path, command: str) -> None:
    """Nothing had to wait any more, and yet the command ends there: exit 130, and nothing is written."""
    server = machine.server
    file = plan(tmp_path / "p.csv", 3)
    arguments: tuple[object, ...] = {"import": (file, "--yes"), "settings": ()}.get(command, ())
    if command == "undo":
        arguments = (machine.run("import", file, "--yes", "--json").report["run"], "--yes")
    server.behave(latency=1.5)
    before, seen = writes(server), len(server.arrivals())
    with machine.start(command, *arguments) as process:
        until(lambda: len(server.arrivals()) > seen)
        process.signal(signal.SIGINT)
        ended = process.end()
    assert (ended.code, ended.err) == (130, "bulkobj: interrupted\n")
    assert writes(server) == before
