"""The connection to a real redis-server, in real time: what goes wrong with it is said, and never sends a call."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from bulkobj.config.redis_url import RedisUrl
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import SharedSlotStoreError
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.redis.connection import RedisServer
from bulkobj.totango.rate_limit.redis.slots import RedisSlotStore
from bulkobj.totango.rate_limit.slots import Wait
from tests.cli.redis_kit import MISSING, PROGRAM, RedisDaemon

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

RATE = Rate(20, 0.5)
LAPSE = 0.2
SECRET = "s3cret%2Fword"


def opened(url: str, timeout: float = 5.0) -> RedisSlotStore:
    clock = SystemClock()
    return RedisSlotStore(RedisServer(RedisUrl(url), clock, timeout), "name", clock)


def using(url: str, work: Callable[[RedisSlotStore], Awaitable[Any]], timeout: float = 5.0) -> Any:
    """Do something with a slot store that has been in use for long enough."""

    async def main() -> Any:
        store = opened(url, timeout)
        try:
            return await work(store)
        finally:
            await store.close()

    return run(main())


def run(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(main)


async def take(store: RedisSlotStore) -> int:
    """Wait for a slot."""
    while isinstance(got := await store.take(RATE, LAPSE), Wait):
        await asyncio.sleep(got.seconds)
    return got


def failing(url: str, timeout: float = 5.0) -> str:
    """The error's words; it holds nothing secret, nor does anything that led to it."""
    with pytest.raises(SharedSlotStoreError) as caught:
        using(url, take, timeout)
    assert caught.value.__suppress_context__
    said = f"{caught.value!r} {caught.value}"
    assert "s3cret" not in said
    assert 'Check that this Redis runs, and "slot_store" in the profile' in said
    return said


def test_many_who_ask_at_once_get_no_more_than_there_are(own_redis: RedisDaemon) -> None:
    """A hundred ask for twenty slots, over five slot stores of as many connections as it takes."""

    async def main() -> Counter[type]:
        first, *stores = [opened(own_redis.url) for _ in range(6)]
        await first.check(RATE)
        own_redis.client.hset("bulkobj:{name}:state", "lost_at", "1")  # long ago
        got = await asyncio.gather(*(store.take(RATE, 30) for store in stores for _ in range(20)))
        for store in (first, *stores):
            await store.close()
        assert len({slot for slot in got if isinstance(slot, int)}) == 20
        return Counter(type(one) for one in got)

    assert run(main()) == {int: 20, Wait: 80}


def test_a_script_that_was_forgotten_is_loaded_again(own_redis: RedisDaemon) -> None:
    async def work(store: RedisSlotStore) -> None:
        await take(store)
        own_redis.client.script_flush()
        await take(store)

    using(own_redis.url, work)


def test_the_service_s_word_is_shared(own_redis: RedisDaemon) -> None:
    """A refusal that one machine was given keeps the other waiting."""

    async def main() -> None:
        one, other = opened(own_redis.url), opened(own_redis.url)
        await one.release(await take(one), RATE, Limits(None, 60.0, refused=True))
        wait = await other.take(RATE, LAPSE)
        assert isinstance(wait, Wait)
        assert wait.told == pytest.approx(60, abs=5)
        await one.close()
        await other.close()

    run(main())


@pytest.mark.parametrize(
    "options", [[], ["--appendonly", "yes", "--appendfsync", "always"]], ids=["bare", "persistent"]
)
def test_a_restart_is_sat_through_and_counts_as_a_loss(tmp_path: Path, options: list[str]) -> None:
    """Whether it kept anything or not: who knows what the last moment before it took."""
    if PROGRAM is None:
        pytest.skip(MISSING)

    async def work(store: RedisSlotStore) -> float:
        await take(store)
        daemon.kill()
        asyncio.get_running_loop().call_later(0.5, daemon.start)
        await asyncio.sleep(0.1)
        wait = await store.take(RATE, LAPSE)
        assert isinstance(wait, Wait)
        await take(store)
        return wait.seconds

    with RedisDaemon(tmp_path / "redis", *options) as daemon:
        assert using(daemon.url, work) == pytest.approx(LAPSE + RATE.seconds, abs=0.1)
        assert daemon.client.dbsize() == 2


