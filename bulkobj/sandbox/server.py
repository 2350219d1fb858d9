"""The sandbox as a running server, in a thread of this process."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from bulkobj.core.clock import Clock, SystemClock
from bulkobj.core.errors import StorageError, UsageError
from bulkobj.core.model import Rate
from bulkobj.sandbox.behaviour import Behaviour, Fault
from bulkobj.sandbox.control import control_app
from bulkobj.sandbox.controls import Controls, Tokens
from bulkobj.sandbox.gate import Gate, OnWrite
from bulkobj.sandbox.seeds import Document
from bulkobj.sandbox.store import Arrival, Store
from bulkobj.sandbox.wire import OpenProtocol

SANDBOX_TOKEN = "sandbox-token"  # noqa: S105 # no secret: it opens nothing but a sandbox on loopback
#: Source: api-facts, "One global limit".
DOCUMENTED_RATE = Rate(100, 60)


class _Server(uvicorn.Server):
    """uvicorn's server, told to stop by an event instead of by a flag that it polls, and then gone at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.ready.set()
        while not self._stopping.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)

    def stop(self) -> None:
        """End the server, from another thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """A service that goes away says no goodbye: connections break, calls under way are dropped."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(0)  # a connection that was just accepted gets known
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the protocols hear of it before their tasks end
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class SandboxServer:
    """The sandbox on a loopback port while the context lasts.

    ``folder`` holds its data, which several servers may share, in several processes. ``rate`` (``N/S`` or a Rate) is
    what the limit allows each token. ``on_write`` is told of each POST, PUT and DELETE on receipt, in the server's
    thread, before anything happens; what it raises is kept in ``hook_errors``. UsageError for a host that isn't
    loopback or an address that isn't free, StorageError for a folder that can't be used.

    What it was sent and what it holds can be read after the context has ended, too.
    """

    def __init__(  # noqa: PLR0913 # the knobs of a test, each with a default
        self,
        folder: Path,
        *,
        behaviour: Behaviour = Behaviour(),  # noqa: B008 # frozen
        token: str = SANDBOX_TOKEN,
        rate: str | Rate = DOCUMENTED_RATE,
        host: str = "127.0.0.1",
        port: int = 0,
        on_write: OnWrite | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._address = (_loopback(host), port)
        self._store = Store(folder, clock)
        self._controls = Controls(self._store, clock, _rate(rate), behaviour, token)
        self._gate = Gate(self._controls, on_write)
        self._control = control_app(self._controls)
        self.host = host
        self.port = port

    def __enter__(self) -> Self:
        try:
            listener = _listen(*self._address)
        except OSError as error:
            raise UsageError(f"The sandbox can't listen on {self.host} port {self.port}: {error}.") from error
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            http=OpenProtocol,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            # Longer than any client keeps an idle connection, so that none breaks but by a fault that was asked for.
            timeout_keep_alive=75,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, args=(listener,), name="bulkobj sandbox", daemon=True)
        self._store.hold()
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            self._store.close()
            raise UsageError(f"The sandbox could not start on {self.host} port {self.port}.")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join()
        self._store.close()

    def _run(self, listener: socket.socket) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[listener]))
        finally:
            self._server.ready.set()  # who waits for a server that can't start would wait for ever

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._control if f"{scope['path']}/".startswith("/sandbox/") else self._gate
        with suppress(asyncio.CancelledError):  # only the end of the server cancels, and the connection is gone then
            try:
                await app(scope, receive, send)
            except StorageError as error:
                await JSONResponse({"message": str(error)}, 500)(scope, receive, send)

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def token(self) -> str:
        """The token that was set last; it may have expired since."""
        return self._controls.tokens.current

    @property
    def behaviour(self) -> Behaviour:
        """The knobs as they are turned now."""
        return self._controls.behaviour

    @property
    def incarnation(self) -> str:
        """An id that changes when the sandbox's data are made anew, and not when it is started again."""
        return self._store.incarnation

    @property
    def hook_errors(self) -> list[Exception]:
        """What ``on_write`` raised."""
        return self._gate.hook_errors

    def arrivals(self) -> list[Arrival]:
        """Every call that came in, refused ones too, to any server on this folder, in order of arrival."""
        return self._store.arrivals()

    def objectives(self) -> list[Document]:
        """The objectives as they are held: documented names, dates as ISO text, a field that holds nothing left out."""
        return [{k: v for k, v in each.items() if v is not None} for each in self._store.documents("objectives")]

    def worst_window(self, seconds: float) -> int:
        """The largest number of calls that came in within that many seconds, the end excluded."""
        times = [each.at for each in self.arrivals()]
        worst = start = 0
        for number, at in enumerate(times):
            while at - times[start] >= seconds:
                start += 1
            worst = max(worst, number - start + 1)
        return worst

    def behave(self, **changes: object) -> None:
        """Turn knobs of the behaviour; UsageError for one that isn't there or a value that it doesn't have."""
        self._controls.behave(**changes)

    def fault(self, fault: Fault | str, **fields: Any) -> None:
        """Put a fault in force, given whole or as its kind and fields."""
        self._controls.faults.add(fault if isinstance(fault, Fault) else Fault.from_mapping({"kind": fault, **fields}))

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self._controls.faults.clear()

    def spend(self, calls: int) -> None:
        """Somebody else spends that many calls of the current token, or all that are left."""
        self._controls.spend(calls)

    def set_token(self, token: str) -> None:
        """Only this token is good from now on."""
        self._controls.tokens = Tokens(token)

    def expire_token(self, *, after: int = 0, successor: str = "another-token") -> None:
        """The current token gives 401 after that many more calls; the successor is good."""
        self._controls.tokens.expire(after, successor)

    def put(self, kind: str, documents: Iterable[Mapping[str, Any]], *, replace: bool = False) -> list[str]:
        """Add raw ``objectives``, ``accounts``, ``statuses``, ``categories`` or ``templates``, or begin anew with them.

        Their ids come back. Nothing is checked but that each has what its kind can't do without, since a service may
        hold what it would refuse today.
        """
        return self._controls.put(kind, documents, replace=replace)


def _loopback(host: str) -> str:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(f"The sandbox listens on loopback only, such as 127.0.0.1, not on {host!r}.")
    return host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _rate(rate: str | Rate) -> Rate:
    if isinstance(rate, Rate):
        return rate
    try:
        return Rate.parse(rate)
    except ValueError:
        raise UsageError(f"The sandbox's rate must be calls/seconds, such as 100/60, not {rate!r}.") from None
