"""One request to the service: a slot of the rate limiter, the send, the response, the verdict."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import CookieJar
from typing import Any

import httpx

from bulkobj.core.clock import Clock
from bulkobj.core.errors import ServiceDownError
from bulkobj.core.shutdown import StopSignal
from bulkobj.totango.messages import connection_failure, message_of, stopped_by
from bulkobj.totango.rate_limit.headers import Limits, http_date, read_limits
from bulkobj.totango.rate_limit.limiter import RateLimiter, Slot
from bulkobj.totango.responses import Exchange, NoResponse, Response, Verdict, classify
from bulkobj.totango.retry_policy import Attempt, Retrying

_log = logging.getLogger(__name__)

_NEVER_HAPPENED = frozenset({Verdict.NOT_SENT, Verdict.LIMITED})
_READ_AGAIN = _NEVER_HAPPENED | {Verdict.LOST}

#: More bytes, after decompression, than any response of the service has.
_LARGEST = 8_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``json`` is the body of a write; ``form`` that of a search, the one POST that reads.

    ``path`` may be a whole URL, of the next part of a list. ``unsendable`` is the reason for which it must not be
    sent, if there is one.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    unsendable: str = ""

    @property
    def judged_as(self) -> str:
        """The method by whose rules the response is classified and retried."""
        return "GET" if self.form is not None else self.method


class NoCookies(CookieJar):
    """A jar that stays empty: the service needs no cookies, and odd ones would break the next request."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep nothing."""


class Redaction:
    """Blots the token out of what a service or a proxy echoes, in the spellings of URLs, JSON and base64."""

    def __init__(self, token: str) -> None:
        spelled = "".join(rf"(?:{re.escape(c)}|%{ord(c):02x}|\\u00{ord(c):02x}|\\{re.escape(c)})" for c in token)
        whole = re.escape(base64.b64encode(token.encode()).decode().rstrip("="))
        # Case counts but in hexadecimal digits: a token's own letters do not match in another case.
        pattern = re.sub(r"(%|u00)([0-9a-f]{2})", lambda found: found[1] + _any_case(found[2]), spelled)
        self._pattern = re.compile(f"{pattern}|{whole}".encode()) if token else None

    def __call__(self, data: bytes) -> bytes:
        """Return the data with ``***`` in place of the token."""
        return self._pattern.sub(b"***", data) if self._pattern else data

    def text(self, text: str) -> str:
        """Return the text with ``***`` in place of the token."""
        return self(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _any_case(digits: str) -> str:
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in digits)


