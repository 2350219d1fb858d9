"""The documented requests and the searches: each a function of the tenant and the request.

Source: API.md, "Known". What isn't documented is decided by the answers, or by the habit of web services.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote

from starlette.responses import Response

from bulkobj.sandbox.api import validation as checks
from bulkobj.sandbox.api.request import Call
from bulkobj.sandbox.api.responses import DATES, Answers, RefusedError, iso
from bulkobj.sandbox.seeds import Document
from bulkobj.sandbox.store import Store

AUTHOR = "sandbox@example.demo"
SEARCH_COUNT = 1000
SEARCH_REACH = 10_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """The data that requests are answered from; ``wall`` is the time of day in UTC."""

    store: Store
    wall: datetime
    answers: Answers = field(default_factory=Answers)

    def answer(self, call: Call) -> Response:
        """Do the request, in full or not at all, and return its response."""
        try:
            with self.store.transaction():
                return _endpoint(call)(self, call)
        except RefusedError as refusal:
            return self.answers.error(refusal.status, refusal.message)

    def known(self, fields: Document) -> Document:
        """Return the same fields; RefusedError if an account, status or category isn't there."""
        kinds = {"accountId": "accounts", "statusId": "statuses", "categoryId": "categories"}
        for name, kind in kinds.items():
            if name in fields and not self.store.document(kind, fields[name]):
                message = f"{name.removesuffix('Id').capitalize()} not found: {fields[name]}"
                raise RefusedError(self.answers.mistake_status, message)
        return fields

    def existing(self, call: Call) -> Document:
        """Return the objective that the path names; RefusedError if there is none."""
        found = self.store.document("objectives", unquote(call.path.rpartition("/")[2]))
        if not found:
            raise RefusedError(404, "Objective not found")
        return found

    def make(self, fields: Document) -> Document:
        """Keep a new objective and return it."""
        now = iso(self.wall)
        about = {"createdBy": AUTHOR, "createdAt": now, "updatedAt": now}
        objective = {"id": str(uuid.uuid4()), "successPlays": [], **fields, **about}
        self.store.save("objectives", [objective])
        return objective


def _statuses(tenant: Tenant, call: Call) -> Response:
    return tenant.answers.settings(tenant.store.documents("statuses"))


def _categories(tenant: Tenant, call: Call) -> Response:
    return tenant.answers.settings(tenant.store.documents("categories"))


def _objectives(tenant: Tenant, call: Call) -> Response:
    account = call.parameter("accountId")
    if not account:
        raise RefusedError(400, "accountId is required")
    found = tenant.store.documents("objectives", account)
    if not found and not tenant.store.document("accounts", account) and tenant.answers.knows_accounts:
        raise RefusedError(404, "Account not found")
    return tenant.answers.objectives(found)


def _create(tenant: Tenant, call: Call) -> Response:
    sent = checks.body_object(call.body)
    fields = tenant.known({"accountId": sent.get("accountId"), **checks.new_fields(sent)})
    checks.in_order(fields)
    return tenant.answers.created(tenant.make(fields))


def _update(tenant: Tenant, call: Call) -> Response:
    held = tenant.existing(call)
    sent = checks.body_object(call.body)
    if sent.get("accountId", held["accountId"]) != held["accountId"]:
        raise RefusedError(tenant.answers.mistake_status, f"The objective is not one of account {sent['accountId']}")
    same = checks.same_fields(sent, held)
    changed = checks.changed_fields({name: value for name, value in sent.items() if name not in same})
    lost = set(checks.WRITABLE) - {"successPlays"} if tenant.answers.replaces else set()
    kept = {name: value for name, value in held.items() if name not in lost}
    objective = {**kept, **same, **tenant.known(changed), "updatedBy": AUTHOR, "updatedAt": iso(tenant.wall)}
    if changed.keys() & set(DATES):
        checks.in_order(objective)
    tenant.store.save("objectives", [objective])
    return tenant.answers.updated(objective)


def _delete(tenant: Tenant, call: Call) -> Response:
    identity = tenant.existing(call)["id"]
    tenant.store.remove("objectives", identity)
    return tenant.answers.deleted(identity)


def _templates(tenant: Tenant, call: Call) -> Response:
    return tenant.answers.templates(tenant.store.documents("templates"))


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
    for number in range(1, tenant.answers.template_objectives + 1):
        tenant.make({"accountId": account, **_from_template(template, number, tenant.wall)})
    return tenant.answers.template_ran()


def _from_template(template: Document, number: int, wall: datetime) -> Document:
    start = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    dates = {"startDate": iso(start), "endDate": iso(start + timedelta(days=template["days"]))}
    title = template["name"] if number == 1 else f"{template['name']} ({number})"
    kept = {name: template[name] for name in ("description", "categoryId", "statusId", "successPlays")}
    return {"title": title, **kept, **dates}


def _search_accounts(tenant: Tenant, call: Call) -> Response:
    """Source: API.md, "Account search"; an account's attributes are properties of its document."""
    query = _search_query(call)
    found = [each for each in tenant.store.documents("accounts") if all(_meets(each, term) for term in query["terms"])]
    found.sort(key=lambda each: (each["name"].casefold(), each["id"]))
    page = _page(query, found)
    hits = [{"name": each["id"], "display_name": each["name"], "selected_fields": []} for each in page]
    return tenant.answers.search("accounts", len(found), hits)


def _search_users(tenant: Tenant, call: Call) -> Response:
    """Source: API.md, "User search"."""
    found = tenant.store.documents("users")
    hits = [{"id": each["id"], "name": each["id"], "display_name": each["name"]} for each in found]
    return tenant.answers.search("users", len(found), _page(_search_query(call), hits))


def _meets(account: Document, term: Document) -> bool:
    """Return True if the account has one of the term's values; RefusedError for a term of another type."""
    if term.get("type") not in {"string_attribute", "string"} or not isinstance(term.get("in_list"), list):
        raise RefusedError(400, "The sandbox knows terms of the types string_attribute and string, with in_list")
    held = account.get("attributes", {}).get(term.get("attribute", term.get("term")))
    return held in term["in_list"]


def _page(query: Document, found: list[Document]) -> list[Document]:
    ordered = found[::-1] if query.get("sort_order") == "DESC" else found
    return ordered[:SEARCH_REACH][query["offset"] :][: query["count"]]


def _search_query(call: Call) -> Document:
    try:
        form = parse_qs(call.body.decode("ascii"), strict_parsing=True)
        query = json.loads(form["query"][0])
    except (ValueError, KeyError, RecursionError):
        raise RefusedError(400, "The form field query must hold JSON") from None
    if not isinstance(query, dict):
        raise RefusedError(400, "The query must be a JSON object")
    query = {"terms": [], "offset": 0, "count": SEARCH_COUNT} | query
    offset, count, terms = query["offset"], query["count"], query["terms"]
    if type(offset) is not int or type(count) is not int or offset < 0 or not 0 < count <= SEARCH_COUNT:
        raise RefusedError(400, f"offset must be at least 0 and count from 1 to {SEARCH_COUNT}")
    if not isinstance(terms, list) or not all(isinstance(term, dict) for term in terms):
        raise RefusedError(400, "terms must be a list of objects")
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
    ("POST", re.compile(r"/api/v1/search/users/internal"), _search_users),
)


def _endpoint(call: Call) -> Endpoint:
    there = {method: endpoint for method, path, endpoint in ENDPOINTS if path.fullmatch(call.path)}
    if not there:
        raise RefusedError(404, "No such address")
    if call.method not in there:
        raise RefusedError(405, f"Method not allowed; allowed: {', '.join(there)}")
    return there[call.method]
