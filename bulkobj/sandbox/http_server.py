"""An ASGI application on a loopback port, in a thread of this process."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import suppress
from typing import Any, Self

import uvicorn
from starlette.types import Receive, Scope, Send

from bulkobj.core.errors import UsageError


class _Server(uvicorn.Server):
    """uvicorn's server, stopped by an event instead of by a flag that it polls, and then gone at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def main_loop(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.stopping = asyncio.Event()
        self.ready.set()
        while not self.stopping.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1)

    def stop(self) -> None:
        """End the server, from another thread."""
        self.loop.call_soon_threadsafe(self.stopping.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Break connections and drop requests in flight, as a service that goes away does."""
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


class HttpServer:
    """A server on loopback while the context lasts; subclasses answer requests in :meth:`app`.

    ``protocol`` is uvicorn's HTTP protocol. Raises UsageError for a host that isn't loopback and for an address that
    isn't free.
    """

    def __init__(self, host: str, port: int, protocol: Any = "h11") -> None:
        self.host = _loopback(host)
        self.port = port
        self._asked_port = port
        self._protocol = protocol

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI application does."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            listener = _listen(self.host, self._asked_port)
        except OSError as error:
            reason = error.strerror or "unknown error"
            message = (
                f"the sandbox can't listen on {self.host} port {self._asked_port} ({reason}). Choose another --port"
            )
            raise UsageError(message) from error
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._served,
            http=self._protocol,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=75,  # longer than any client keeps an idle connection, so that none breaks unasked
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, args=(listener,), name="bulkobj sandbox", daemon=True)
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            raise UsageError(f"the sandbox could not start on {self.host} port {self.port}. Choose another --port")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join()

    def _run(self, listener: socket.socket) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[listener]))
        finally:
            self._server.ready.set()  # also if it can't start, or its starter would wait without end

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):  # only the server's end cancels, and the connection is gone then
            await self.app(scope, receive, send)

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def _loopback(host: str) -> str:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(f'the sandbox listens on loopback only, not on "{host}". Set --host to 127.0.0.1')
    return host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only on sockets whose protocol is spelt out; else each response costs 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
