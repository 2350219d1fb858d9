"""Responses in every shape that API.md names, as the behaviour asks for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from http.client import responses
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from bulkobj.sandbox.api.request import Call
from bulkobj.sandbox.api.responses import DATES, Answers, RefusedError
from bulkobj.sandbox.seeds import Document
from tests.service.behaviour import Behaviour, ErrorStyle, Fault

DUPLICATE_STATUS = "d0b1e000-5a7e-4f0c-9c11-000000000002"
TIMESTAMPS = ("createdAt", "updatedAt")
BLANKABLE = ("description", "owner", *DATES)
#: What a later version of the service might add.
EXTRAS = {"score": None, "tags": ["sandbox"], "links": {"self": "/objective"}, "archived": False, "order": 1.5}


class ShapedAnswers(Answers):
    """The answers to one call; ``names`` gives the display name of each status and category id."""

    def __init__(self, behaviour: Behaviour, call: Call, names: Mapping[str, str]) -> None:
        self._behaviour = behaviour
        self._call = call
        self._names = names
        self.mistake_status = behaviour.mistake_status
        self.replaces = behaviour.update == "replace"
        self.template_objectives = behaviour.template_objectives
        self.knows_accounts = behaviour.unknown_account == "404"

    def error(self, status: int, message: str) -> Response:
        return error(self._behaviour.error_style, status, message)

    def settings(self, found: list[Document]) -> Response:
        if self._call.path.endswith("status") and self._behaviour.duplicate_status:
            found = found + [{**each, "id": DUPLICATE_STATUS} for each in found[:1]]
        return JSONResponse([self._spelled(each) for each in found])

    def objectives(self, found: list[Document]) -> Response:
        shown = [self._shown(each) for each in found]
        if self._behaviour.partial != "none":
            return self._part(shown)
        return _wrapped(shown, self._behaviour.list_wrapper)

    def _part(self, shown: list[Document]) -> Response:
        """Return a part of the list, which says in the behaviour's way that there is more."""
        kind, size = self._behaviour.partial, self._behaviour.page
        number = int(self._call.parameter("page") or self._call.parameter("pageToken") or 0)
        part, more = shown[number * size : (number + 1) * size], (number + 1) * size < len(shown)
        path = f"{self._call.path}?accountId={self._call.parameter('accountId')}&page={number + 1}"
        base = f"http://{self._call.headers['host']}"
        ways: dict[str, dict[str, Any]] = {
            "total": {"total": len(shown)},
            "total-text": {"total": str(len(shown))},
            "meta-total": {"meta": {"total": len(shown)}},
            "has-more": {"hasMore": more},
            "last-false": {"last": not more},
            "elsewhere": {"next": f"https://elsewhere.example{path}" if more else None},
            "next": {"next": f"{base}{path}" if more else None},
            "next-path": {"links": {"next": path if more else None}},
            "next-page-token": {"nextPageToken": str(number + 1) if more else ""},
        }
        response = JSONResponse({"data": part, **ways.get(kind, {})}, 206 if kind == "status-206" and more else 200)
        if kind == "x-total-count":
            response.headers["x-total-count"] = str(len(shown))
        if kind == "link" and more:
            response.headers["link"] = f'<{base}{path}>; rel="next"'
        return response

    def created(self, objective: Document) -> Response:
        identity, shown = {self._key("id"): objective["id"]}, self._shown(objective)
        return _answer(
            *{
                "201-id": (201, identity),
                "200-id": (200, identity),
                "201-objective": (201, shown),
                "wrapped-objective": (201, {"objective": shown}),
                "wrapped-data": (200, {"data": shown}),
                "wrapped-instance": (200, {"objectiveInstance": identity}),
                "success": (200, "Success"),
                "204": (204, None),
            }[self._behaviour.create_answer]
        )

    def updated(self, objective: Document) -> Response:
        shown = self._shown(objective)
        return _answer(
            *{
                "objective": (200, shown),
                "wrapped": (200, {"objective": shown}),
                "success": (200, "Success"),
                "204": (204, None),
            }[self._behaviour.update_answer]
        )

    def deleted(self, identity: str) -> Response:
        return _answer(
            *{
                "200-json": (200, {"id": identity, "deleted": True}),
                "200-success": (200, "Success"),
                "200-empty": (200, None),
                "202-json": (202, {"status": "accepted"}),
                "202-empty": (202, None),
                "204": (204, None),
            }[self._behaviour.delete_answer]
        )

    def templates(self, found: list[Document]) -> Response:
        about = ("description", "categoryId")
        shown = [
            {"id": each["id"], self._behaviour.template_name: each["name"]} | {name: each.get(name) for name in about}
            for each in found
        ]
        return _wrapped([self._spelled(each) for each in shown], self._behaviour.templates_wrapper)

    def search(self, kind: str, total: int, hits: list[Document]) -> Response:
        way = self._behaviour.users if kind == "users" else self._behaviour.search
        if way == "refused":
            raise RefusedError(403, "Not allowed")
        if way == "absent":
            raise RefusedError(404, "No such address")
        if way == "strange":
            return JSONResponse({"users": "yes"})
        return super().search(kind, total, hits)

    def _shown(self, held: Document) -> Document:
        behaviour = self._behaviour
        shown: Document = {key: value for key, value in held.items() if value is not None}
        if behaviour.blanks != "omit":
            shown = dict.fromkeys(BLANKABLE, None if behaviour.blanks == "null" else "") | shown
        for key in TIMESTAMPS:
            if shown.get(key):
                shown[key] = self._stamped(shown[key])
        for key in (*DATES, *TIMESTAMPS):
            if shown.get(key):
                shown[key] = _date(shown[key], behaviour)
        if behaviour.names == "nested":
            for key in ("status", "category"):
                identity = shown.pop(f"{key}Id", None)
                shown[key] = {"id": identity, "displayName": self._names.get(identity or "", "")}
        if behaviour.plays == "objects":
            plays = held.get("successPlays") or []
            shown["successPlays"] = [{"id": play, "name": f"SuccessPlay {play[-4:]}"} for play in plays]
        if not behaviour.timestamps:
            shown = {key: value for key, value in shown.items() if key not in TIMESTAMPS}
        return self._spelled(shown | (EXTRAS if behaviour.extra_fields else {}))

    def _stamped(self, held: Any) -> Any:
        behaviour = self._behaviour
        if not isinstance(held, str):
            return held
        moment = datetime.fromisoformat(held) + timedelta(seconds=behaviour.stamp_ahead - behaviour.stamp_behind)
        cut: dict[str, dict[str, int]] = {
            "none": {},
            "second": {"microsecond": 0},
            "minute": {"microsecond": 0, "second": 0},
            "day": {"microsecond": 0, "second": 0, "minute": 0, "hour": 0},
        }
        rounded = moment.replace(**cut[behaviour.stamp_rounding])  # type: ignore[arg-type]  # numbers all
        return rounded.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _key(self, name: str) -> str:
        keys = self._behaviour.keys
        if keys == "snake":
            return re.sub("([A-Z])", lambda found: "_" + found[1].lower(), name)
        return name[:1].upper() + name[1:] if keys == "pascal" else name

    def _spelled(self, shown: Document) -> Document:
        return {self._key(key): value for key, value in shown.items()}


