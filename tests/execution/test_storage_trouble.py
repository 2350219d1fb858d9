"""The state folder fails: a clear error with an exit code of the contract, and nothing sent that isn't recorded."""

from __future__ import annotations

import multiprocessing
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bulkobj.core.errors import StorageError
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.totango.rate_limit import sqlite_file as slot_store_file
from tests.cli.cli_kit import Ran, against, bulkobj, creates
from tests.execution.execution_kit import ACCOUNT, RunKit, create, settings_for, titles
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof


def posts(server: SandboxServer) -> int:
    return sum(one.method == "POST" for one in server.arrivals())


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder, with nothing in it yet; reports go beside it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def finished_run(server: SandboxServer, state: Path) -> Path:
    """The journal of a run that is done."""
    assert against(server, "import", "-", "--yes", stdin=creates(2)).code == 0
    (path,) = (state / "runs").glob("*.sqlite")
    return path


def refused(ran: Ran, *words: str, code: int = 2) -> None:
    """It ended as a storage error does, in words."""
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert "something went wrong inside" not in ran.err
    for word in words:
        assert word in ran.err, ran.err


@pytest.mark.parametrize("name", ["runs", "locks", "ledgers"])
def test_a_state_folder_that_can_not_be_written(server: SandboxServer, state: Path, name: str) -> None:
    """A file stands where a folder should be made: said before anything is sent."""
    (state / name).write_text("in the way")
    refused(against(server, "import", "-", "--yes", stdin=creates(2)), str(state))
    assert posts(server) == 0


@pytest.mark.parametrize("failing", range(1, 14, 2))
def test_a_disk_that_fills_up_in_mid_run(server: SandboxServer, tmp_path: Path, failing: int) -> None:
    """From some write of the journal on, all fail: no send without its intent on disk, and resuming ends well."""
    run = RunKit(
        settings_for(server, tmp_path), [create(f"New {n}", a) for n in range(4) for a in (ACCOUNT, "ACME-1001")]
    )
    written = 0
    original = Journal._write

    def full(journal: Journal, *rest: Any) -> None:
        nonlocal written
        written += 1
        if written >= failing:
            raise StorageError("the disk is full")
        original(journal, *rest)

    with mock.patch.object(Journal, "_write", full):
        assert isinstance(run.carry_out(), StorageError)
    assert posts(server) == sum(entry.attempts for entry in run.entries())
    assert run.carry_out() is None
    assert run.results() == ["created"] * 8
    assert sum(one["title"].startswith("New ") for one in server.objectives()) == 8


def _limited(path: Path, run: Callable[[], None]) -> None:
    import resource  # noqa: PLC0415 - POSIX alone has it
    import signal  # noqa: PLC0415 - only the child needs it

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 4, resource.RLIM_INFINITY))
    run()


@pytest.mark.skipif(sys.platform == "win32", reason="limits a child's files the POSIX way")
def test_a_real_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    """SQLite's own failure to write, in a process that may write little: the journal is whole or not there at all."""
    folder = tmp_path / "runs"
    header = RunHeader("20260101-000000-test", "import", "2026-01-01T00:00:00+00:00", "f", "h", "t", "k", "u")
    Journal.create(tmp_path / "model", header, b"x" * 500_000, (), {}).close()

    def begin() -> None:
        try:
            Journal.create(folder, header, b"x" * 500_000, (), {})
        except StorageError:
            sys.exit(42)

    model = tmp_path / "model" / "20260101-000000-test.sqlite"
    child = multiprocessing.get_context("fork").Process(target=_limited, args=(model, begin))
    child.start()
    child.join()
    assert child.exitcode == 42
    assert not list(folder.glob("*"))


def test_a_leftover_draft_is_no_run(server: SandboxServer, state: Path) -> None:
    """A process that died while it wrote its journal had sent nothing: its draft is in nobody's way."""
    (state / "runs").mkdir()
    (state / "runs" / "20260101-000000-dead.draft").write_bytes(b"SQLite format 3\0half")
    assert bulkobj("runs").out.count("\n") == 1
    assert against(server, "resume").err == "there is nothing to resume\n"
    assert against(server, "import", "-", "--yes", stdin=creates(2)).code == 0


def _another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 7")


