"""The service's requests by name (API.md, "Known"), and the connection to it."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from bulkobj import __version__
from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock
from bulkobj.core.errors import AuthorizationError, ReadRefusedError
from bulkobj.core.model import Action, Field, Named, Objective, Value
from bulkobj.core.shutdown import StopSignal
from bulkobj.planning.plan import Step
from bulkobj.totango.decoding import (
    Item,
    UnreadableResponseError,
    accounts_of,
    item_of,
    items,
    named_of,
    objectives_of,
    users_of,
)
from bulkobj.totango.environment import certificates, proxy_for
from bulkobj.totango.pages import part_of
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.open import open_slot_store
from bulkobj.totango.responses import Response
from bulkobj.totango.retry_policy import Attempt, Health, Retrying
from bulkobj.totango.transport import NoCookies, Redaction, Request, Sender, Transport

STATUSES = "/api/v3/objective-settings/status"
CATEGORIES = "/api/v3/objective-settings/category"
OBJECTIVES = "/api/v3/objectives/"
TEMPLATES = "/api/v2/objective-templates"
_RUN = "/api/v2/objective-templates/run"
ACCOUNTS = "/api/v1/search/accounts"
USERS = "/api/v1/search/users/internal"

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
#: Search gives at most so many records a page, and reaches so many in all.
_PAGE, _REACH = 1000, 10_000
#: Pages of one search overlap by so many records, so that a record that moves between two reads is still seen.
_OVERLAP = 50
#: A search whose total changes while it is read is read so often.
_SEARCHES = 3
#: More parts than any list has.
_PARTS = 1000

T = TypeVar("T")


class Totango:
    """The service with its requests as methods; each goes through the rate limiter."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @property
    def calls(self) -> int:
        """The number of requests that were sent, retries too."""
        return self._sender.count

    @property
    def skew(self) -> float | None:
        """The least by which the service's clock is ahead of ours, in seconds; None if it doesn't say."""
        return self._sender.skew

    async def slot_waits(self) -> tuple[float, ...]:
        """Return, for each slot of the rate, the seconds until it is free (0: now), shortest first; sends nothing."""
        return await self._sender.slot_waits()

    async def statuses(self) -> tuple[Named, ...]:
        """Return the tenant's statuses."""
        return await self._named(STATUSES)

    async def categories(self) -> tuple[Named, ...]:
        """Return the tenant's categories."""
        return await self._named(CATEGORIES)

    async def templates(self) -> tuple[Named, ...]:
        """Return the tenant's objective templates."""
        return await self._named(TEMPLATES)

    async def objectives(self, account_id: str) -> tuple[Objective, ...] | None:
        """Return the account's objectives; None if the service doesn't know the account (404).

        Raises AuthorizationError with the status 403 if it does not show the account, ReadRefusedError for any other
        refusal.
        """
        found = await self._list(Request("GET", OBJECTIVES, params={"accountId": account_id}))
        if found is None:
            return None
        return _decoded(f"GET {OBJECTIVES}", lambda: objectives_of(found, account_id))

    async def accounts(self, terms: Sequence[Mapping[str, Any]] = ()) -> tuple[tuple[Named, ...], int]:
        """Return the accounts that search can reach, and how many there are in all.

        ``terms`` filter (API.md, "Account search"); the list is complete if it has as many accounts as there are.
        """
        found, total = await self._search(ACCOUNTS, terms, accounts_of)
        return found, total

    async def users(self) -> tuple[Named, ...] | None:
        """Return the tenant's own users; None if they can't be known, as any refusal means."""
        try:
            found, total = await self._search(USERS, (), users_of)
        except (ReadRefusedError, AuthorizationError):
            return None
        return found if len(found) >= total else None

    async def exchange(self, request: Request) -> Attempt:
        """Send any request of a probe once; it is sent again only if it never happened."""
        return await self._sender.write(request, lambda: None)

    async def write(self, step: Step, before_send: Callable[[], None]) -> Attempt:
        """Send a step; ``before_send`` runs before each try's first byte."""
        return await self._sender.write(request_of(step), before_send)

    async def _named(self, path: str) -> tuple[Named, ...]:
        found = await self._list(Request("GET", path))
        if found is None:
            message = f"the service has nothing at {path} (404). Check --base-url and --region, or run bulkobj doctor"
            raise ReadRefusedError(message, 404)
        return _decoded(f"GET {path}", lambda: named_of(found))

    async def _list(self, request: Request) -> list[Item] | None:
        """Read a list with all its parts; None if the service answers 404 to the first."""
        name = f"{request.method} {request.path}"
        found: list[Item] = []
        keys: set[str] = set()
        for _ in range(_PARTS):
            response = await self._sender.read(request)
            if response.status == 404 and not found:
                return None
            data = _decoded(name, response.json)
            rows, part = _decoded(name, lambda data=data, response=response: (items(data), part_of(response, data)))  # type: ignore[misc]
            new = [row for row in rows if _key(row) not in keys] if found else rows
            found, keys = found + new, keys | {_key(row) for row in new}
            if not part.following:
                more = part.more or (part.pages > 1 and len(new) == len(found))
                return found if not more and (part.total or 0) <= len(found) else _refuse_part(name, found, part.total)
            if not new:
                break
            request = Request("GET", part.following)
        raise ReadRefusedError(f"{name}: the service gives the same part of the list again, or a list without end")

    async def _search(
        self, path: str, terms: Sequence[Mapping[str, Any]], decode: Callable[[list[Item]], tuple[Named, ...]]
    ) -> tuple[tuple[Named, ...], int]:
        """Read all pages of a search, again if the total changed meanwhile; the total is the last one given."""
        found: dict[str, Named] = {}
        total = 0
        for _ in range(_SEARCHES):
            read, totals = await self._searched(path, terms, decode)
            found, total = found | read, totals[-1]
            if len(set(totals)) == 1 and len(read) >= min(total, _REACH):
                return tuple(read.values()), total
        return tuple(found.values()), max(total, len(found) + 1)  # it never stood still: nobody knows what is missing

    async def _searched(
        self, path: str, terms: Sequence[Mapping[str, Any]], decode: Callable[[list[Item]], tuple[Named, ...]]
    ) -> tuple[dict[str, Named], list[int]]:
        found: dict[str, Named] = {}
        totals: list[int] = []
        offset = 0
        while offset < _REACH:
            response = await self._sender.read(search_request(path, terms, offset))
            if response.status == 404:
                raise ReadRefusedError(f"the service has nothing at {path} (404). Run bulkobj doctor", 404)
            total, rows = _decoded(f"POST {path}", lambda response=response: _hits(response))  # type: ignore[misc]
            page = _decoded(f"POST {path}", lambda rows=rows: decode(rows))  # type: ignore[misc]
            found |= {one.id: one for one in page}
            totals.append(len(found) if total is None else total)
            if not page or offset + len(page) >= totals[-1]:
                break
            offset += max(len(page) - _OVERLAP, 1)
        return found, totals


