"""The connection under a call, for doing to it what no well-behaved service does."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bulkobj.core.clock import Clock
from tests.service.behaviour import Fault

TRANSPORT = "bulkobj.transport"


class OpenProtocol(H11Protocol):
    """uvicorn's protocol, which also hands the application the transport of each connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        """Keep the transport where the application finds it."""
        self.app_state = {**self.app_state, TRANSPORT: transport}
        super().connection_made(transport)


def _socket(transport: asyncio.Transport) -> socket.socket:
    found: socket.socket = transport.get_extra_info("socket")
    return found


class Wire:
    """One call's connection, from the service's side."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._transport: asyncio.Transport = scope["state"][TRANSPORT]

    async def left(self) -> None:
        """Wait until the connection is no more, whoever ended it."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def break_connection(self, fault: Fault, clock: Clock) -> None:
        """Do not answer, in the fault's way."""
        if fault.kind in ("drop", "reset"):
            self._abort(reset=fault.kind == "reset")
        elif fault.kind == "truncated":
            await self._begin([(b"content-length", b"1000")])
            self._transport.close()
        elif fault.kind == "endless":
            await self._begin([])
            while not self._transport.is_closing():
                await self._send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
                await clock.sleep(0)
        elif fault.kind == "trickle":
            await self._begin([])
            while not self._transport.is_closing():
                await clock.sleep(fault.delay)
                await self._send({"type": "http.response.body", "body": b" ", "more_body": True})
        await self.left()

    async def _begin(self, headers: list[tuple[bytes, bytes]]) -> None:
        headers = [(b"content-type", b"application/json"), *headers]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": b'{"id": "', "more_body": True})

    def _abort(self, *, reset: bool) -> None:
        if reset:
            # Closed without lingering, a socket tells the other side by a reset instead of an orderly end.
            layout = "hh" if sys.platform == "win32" else "ii"
            _socket(self._transport).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
        self._transport.abort()
