"""Words for the service's refusals and the network's failures; API.md, "Errors", has their shapes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx

from bulkobj.core.errors import AuthorizationError, ReadRefusedError, ServiceDownError, StoppedError
from bulkobj.core.text import clean
from bulkobj.totango.responses import Exchange, NoResponse, Response, Verdict, folded, is_html
from bulkobj.totango.retry_policy import Attempt

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def message_of(exchange: Exchange) -> str:
    """Return the service's own message, or a description of the response, on one line."""
    if isinstance(exchange, NoResponse):
        return exchange.reason
    status = f"{exchange.status} {_PHRASES.get(exchange.status, 'unusual status')}"
    if 300 <= exchange.status < 400:
        return f"the service redirects elsewhere ({exchange.status}), which is never followed. Check --base-url"
    if is_html(exchange):
        return f"{status} (a web page, probably from a proxy, instead of the service's response)"
    if 200 <= exchange.status < 300:
        return f'{status}, but the response says "{clean(exchange.text, 120)}"'
    return clean(_said(exchange)) or status


def _said(response: Response) -> str:
    try:
        return "; ".join(dict.fromkeys(_messages(response.json())))
    except (ValueError, RecursionError):
        return response.text


_MESSAGE_KEYS = (
    "message",
    "error",
    "errors",
    "errormessage",
    "msg",
    "detail",
    "details",
    "title",
    "reason",
    "description",
)


def _messages(data: Any) -> Iterator[str]:
    match data:
        case str():
            yield data
        case list():
            for item in data:
                yield from _messages(item)
        case dict():
            fields = {folded(key): value for key, value in data.items()}
            for key in _MESSAGE_KEYS:
                if fields.get(key):
                    yield from _messages(fields[key])
                    if key != "error":
                        return


#: Where a person finds a token, in the words of the product.
_HINT = "Check --region and the token (in Totango: profile icon, Edit Profile, Integration)"


def stopped_by(attempt: Attempt, what: str) -> StoppedError:
    """Return the error that ends a command if an exchange leaves nothing else to do; ``what`` names the request."""
    said = message_of(attempt.exchange)
    status = attempt.exchange.status if isinstance(attempt.exchange, Response) else None
    match attempt.verdict:
        case Verdict.DENIED:
            return AuthorizationError(f"the service refuses the token: {said}. {_HINT}", status)
        case Verdict.FORBIDDEN:
            return AuthorizationError(f"the service does not allow this ({what}): {said}. {_HINT}", status)
        case Verdict.LIMITED:
            return ServiceDownError(f'the service keeps answering "429 Too Many Requests": {said}', status)
        case _ if status is not None:
            return ReadRefusedError(f"{what}: {said}", status)
        case _:
            return ServiceDownError(said)


def connection_failure(error: Exception, target: str, proxy: str) -> str:
    """Return the reason for which no connection to ``target`` came about; ``proxy`` names its variable, if any."""
    causes = list(_causes(error))
    if isinstance(error, httpx.ProxyError) or (proxy and not any(isinstance(one, ssl.SSLError) for one in causes)):
        return (
            f"the proxy of {proxy or 'HTTPS_PROXY'} refuses the connection{_proxy_reason(error)}. Check that variable"
        )
    reason, advice = _network_reason(causes)
    return f"the service at {target} can't be reached{reason}. {advice}"


def _network_reason(causes: list[BaseException]) -> tuple[str, str]:
    """Return why no connection came about, and what to do."""
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                reason = clean(cause.verify_message or "unknown issuer", 100)
                return f": its certificate is not trusted ({reason})", "Set SSL_CERT_FILE to the certificates to trust"
            case ssl.SSLError():
                return ": it does not answer with TLS (https)", "Check --base-url"
            case socket.gaierror():
                return ": no computer has this name", "Check the internet connection and --base-url"
            case ConnectionRefusedError():
                return ": connection refused", "Check the internet connection and --base-url"
    return "", "Check the internet connection and --base-url"


def _proxy_reason(error: Exception) -> str:
    return " (it wants a user and a password)" if "407" in str(error) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and all that led to it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__
