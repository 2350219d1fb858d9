"""Odd services over real HTTP: bodies without end, bombs, echoed tokens, cookies, dates beyond the calendar."""

from __future__ import annotations

import asyncio
import base64
import gzip
import logging
import tracemalloc
import urllib.parse
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import AuthorizationError, ReadRefusedError, StoppedError
from bulkobj.core.model import Action, Field, Named, Rate
from bulkobj.core.shutdown import StopSignal
from bulkobj.planning.plan import Step
from bulkobj.totango.client import Totango, open_totango
from bulkobj.totango.messages import message_of
from bulkobj.totango.responses import Verdict
from bulkobj.totango.retry_policy import Attempt

TOKEN = "s3cret+token/of=an.admin"
STEP = Step(Action.CREATE, "a", body={Field.TITLE: "T"})

#: Writes an answer; the request is read already.
Answering = Callable[[asyncio.StreamWriter, bytes], Any]


def raw(body: bytes, *headers: str, status: str = "200 OK") -> Answering:
    """Answer with that body, its length, and these headers."""

    def answering(writer: asyncio.StreamWriter, _: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    return answering


def endless(first: bytes, then: bytes, *headers: str, status: str = "200 OK") -> Answering:
    """Answer with a body that never ends."""

    async def answering(writer: asyncio.StreamWriter, _: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + first)
        while not writer.is_closing():
            writer.write(then)
            await writer.drain()

    return answering


@asynccontextmanager
async def serving(answering: Answering) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve on loopback; yields the URL and the heads of the requests that came."""
    seen: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
                seen.append(head)
                done = answering(writer, head)
                if asyncio.iscoroutine(done):
                    await done
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


@pytest.fixture
def using(tmp_path: Path) -> Callable[[Answering, Callable[[Totango], Any]], Any]:
    """Do some work with a service that answers so."""

    def run(answering: Answering, work: Callable[[Totango], Any]) -> Any:
        async def main() -> Any:
            async with serving(answering) as (url, seen):
                settings = Settings(url, TOKEN, Rate(99, 0.2), 20.0, 1.0, 8, tmp_path, tmp_path / "c.toml", "default")
                async with open_totango(settings, SystemClock(), Random(1), StopSignal(), lambda _: None) as totango:
                    return await work(totango), seen

        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(main())

    return run


async def write(totango: Totango) -> Attempt:
    return await totango.write(STEP, lambda: None)


async def statuses(totango: Totango) -> Any:
    try:
        return await totango.statuses()
    except StoppedError as error:
        return error


def bomb() -> bytes:
    """A gigabyte of spaces, as a megabyte of gzip."""
    packer = zlib.compressobj(9, wbits=31)
    piece = b" " * 1_000_000
    return b"".join([*(packer.compress(piece) for _ in range(1000)), packer.flush()])


@pytest.mark.parametrize(
    "answering",
    [
        endless(b'[{"id": "', b"x" * 100_000),
        raw(bomb(), "Content-Encoding: gzip"),
        raw(b'{"id": "' + b"x" * 20_000_000 + b'"}'),
    ],
    ids=["endless", "bomb", "20 MB"],
)
def test_a_body_that_is_too_long_is_lost_and_fits_into_memory(using: Any, answering: Answering) -> None:
    tracemalloc.start()
    try:
        attempt, _ = using(answering, write)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert attempt.verdict is Verdict.LOST
    assert "longer than 8 MB" in message_of(attempt.exchange)
    assert peak < 60_000_000


def test_a_refusal_is_understood_however_long_its_body(using: Any) -> None:
    attempt, _ = using(endless(b"", b"x" * 100_000, status="400 Bad Request"), write)
    assert attempt.verdict is Verdict.REJECTED


@pytest.mark.parametrize(
    "answering",
    [
        raw(b'{"id": "x"}', "Content-Encoding: br"),
        raw(b"Success", "Content-Encoding: gzip"),
        raw(gzip.compress(b"Success" * 100)[:-12], "Content-Encoding: gzip"),
    ],
)
def test_a_body_that_can_not_be_decoded_is_lost(using: Any, answering: Answering) -> None:
    attempt, _ = using(answering, write)
    assert attempt.verdict is Verdict.LOST


def test_a_compressed_list_is_read(using: Any) -> None:
    body = gzip.compress(b'[{"id": "s", "displayName": "S"}]')
    assert using(raw(body, "Content-Encoding: gzip"), statuses)[0] == (Named("s", "S"),)


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN,
        urllib.parse.quote(TOKEN, safe=""),
        urllib.parse.quote(TOKEN, safe="").lower().replace("2f", "2F"),
        urllib.parse.quote_plus(TOKEN, safe="/"),
        "".join(f"%{ord(c):02x}" for c in TOKEN),
        TOKEN.replace("/", "\\/"),
        TOKEN.replace("+", "\\u002b").replace("=", "\\u003D"),
        base64.b64encode(TOKEN.encode()).decode(),
    ],
)
@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "200 OK"])
def test_a_token_that_is_echoed_is_blotted_out(
    using: Any, spelled: str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In whatever spelling, in messages, in headers and in the log."""
    caplog.set_level(logging.DEBUG, "bulkobj")
    body = f'{{"error": "bad token {spelled} of yours"}}'.encode()
    answering = raw(body, f"X-Token: {spelled}", f"Location: https://x/?t={spelled}", status=status)
    attempt, _ = using(answering, write)
    said = f"{message_of(attempt.exchange)} {attempt} {caplog.text}"
    assert "bad token *** of yours" in said
    assert "s3cret" not in said
    assert spelled not in said


def test_an_error_holds_no_token(using: Any) -> None:
    error, _ = using(raw(f'{{"message": "no user has {TOKEN}"}}'.encode(), status="401 Unauthorized"), statuses)
    assert isinstance(error, AuthorizationError)
    assert "no user has ***" in str(error)
    assert "--region" in str(error)
    assert "Edit Profile" in str(error)
    assert error.status == 401


def test_no_cookie_is_kept(using: Any) -> None:
    """Not even one that is well-formed; odd bytes don't break the next request."""
    body = b'[{"id": "s", "displayName": "S"}]'
    answering = raw(body, "Set-Cookie: a=b", "Set-Cookie: s\xe9ssion=\xff\x80; Path=/", "Set-Cookie: =;;=")

    async def twice(totango: Totango) -> Any:
        return await totango.statuses(), await totango.statuses()

    _, seen = using(answering, twice)
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 100000000000000000000 00:00:00 GMT",
        "Mon, 99 Foo 2024 99:99:99 GMT",
        "\xff",
    ],
)
def test_an_odd_date_is_ignored(using: Any, date: str) -> None:
    async def skew(totango: Totango) -> Any:
        await totango.statuses()
        return totango.skew

    assert using(raw(b"[]", f"Date: {date}", f"Retry-After: {date}", f"RateLimit-Reset: {date}"), skew)[0] is None


