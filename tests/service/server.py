"""The test service as a running server, in a thread of this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from bulkobj.core.clock import Clock, SystemClock
from bulkobj.core.errors import StorageError, UsageError
from bulkobj.core.model import Rate
from bulkobj.sandbox.http_server import HttpServer
from bulkobj.sandbox.seeds import Document
from bulkobj.sandbox.server import DOCUMENTED_RATE, SANDBOX_TOKEN
from tests.service.admin_api import control_app
from tests.service.behaviour import Behaviour, Fault
from tests.service.connection import OpenProtocol
from tests.service.middleware import Gate, OnWrite
from tests.service.recording import Arrival, RecordingStore
from tests.service.state import Controls, Tokens


class SandboxServer(HttpServer):
    """The sandbox on a loopback port while the context lasts.

    ``folder`` holds its data, which several servers may share, in several processes. ``rate`` (``N/S`` or a Rate) is
    what the limit allows each token. ``on_write`` is told of each POST, PUT and DELETE on receipt, in the server's
    thread, before anything happens; what it raises is kept in ``hook_errors``. UsageError for a host that isn't
    loopback or an address that isn't free, StorageError for a folder that can't be used.

    What it was sent and what it holds can be read after the context has ended, too.
    """

    def __init__(  # the knobs of a test, each with a default
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
        super().__init__(host, port, OpenProtocol)
        clock = clock or SystemClock()
        self._store = RecordingStore(folder, clock)
        self._controls = Controls(self._store, clock, _rate(rate), behaviour, token)
        self._gate = Gate(self._controls, on_write)
        self._control = control_app(self._controls)

    def __enter__(self) -> Self:
        self._store.hold()
        try:
            return super().__enter__()
        except BaseException:
            self._store.close()
            raise

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        self._store.close()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: of the surface for tests, or of the service."""
        app = self._control if f"{scope['path']}/".startswith("/sandbox/") else self._gate
        try:
            await app(scope, receive, send)
        except StorageError as error:
            await JSONResponse({"message": str(error)}, 500)(scope, receive, send)

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

    def reset(self) -> None:
        """Begin with the seeds again, without a log."""
        self._store.reset()

    def edit(self, identity: str, **fields: Any) -> None:
        """Somebody else changes an objective, with the service's own names of the fields."""
        (held,) = [each for each in self._store.documents("objectives") if each["id"] == identity]
        self._controls.put("objectives", [held | fields], replace=False)

    def remove(self, identity: str) -> None:
        """Somebody else deletes an objective."""
        self._store.remove("objectives", identity)

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


def _rate(rate: str | Rate) -> Rate:
    if isinstance(rate, Rate):
        return rate
    try:
        return Rate.parse(rate)
    except ValueError:
        raise UsageError(f"The sandbox's rate must be calls/seconds, such as 100/60, not {rate!r}.") from None
