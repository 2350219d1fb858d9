"""Real processes at once on one token: the limit as the server sees it, every row exactly once, whoever is killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from bulkobj.execution.journal.records import RunHeader
from bulkobj.execution.journal.run_store import RunStore
from tests.cli.process_kit import ACCOUNTS, Machine, Process, each_once, made, plan, until, writes
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

posix = pytest.mark.skipif(os.name != "posix", reason="kills processes the POSIX way")


@pytest.fixture
def machine(server: SandboxServer, tmp_path: Path) -> Machine:
    return Machine(server, tmp_path / "state")


def test_eighty_rows_wait_for_nothing(tmp_path: Path) -> None:
    """At the real rate a plan that fits into one window goes at once: nobody is told to wait, and it is one window."""
    with SandboxServer(tmp_path / "served") as server:
        machine = Machine(server, tmp_path / "state", {"BULKOBJ_RATE": "99/60"})
        ended = machine.run("import", plan(tmp_path / "p.csv", 80, accounts=ACCOUNTS), "--yes", "--json")
        assert ended.code == 0, ended.err
        assert "waiting" not in ended.err
        assert made(server) == each_once(80)
        arrivals = server.arrivals()
        assert len(arrivals) == server.worst_window(60) == 88
        assert {one.status for one in arrivals} == {200, 201}


def test_two_processes_on_two_files_share_the_limit(tmp_path: Path) -> None:
    """Together they make no more calls than one may, are never refused, and each does its rows once."""
    with SandboxServer(tmp_path / "served", rate="21/0.5") as server, ExitStack() as stack:
        machine = Machine(server, tmp_path / "state", {"BULKOBJ_RATE": "20/0.5"})
        files = [plan(tmp_path / f"{name}.csv", 30, name, ACCOUNTS) for name in ("One", "Two")]
        running = [stack.enter_context(machine.start("import", file, "--yes")) for file in files]
        ended = [process.end() for process in running]
        assert [one.code for one in ended] == [0, 0], ended
        assert server.worst_window(0.5) <= 20
        assert {one.status for one in server.arrivals()} == {200, 201}
        assert made(server, "One") == each_once(30, "One")
        assert made(server, "Two") == each_once(30, "Two")


def test_two_processes_on_the_same_file_at_the_same_moment(machine: Machine, tmp_path: Path) -> None:
    """One does it, the other is told so with exit 2."""
    file = plan(tmp_path / "p.csv", 20)
    machine.server.behave(latency=0.05)
    with machine.start("import", file, "--yes") as one, machine.start("import", file, "--yes") as other:
        ended = sorted((one.end(), other.end()), key=lambda end: end.code)
    assert [end.code for end in ended] == [0, 2]
    assert "another bulkobj" in ended[1].err or "already imported" in ended[1].err
    assert made(machine.server) == each_once(20)


def test_two_processes_with_one_title_create_it_once(machine: Machine, tmp_path: Path) -> None:
    """Different files that were planned at the same moment: each title is created by whoever comes first."""
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    plan(files[0], 12)
    lines = plan(files[1], 12).read_text().splitlines()
    files[1].write_text("\n".join([lines[0], *reversed(lines[1:])]))
    machine.server.behave(latency=0.05)
    with machine.start("import", files[0], "--yes") as one, machine.start("import", files[1], "--yes") as other:
        ended = [one.end(), other.end()]
    assert {end.code for end in ended} <= {0, 2}, ended
    assert made(machine.server) == each_once(12)


@posix
def test_a_killed_import_is_refused_anew_and_resumed(machine: Machine, tmp_path: Path) -> None:
    """After SIGKILL in mid-run the same file is refused, naming the run; resuming does each row once, then no more."""
    file = plan(tmp_path / "p.csv", 30, accounts=ACCOUNTS)
    machine.server.behave(latency=0.05)
    with machine.start("import", file, "--yes") as process:
        until(lambda: process.over or len(writes(machine.server)) >= 8)
        process.signal(signal.SIGKILL)
        assert process.end().code == -signal.SIGKILL
    (journal,) = (machine.state / "runs").glob("*.sqlite")
    refused = machine.run("import", file, "--yes")
    assert (refused.code, f"bulkobj resume {journal.stem}" in refused.err) == (2, True), refused.err
    resumed = machine.run("resume", "--json")
    assert (resumed.code, resumed.report["counts"]) == (0, {"created": 30}), resumed.err
    assert made(machine.server) == each_once(30)
    sent = writes(machine.server)
    assert machine.run("resume").err == "there is nothing to resume\n"
    assert machine.run("resume", journal.stem).code == 0
    assert writes(machine.server) == sent


@pytest.mark.proof
@pytest.mark.parametrize("processes", [1, 3])
def test_three_hundred_creates_keep_the_limit(machine: Machine, tmp_path: Path, processes: int) -> None:
    """300 rows each: in no window does the server see more than the rate, and all rows are there once."""
    files = [plan(tmp_path / f"P{n}.csv", 300, f"P{n}", ACCOUNTS) for n in range(processes)]
    with ExitStack() as stack:
        running = [stack.enter_context(machine.start("import", file, "--yes")) for file in files]
        ended = [process.end() for process in running]
    assert {one.code for one in ended} == {0}, ended
    assert machine.server.worst_window(3.0) <= 99
    assert {one.status for one in machine.server.arrivals()} == {200, 201}
    for n in range(processes):
        assert made(machine.server, f"P{n}") == each_once(300, f"P{n}")


def begun(machine: Machine, file: Path) -> RunHeader | None:
    """The run that imports the file, where its journal was begun."""
    found = [info.header for info in RunStore(machine.state).all() if info.header.file == file.name]
    assert len(found) <= 1, "a file was begun twice"
    return found[0] if found else None


def go_on(machine: Machine, file: Path) -> Process:
    """Import the file, or resume its run."""
    run = begun(machine, file)
    return machine.start("resume", run.run) if run else machine.start("import", file, "--yes")


@posix
@pytest.mark.proof
@pytest.mark.parametrize(("seed", "answer"), [(11, "201-id"), (12, "success"), (13, "204")])
def test_random_kills(machine: Machine, tmp_path: Path, seed: int, answer: str) -> None:
    """Three imports at once are killed at random moments, and resumed until all are done."""
    random, server = Random(seed), machine.server
    server.behave(jitter=0.15, transit_jitter=0.1, seed=seed, create_answer=answer)
    files = {name: plan(tmp_path / f"{name}.csv", 80, name, ACCOUNTS) for name in ("A", "B", "C")}
    kills = 0
    for _ in range(6):
        with ExitStack() as stack:
            running = [stack.enter_context(go_on(machine, file)) for file in files.values()]
            time.sleep(random.uniform(1, 3))
            for process in running:
                time.sleep(random.uniform(0, 0.2))
                kills += not process.over
                process.signal(signal.SIGKILL)
    ended = [go_on(machine, file).end() for file in files.values()]
    assert [one.code for one in ended] == [0, 0, 0], ended
    for name in files:
        assert made(server, name) == each_once(80, name)
    assert server.worst_window(3.0) <= 99
    assert kills > 5
