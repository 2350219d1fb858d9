"""A slot store that is lost, damaged, foreign, locked or out of reach means waiting or a clear error, never a burst."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.core.errors import StorageError
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.sqlite_slots import SqliteSlotStore
from tests.totango.rate_limit.limiter_world import TIMEOUT, FilePlace, Machine, VirtualClock, run_virtual

RATE = Rate(3, 10)
ALL_SLOTS_LAPSE = pytest.approx(TIMEOUT + RATE.seconds, abs=0.1)

Story = Callable[[Machine], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledgers" / "calls.sqlite"


def virtually(path: Path, story: Story, boot: str = "boot-1", start: float = 1000.0) -> None:
    async def main() -> None:
        async with Machine(FilePlace(path), RATE, VirtualClock(boot)) as machine:
            await story(machine)

    run_virtual(main, start)


async def call(limiter: RateLimiter) -> None:
    await limiter.release(await limiter.take(), Limits())


async def some_calls(machine: Machine) -> None:
    """A life before the trouble."""
    for _ in range(2):
        await call(machine.limiter())


async def seconds_until_taken(machine: Machine) -> float:
    start = machine.clock.now()
    await machine.limiter().take()
    return machine.clock.now() - start


async def waits_for_all_slots(machine: Machine) -> None:
    assert await seconds_until_taken(machine) == ALL_SLOTS_LAPSE


async def waits_for_nothing(machine: Machine) -> None:
    assert await seconds_until_taken(machine) == 0


def remove(path: Path) -> None:
    path.unlink()


def fill_with_garbage(path: Path) -> None:
    path.write_bytes(b"no slot store at all " * 1000)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def execute(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute(statement)

    return change


LOSSES = {
    "removed": remove,
    "garbage": fill_with_garbage,
    "cut short": cut_short,
    "empty": empty,
    "another version": execute("PRAGMA user_version = 7"),
    "another program's": execute("PRAGMA application_id = 7"),
    "no table": execute("DROP TABLE slot"),
    "odd slot": execute("UPDATE slot SET over = 'late'"),
    "no state": execute("DELETE FROM state"),
    "odd state": execute("UPDATE state SET blocked_until = 'soon'"),
    "odd text": execute("UPDATE state SET boot = CAST(x'FF' AS TEXT)"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_lost_slot_store_means_waiting(path: Path, loss: Callable[[Path], None]) -> None:
    """It counts as if all slots had been taken just now, for each process that comes; then all goes on."""

    async def afterwards(machine: Machine) -> None:
        other = machine.limiter()
        await waits_for_all_slots(machine)
        await other.take()
        await other.take()

    virtually(path, some_calls)
    loss(path)
    virtually(path, afterwards)


def test_a_first_use_waits_for_nothing(path: Path) -> None:
    """Without a marker nothing was lost."""
    virtually(path, waits_for_nothing)


def test_a_known_slot_store_waits_for_nothing(path: Path) -> None:
    """With a slot free, another process of the same boot goes on at once."""
    virtually(path, some_calls)
    virtually(path, waits_for_nothing)


def test_a_damaged_slot_store_is_moved_aside(path: Path) -> None:
    """Its bytes stay for whoever wonders, and it isn't looked at twice."""
    virtually(path, some_calls)
    fill_with_garbage(path)
    virtually(path, some_calls)
    assert path.with_name("calls.sqlite.damaged").read_bytes().startswith(b"no slot store at all")
    virtually(path, waits_for_nothing, start=1100)


def test_another_boot_means_waiting(path: Path) -> None:
    """Times of another boot say nothing, even where they look younger."""
    virtually(path, some_calls)
    virtually(path, waits_for_all_slots, boot="boot-2", start=1500)


def test_a_clock_that_started_anew_means_waiting(path: Path) -> None:
    """Where the system names no boot, times in the future tell."""
    virtually(path, some_calls, boot="")
    virtually(path, waits_for_all_slots, boot="", start=5)


def replace_by_a_copy(path: Path) -> None:
    """Put back a backup from before the calls."""
    copy = path.with_name("copy")
    shutil.copy(path.with_name("backup"), copy)
    copy.replace(path)


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("loss", [remove, replace_by_a_copy, remove_folder])
@pytest.mark.parametrize("boot_before", ["boot-0", "boot-1"], ids=["lost before", "never lost"])
def test_a_slot_store_that_goes_while_we_run_means_waiting(
    path: Path, loss: Callable[[Path], None], boot_before: str
) -> None:
    """A file removed or replaced under an open connection is noticed by the next call, and by other processes."""

    async def story(machine: Machine) -> None:
        first, second = machine.limiter(), machine.limiter()
        await call(first)
        await call(second)
        loss(path)
        start = machine.clock.now()
        await first.take()
        await second.take()
        assert machine.clock.now() - start == ALL_SLOTS_LAPSE

    virtually(path, some_calls, boot=boot_before)
    virtually(path, some_calls, start=2000)
    shutil.copy(path, path.with_name("backup"))
    virtually(path, story, start=3000)


