"""The service's calls by name (api-facts, "Known"), and how a connection to it is opened."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from bulkobj import __version__
from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock
from bulkobj.core.errors import ReadRefusedError
from bulkobj.core.model import Action, Field, Named, Objective, Value
from bulkobj.core.shutdown import StopSignal
from bulkobj.planning.plan import Step
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.open import open_slot_store
from bulkobj.totango.responses import (
    Response,
    UnreadableResponseError,
    named_of,
    objectives_of,
)
from bulkobj.totango.retry_policy import Attempt, Health, Retrying
from bulkobj.totango.transport import Request, Sender, Transport

_STATUSES = "/api/v3/objective-settings/status"
_CATEGORIES = "/api/v3/objective-settings/category"
_OBJECTIVES = "/api/v3/objectives/"
_TEMPLATES = "/api/v2/objective-templates"
_RUN = "/api/v2/objective-templates/run"
_ACCOUNTS = "/api/v1/search/accounts"

_WIRE: Mapping[Field, str] = {
    Field.START_DATE: "startDate",
    Field.END_DATE: "endDate",
    Field.CATEGORY: "categoryId",
    Field.STATUS: "statusId",
    Field.TITLE: "title",
    Field.DESCRIPTION: "description",
    Field.OWNER: "owner",
    Field.SUCCESS_PLAYS: "successPlays",
}
_DATES = frozenset({Field.START_DATE, Field.END_DATE})

#: Idle connections are closed before a server or proxy closes them: a write sent into a dying one would be lost.
_KEEP_ALIVE = 2.0
_PAGE = 1000

T = TypeVar("T")


class Totango:
    """The service, as bulkobj speaks of it."""

    def __init__(self, caller: Sender) -> None:
        self._caller = caller

    @property
    def calls(self) -> int:
        """How many calls were sent, retries too."""
        return self._caller.count

    @property
    def skew(self) -> float | None:
        """How far the service's clock is ahead of ours, in seconds, at the least; None where it doesn't say."""
        return self._caller.skew

    async def statuses(self) -> tuple[Named, ...]:
        """The tenant's statuses."""
        return await self._named(_STATUSES)

    async def categories(self) -> tuple[Named, ...]:
        """The tenant's categories."""
        return await self._named(_CATEGORIES)

    async def templates(self) -> tuple[Named, ...]:
        """The tenant's objective templates."""
        return await self._named(_TEMPLATES)

    async def objectives(self, account_id: str) -> tuple[Objective, ...] | None:
        """The account's objectives; None where the service doesn't know the account."""
        call = Request("GET", _OBJECTIVES, params={"accountId": account_id})
        answer = await self._caller.read(call)
        if answer.status == 404:
            return None
        return _decoded(call, answer, lambda: objectives_of(answer, account_id))

    async def accounts(self, terms: Sequence[Mapping[str, Any]] = ()) -> tuple[tuple[Named, ...], int]:
        """Every account that search can reach, in pages of 1,000, and how many there are in all (api-facts)."""
        found: dict[str, Named] = {}
        total = 0
        for offset in range(0, 10_000, _PAGE):
            call = Request("POST", _ACCOUNTS, form={"query": json.dumps(_search(offset) | {"terms": list(terms)})})
            answer = await self._caller.read(call)
            total, page = _decoded(call, answer, lambda answer=answer: _accounts_of(answer))  # type: ignore[misc]
            found |= {account.id: account for account in page}
            if not page or offset + _PAGE >= total:
                break
        return tuple(found.values()), total

    async def write(self, step: Step, before_send: Callable[[], None]) -> Attempt:
        """Send a step; ``before_send`` runs before every try's first byte."""
        return await self._caller.write(request_of(step), before_send)

    async def _named(self, path: str) -> tuple[Named, ...]:
        call = Request("GET", path)
        answer = await self._caller.read(call)
        if answer.status == 404:
            raise ReadRefusedError(f"the service has nothing at {path} (404): check --base-url and --region")
        return _decoded(call, answer, lambda: named_of(answer))


