"""Descriptions of responses without customer data: their shapes, and never their texts or ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bulkobj.totango.decoding import Item, created_id, items
from bulkobj.totango.pages import part_of
from bulkobj.totango.responses import Response, folded, is_html

#: Names of properties that are the service's own; any other name may be a customer's.
_KNOWN = (
    "accountId", "category", "categoryId", "createdAt", "createdBy", "description", "displayName", "email", "endDate",
    "id", "name", "owner", "selectedFields", "startDate", "status", "statusId", "successPlays", "title", "updatedAt",
    "updatedBy", "version",
)  # fmt: skip
_BY_FOLDED = {folded(name): name for name in _KNOWN}
_DATES = frozenset({"startDate", "endDate", "createdAt", "updatedAt"})
_WRAPPERS = frozenset({
    "accounts", "data", "error", "errors", "hits", "items", "message", "objective", "objectiveinstance", "objectives",
    "objectivetemplates", "response", "result", "results", "templates", "users",
})  # fmt: skip


def list_shape(response: Response) -> dict[str, Any]:
    """Return the shape of a list: its wrapper, its size as a word, its parts, and the kinds of its properties."""
    try:
        data = response.json()
        found = items(data)
        part = part_of(response, data)
    except (ValueError, RecursionError):
        return {"status": response.status, "shape": body_shape(response), "readable": False}
    told = {"total": part.total is not None, "more": part.more, "next": bool(part.following)}
    size = "none" if not found else "one" if len(found) == 1 else "several"
    shape = {"status": response.status, "shape": _container(data), "items": size, "parts": told, "readable": True}
    return shape | {"keys": _spelling(data), "properties": properties(found)}


def properties(found: Sequence[Item]) -> dict[str, list[str]]:
    """Return, for each known property, the kinds of its values; others are only counted."""
    kinds: dict[str, set[str]] = {}
    for item in found:
        for key, value in item.items():
            name = _BY_FOLDED.get(key, "")
            kinds.setdefault(name or "other properties", set()).add(_kind(name, value) if name else "…")
    return {name: sorted(kinds[name]) for name in sorted(kinds)}


def _kind(name: str, value: Any) -> str:  # noqa: PLR0911 - one a kind
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float() | str() if name in _DATES and value != "":
            return _date_kind(value) if isinstance(value, str) else _number_kind(float(value))
        case int() | float():
            return "number"
        case str():
            return "text" if value else "empty text"
        case list():
            return f"list of {'objects' if any(isinstance(one, dict) for one in value) else 'texts'}" if value else "[]"
    return "object"


def _number_kind(value: float) -> str:
    return "basic date" if 19e6 < value < 22e6 else "epoch seconds" if value < 1e11 else "epoch milliseconds"


def _date_kind(text: str) -> str:
    if text.isdigit():
        return _number_kind(float(text)) + " as text"
    basic = "basic " if re.match(r"\d{8}", text) else ""
    fraction = "with milliseconds" if "." in text else "without milliseconds"
    zone = "Z" if text.endswith("Z") else "an offset" if re.search(r"[+-]\d\d:?\d\d$", text) else "no zone"
    return f"{basic}ISO {fraction}, {zone}"


def _container(data: Any) -> str:
    """Return how the items are held, such as ``list`` or ``map by id in "data"``; unknown names are not shown."""
    if isinstance(data, list):
        return "list"
    for key, value in data.items() if isinstance(data, Mapping) else ():
        name = key if folded(key) in _WRAPPERS else "another name"
        if isinstance(value, list):
            return f'list in "{name}"'
        if isinstance(value, dict) and folded(key) in _WRAPPERS:
            inner = _container(value)
            return f'{inner} in "{name}"' if inner != "object" else f'object in "{name}"'
    if isinstance(data, Mapping) and data and all(isinstance(value, dict) for value in data.values()):
        return "map by id"
    return "object"


def _spelling(data: Any) -> str:
    """Return how keys of two words are spelled, as far as any are there."""
    keys = set(_keys(data))
    if any("_" in key[1:] for key in keys):
        return "snake_case"
    if any(key[:1].isupper() for key in keys):
        return "PascalCase"
    return "camelCase" if any(re.search("[a-z][A-Z]", key) for key in keys) else "not known"


def _keys(data: Any) -> list[str]:
    match data:
        case list():
            return [key for one in data[:20] for key in _keys(one)]
        case dict():
            own = [key for key in data if folded(key) in _BY_FOLDED]
            return own + [key for value in list(data.values())[:20] for key in _keys(value)]
    return []


def body_shape(response: Response) -> str:
    """Return the kind of a body: empty, text, web page, or JSON with the path of its message or id."""
    if not response.body.strip():
        return "empty"
    if is_html(response):
        return "web page"
    try:
        data = response.json()
    except (ValueError, RecursionError):
        return 'text "Success"' if response.text.casefold() == "success" else "text"
    if isinstance(data, dict):
        names = sorted({key if folded(key) in {*_WRAPPERS, *_BY_FOLDED} else "another name" for key in data})
        return f"JSON object with {', '.join(names)}" if names else "empty JSON object"
    return (
        "JSON list" if isinstance(data, list) else "JSON text" if isinstance(data, str) else f"JSON {response.text[:5]}"
    )


def write_shape(response: Response, verdict: str) -> dict[str, Any]:
    """Return the shape of an answer to a write, with bulkobj's verdict on it."""
    shape = {"status": response.status, "shape": body_shape(response), "verdict": verdict}
    return shape | {"id": "in the response" if created_id(response) else "not in the response"}


def limit_headers(responses: Sequence[Response]) -> dict[str, str]:
    """Return the rate-limit headers that came, with the kind of each value."""
    found: dict[str, str] = {}
    for response in responses:
        for name, value in response.headers.items():
            if "ratelimit" in name or name == "retry-after":
                found[name] = "number" if not value.isdigit() or float(value) < 1e9 else "epoch seconds"
    return dict(sorted(found.items()))
