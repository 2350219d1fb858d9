"""Checks of request bodies: the service refuses what its documentation excludes."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from bulkobj.sandbox.api.responses import DATES, RefusedError, iso
from bulkobj.sandbox.seeds import Document

TEXTS = ("title", "description", "owner")
WRITABLE = (*TEXTS, *DATES, "categoryId", "statusId", "successPlays")
NEEDED = ("accountId", "title", "categoryId", "statusId")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|&(#\d+|#x[0-9a-f]+|nbsp|lt|gt|amp|quot);", re.IGNORECASE)


def body_object(body: bytes) -> Document:
    """Return the JSON object that a body holds; RefusedError where it holds none."""
    try:
        held = json.loads(body)
        json.dumps(held, ensure_ascii=False).encode()  # half a surrogate pair is no text, and couldn't be shown again
    except (ValueError, RecursionError):
        raise RefusedError(400, "The request body is not valid JSON") from None
    if not isinstance(held, dict):
        raise RefusedError(400, "The request body must be a JSON object")
    return held


def needed_text(held: Document, name: str) -> str:
    """Return a text that must be there and hold something; RefusedError where it doesn't."""
    value = held.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RefusedError(400, f"{name} is required")
    return value


def new_fields(sent: Document) -> Document:
    """Return the fields of an objective to be made; RefusedError where one is missing or wrong."""
    for name in NEEDED:
        needed_text(sent, name)
    return changed_fields(sent)


def changed_fields(sent: Document) -> Document:
    """Return the documented fields among those sent, each checked, dates in one spelling; None empties a field.

    A name that isn't documented is passed over, as web services do. Whether ids are known is not checked here.
    """
    for name in NEEDED:
        if name in sent:
            needed_text(sent, name)
    checks: dict[str, Any] = dict.fromkeys(TEXTS, _text) | dict.fromkeys(DATES, _date) | {"successPlays": _plays}
    fields = {name: sent[name] for name in WRITABLE if name in sent}
    return {name: checks[name](name, value) if name in checks else value for name, value in fields.items()}


def same_fields(sent: Document, held: Document) -> Document:
    """Return the documented fields that are sent as they are held: what the service has accepted once is no mistake."""
    return {name: value for name, value in sent.items() if name in WRITABLE and name in held and value == held[name]}


def in_order(held: Document) -> None:
    """RefusedError where an objective ends before it starts."""
    start, end = (held.get(name) for name in DATES)
    if start and end and end < start:
        raise RefusedError(400, "endDate must not be before startDate")


def _text(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise RefusedError(400, f"{name} must be a text")
    if value and name != "owner" and MARKUP.search(value):
        raise RefusedError(400, f"{name} must not contain HTML markup")
    return value or None


def _date(name: str, value: object) -> str | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and DATE.fullmatch(value):
            return iso(datetime.fromisoformat(value))
    except ValueError:
        pass  # a day or an hour that doesn't exist, refused as the other ones are
    raise RefusedError(400, f"{name} must be a date such as 2024-02-08T20:10:00.000Z")


def _plays(name: str, value: object) -> list[str]:
    if isinstance(value, list) and all(isinstance(play, str) and play.strip() for play in value):
        return value
    raise RefusedError(400, f"{name} must be a list of SuccessPlay ids")
