"""The documented calls and account search: each a function of the tenant and the call.

Source: api-facts, "Known". What isn't documented is decided by the behaviour, or by what web services commonly do.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote

from starlette.responses import JSONResponse, Response

from bulkobj.sandbox.api import responses as answers
from bulkobj.sandbox.api import validation as checks
from bulkobj.sandbox.api.request import Call
from bulkobj.sandbox.api.responses import RefusedError, iso
from bulkobj.sandbox.behaviour import Behaviour
from bulkobj.sandbox.seeds import Document
from bulkobj.sandbox.store import Store

AUTHOR = "sandbox@example.demo"
DUPLICATE_STATUS = "d0b1e000-5a7e-4f0c-9c11-000000000002"
SEARCH_COUNT = 1000
SEARCH_REACH = 10_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """What a call is answered from; ``wall`` is the time of day in UTC."""

    store: Store
    behaviour: Behaviour
    wall: datetime

    def answer(self, call: Call) -> Response:
        """Do the call, in full or not at all, and say what came of it."""
        try:
            with self.store.transaction():
                return _endpoint(call)(self, call)
        except RefusedError as refusal:
            return answers.error(self.behaviour.error_style, refusal.status, refusal.message)

    def statuses(self) -> list[Document]:
        """The statuses, one of them twice if asked for (api-facts, Unknown 9)."""
        found = self.store.documents("statuses")
        return found + [{**each, "id": DUPLICATE_STATUS} for each in found[:1] if self.behaviour.duplicate_status]

    def names(self) -> dict[str, str]:
        """The display name of each status and category id."""
        return {each["id"]: each["displayName"] for each in self.statuses() + self.store.documents("categories")}

    def shown(self, objective: Document) -> Document:
        """The objective in the shape asked for."""
        return answers.objective(objective, self.behaviour, self.names())

    def known(self, fields: Document) -> Document:
        """The same fields; RefusedError where an account, status or category isn't there."""
        for name in ("accountId", "statusId", "categoryId"):
            if name in fields and not self._knows(name, fields[name]):
                message = f"{name.removesuffix('Id').capitalize()} not found: {fields[name]}"
                raise RefusedError(self.behaviour.mistake_status, message)
        return fields

    def _knows(self, name: str, identity: str) -> bool:
        if name == "statusId":
            return identity in {each["id"] for each in self.statuses()}
        return self.store.document("accounts" if name == "accountId" else "categories", identity) is not None

    def existing(self, call: Call) -> Document:
        """The objective that the path names; RefusedError where there is none."""
        found = self.store.document("objectives", unquote(call.path.rpartition("/")[2]))
        if not found:
            raise RefusedError(404, "Objective not found")
        return found

    def make(self, fields: Document) -> Document:
        """A new objective, kept."""
        now = iso(self.wall)
        about = {"createdBy": AUTHOR, "createdAt": now, "updatedAt": now}
        objective = {"id": str(uuid.uuid4()), "successPlays": [], **fields, **about}
        self.store.save("objectives", [objective])
        return objective


def _statuses(tenant: Tenant, call: Call) -> Response:
    return JSONResponse(tenant.statuses())


def _categories(tenant: Tenant, call: Call) -> Response:
    return JSONResponse(tenant.store.documents("categories"))


def _objectives(tenant: Tenant, call: Call) -> Response:
    account = call.parameter("accountId")
    if not account:
        raise RefusedError(400, "accountId is required")
    found = tenant.store.documents("objectives", account)
    if not found and not tenant.store.document("accounts", account) and tenant.behaviour.unknown_account == "404":
        raise RefusedError(404, "Account not found")
    return answers.objectives(found, tenant.behaviour, tenant.names())


def _create(tenant: Tenant, call: Call) -> Response:
    sent = checks.body_object(call.body)
    fields = tenant.known({"accountId": sent.get("accountId"), **checks.new_fields(sent)})
    checks.in_order(fields)
    return answers.created(tenant.shown(tenant.make(fields)), tenant.behaviour)


def _update(tenant: Tenant, call: Call) -> Response:
    held = tenant.existing(call)
    sent = checks.body_object(call.body)
    if sent.get("accountId", held["accountId"]) != held["accountId"]:
        raise RefusedError(tenant.behaviour.mistake_status, f"The objective is not one of account {sent['accountId']}")
    same = checks.same_fields(sent, held)
    changed = checks.changed_fields({name: value for name, value in sent.items() if name not in same})
    lost = set(checks.WRITABLE) - {"successPlays"} if tenant.behaviour.update == "replace" else set()
    kept = {name: value for name, value in held.items() if name not in lost}
    objective = {**kept, **same, **tenant.known(changed), "updatedBy": AUTHOR, "updatedAt": iso(tenant.wall)}
    if changed.keys() & set(answers.DATES):
        checks.in_order(objective)
    tenant.store.save("objectives", [objective])
    return answers.updated(tenant.shown(objective), tenant.behaviour)


