"""The gate before every page: one browser on this computer, and nobody else.

Other sites can make a browser send requests here, by a form or by a name that resolves to loopback. So the Host and
Origin headers must be ours, and a cookie that only our own pages send must come with each request.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bulkobj.spreadsheet.limits import MAX_FILE

_log = logging.getLogger(__name__)

#: Bytes of a request's body: a file as large as bulkobj reads, and the form around it.
MAX_BODY = MAX_FILE + 1_000_000
#: Seconds that a request's body may pause.
PATIENCE = 30.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPENED = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>bulkobj</title>'
    '<meta http-equiv="refresh" content="0; url=/"></head><body><p><a href="/">Start</a></p></body></html>'
)


class BodyRefusedError(Exception):
    """A request's body is too large, or does not arrive."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """An ASGI application around another: refuses strangers, bounds bodies, and sets the security headers.

    ``used_at`` is when the last request of the user came, in seconds on the monotonic clock.
    """

    def __init__(self, app: ASGIApp, port: int, *, most: int = MAX_BODY, patience: float = PATIENCE) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = f"bulkobj-{port}"
        self._session = secrets.token_urlsafe(32)
        self._secret: str | None = secrets.token_urlsafe(32)
        self._most, self._patience = most, patience
        self.address = f"http://127.0.0.1:{port}/?secret={self._secret}"
        self.used_at = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request if it is the user's."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers) or self._opening(scope, headers)
        if answer is None and not self._is_users(headers):
            answer = _refused("This page belongs to the person who started bulkobj ui. Run bulkobj ui again")
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if answer is not None:
            await answer(scope, receive, send_with_headers)
            return
        self.used_at = time.monotonic()
        try:
            await self._app(scope, _Body(receive, self._most, self._patience).receive, send_with_headers)
        except BodyRefusedError as error:
            answer = PlainTextResponse(str(error), error.status, {"Connection": "close"})
        except Exception:
            _log.exception("a page failed")
            answer = PlainTextResponse("Something went wrong inside bulkobj. Details are in the log.", 500)
        if answer is not None and not started:
            await answer(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _refused("This address is not the page's own. Use the address that bulkobj ui printed")
        if origins and (len(origins) > 1 or origins[0].removeprefix("http://") not in self._hosts):
            return _refused("Another page sent this request")
        if scope["method"] not in {"GET", "HEAD", "POST"}:
            return PlainTextResponse("Method not allowed", 405)
        if scope["method"] == "POST" and headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return _refused("Another page sent this request")
        if int(headers.get("content-length", "0")) > self._most:
            return PlainTextResponse(_too_large(self._most), 413, {"Connection": "close"})
        return None

    def _opening(self, scope: Scope, headers: Headers) -> Response | None:
        """Exchange the secret of the printed address for the cookie, once."""
        given = parse_qs(scope["query_string"].decode("ascii", "replace")).get("secret")
        if scope["path"] != "/" or scope["method"] != "GET" or not given:
            return None
        if self._secret is None or not hmac.compare_digest(given[0].encode(), self._secret.encode()):
            if self._is_users(headers):
                return RedirectResponse("/", 303)
            return _refused("This address works once, and it was used before. Run bulkobj ui again for a new one")
        self._secret = None
        # A browser that comes from elsewhere (a file) keeps a strict cookie back on a redirect, not on a new visit.
        elsewhere = headers.get("sec-fetch-site") not in {None, "none", "same-origin"}
        response = HTMLResponse(_OPENED) if elsewhere else RedirectResponse("/", 303)
        response.set_cookie(self._cookie, self._session, httponly=True, samesite="strict", path="/")
        return response

    def _is_users(self, headers: Headers) -> bool:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self._session.encode())


class _Body:
    """A request's body that must arrive within bounds; raises BodyRefusedError."""

    def __init__(self, receive: Receive, most: int, patience: float) -> None:
        self._receive, self._most, self._patience = receive, most, patience
        self._seen, self._is_whole = 0, False

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience)
        except TimeoutError:
            raise BodyRefusedError(408, "The upload did not arrive. Check the connection") from None
        self._seen += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._seen > self._most:
            raise BodyRefusedError(413, _too_large(self._most))
        return message


def _too_large(most: int) -> str:
    return f"The file is too large: bulkobj reads up to {most // 1_000_000} MB. Save it as several smaller files"


def _refused(why: str) -> Response:
    return PlainTextResponse(f"{why}.", 403)
