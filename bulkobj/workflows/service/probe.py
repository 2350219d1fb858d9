"""The probe of a live service: the shapes of API.md that it uses, as facts without customer data.

Reads touch one account. Writes, which are asked for apart, create, change and delete one objective of that account.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkobj import __version__
from bulkobj.core.atomic_file import save
from bulkobj.core.errors import StoppedError
from bulkobj.core.model import Field, Objective
from bulkobj.core.shutdown import StopSignal
from bulkobj.core.timestamps import unspelled
from bulkobj.totango import client
from bulkobj.totango.client import Totango
from bulkobj.totango.rate_limit.headers import http_date
from bulkobj.totango.responses import Response
from bulkobj.totango.transport import Request
from bulkobj.workflows.connection import Connection
from bulkobj.workflows.service.probe_file import result_path
from bulkobj.workflows.service.shapes import body_shape, limit_headers, list_shape, write_shape

TITLE = "bulkobj probe, may be deleted"
_DESCRIPTION = "Made by bulkobj doctor --probe-writes"
_START, _END = "2030-01-01T00:00:00.000Z", "2030-02-01T00:00:00.000Z"


@dataclass(slots=True)
class Probe:
    """Findings, in sections of facts; ``left`` holds ids of objectives that could not be deleted, never saved."""

    reads: dict[str, Any] = field(default_factory=dict)
    writes: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the findings as they are saved and attached to a bug report."""
        found = {"reads": self.reads, "writes": self.writes, "headers": self.headers, "unknown": self.unknown}
        return {"format": 1, "bulkobj": __version__} | found

    def lines(self) -> list[str]:
        """Return the findings as text, a fact a line."""
        sections = {"read": self.reads, "write": self.writes, "headers": self.headers}
        lines = [
            f"{title}: {name}: {_phrase(fact)}" for title, facts in sections.items() for name, fact in facts.items()
        ]
        return lines + [f"not known: {one}" for one in self.unknown]


def _phrase(fact: Any) -> str:
    match fact:
        case dict():
            return "; ".join(f"{name} {_phrase(one)}" for name, one in fact.items()) or "none"
        case list():
            return " or ".join(str(one) for one in fact) or "none"
        case bool():
            return "yes" if fact else "no"
    return str(fact)


def probe(connection: Connection, account_id: str, *, writes: bool) -> Probe:
    """Probe the service by one account, keep the findings for the tenant, and return them.

    Raises AuthorizationError for a refused token and ServiceDownError if the service can't be reached.
    """
    found = connection.run(lambda totango, stop: _Probing(totango, stop, account_id).run(writes=writes))
    path = result_path(connection.settings)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    save(path, json.dumps(found.document(), indent=2).encode())
    path.chmod(0o600)
    return found