def _delete(tenant: Tenant, call: Call) -> Response:
    identity = tenant.existing(call)["id"]
    tenant.store.remove("objectives", identity)
    return answers.deleted(identity, tenant.behaviour)


def _templates(tenant: Tenant, call: Call) -> Response:
    return answers.templates(tenant.store.documents("templates"), tenant.behaviour)


def _run_template(tenant: Tenant, call: Call) -> Response:
    sent = checks.body_object(call.body)
    account, identity = (checks.needed_text(sent, name) for name in ("accountId", "objectiveTemplateId"))
    if not tenant.store.document("accounts", account):
        raise RefusedError(404, "Account not found")
    template = tenant.store.document("templates", identity)
    if not template:
        raise RefusedError(404, "Objective template not found")
    if not template["successPlays"]:
        raise RefusedError(400, "Objective must contain at least one SuccessPlay")
    for number in range(1, tenant.behaviour.template_objectives + 1):
        tenant.make({"accountId": account, **_from_template(template, number, tenant.wall)})
    return answers.success()


def _from_template(template: Document, number: int, wall: datetime) -> Document:
    start = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    dates = {"startDate": iso(start), "endDate": iso(start + timedelta(days=template["days"]))}
    title = template["name"] if number == 1 else f"{template['name']} ({number})"
    kept = {name: template[name] for name in ("description", "categoryId", "statusId", "successPlays")}
    return {"title": title, **kept, **dates}


def _search_accounts(tenant: Tenant, call: Call) -> Response:
    """Source: api-facts, "account search"; a filter, which isn't described there, is refused."""
    query = _search_query(call)
    offset, count = query.get("offset", 0), query.get("count", SEARCH_COUNT)
    if type(offset) is not int or type(count) is not int or offset < 0 or not 0 < count <= SEARCH_COUNT:
        raise RefusedError(400, f"offset must be at least 0 and count from 1 to {SEARCH_COUNT}")
    found = sorted(tenant.store.documents("accounts"), key=lambda each: (each["name"].casefold(), each["id"]))
    ordered = found[::-1] if query.get("sort_order") == "DESC" else found
    page = ordered[:SEARCH_REACH][offset : offset + count]
    hits = [{"name": each["id"], "display_name": each["name"], "selected_fields": []} for each in page]
    return JSONResponse({"response": {"accounts": {"total_hits": len(found), "hits": hits}}})


def _search_query(call: Call) -> Document:
    try:
        form = parse_qs(call.body.decode("ascii"), strict_parsing=True)
        query = json.loads(form["query"][0])
    except (ValueError, KeyError, RecursionError):
        raise RefusedError(400, "The form field query must hold JSON") from None
    if not isinstance(query, dict) or query.get("terms"):
        raise RefusedError(400, "The query must be a JSON object, without terms")
    return query


Endpoint = Callable[[Tenant, Call], Response]
OBJECTIVES = r"/api/v3/objectives"
ENDPOINTS: tuple[tuple[str, re.Pattern[str], Endpoint], ...] = (
    ("GET", re.compile(r"/api/v3/objective-settings/status"), _statuses),
    ("GET", re.compile(r"/api/v3/objective-settings/category"), _categories),
    ("GET", re.compile(rf"{OBJECTIVES}/?"), _objectives),
    ("POST", re.compile(rf"{OBJECTIVES}/?"), _create),
    ("PUT", re.compile(rf"{OBJECTIVES}/[^/]+"), _update),
    ("DELETE", re.compile(rf"{OBJECTIVES}/[^/]+"), _delete),
    ("GET", re.compile(r"/api/v2/objective-templates"), _templates),
    ("POST", re.compile(r"/api/v2/objective-templates/run"), _run_template),
    ("POST", re.compile(r"/api/v1/search/accounts"), _search_accounts),
)


def _endpoint(call: Call) -> Endpoint:
    there = {method: endpoint for method, path, endpoint in ENDPOINTS if path.fullmatch(call.path)}
    if not there:
        raise RefusedError(404, "No such address")
    if call.method not in there:
        raise RefusedError(405, f"Method not allowed; allowed: {', '.join(there)}")
    return there[call.method]
