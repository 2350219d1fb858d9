"""One call to the service: a slot of the rate limiter, the send, the answer, the verdict. All calls go through here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bulkobj.core.clock import Clock
from bulkobj.core.errors import AuthorizationError, ReadRefusedError, ServiceDownError, StoppedError
from bulkobj.core.shutdown import StopSignal
from bulkobj.core.text import clean
from bulkobj.totango.rate_limit.headers import Limits, read_limits
from bulkobj.totango.rate_limit.limiter import RateLimiter, Slot
from bulkobj.totango.responses import Exchange, NoResponse, Response, Verdict, classify, message_of
from bulkobj.totango.retry_policy import Attempt, Retrying

_log = logging.getLogger(__name__)

_NEVER_HAPPENED = frozenset({Verdict.NOT_SENT, Verdict.LIMITED})
_READ_AGAIN = _NEVER_HAPPENED | {Verdict.LOST}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. ``json`` is the body of a write; ``form`` that of account search, the one POST that reads."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None

    @property
    def judged_as(self) -> str:
        """The method by whose rules the answer is classified and retried."""
        return "GET" if self.form is not None else self.method


class Transport:
    """Sends a call over HTTP; the only place that knows how a network fails."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, call: Request, within: float) -> Exchange:
        """The service's answer, or what is known where there was none; never raises for a failure of the network.

        ``within`` seconds everything is over, however slowly the answer drips in: httpx's own limits are per read.
        """
        trace = _Trace()
        try:
            async with asyncio.timeout(within):
                response = await self._client.request(
                    call.method,
                    call.path,
                    params=call.params or None,
                    json=call.json,
                    data=call.form,
                    extensions={"trace": trace},
                )
        except TimeoutError:
            return NoResponse(trace.sent, f"no answer within {round(within, 1):g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            return NoResponse(trace.sent, f"the service can't be reached: {_reason(error)}")
        except httpx.HTTPError as error:
            return NoResponse(sent=True, reason=f"the connection broke before the answer came: {_reason(error)}")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, headers, response.content)


def _reason(error: httpx.HTTPError) -> str:
    return clean(str(error)) or type(error).__name__


class _Trace:
    """Listens to httpcore for the moment at which the first byte of the request leaves."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self, event: str, _: Mapping[str, Any]) -> None:
        if "send_request_headers.started" in event and "http" in event:
            self.sent = True


class Sender:
    """Makes calls: each takes a slot, at most ``concurrency`` are in flight, and a stop ends every wait."""

    def __init__(  # noqa: PLR0913 - the five things that a call is made of
        self,
        transport: Transport,
        limiter: RateLimiter,
        retrying: Retrying,
        clock: Clock,
        stop: StopSignal,
        concurrency: int,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._retrying = retrying
        self._clock = clock
        self._stop = stop
        self._in_flight = asyncio.Semaphore(concurrency)
        self.count = 0
        self.skew: float | None = None

    async def read(self, call: Request) -> Response:
        """The answer to a read, 404 included.

        Raises AuthorizationError, ReadRefusedError where the service answers with something else, and
        ServiceDownError where it doesn't answer.
        """
        tried = await self._retrying(lambda: self._attempt(call, _nothing), _READ_AGAIN)
        if isinstance(tried.exchange, Response) and (tried.verdict is Verdict.DONE or tried.exchange.status == 404):
            return tried.exchange
        if tried.verdict is Verdict.LOST and self._retrying.health.broken:
            raise ServiceDownError(f"the service keeps failing: {message_of(tried.exchange)}")
        raise stopped_by(tried, f"{call.method} {call.path}")

    async def write(self, call: Request, before_send: Callable[[], None]) -> Attempt:
        """The exchange of a write, after the retries of what is known not to have happened.

        ``before_send`` runs before every try's first byte. Never raises for what the service or the network does.
        """
        return await self._retrying(lambda: self._attempt(call, before_send), _NEVER_HAPPENED)

    async def _attempt(self, call: Request, before_send: Callable[[], None]) -> Attempt:
        await self._stop.unless_asked(self._in_flight.acquire())
        try:
            slot = await self._stop.unless_asked(self._limiter.take())
            before_send()
            exchange = await self._sent(call, slot)
            await self._limiter.release(slot, self._limits(exchange))
        finally:
            self._in_flight.release()
        tried = Attempt(classify(call.judged_as, exchange), exchange)
        _log.debug("%s %s: %s", call.method, call.path, _outcome(tried))
        self._retrying.health.saw(tried)
        return tried

    async def _sent(self, call: Request, slot: Slot) -> Exchange:
        """Send within the slot's time, which has passed where the machine slept since it was taken."""
        within = slot.deadline - self._clock.now()
        if within <= 0:
            return NoResponse(sent=False, reason="the machine stood still before the call could be sent")
        self.count += 1
        return await self._transport.send(call, within)

    def _limits(self, exchange: Exchange) -> Limits | None:
        """What the answer says of the limit; None where the call may still be on its way."""
        if isinstance(exchange, NoResponse):
            return None if exchange.sent else Limits()
        wall = self._clock.wall()
        self._note_skew(exchange.headers.get("date"), wall)
        return read_limits(exchange.status, exchange.headers, wall)

    def _note_skew(self, date: str | None, wall: datetime) -> None:
        """How far the service's clock is ahead of ours, in seconds: each answer gives a lower bound of it."""
        try:
            said = parsedate_to_datetime(date) if date else None
        except ValueError:
            return
        if said is not None and said.tzinfo is not None:
            ahead = (said - wall).total_seconds()
            self.skew = ahead if self.skew is None else max(self.skew, ahead)


def _outcome(tried: Attempt) -> str:
    exchange = tried.exchange
    what = f"status {exchange.status}" if isinstance(exchange, Response) else exchange.reason
    return f"{what} ({tried.verdict.name.lower()})"


def stopped_by(tried: Attempt, what: str) -> StoppedError:
    """The error to stop with where an exchange leaves nothing else to do."""
    said = message_of(tried.exchange)
    status = tried.exchange.status if isinstance(tried.exchange, Response) else None
    match tried.verdict:
        case Verdict.DENIED:
            text = f"the service refuses the token: {said}. Set BULKOBJ_TOKEN to a valid token of an admin"
            return AuthorizationError(text, status)
        case Verdict.LIMITED:
            return ServiceDownError(f"the service keeps refusing calls as too many: {said}", status)
        case _ if status is not None:
            return ReadRefusedError(f"{what}: {said}", status)
        case _:
            return ServiceDownError(said)


def _nothing() -> None:
    """A read leaves no trace before it is sent."""
