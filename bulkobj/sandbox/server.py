"""The sandbox as a running server: the documented API over a folder of data."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bulkobj.core.clock import Clock, SystemClock
from bulkobj.core.errors import StorageError
from bulkobj.core.model import Rate
from bulkobj.sandbox.api.request import Call
from bulkobj.sandbox.api.routes import Tenant
from bulkobj.sandbox.http_server import HttpServer
from bulkobj.sandbox.limiter import count, limit_headers
from bulkobj.sandbox.store import Store

SANDBOX_TOKEN = "sandbox-token"  # noqa: S105 # no secret: it opens nothing but a sandbox on loopback
#: Source: API.md, "Rate limit".
DOCUMENTED_RATE = Rate(100, 60)


class SandboxServer(HttpServer):
    """The sandbox on a loopback port while the context lasts.

    ``folder`` holds its data, which several servers may share, in several processes. ``rate`` is the limit of each
    token, ``latency`` the seconds that each request takes. Raises UsageError for a host or port that can't be used,
    StorageError for a folder that can't.
    """

    def __init__(  # noqa: PLR0913 # the options of a command, each with a default
        self,
        folder: Path,
        *,
        token: str = SANDBOX_TOKEN,
        rate: Rate = DOCUMENTED_RATE,
        latency: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(host, port)
        self.token = token
        self._clock = clock or SystemClock()
        self._rate = rate
        self._latency = latency
        self._store = Store(folder, self._clock)

    def __enter__(self) -> Self:
        self._store.hold()
        return super().__enter__()

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        self._store.close()

    @property
    def incarnation(self) -> str:
        """An id that changes when the data are made anew, and not when the sandbox is started again."""
        return self._store.incarnation

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: count it, check its token, wait, answer."""
        call = await Call.received(scope, receive)
        if call is None:
            return
        try:
            response = await self._answer(call)
        except StorageError as error:
            response = JSONResponse({"message": str(error)}, 500)
        await response(scope, receive, send)

    async def _answer(self, call: Call) -> Response:
        now = self._clock.now()
        verdict = self._store.spend(call.token_key, lambda spent: count(self._rate, spent, now))
        if not verdict.admitted:
            response: Response = PlainTextResponse("Too many requests", 429)
        elif call.token != self.token:
            response = JSONResponse({"message": "Invalid or expired token"}, 401)
        else:
            if self._latency:
                await self._clock.sleep(self._latency)
            response = Tenant(self._store, self._clock.wall()).answer(call)
        response.headers.update(limit_headers(self._rate, verdict))
        return response


def serve(  # noqa: PLR0913 # the options of a command
    folder: Path | None, host: str, port: int, rate: Rate, token: str, latency: float, echo: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C; the address is given to ``echo``. Without a folder the data end with the server."""
    with TemporaryDirectory(prefix="bulkobj-sandbox-") as temporary, suppress(KeyboardInterrupt):
        place = folder or Path(temporary)
        with SandboxServer(place, token=token, rate=rate, latency=latency, host=host, port=port) as server:
            echo(f"The sandbox answers at {server.url} until Ctrl-C. Its token is {server.token}")
            while True:
                threading.Event().wait(1)  # in short waits, because Windows lets nothing interrupt a long one
