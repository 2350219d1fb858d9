"""How an answer looks: pure functions of what the service holds and of the behaviour asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import responses
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from bulkobj.sandbox.behaviour import Behaviour, ErrorStyle, Fault
from bulkobj.sandbox.seeds import Document

DATES = ("startDate", "endDate")
TIMESTAMPS = ("createdAt", "updatedAt")
BLANKABLE = ("description", "owner", *DATES)
#: What a later version of the service might add (api-facts, Unknown 1: "unknown extra fields").
EXTRAS = {"score": None, "tags": ["sandbox"], "links": {"self": "/objective"}, "archived": False, "order": 1.5}


class RefusedError(Exception):
    """The service says no: an HTTP status and a message in the service's own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def iso(moment: datetime) -> str:
    """A moment as the service spells it, ``2024-02-08T20:10:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def error(style: ErrorStyle, status: int, message: str) -> Response:
    """An error in one of the shapes of api-facts, Unknown 5."""
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


def objectives(found: list[Document], behaviour: Behaviour, names: Mapping[str, str]) -> Response:
    """The objectives of an account; ``names`` gives the display name of each status and category id."""
    return _wrapped([objective(each, behaviour, names) for each in found], behaviour.list_wrapper)


def templates(found: list[Document], behaviour: Behaviour) -> Response:
    """The objective templates (api-facts, Unknown 6)."""
    shown = [{"id": each["id"], behaviour.template_name: each["name"], **_about(each)} for each in found]
    return _wrapped(shown, behaviour.templates_wrapper)


def _about(template: Document) -> Document:
    return {"description": template.get("description"), "categoryId": template.get("categoryId")}


def _wrapped(found: list[Document], wrapper: str) -> Response:
    return JSONResponse(found if wrapper == "bare" else {wrapper: found, "total": len(found)})


def objective(held: Document, behaviour: Behaviour, names: Mapping[str, str]) -> Document:
    """One objective in the shape asked for (api-facts, Unknown 1)."""
    shown: Document = {key: value for key, value in held.items() if value is not None}
    if behaviour.blanks != "omit":
        shown = dict.fromkeys(BLANKABLE, None if behaviour.blanks == "null" else "") | shown
    for key in (*DATES, *TIMESTAMPS):
        if shown.get(key):
            shown[key] = _date(shown[key], behaviour)
    if behaviour.names == "nested":
        for key in ("status", "category"):
            identity = shown.pop(f"{key}Id", None)
            shown[key] = {"id": identity, "displayName": names.get(identity or "", "")}
    if behaviour.plays == "objects":
        shown["successPlays"] = [
            {"id": play, "name": f"SuccessPlay {play[-4:]}"} for play in held.get("successPlays") or []
        ]
    if not behaviour.timestamps:
        shown = {key: value for key, value in shown.items() if key not in TIMESTAMPS}
    return shown | (EXTRAS if behaviour.extra_fields else {})


def _date(held: Any, behaviour: Behaviour) -> Any:
    if behaviour.dates == "iso" or not isinstance(held, str):
        return held
    moment = datetime.fromisoformat(held)
    if behaviour.dates == "epoch-ms":
        return round(moment.timestamp() * 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def created(shown: Document, behaviour: Behaviour) -> Response:
    """The answer to a create (api-facts, Unknown 2); ``shown`` is the objective in the shape asked for."""
    identity = {"id": shown["id"]}
    answers: dict[str, tuple[int, object]] = {
        "201-id": (201, identity),
        "200-id": (200, identity),
        "201-objective": (201, shown),
        "wrapped-objective": (201, {"objective": shown}),
        "wrapped-data": (200, {"data": shown}),
        "success": (200, "Success"),
        "204": (204, None),
    }
    return _answer(*answers[behaviour.create_answer])


def updated(shown: Document, behaviour: Behaviour) -> Response:
    """The answer to an update (api-facts, Unknown 3)."""
    answers: dict[str, tuple[int, object]] = {
        "objective": (200, shown),
        "wrapped": (200, {"objective": shown}),
        "success": (200, "Success"),
        "204": (204, None),
    }
    return _answer(*answers[behaviour.update_answer])


def deleted(identity: str, behaviour: Behaviour) -> Response:
    """The answer to a delete (api-facts, Unknown 4)."""
    answers: dict[str, tuple[int, object]] = {
        "200-json": (200, {"id": identity, "deleted": True}),
        "200-success": (200, "Success"),
        "200-empty": (200, None),
        "202-json": (202, {"status": "accepted"}),
        "202-empty": (202, None),
        "204": (204, None),
    }
    return _answer(*answers[behaviour.delete_answer])


def success() -> Response:
    """What running a template answers (api-facts, Known)."""
    return _answer(200, "Success")


def _answer(status: int, body: object) -> Response:
    if body is None:
        return Response(status_code=status)
    return PlainTextResponse(body, status) if isinstance(body, str) else JSONResponse(body, status)


def instead(fault: Fault, behaviour: Behaviour) -> Response | None:
    """What a fault answers in place of the service; None for a fault that answers nothing."""
    if fault.kind == "status":
        status = fault.status or 503
        response = error(fault.style or behaviour.error_style, status, responses.get(status, "Error"))
    elif fault.kind == "redirect":
        response = Response(status_code=fault.status or 302, headers={"location": fault.location})
    elif fault.kind == "garbage":
        response = Response(b'{"id": \xff\x00<!-- ', fault.status or 200, media_type="application/json")
    else:
        return None
    if fault.retry_after:
        response.headers["retry-after"] = fault.retry_after
    return response
