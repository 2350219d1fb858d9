"""What the sandbox remembers, whatever becomes of the process."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import pytest

from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import StorageError
from bulkobj.sandbox.embedded import embedded, reset
from bulkobj.sandbox.store import FILE, Store
from tests.service.server import SandboxServer
from tests.service.service_kit import NEW, NO_CERTIFICATES, OBJECTIVES, STATUSES, ManualClock, running, told, wait_for

SPAWN = multiprocessing.get_context("spawn")


class OtherBoot(ManualClock):
    """A machine that was started anew: its clock begins again."""

    boot = "another"


def serve_until_killed(folder: Path, pipe: Connection) -> None:
    with SandboxServer(folder, rate="1000000/1") as server:
        server.behave(limiter="off")
        pipe.send(server.url)
        threading.Event().wait()


def write_without_commit(folder: Path, pipe: Connection) -> None:
    store = Store(folder, SystemClock())
    store.hold()
    with store.transaction():
        store.save("objectives", [{"id": "half", "accountId": "ACME-1001"}])
        pipe.send("written")
        threading.Event().wait()


def open_often(folder: Path, pipe: Connection) -> None:
    """Open, write and close again and again, with others doing the same; the ids written, or what went wrong."""
    clock = SystemClock()
    try:
        written: list[str] = []
        for _ in range(40):
            store = Store(folder, clock)
            store.hold()
            written.append(f"{multiprocessing.current_process().pid}-{len(written)}")
            store.save("objectives", [{"id": written[-1], "accountId": "ACME-1001"}])
            store.close()
        pipe.send(written)
    except StorageError as error:
        pipe.send(str(error))


@contextmanager
def child(target: Callable[[Path, Connection], None], folder: Path) -> Iterator[tuple[Connection, Callable[[], None]]]:
    """Another process, with the pipe that it talks through and a way to kill it as nothing can be survived."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=target, args=(folder, theirs), daemon=True)
    process.start()

    def kill() -> None:
        process.kill()
        process.join(10)

    try:
        yield ours, kill
    finally:
        kill()
        process.close()
        ours.close()
        theirs.close()


def ids(folder: Path) -> set[str]:
    return {each["id"] for each in Store(folder, SystemClock()).documents("objectives")}


def kill_while_writing(folder: Path, acknowledged: int) -> None:
    """Kill a server under a stream of creates: what it acknowledged is there, and at most one more."""
    before = ids(folder)
    made = set()
    with child(serve_until_killed, folder) as (pipe, kill):
        killer = threading.Thread(target=kill)
        with httpx.Client(
            base_url=told(pipe), headers={"app-token": "sandbox-token"}, verify=NO_CERTIFICATES
        ) as client:
            try:
                while True:
                    made.add(client.post(OBJECTIVES, json=NEW).json()["id"])
                    if len(made) == acknowledged:
                        killer.start()
            except httpx.TransportError:
                pass
        killer.join()
    after = ids(folder) - before
    assert made <= after
    assert len(made) >= acknowledged
    assert len(after) - len(made) <= 1


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """A server killed in the middle of its work has kept every create that it answered."""
    kill_while_writing(tmp_path, acknowledged=20)


@pytest.mark.proof
def test_what_was_acknowledged_survives_many_kills(tmp_path: Path) -> None:
    """The same folder outlives one killed server after another."""
    for acknowledged in range(1, 40):
        kill_while_writing(tmp_path, acknowledged)


def test_what_was_not_committed_is_gone_after_a_kill(tmp_path: Path) -> None:
    """A process killed inside a transaction leaves nothing of it, and no lock."""
    before = ids(tmp_path)
    with child(write_without_commit, tmp_path) as (pipe, kill):
        assert told(pipe) == "written"
        kill()
    assert ids(tmp_path) == before
    with running(tmp_path) as bench:
        assert bench.create().status_code == 201


@pytest.mark.proof
def test_processes_may_come_and_go_at_once(tmp_path: Path) -> None:
    """Four processes open a new store, write to it and close it again and again, and none is turned away."""
    with ExitStack() as children:
        pipes = [children.enter_context(child(open_often, tmp_path))[0] for _ in range(4)]
        written = [told(pipe) for pipe in pipes]
    assert all(isinstance(each, list) for each in written), written
    assert len({identity for each in written for identity in each} & ids(tmp_path)) == 160


def test_two_processes_share_data_and_limit(tmp_path: Path) -> None:
    """A server in another process sees what this one was told, and counts on from there."""
    with child(serve_until_killed, tmp_path) as (pipe, _), running(tmp_path, rate="1000000/1") as bench:
        identity = bench.create().json()["id"]
        headers = {"app-token": bench.server.token}
        with httpx.Client(base_url=told(pipe), headers=headers, verify=NO_CERTIFICATES) as other:
            read = other.get(OBJECTIVES, params={"accountId": NEW["accountId"]}).json()
        assert [each["id"] for each in read] == [identity]
        assert [each.method for each in bench.server.arrivals()] == ["POST", "GET"]