def _key(row: Item) -> str:
    """Return what tells a row of a list from the others: its id, or all of it if it has none."""
    return str(row.get("id") or row)


def _refuse_part(name: str, found: list[Item], total: int | None) -> NoReturn:
    of = f" of {total}" if total else ""
    raise ReadRefusedError(f"{name}: the service gave only {len(found)}{of} items, and not how to read the rest")


def _decoded(name: str, decode: Callable[[], T]) -> T:
    try:
        return decode()
    except (UnreadableResponseError, ValueError, RecursionError) as error:
        raise ReadRefusedError(f"{name}: {error}") from error


def request_of(step: Step) -> Request:
    """Return the request that a step sends."""
    match step.action:
        case Action.CREATE:
            return Request("POST", OBJECTIVES, json=_body(step))
        case Action.UPDATE:
            return objective_request("PUT", step.objective_id, _body(step))
        case Action.DELETE:
            return objective_request("DELETE", step.objective_id)
        case Action.RUN_TEMPLATE:
            return Request("POST", _RUN, json={"objectiveTemplateId": step.template_id, "accountId": step.account_id})
        case Action.UPSERT:
            raise ValueError("an upsert is planned as a create or an update")


def search_request(path: str, terms: Sequence[Mapping[str, Any]] = (), offset: int = 0) -> Request:
    """Return the request for a page of a search."""
    return Request("POST", path, form={"query": json.dumps(_query(terms, offset))})


