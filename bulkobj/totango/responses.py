"""What the service's answers mean: one function that classifies, and tolerant decoding (api-facts, "Unknown")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from bulkobj.core.model import Field, Named, Objective, Value
from bulkobj.core.text import clean
from bulkobj.core.timestamps import spelled


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the status, the headers with lower-case names, the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A call that got no answer. ``sent`` is False only where not one byte of the request can have left."""

    sent: bool
    reason: str


Exchange = Response | NoResponse


class Verdict(Enum):
    """What an exchange means for the call."""

    DONE = auto()
    REJECTED = auto()  # the service says no to this call; another try would be told the same
    LIMITED = auto()  # over the rate limit: it did not happen
    NOT_SENT = auto()  # it did not happen
    LOST = auto()  # it may or may not have happened
    DENIED = auto()  # the service refuses the token


def classify(method: str, exchange: Exchange) -> Verdict:
    """What the exchange means; the only place that judges a status (design, decision 8)."""
    if isinstance(exchange, NoResponse):
        return Verdict.LOST if exchange.sent else Verdict.NOT_SENT
    status = exchange.status
    if status in {401, 403}:
        return Verdict.DENIED
    if status == 429:
        return Verdict.LIMITED
    if 200 <= status < 300:
        return Verdict.DONE if _believable(method, exchange) else Verdict.LOST
    if 300 <= status < 400 and method == "GET":
        return Verdict.REJECTED
    return Verdict.REJECTED if 400 <= status < 500 and status != 408 else Verdict.LOST


def _believable(method: str, answer: Response) -> bool:
    """A page of HTML is a proxy's word, not the service's; a read must be JSON, a write's answer JSON or plain text."""
    if _is_json(answer.body):
        return True
    return method != "GET" and not _is_page(answer) and not answer.text.startswith(("{", "[", '"'))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):  # nested deeper than any answer of the service
        return False
    return True


def _is_page(answer: Response) -> bool:
    return answer.body[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def message_of(exchange: Exchange) -> str:
    """What the service said, for a person to act on; api-facts, unknown 5."""
    if isinstance(exchange, NoResponse):
        return exchange.reason
    phrase = _PHRASES.get(exchange.status, "unusual status")
    if 300 <= exchange.status < 400:
        return f"the service redirects elsewhere ({exchange.status}), which is never followed: check --base-url"
    if _is_page(exchange):
        return f"{exchange.status} {phrase} (a web page, probably from a proxy, instead of the service's answer)"
    return clean(_said(exchange)) or f"{exchange.status} {phrase}"


def _said(answer: Response) -> str:
    try:
        return "; ".join(dict.fromkeys(_messages(json.loads(answer.body))))
    except (ValueError, RecursionError):
        return answer.text


def _messages(data: Any) -> Iterator[str]:
    match data:
        case str():
            yield data
        case list():
            for item in data:
                yield from _messages(item)
        case dict():
            for key in ("message", "error", "errors", "detail", "details", "title", "reason", "description"):
                if data.get(key):
                    yield from _messages(data[key])
                    if key != "error":
                        return


class UnreadableResponseError(ValueError):
    """JSON came, but not of any shape that could be understood."""


_WRAPPERS = ("objectives", "objective", "data", "items", "item", "results", "result", "response", "templates", "hits")
_TOTALS = ("total", "totalCount", "total_count", "totalHits", "total_hits")


def items(data: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, bare or wrapped; UnreadableResponseError where there is no list, or only a part of it."""
    match data:
        case list():
            return [item for item in data if isinstance(item, dict)]
        case dict():
            for key in _WRAPPERS:
                if isinstance(data.get(key), list | dict):
                    return _all_of(items(data[key]), data)
            if _id(data):
                return [data]
            if not data:
                return []
    raise UnreadableResponseError(
        f"the service answered with something that is not a list: {clean(json.dumps(data), 80)}"
    )


def _all_of(found: list[Mapping[str, Any]], wrapper: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    total = next((wrapper[key] for key in _TOTALS if isinstance(wrapper.get(key), int)), len(found))
    if total > len(found):
        raise UnreadableResponseError(f"the service gave only {len(found)} of {total} items")
    return found


def _text(value: Any) -> str:
    """A scalar as text; an object by its id, its address or its name."""
    match value:
        case None | bool():
            return ""
        case str():
            return value
        case int() | float():
            return str(value)
        case dict():
            return _first(value, "id", "email", "userId", "name", "displayName")
    return ""


def _first(data: Mapping[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := _text(data.get(key)))), "")


def _id(data: Mapping[str, Any]) -> str:
    return _first(data, "id", "objectiveId", "objectiveInstanceId", "instanceId", "objective_id", "_id")


def date_of(value: Any) -> str:
    """A date of any known shape in the service's spelling; text that is no date stays as it is; ``""`` for none."""
    if isinstance(value, bool) or value in (None, ""):
        return ""
    try:
        if isinstance(value, int | float) or str(value).lstrip("-").isdigit():
            return spelled(datetime.fromtimestamp(int(value) / 1000, UTC))
        moment = datetime.fromisoformat(str(value).strip())
        return spelled(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        return str(value)


def _plays(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    ids = (_first(v, "id", "successPlayId", "playId", "name") if isinstance(v, dict) else _text(v) for v in value)
    return tuple(one for one in ids if one)


def objective_of(data: Mapping[str, Any], account_id: str) -> Objective:
    """An objective of any known shape (api-facts, unknown 1)."""
    values: dict[Field, Value] = {
        Field.TITLE: _first(data, "title", "name"),
        Field.DESCRIPTION: _text(data.get("description")),
        Field.CATEGORY: _first(data, "categoryId", "category"),
        Field.STATUS: _first(data, "statusId", "status"),
        Field.OWNER: _first(data, "owner", "ownerId", "ownerEmail"),
        Field.START_DATE: date_of(data.get("startDate")),
        Field.END_DATE: date_of(data.get("endDate")),
        Field.SUCCESS_PLAYS: _plays(data.get("successPlays")),
    }
    return Objective(
        id=_id(data),
        account_id=_first(data, "accountId", "account") or account_id,
        fields={name: value for name, value in values.items() if value},
        created_at=date_of(data.get("createdAt")),
        updated_at=date_of(data.get("updatedAt")),
    )


def objectives_of(answer: Response, account_id: str) -> tuple[Objective, ...]:
    """The objectives of a list answer; one without an id can't be spoken of, and makes the answer unreadable."""
    found = tuple(objective_of(item, account_id) for item in items(json.loads(answer.body)))
    if any(not one.id for one in found):
        raise UnreadableResponseError("the service gave an objective without an id")
    return found


def named_of(answer: Response) -> tuple[Named, ...]:
    """Statuses, categories or templates: ids with the names that people see (api-facts, unknown 6)."""
    found = (
        Named(
            _id(item) or _first(item, "objectiveTemplateId", "templateId"), _first(item, "displayName", "name", "title")
        )
        for item in items(json.loads(answer.body))
    )
    return tuple(one for one in found if one.id)


_WORDS = frozenset({"success", "ok", "created", "true", "done"})


def created_id(answer: Response) -> str:
    """The id in the answer to a create; ``""`` where it carries none (api-facts, unknown 2)."""
    try:
        data = json.loads(answer.body)
        found = [] if isinstance(data, str) else items(data)
    except (ValueError, RecursionError):
        return ""
    if isinstance(data, str):
        return "" if " " in data or data.casefold() in _WORDS else data
    return _id(found[0]) if len(found) == 1 else ""