def test_calls_in_flight_outlast_the_slot_store(path: Path) -> None:
    """A call whose answer comes after the slot store was lost is entered into the new one."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        slots = [await limiter.take() for _ in range(RATE.calls)]
        path.unlink()
        other = machine.limiter()
        waiting = asyncio.create_task(other.take())
        await asyncio.sleep(35)
        for slot in slots:
            await limiter.release(slot, Limits())
        await asyncio.sleep(9)
        assert not waiting.done()
        await asyncio.sleep(1.1)
        assert waiting.done()

    virtually(path, story)


@pytest.mark.parametrize("loss", [remove, remove_folder])
def test_a_slot_store_lost_again_and_again_is_an_error(path: Path, loss: Callable[[Path], None]) -> None:
    """Something that keeps removing it must be found; waiting for ever is no answer."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for _ in range(4):
            await call(limiter)
            loss(path)
        with pytest.raises(StorageError, match="keeps being lost"):
            await limiter.take()

    virtually(path, story)


def test_two_machines_on_one_file_are_an_error(path: Path) -> None:
    """Machines that share a state folder would start each other's slot store anew without end."""

    async def story(machine: Machine) -> None:
        elsewhere = SqliteSlotStore(path, VirtualClock("another machine"))
        machine.stores.append(elsewhere)
        here = machine.store()
        for _ in range(3):
            await here.take(RATE, TIMEOUT)
            await elsewhere.take(RATE, TIMEOUT)
        await here.take(RATE, TIMEOUT)
        with pytest.raises(StorageError, match="no other machine"):
            await elsewhere.take(RATE, TIMEOUT)

    virtually(path, story)


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield db


def test_a_short_lock_is_waited_for(path: Path) -> None:
    """Another process in its transaction costs milliseconds, and the loop goes on meanwhile."""

    async def story(machine: Machine) -> None:
        await call(machine.limiter())
        with locked(path) as db:
            asyncio.get_running_loop().call_later(2, db.rollback)
            assert 2 <= await seconds_until_taken(machine) < 2.1

    virtually(path, story)


def test_a_lock_that_stays_is_an_error(path: Path) -> None:
    """After ten seconds the user is told, with the file's name."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await call(limiter)
        with locked(path), pytest.raises(StorageError, match=r"locked the slot store .*calls\.sqlite for 10 seconds"):
            await limiter.take()
        await limiter.take()

    virtually(path, story)


def test_an_answer_survives_a_slot_store_that_fails(path: Path) -> None:
    """Giving back never raises; the next call does, and sends nothing."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        slot = await limiter.take()
        with locked(path):
            await limiter.release(slot, Limits(None, 30.0, refused=True))
        with pytest.raises(StorageError, match="locked"):
            await limiter.take()

    virtually(path, story)


async def cannot_be_used(machine: Machine) -> None:
    with pytest.raises(StorageError, match=r"cannot use the slot store.*BULKOBJ_STATE_DIR"):
        await machine.limiter().take()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "ledgers").write_text("in the way")
    virtually(tmp_path / "ledgers" / "calls.sqlite", cannot_be_used)


def test_a_slot_store_that_is_a_folder_is_an_error(path: Path) -> None:
    """SQLite's own complaint reaches the user with what to do."""
    path.mkdir(parents=True)
    virtually(path, cannot_be_used)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write anywhere, so be somebody else where we are root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_read_only_folder_is_an_error(path: Path) -> None:
    """Without a slot store that can be written nothing is sent."""
    path.parent.mkdir(mode=0o555)
    with without_privileges():
        virtually(path, cannot_be_used)


@settings(max_examples=40, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), what=st.binary(min_size=1, max_size=64))
def test_no_damage_breaks_more_than_the_slot_store(
    tmp_path_factory: pytest.TempPathFactory, where: float, what: bytes
) -> None:
    """Wherever bytes are overwritten, the next process goes on, waits, or says what is wrong."""
    path = tmp_path_factory.mktemp("damage") / "calls.sqlite"
    virtually(path, some_calls)
    content = path.read_bytes()
    at = int(where * len(content))
    path.write_bytes(content[:at] + what + content[at + len(what) :])

    async def story(machine: Machine) -> None:
        try:
            await asyncio.wait_for(machine.limiter().take(), 10_000)
        except (StorageError, TimeoutError):
            return

    virtually(path, story)


def test_a_new_file_is_not_given_the_log_of_the_old_one(path: Path) -> None:
    """A file that is gone may have left its log: SQLite would play that into the new file."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits())
        log = Path(f"{path}-wal")
        kept = log.read_bytes()
        await machine.stores[0].close()
        path.unlink()
        log.write_bytes(kept)
        await machine.limiter().take()
        assert Path(f"{path}.damaged-wal").read_bytes() == kept

    virtually(path, story)


def test_a_transaction_locks_before_it_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a deferred transaction two processes could read the same last slot, and one would fail to take it."""
    begun: list[str] = []
    real = sqlite3.connect

    def tracing(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **options)
        connection.set_trace_callback(begun.append)
        return connection

    async def story(machine: Machine) -> None:
        await machine.limiter().take()
        begun.clear()
        await machine.limiter().take()
        statements = [one.split()[0:2] for one in begun if not one.startswith(("PRAGMA", "--"))]
        assert statements[0] == ["BEGIN", "IMMEDIATE"]

    monkeypatch.setattr(sqlite3, "connect", tracing)
    virtually(path, story)