class Transport:
    """Sends a request over HTTP; the only place that knows how a network fails.

    ``target`` is the service's host for messages, ``proxy`` the variable that names the proxy on the way, if any.
    """

    def __init__(self, client: httpx.AsyncClient, redaction: Redaction, target: str = "", proxy: str = "") -> None:
        self._client = client
        self._redacted = redaction
        self._target = target
        self._proxy = proxy

    async def send(self, request: Request, within: float) -> Exchange:
        """Return the service's response, or the reason for which there is none; raise nothing for the network.

        The whole exchange is over ``within`` seconds, however slowly the body drips in: httpx's limits are per read.
        """
        trace = _Trace()
        try:
            async with asyncio.timeout(within), self._stream(request, trace) as response:
                return await self._received(response)
        except TimeoutError:
            what = "response" if trace.sent else f"connection to {self._target}"
            return NoResponse(trace.sent, f"no {what} within {round(within, 1):g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            return NoResponse(sent=False, reason=connection_failure(error, self._target, self._proxy))
        except httpx.HTTPError:
            return NoResponse(sent=True, reason="the connection broke before the response came")

    def _stream(self, request: Request, trace: _Trace) -> Any:
        return self._client.stream(
            request.method,
            request.path,
            params=request.params or None,
            json=request.json,
            data=request.form,
            extensions={"trace": trace},
        )

    async def _received(self, response: httpx.Response) -> Exchange:
        """Read the body as far as it is of use, without the token that it may repeat."""
        try:
            body = self._redacted(await _body(response))
        except _BodyError as error:
            if response.is_success:
                return NoResponse(sent=True, reason=str(error))
            body = b""  # the status says enough
        headers = {name.lower(): self._redacted.text(value) for name, value in response.headers.items()}
        return Response(response.status_code, headers, body, str(response.url))


class _BodyError(Exception):
    """A body that is too long or can't be decoded."""


async def _body(response: httpx.Response) -> bytes:
    """Return the body, decompressed; httpx would decompress a bomb before its size could be counted."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise _BodyError("the response is in an encoding that was not asked for")
    decoder = zlib.decompressobj(wbits=47) if coding not in {"", "identity"} else None
    body = bytearray()
    try:
        async for chunk in response.aiter_raw():
            body += decoder.decompress(chunk, _LARGEST + 1 - len(body)) if decoder else chunk
            if len(body) > _LARGEST:
                raise _BodyError(f"the response is longer than {_LARGEST // 1_000_000} MB")
    except zlib.error:
        raise _BodyError("the response can't be decompressed") from None
    if decoder and body and not decoder.eof:
        raise _BodyError("the compressed response is cut off")
    return bytes(body)


class _Trace:
    """Listens to httpcore for the moment at which the first byte of the request leaves."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self, event: str, _: Mapping[str, Any]) -> None:
        if "send_request_headers.started" in event and "http" in event:
            self.sent = True


class Sender:
    """Sends requests: each takes a slot, at most ``concurrency`` are in flight, and a stop ends every wait."""

    def __init__(  # noqa: PLR0913 - the parts of a request
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

    async def slot_waits(self) -> tuple[float, ...]:
        """Return, for each slot of the rate, the seconds until it is free, shortest first."""
        return await self._limiter.waits()

    async def read(self, call: Request) -> Response:
        """Return the response to a read, 404 included.

        Raises AuthorizationError (401, 403), ReadRefusedError for any other refusal, and ServiceDownError if there is
        no response. Each holds the ``status``.
        """
        tried = await self._retrying(lambda: self._attempt(call, _nothing), _READ_AGAIN)
        if isinstance(tried.exchange, Response) and (tried.verdict is Verdict.DONE or tried.exchange.status == 404):
            return tried.exchange
        if tried.verdict is Verdict.LOST and self._retrying.health.broken:
            raise ServiceDownError(f"the service keeps failing: {message_of(tried.exchange)}")
        raise stopped_by(tried, f"{call.method} {call.path}")

    async def write(self, call: Request, before_send: Callable[[], None]) -> Attempt:
        """Return the exchange of a write, after retries of what is known not to have happened.

        ``before_send`` runs before each try's first byte. Nothing is raised for the service or the network.
        """
        if call.unsendable:
            return Attempt(Verdict.REJECTED, NoResponse(sent=False, reason=call.unsendable))
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
        """Send within the slot's time, which has passed if the machine slept since it was taken."""
        within = slot.deadline - self._clock.now()
        if within <= 0:
            return NoResponse(sent=False, reason="the computer was asleep; the request was not sent")
        self.count += 1
        return await self._transport.send(call, within)

    def _limits(self, exchange: Exchange) -> Limits | None:
        """Return the response's account of the limit; None if the request may still be on its way."""
        if isinstance(exchange, NoResponse):
            return None if exchange.sent else Limits()
        wall = self._clock.wall()
        self._note_skew(exchange.headers.get("date"), wall)
        return read_limits(exchange.status, exchange.headers, wall)

    def _note_skew(self, date: str | None, wall: datetime) -> None:
        """Note how far the service's clock is ahead of ours, in seconds: each response gives a lower bound."""
        said = http_date(date or "")
        if said is not None:
            ahead = (said - wall).total_seconds()
            self.skew = ahead if self.skew is None else max(self.skew, ahead)


def _outcome(tried: Attempt) -> str:
    exchange = tried.exchange
    what = f"status {exchange.status}" if isinstance(exchange, Response) else exchange.reason
    return f"{what} ({tried.verdict.name.lower()})"


def _nothing() -> None:
    """Do nothing: a read leaves no trace before it is sent."""