def objective_request(method: str, objective_id: str, body: Mapping[str, Any] | None = None) -> Request:
    """Return a request on one objective, or a POST; an id that would name another address is never sent."""
    if method == "POST":
        return Request(method, OBJECTIVES, json=body)
    if objective_id in {"", ".", ".."}:
        return Request(method, OBJECTIVES, unsendable=f'"{objective_id}" is not an Objective ID. Fix the Objective ID')
    return Request(method, OBJECTIVES + quote(_whole(objective_id), safe=""), json=body)


def _body(step: Step) -> dict[str, Any]:
    return {"accountId": step.account_id} | {_WIRE[name]: _wired(name, value) for name, value in step.body.items()}


def _wired(name: Field, value: Value) -> object:
    """Return the value as the service takes it: an empty date is null, as no empty text is a date."""
    if name is Field.SUCCESS_PLAYS:
        return list(value)
    return None if name in _DATES and not value else _whole(str(value))


def _whole(text: str) -> str:
    """Return the text with U+FFFD for half a character, which can't be sent."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _query(terms: Sequence[Mapping[str, Any]], offset: int) -> dict[str, Any]:
    return {
        "terms": list(terms),
        "fields": [],
        "count": min(_PAGE, _REACH - offset),
        "offset": offset,
        "sort_by": "display_name",
        "sort_order": "ASC",
        "scope": "all",
    }


def _hits(response: Response) -> tuple[int | None, list[Item]]:
    """Return the total (None: not said) and the hits of a page of search, in whatever wrapper they are."""
    data = response.json()
    level = item_of(data) if isinstance(data, dict) else {}
    while "hits" not in level and "totalhits" not in level:
        inner = [value for value in level.values() if isinstance(value, dict)]
        if len(inner) != 1:
            raise UnreadableResponseError("search answered in a shape that isn't known")
        level = item_of(inner[0])
    return part_of(response, level).total, items(level.get("hits", []))


@asynccontextmanager
async def open_totango(
    settings: Settings, clock: Clock, random: Random, stop: StopSignal, on_wait: Callable[[float], None]
) -> AsyncIterator[Totango]:
    """Open a connection to the service of the settings; its slots are in the slot store that they name.

    Raises UsageError if there is no token, or the environment asks for a proxy or certificates that can't be used.
    """
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
        proxy = proxy_for(settings.base_url)
        async with _http(settings, token, proxy.url if proxy else None) as client:
            target = urlsplit(settings.base_url).netloc
            transport = Transport(client, Redaction(token), target, proxy.variable if proxy else "")
            yield Totango(Sender(transport, limiter, retrying, clock, stop, settings.concurrency))
    finally:
        await store.close()


def _http(settings: Settings, token: str, proxy: str | None) -> httpx.AsyncClient:
    """Return an HTTP client that reads nothing from the environment, follows no redirect and keeps no cookie."""
    # Plain HTTP is for loopback alone: nothing is trusted then, and nothing has to be loaded.
    secure = settings.base_url.startswith("https:")
    trust = certificates() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(
        base_url=settings.base_url,
        headers={
            "app-token": token,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"bulkobj/{__version__}",
        },
        limits=httpx.Limits(max_keepalive_connections=settings.concurrency, keepalive_expiry=_KEEP_ALIVE),
        timeout=None,  # noqa: S113 - the total deadline of Transport rules
        follow_redirects=False,
        verify=trust,
        proxy=httpx.Proxy(proxy, ssl_context=trust if proxy.startswith("https:") else None) if proxy else None,
        cookies=NoCookies(),
        trust_env=False,
    )