def _wrapped(found: list[Document], wrapper: str) -> Response:
    by_id = {str(each.get("id") or each.get("Id")): each for each in found}
    shapes: dict[str, Any] = {
        "bare": found,
        "map": by_id,
        "data-map": {"data": by_id, "total": len(found)},
        "list_of_items": {"list_of_items": found},
    }
    return JSONResponse(shapes.get(wrapper, {wrapper: found, "total": len(found)}))


def _date(held: Any, behaviour: Behaviour) -> Any:
    if behaviour.dates == "iso" or not isinstance(held, str):
        return held
    moment = datetime.fromisoformat(held)
    spelled = {
        "epoch-ms": round(moment.timestamp() * 1000),
        "epoch-s": int(moment.timestamp()),
        "offset": moment.astimezone(timezone(timedelta(hours=2))).isoformat(),
        "basic": moment.strftime("%Y%m%dT%H%M%SZ"),
        "local": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "iso-seconds": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return spelled[behaviour.dates]


def _answer(status: int, body: object) -> Response:
    if body is None:
        return Response(status_code=status)
    return PlainTextResponse(body, status) if isinstance(body, str) else JSONResponse(body, status)


def error(style: ErrorStyle, status: int, message: str) -> Response:
    """An error in one of the shapes of API.md, "Errors"."""
    phrase = responses.get(status, "Error")
    if style == "text":
        return PlainTextResponse(message, status)
    if style == "html":
        title = f"{status} {phrase}"
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1><hr>proxy</body>\r\n</html>\r\n"
        return HTMLResponse(page, status)
    if style == "empty":
        return Response(status_code=status)
    kind = phrase.title().replace(" ", "")
    body = {
        "message": {"message": message},
        "error": {"error": {"type": kind, "message": message}},
        "errors": {"errors": [{"code": kind, "message": message}]},
    }
    return JSONResponse(body[style], status)


def instead(fault: Fault, behaviour: Behaviour, token: str) -> Response | None:
    """The answer of a fault in place of the service's; None for a fault that answers nothing."""
    if fault.kind == "status":
        status = fault.status or 503
        response = error(fault.style or behaviour.error_style, status, responses.get(status, "Error"))
    elif fault.kind == "answer":
        body = fault.body.replace("{token}", token)
        response = Response(body, fault.status or 200, media_type=fault.content_type)
    elif fault.kind == "redirect":
        response = Response(status_code=fault.status or 302, headers={"location": fault.location})
    elif fault.kind == "garbage":
        response = Response(b'{"id": \xff\x00<!-- ', fault.status or 200, media_type="application/json")
    else:
        return None
    if fault.retry_after:
        response.headers["retry-after"] = fault.retry_after
    return response