def test_an_id_that_names_another_address_is_not_sent(using: Any) -> None:
    async def deletes(totango: Totango) -> Any:
        ids = ["..", ".", "", "a/../..", "%2e%2e", "a b?c#d"]
        return [await totango.write(Step(Action.DELETE, "a", one), lambda: None) for one in ids]

    attempts, seen = using(raw(b"{}"), deletes)
    assert [one.verdict for one in attempts[:3]] == [Verdict.REJECTED] * 3
    assert [head.split()[1] for head in seen] == [
        b"/api/v3/objectives/a%2F..%2F..",
        b"/api/v3/objectives/%252e%252e",
        b"/api/v3/objectives/a%20b%3Fc%23d",
    ]


def test_half_a_character_does_not_break_a_write(using: Any) -> None:
    async def send(totango: Totango) -> Any:
        return await totango.write(Step(Action.UPDATE, "a", "o\ud83d", body={Field.TITLE: "T\ud83d"}), lambda: None)

    assert using(raw(b'{"id": "o"}'), send)[0].verdict is Verdict.DONE


def test_a_read_that_is_contradicted_is_read_again_and_refused(using: Any) -> None:
    error, seen = using(raw(b'{"success": false}'), statuses)
    assert isinstance(error, ReadRefusedError)
    assert "success" in str(error)
    assert len(seen) > 1
