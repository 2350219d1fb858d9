"""The way of a call through the service: seen, counted, let in, hit by a fault or answered."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bulkobj.sandbox.api.request import Call
from bulkobj.sandbox.api.routes import Tenant
from bulkobj.sandbox.limiter import Verdict
from bulkobj.sandbox.seeds import Document
from tests.service.behaviour import Fault
from tests.service.connection import Wire
from tests.service.limiters import limit_headers
from tests.service.shapes import DUPLICATE_STATUS, ShapedAnswers, error, instead
from tests.service.state import Controls

#: Told of a write on its receipt: method, path with query, body.
OnWrite = Callable[[str, str, bytes], None]


class ShapedTenant(Tenant):
    """A tenant that knows the second status of a name too."""

    def known(self, fields: Document) -> Document:
        first = {"statusId": self.store.documents("statuses")[0]["id"]}
        super().known(fields | first if fields.get("statusId") == DUPLICATE_STATUS else fields)
        return fields


class Gate:
    """The service as an ASGI application.

    A call is under way (``transit``), then seen: ``on_write`` is told, the arrival logged, the limit asked, then the
    token. What passes may meet a fault. What ``on_write`` raises is kept in ``hook_errors``.
    """

    def __init__(self, controls: Controls, on_write: OnWrite | None) -> None:
        self._controls = controls
        self._on_write = on_write
        self.hook_errors: list[Exception] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call to its end."""
        call = await Call.received(scope, receive)
        if call is None:
            return
        await self._wait(self._controls.transit())
        self._tell(call)
        number, verdict = self._arrived(call)
        refused = self._refused(call, verdict)
        fault = None if refused else self._controls.faults.hit(call)
        response = refused or await self._outcome(call, fault)
        if response:
            response.headers.update(self._limit_headers(verdict))
            self._controls.store.answered(number, response.status_code)
            await response(scope, receive, send)
        elif fault:
            await Wire(scope, receive, send).break_connection(fault, self._controls.clock)

    def _tell(self, call: Call) -> None:
        if self._on_write and call.method in ("POST", "PUT", "DELETE"):
            try:
                self._on_write(call.method, call.target, call.body)
            except Exception as error:  # whatever a test's hook raises is the test's to look at
                self.hook_errors.append(error)

    def _arrived(self, call: Call) -> tuple[int, Verdict]:
        controls = self._controls
        with controls.store.transaction():
            number = controls.store.arrive(controls.clock.now(), call.method, call.target)
            return number, controls.count(call.token_key)

    def _refused(self, call: Call, verdict: Verdict) -> Response | None:
        behaviour = self._controls.behaviour
        if not verdict.admitted:
            return error("text" if behaviour.limit_body == "text" else "message", 429, "Too many requests")
        if not self._controls.tokens.accept(call.token):
            return error(behaviour.error_style, 401, "Invalid or expired token")
        return None

    async def _outcome(self, call: Call, fault: Fault | None) -> Response | None:
        """What is answered; None for no answer. Half the latency lies before the call is done, half after."""
        half = self._controls.latency() / 2
        await self._wait(half)
        if fault and fault.kind == "late":
            await self._wait(fault.delay)
        done = None
        if not fault or fault.kind == "late" or fault.when == "after":
            controls = self._controls
            answers = ShapedAnswers(controls.behaviour, call, controls.names())
            done = ShapedTenant(controls.store, controls.clock.wall(), answers).answer(call)
        await self._wait(half)
        return instead(fault, self._controls.behaviour, call.token) if fault else done

    def _limit_headers(self, verdict: Verdict) -> dict[str, str]:
        controls = self._controls
        return limit_headers(controls.behaviour, controls.rate, verdict, controls.clock.wall())

    async def _wait(self, seconds: float) -> None:
        if seconds:
            await self._controls.clock.sleep(seconds)