def test_the_data_outlast_the_server(tmp_path: Path) -> None:
    """The next server on the folder knows what the first one was told, and the first can still be asked."""
    with SandboxServer(tmp_path) as first:
        first.put("objectives", [{"id": "kept", "accountId": "ACME-1001"}])
    with SandboxServer(tmp_path) as second:
        assert "kept" in {each["id"] for each in second.objectives()}
        assert second.incarnation == first.incarnation
    assert first.objectives() == second.objectives()
    assert first.worst_window(60) == 0


def test_a_reset_begins_anew(tmp_path: Path) -> None:
    """The objectives are the seeds again, spending and arrivals are gone, and the incarnation is another."""
    with running(tmp_path, rate="2/600") as bench:
        seeded, incarnation = bench.server.objectives(), bench.server.incarnation
        assert [bench.create().status_code, bench.of().status_code] == [201, 200]
        bench.server.reset()
        assert (bench.server.objectives(), bench.server.arrivals()) == (seeded, [])
        assert bench.server.incarnation != incarnation
        assert bench.client.get(STATUSES).status_code == 200


@pytest.mark.parametrize(
    "content", [b"this is not a database, whatever its name says" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_broken_store_says_so_and_can_be_reset(tmp_path: Path, content: bytes) -> None:
    """Garbage in the file is an error that names the folder and the way out, which then works."""
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StorageError, match=r"sandbox reset"):
        embedded(tmp_path)
    reset(tmp_path)
    assert len(ids(tmp_path)) == 30


def test_a_store_of_another_version_says_so(tmp_path: Path) -> None:
    """A file that a later version wrote is left alone until it is reset."""
    Store(tmp_path, SystemClock())
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="another version"):
        Store(tmp_path, SystemClock())
    reset(tmp_path)
    assert len(ids(tmp_path)) == 30


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """A file where the folder should be is an error that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        Store(tmp_path / "file", SystemClock())
    with pytest.raises(StorageError, match="file"):
        reset(tmp_path / "file")


@pytest.mark.parametrize("clock", [OtherBoot(50_000), ManualClock(5)])
def test_a_restart_of_the_machine_ends_what_was_spent(tmp_path: Path, clock: ManualClock) -> None:
    """Times of an earlier start don't count, told by the start's name or by a clock that runs backwards."""
    with running(tmp_path, clock=ManualClock(49_999), rate="1/60") as bench:
        assert [bench.client.get(STATUSES).status_code for _ in range(2)] == [200, 429]
    with running(tmp_path, clock=clock, rate="1/60") as bench:
        assert bench.server.arrivals() == []
        assert [bench.client.get(STATUSES).status_code for _ in range(2)] == [200, 429]
        assert len(bench.server.objectives()) == 30


def test_arrivals_are_forgotten_after_an_hour(tmp_path: Path) -> None:
    """A sandbox that is used every day doesn't grow for ever."""
    for at, logged in ((1000, 1), (4000, 2), (4700, 2)):
        with running(tmp_path, clock=ManualClock(at)) as bench:
            bench.client.get(STATUSES)
            assert len(bench.server.arrivals()) == logged


def test_no_token_is_kept(tmp_path: Path) -> None:
    """The files of the store hold no token that was sent."""
    with running(tmp_path, token="very-secret-token") as bench:
        bench.client.get(STATUSES)
        bench.client.get(STATUSES, headers={"app-token": "wrong-secret-token"})
        files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(b"objective-settings" in content for content in files)
    assert not any(b"secret-token" in content for content in files)


def test_a_store_that_fails_is_an_answer(tmp_path: Path) -> None:
    """A server whose store breaks answers 500 with the reason, and prints no traceback."""
    with running(tmp_path) as bench:
        with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
            connection.execute("DROP TABLE arrivals")
        answer = bench.client.get(STATUSES)
    assert answer.status_code == 500
    assert "cannot use the sandbox's data" in answer.json()["message"]


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    """What fails in the middle leaves nothing, the parts inside it included."""
    store = Store(tmp_path, SystemClock())
    before = store.documents("objectives")

    def fail_half_way() -> None:
        with store.transaction():
            store.save("objectives", [{"id": "half", "accountId": "ACME-1001"}])
            store.remove("objectives", before[0]["id"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert store.documents("objectives") == before


def test_threads_may_share_a_store(tmp_path: Path) -> None:
    """Writers in several threads lose nothing of each other's."""
    store = Store(tmp_path, SystemClock())
    store.hold()

    def write(writer: int) -> None:
        for number in range(25):
            store.save("accounts", [{"id": f"{writer}-{number}", "name": "Thread"}])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: not any(thread.is_alive() for thread in threads))
    assert len(store.documents("accounts")) == 140
    store.close()


def test_the_rate_of_embedded_servers_is_the_documented_one(tmp_path: Path) -> None:
    """100 calls in 60 seconds, or in as many as the command's own rate has."""
    with embedded(tmp_path) as server, embedded(tmp_path, seconds=3) as quick:
        said = [httpx.get(each.url + STATUSES, verify=NO_CERTIFICATES).headers for each in (server, quick)]
    assert [headers["RateLimit-Limit"] for headers in said] == ["100", "100"]
    slow, fast = (float(headers["RateLimit-Reset"]) for headers in said)
    assert fast <= 4 < slow <= 61  # rounded up to whole seconds