def test_a_server_that_stays_away_is_an_error(own_redis: RedisDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds; before that the answer to what was sent is waited for."""
    monkeypatch.setattr("bulkobj.totango.rate_limit.redis.connection._PATIENCE", 1.0)

    async def work(store: RedisSlotStore) -> float:
        slot = await take(store)
        own_redis.kill()
        start = time.monotonic()
        with pytest.raises(SharedSlotStoreError, match="connecting to 127"):
            await store.release(slot, RATE, None)
        return time.monotonic() - start

    assert using(own_redis.url, work) >= 1.0


def test_an_answer_that_is_late_is_never_taken_for_another(own_redis: RedisDaemon) -> None:
    """A server that stands still for longer than we wait, and then answers everything, confuses nobody."""

    async def work(store: RedisSlotStore) -> list[int]:
        await take(store)
        os.kill(own_redis.process.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.7, os.kill, own_redis.process.pid, signal.SIGCONT)
        return await asyncio.gather(*(take(store) for _ in range(10)))

    slots = using(own_redis.url, work, timeout=0.2)
    assert len(set(slots)) == 10


def test_nobody_there_is_an_error_at_once() -> None:
    """A port where nothing listens, and a socket that isn't there; what is secret isn't shown."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        start = time.monotonic()
        said = failing(f"redis://user:{SECRET}@127.0.0.1:{port}/0")
        assert f"redis://127.0.0.1:{port}/0" in said
        assert time.monotonic() - start < 4


def test_a_server_that_never_answers_is_an_error_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        assert "no answer within 0.3 s" in failing(f"redis://:{SECRET}@127.0.0.1:{silent.getsockname()[1]}", 0.3)
        assert time.monotonic() - start < 4


def test_what_isnt_a_redis_is_an_error() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            store = opened(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            with pytest.raises(SharedSlotStoreError):
                await store.take(RATE, LAPSE)
            await store.close()

    run(main())


def test_a_wrong_password_is_an_error(own_redis: RedisDaemon) -> None:
    own_redis.client.config_set("requirepass", "another")
    assert "invalid username-password pair" in failing(own_redis.url.replace("//", f"//:{SECRET}@"))
    assert "unauthenticated" in failing(own_redis.url)


def test_a_right_password_opens(own_redis: RedisDaemon) -> None:
    """With its special signs written as URLs have them."""
    own_redis.client.config_set("requirepass", "s3cret/word")
    assert isinstance(using(own_redis.url.replace("//", f"//:{SECRET}@"), lambda one: one.take(RATE, LAPSE)), Wait)


def test_a_user_who_may_do_too_little_is_an_error(own_redis: RedisDaemon) -> None:
    own_redis.client.execute_command("ACL", "SETUSER", "user", "on", ">s3cret/word", "~*", "+@all", "-info")
    failing(own_redis.url.replace("//", f"//user:{SECRET}@"))


def test_a_user_who_may_do_just_enough_is_served(own_redis: RedisDaemon) -> None:
    """These keys and these commands."""
    needed = "+eval +evalsha +script|load +time +info +@hash +@sortedset +del +pexpire +select"
    own_redis.client.execute_command("ACL", "SETUSER", "user", "on", ">s3cret/word", "~bulkobj:*", *needed.split())
    slot_store_url = own_redis.url.replace("//", f"//user:{SECRET}@")
    assert isinstance(using(slot_store_url, lambda store: store.take(RATE, LAPSE)), Wait)


def test_a_read_only_replica_is_an_error(own_redis: RedisDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has become it since is waited for, as it may be about to become a master again."""
    monkeypatch.setattr("bulkobj.totango.rate_limit.redis.connection._PATIENCE", 0.5)

    async def work(store: RedisSlotStore) -> None:
        slot = await take(store)
        own_redis.client.replicaof("127.0.0.1", "1")
        with pytest.raises(SharedSlotStoreError, match="read only"):
            await store.release(slot, RATE, Limits())

    using(own_redis.url, work)
    assert "read only" in failing(own_redis.url)


def test_a_full_memory_is_an_error(own_redis: RedisDaemon) -> None:
    own_redis.client.config_set("maxmemory", "1")
    assert "memory" in failing(own_redis.url)


def test_a_key_of_another_kind_is_an_error(own_redis: RedisDaemon) -> None:
    own_redis.client.set("bulkobj:{name}:state", "mine")
    assert "WRONGTYPE" in failing(own_redis.url)
