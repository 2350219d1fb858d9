"""A world in virtual time with one service, the sandbox itself, that whole programs can talk to through httpx.

Nobody waits in it: where all that runs is waiting, time goes on to the next moment at which something happens. So an
hour passes in seconds, and the same on every machine. Computing takes next to no time; nothing may run in a thread.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import httpx

from bulkobj.core.model import Rate
from bulkobj.sandbox.server import SANDBOX_TOKEN
from tests.service.behaviour import Behaviour
from tests.service.middleware import Gate
from tests.service.recording import Arrival
from tests.service.recording import RecordingStore as Store
from tests.service.state import Controls

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
#: Seconds that one turn of an event loop takes.
TICK = 1e-6


class _Jumps(selectors.DefaultSelector):
    """Passes at once the time for which a loop would wait."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.now = start

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(timeout and 0)
        # A clock that stood still would keep who waits for the next moment, by asking again, for ever.
        self.now += TICK + (0 if ready else timeout or 0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self, start: float) -> None:
        self._virtual = _Jumps(start)
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class World:
    """A clock as the programs know it, kept by the event loops made here and by ``time.sleep`` in :meth:`sleeping`."""

    boot = "boot-1"

    def __init__(self) -> None:
        self._loops = [_Loop(1000.0)]

    def now(self) -> float:
        """Seconds, as the newest loop has them."""
        return self._loops[-1].time()

    def wall(self) -> datetime:
        """The time of day in UTC."""
        return EPOCH + timedelta(seconds=self.now())

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        await asyncio.sleep(seconds)

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """A loop that begins when the one before it ended."""
        self._loops.append(_Loop(self.now()))
        return self._loops[-1]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something to its end, for who has no loop of his own."""
        return self._loops[-1].run_until_complete(work)

    @contextmanager
    def sleeping(self) -> Iterator[None]:
        """``time.sleep`` passes virtual time meanwhile."""
        with mock.patch("time.sleep", lambda seconds: self.run(asyncio.sleep(seconds))):
            yield

    def close(self) -> None:
        """Let go of the loops."""
        for loop in self._loops:
            loop.close()


class VirtualService:
    """The sandbox in that world, reached by either kind of httpx client. What it has seen and holds can be read."""

    def __init__(self, folder: Path, world: World, rate: Rate, behaviour: Behaviour) -> None:
        self._store = Store(folder, world)
        self._store.hold()
        self._controls = Controls(self._store, world, rate, behaviour, SANDBOX_TOKEN)
        self.asynchronous = httpx.ASGITransport(Gate(self._controls, None))
        self.synchronous = _Synchronous(self.asynchronous, world)
        self.connection: dict[str, Any] = {"base_url": "http://127.0.0.1:1", "headers": {"app-token": SANDBOX_TOKEN}}

    def put(self, kind: str, documents: Iterable[Mapping[str, Any]]) -> None:
        """Add raw documents."""
        self._controls.put(kind, documents, replace=False)

    def arrivals(self) -> list[Arrival]:
        """All calls that came in."""
        return self._store.arrivals()

    def objectives(self) -> list[dict[str, Any]]:
        """The objectives as they are held."""
        return self._store.documents("objectives")

    def close(self) -> None:
        """Let go of the files."""
        self._store.close()


class _Synchronous(httpx.BaseTransport):
    """Passes each call of a synchronous client on, and runs the world until it is answered."""

    def __init__(self, transport: httpx.AsyncBaseTransport, world: World) -> None:
        self._transport = transport
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._world.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