class _Probing:
    """One probe on its way."""

    def __init__(self, totango: Totango, stop: StopSignal, account_id: str) -> None:
        self._totango = totango
        self._stop = stop
        self._account = account_id
        self._responses: list[Response] = []
        self._found = Probe()

    async def run(self, *, writes: bool) -> Probe:
        """Read, write if that is asked for, and name what is left open."""
        await self._totango.statuses()  # a wrong token or host ends the probe here, in words of its own
        await self._read()
        if writes:
            await self._write()

        self._found.headers = {
            "rate limit": limit_headers(self._responses),
            "date": any("date" in one.headers for one in self._responses),
        }
        self._found.unknown += ["the answer to a run of a template, and what it creates"]
        if not writes:
            self._found.unknown.append("answers to writes, and whether an update merges. Run with --probe-writes")
        if self._found.reads["objectives of the account"].get("items") == "none":
            self._found.unknown.append("the shape of an objective. Choose an account that has one")
        return self._found

    async def _read(self) -> None:

        nobody = f"bulkobj-probe-{uuid.uuid4()}"
        requests = {
            "statuses": Request("GET", client.STATUSES),
            "categories": Request("GET", client.CATEGORIES),
            "templates": Request("GET", client.TEMPLATES),
            "objectives of the account": Request("GET", client.OBJECTIVES, params={"accountId": self._account}),
            "objectives of an unknown account": Request("GET", client.OBJECTIVES, params={"accountId": nobody}),
            "account search": client.search_request(client.ACCOUNTS),
            "user search": client.search_request(client.USERS),
            "an unknown objective": Request("GET", f"{client.OBJECTIVES}{nobody}"),
        }
        for name, request in requests.items():
            self._found.reads[name] = await self._shape_of(request)

    async def _shape_of(self, request: Request) -> dict[str, Any]:

        response, verdict = await self._send(request)
        if response is None:
            return {"status": "none", "verdict": verdict}
        if 200 <= response.status < 300:
            return list_shape(response)
        return {"status": response.status, "shape": body_shape(response)}

    async def _send(self, request: Request) -> tuple[Response | None, str]:
        """Send one request; None if no response came. The verdict is a word."""
        attempt = await self._totango.exchange(request)
        word = attempt.verdict.name.lower().replace("_", " ")
        if not isinstance(attempt.exchange, Response):
            return None, word
        self._responses.append(attempt.exchange)
        return attempt.exchange, word

    async def _write(self) -> None:
        """Create, change in part, change in full and delete one objective; whatever happens, delete what was made."""
        statuses, categories = await self._totango.statuses(), await self._totango.categories()
        before = await self._totango.objectives(self._account)
        if before is None or not statuses or not categories:
            self._found.unknown.append("answers to writes: the account, its statuses or categories are not there")
            return
        body = {
            "accountId": self._account,
            "title": f"{TITLE} ({uuid.uuid4().hex[:8]})",
            "description": _DESCRIPTION,
            "categoryId": categories[0].id,
            "statusId": statuses[0].id,
            "startDate": _START,
            "endDate": _END,
        }
        known = {one.id for one in before}
        made: Objective | None = None
        try:
            response = await self._written("create", "POST", "", body)
            made = await self._made(known, str(body["title"]))
            self._found.writes["createdAt"] = _stamp(made, response)
            listing = Request("GET", client.OBJECTIVES, params={"accountId": self._account})
            self._found.reads["objectives of the account"] = await self._shape_of(listing)
            if made is not None:
                await self._update(made, body)
        finally:
            if not self._stop.asked:
                await self._clean_up(known, str(body["title"]))

    async def _written(
        self, name: str, method: str, objective_id: str, body: Mapping[str, Any] | None
    ) -> Response | None:

        response, verdict = await self._send(client.objective_request(method, objective_id, body))
        if response is None:
            self._found.writes[name] = {"status": "none", "verdict": verdict}
        else:
            self._found.writes[name] = write_shape(response, verdict)
        return response

    async def _made(self, known: set[str], title: str) -> Objective | None:
        """Return the objective of that title that was not there before."""
        now = await self._totango.objectives(self._account) or ()
        return next((one for one in now if one.id not in known and one.fields.get(Field.TITLE) == title), None)

    async def _update(self, made: Objective, body: Mapping[str, Any]) -> None:
        partial = {"accountId": self._account, "title": body["title"]}
        await self._written("update of one field", "PUT", made.id, partial)
        after = next((one for one in await self._totango.objectives(self._account) or () if one.id == made.id), None)
        if after is None:
            self._found.writes["an update"] = "makes the objective vanish"
        else:
            kept = [name for name in made.fields if after.fields.get(name) == made.fields[name]]
            self._found.writes["an update"] = "merges" if len(kept) == len(made.fields) else "replaces"
        await self._written("update of all fields", "PUT", made.id, body)

    async def _clean_up(self, known: set[str], title: str) -> None:
        """Delete what was made, look whether it is gone, and delete it once more for the answer to that."""
        try:
            made = await self._made(known, title)
            if made is None:
                return
            self._found.left = [made.id]
            await self._written("delete", "DELETE", made.id, None)
            if await self._made(known, title) is None:
                self._found.left = []
            await self._written("delete of what is gone", "DELETE", made.id, None)
        except StoppedError:
            self._found.unknown.append("whether the probe's objective is deleted")


def _stamp(made: Objective | None, response: Response | None) -> str:
    """Return whether the service dates objectives, and how far that clock is from its Date header."""
    if made is None:
        return "not known: the objective was not found"
    if not made.created_at:
        return "absent"
    date = http_date(response.headers.get("date", "")) if response else None
    try:
        created = unspelled(made.created_at)
    except ValueError:
        return "there, in a form that is not known"
    return "there" if date is None else f"there, {round((created - date).total_seconds()):+d} s from the Date header"