def _no_database(path: Path) -> None:
    path.write_bytes(b"not a database at all " * 300)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _no_header(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM run")


def _no_json(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE line SET step = '{'")


def _no_lines(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE line")


DAMAGE = [_another_version, _no_database, _empty, _cut, _no_header, _no_json, _no_lines]


@pytest.mark.parametrize("damage", DAMAGE, ids=[one.__name__.strip("_") for one in DAMAGE])
def test_a_damaged_journal(server: SandboxServer, state: Path, damage: Callable[[Path], None]) -> None:
    """It can't be resumed or reported, and says so; what it was about is not sent again; other work goes on."""
    path = finished_run(server, state)
    damage(path)
    sent = posts(server)
    refused(against(server, "resume", path.stem), path.name, code=4)
    refused(against(server, "resume"), path.name, code=4)
    refused(bulkobj("report", path.stem, "-o", path.with_suffix(".json")), path.name, code=4)
    refused(bulkobj("runs"), path.name, code=4)
    assert against(server, "import", "-", "--yes", stdin=creates(2)).code == 0
    assert posts(server) == sent


@pytest.mark.parametrize("damage", [_no_database, _empty, _cut], ids=["no database", "empty", "cut"])
def test_a_damaged_slot_store_is_made_anew(server: SandboxServer, state: Path, damage: Callable[[Path], None]) -> None:
    """The run waits as if all calls had just been made, and goes on."""
    finished_run(server, state)
    (store,) = (state / "ledgers").glob("*.sqlite")
    for ending in ("-wal", "-shm"):
        Path(f"{store}{ending}").unlink(missing_ok=True)
    damage(store)
    environ = {"BULKOBJ_TOKEN": server.token, "BULKOBJ_BASE_URL": server.url}
    ran = bulkobj("import", "-", "--yes", "--timeout", 0.5, "--rate", "99/0.5", stdin=creates(3), environ=environ)
    assert ran.code == 0, ran.err
    assert server.worst_window(0.5) <= 99


@pytest.fixture
def impatient() -> Iterator[None]:
    """Half a second is long enough to wait for a lock."""
    with mock.patch.object(slot_store_file, "_PATIENCE", 0.5):
        yield


@pytest.mark.usefixtures("impatient")
def test_a_slot_store_that_stays_locked(server: SandboxServer, state: Path) -> None:
    """Another program holds the lock: said by name, nothing sent."""
    finished_run(server, state)
    (store,) = (state / "ledgers").glob("*.sqlite")
    sent = posts(server)
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        ran = against(server, "import", "-", "--yes", "--again", stdin=creates(2))
        db.execute("ROLLBACK")
    refused(ran, "locked", str(store))
    assert posts(server) == sent


@pytest.mark.usefixtures("impatient")
def test_a_slot_store_that_fails_in_mid_run(tmp_path: Path) -> None:
    """What was answered is recorded before the run ends, and resuming does the rest."""
    locks: list[sqlite3.Connection] = []

    def lock(method: str, path: str, body: bytes) -> None:
        if len(received) == 3:
            (store,) = (tmp_path / "ledgers").glob("*.sqlite")
            locks.append(sqlite3.connect(store, isolation_level=None, check_same_thread=False))
            locks[0].execute("BEGIN IMMEDIATE")
        received.append(path)

    received: list[str] = []
    with SandboxServer(tmp_path / "served", rate="1000/1", on_write=lock) as server:
        run = RunKit(settings_for(server, tmp_path), [create(f"New {n}") for n in range(8)])
        assert isinstance(run.carry_out(), StorageError)
        locks[0].close()
        assert run.results() == ["created"] * 4 + ["not-attempted"] * 4
        assert run.carry_out() is None
        assert [titles(server).count(f"New {n}") for n in range(8)] == [1] * 8


def test_runs_that_can_be_read_are_listed_beside_one_that_can_not(server: SandboxServer, state: Path) -> None:
    path = finished_run(server, state)
    assert against(server, "import", "-", "--yes", stdin=creates(1, "ACME-1001")).code == 0
    _no_lines(path)
    listed = bulkobj("runs")
    assert "1 created" in listed.out
    assert path.name in listed.err
    assert RunStore(state).unreadable() == [path]