def _decoded(call: Request, answer: Response, decode: Callable[[], T]) -> T:
    try:
        return decode()
    except (UnreadableResponseError, RecursionError) as error:
        raise ReadRefusedError(f"{call.method} {call.path} ({answer.status}): {error}") from error


def request_of(step: Step) -> Request:
    """The call that a step sends."""
    match step.action:
        case Action.CREATE:
            return Request("POST", _OBJECTIVES, json=_body(step))
        case Action.UPDATE:
            return Request("PUT", _OBJECTIVES + quote(step.objective_id, safe=""), json=_body(step))
        case Action.DELETE:
            return Request("DELETE", _OBJECTIVES + quote(step.objective_id, safe=""))
        case Action.RUN_TEMPLATE:
            return Request("POST", _RUN, json={"objectiveTemplateId": step.template_id, "accountId": step.account_id})
        case Action.UPSERT:
            raise ValueError("an upsert is planned as a create or an update")


def _body(step: Step) -> dict[str, Any]:
    return {"accountId": step.account_id} | {_WIRE[name]: _wired(name, value) for name, value in step.body.items()}


def _wired(name: Field, value: Value) -> object:
    """An empty date is null, as there is no empty text that is a date."""
    if name is Field.SUCCESS_PLAYS:
        return list(value)
    return None if name in _DATES and not value else value


def _search(offset: int) -> dict[str, Any]:
    return {
        "terms": [],
        "fields": [],
        "count": _PAGE,
        "offset": offset,
        "sort_by": "display_name",
        "sort_order": "ASC",
        "scope": "all",
    }


def _accounts_of(answer: Response) -> tuple[int, tuple[Named, ...]]:
    """The total and a page; ``name`` is the account's id there, and ``display_name`` its name."""
    try:
        accounts = json.loads(answer.body)["response"]["accounts"]
        hits = tuple(Named(str(hit["name"]), str(hit.get("display_name") or hit["name"])) for hit in accounts["hits"])
        return int(accounts.get("total_hits", len(hits))), hits
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableResponseError("account search answered in a shape that isn't known") from error


@asynccontextmanager
async def open_totango(
    settings: Settings, clock: Clock, random: Random, stop: StopSignal, on_wait: Callable[[float], None]
) -> AsyncIterator[Totango]:
    """A connection to the service that the settings name; its slots are in the slot store that they name."""
    token = settings.require_token()
    store = open_slot_store(settings, clock)
    try:
        limiter = RateLimiter(store, settings.rate, settings.timeout, clock, on_wait)
        retrying = Retrying(
            Health(clock, settings.rate.seconds),
            settings.rate.seconds,
            lambda seconds: stop.unless_asked(clock.sleep(seconds)),
            random,
        )
        async with _http(settings, token) as client:
            transport = Transport(client)
            yield Totango(Sender(transport, limiter, retrying, clock, stop, settings.concurrency))
    finally:
        await store.close()


def _http(settings: Settings, token: str) -> httpx.AsyncClient:
    headers = {"app-token": token, "Accept": "application/json", "User-Agent": f"bulkobj/{__version__}"}
    limits = httpx.Limits(max_keepalive_connections=settings.concurrency, keepalive_expiry=_KEEP_ALIVE)
    return httpx.AsyncClient(
        base_url=settings.base_url,
        headers=headers,
        limits=limits,
        timeout=None,  # noqa: S113 - the total deadline of Transport rules
        follow_redirects=False,
        verify=_certificates() if settings.base_url.startswith("https:") else True,
    )


def _certificates() -> ssl.SSLContext | bool:
    """The system's certificates, as a browser has them; httpx itself reads SSL_CERT_FILE and SSL_CERT_DIR."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return True
    import truststore  # noqa: PLC0415 - only a real host needs it

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
