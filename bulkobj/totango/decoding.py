"""Tolerant decoding of the service's lists and objects; API.md, "Unknown", lists the shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bulkobj.core.model import Field, Named, Objective, Value
from bulkobj.core.text import clean
from bulkobj.core.timestamps import spelled
from bulkobj.totango.responses import Response, folded


class UnreadableResponseError(ValueError):
    """JSON of a shape that can't be understood, or that is only a part."""


#: An object with its keys folded, so that ``statusId`` and ``status_id`` are one.
Item = Mapping[str, Any]

_WRAPPERS = ("objectives", "objective", "data", "items", "item", "results", "result", "response", "templates", "hits")
#: Properties that stand beside a list and are none.
_BESIDE = frozenset(
    {"errors", "error", "warnings", "links", "meta", "metadata", "messages", "paging", "pagination", "page"}
)
_IDS = ("id", "objectiveid", "objectiveinstanceid", "instanceid", "objectivetemplateid", "templateid", "uuid", "guid")
_NAMES = ("displayname", "name", "title", "label")


def item_of(data: Mapping[str, Any]) -> Item:
    """Return the object with its keys folded; of two keys that are one then, the first counts."""
    return {folded(key): data[key] for key in reversed(list(data))}


def items(data: Any) -> list[Item]:
    """Return the objects of a list, a map by id or a single object, bare or wrapped.

    Raises UnreadableResponseError if there is no list, or more than one that could be meant.
    """
    found = _found(data)
    if found is None:
        text = clean(json.dumps(data), 80)
        raise UnreadableResponseError(f"the service answered with something that is not a list: {text}")
    return found


def _found(data: Any) -> list[Item] | None:
    if isinstance(data, list):
        return [item_of(one) for one in data] if all(isinstance(one, dict) for one in data) else None
    if not isinstance(data, dict):
        return None
    fields = item_of(data)
    for key in _WRAPPERS:
        if isinstance(fields.get(key), list | dict) and not _id(fields):
            return _found(fields[key])
    if _id(fields) and (_SHOWN & fields.keys() or _first(fields, *_NAMES)):
        return [fields]
    lists = [value for key, value in fields.items() if isinstance(value, list) and key not in _BESIDE]
    if len(lists) > 1:
        lists = [value for value in lists if value]
    if len(lists) == 1:
        return _found(lists[0])
    return _from_objects(data) if not lists else None


def _from_objects(data: Mapping[str, Any]) -> list[Item] | None:
    """Return the objects of a map by id, or what the only object in it wraps."""
    if not data:
        return []
    inner = {key: value for key, value in data.items() if isinstance(value, dict) and folded(key) not in _BESIDE}
    rows = {key: item_of(value) for key, value in inner.items()}
    if rows and all(_SHOWN & row.keys() or _first(row, *_NAMES) for row in rows.values()):
        return [row if _id(row) else {**row, "id": key} for key, row in rows.items()]
    return _found(next(iter(inner.values()))) if len(inner) == 1 else None


def _text(value: Any) -> str:
    """Return a scalar as text; an object by its id, its address or its name."""
    match value:
        case None | bool():
            return ""
        case str():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case dict():
            return _first(item_of(value), "id", "email", "userid", "name", "displayname")
    return ""


def _first(item: Item, *keys: str) -> str:
    return next((text for key in keys if (text := _text(item.get(key)))), "")


def _id(item: Item) -> str:
    return next((text for key in _IDS if not isinstance(item.get(key), dict) and (text := _text(item.get(key)))), "")


#: Numbers from here are milliseconds, below seconds: the border is the year 5138 in the one, 1973 in the other.
_MILLISECONDS, _MICROSECONDS = 1e11, 1e14


def date_of(value: Any) -> str:
    """Return a date of any known shape in the service's spelling, ``""`` for none; other text stays as it is."""
    if isinstance(value, bool) or value in (None, ""):
        return ""
    text = str(value).strip()
    try:
        if re.fullmatch(r"(19|20|21)\d{6}(\d{6})?", text) and (moment := _basic(text)):
            return spelled(moment)
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return spelled(_from_epoch(float(text)))
        moment = datetime.fromisoformat(text)
        return spelled(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        return text


def _basic(text: str) -> datetime | None:
    """Return the moment of ``20240208`` or ``20240208201000``; None for a number that is none."""
    try:
        return datetime.strptime(text, "%Y%m%d" if len(text) == 8 else "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _from_epoch(number: float) -> datetime:
    size = abs(number)
    scale = 1 if size < _MILLISECONDS else 1000 if size < _MICROSECONDS else 1_000_000
    return datetime.fromtimestamp(number / scale, UTC)


def _plays(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict):  # a map by id
        return tuple(value)
    if not isinstance(value, list):
        return ()
    ids = (
        _first(item_of(v), "id", "successplayid", "playid", "name") if isinstance(v, dict) else _text(v) for v in value
    )
    return tuple(one for one in ids if one)


#: The keys that may hold a field.
_KEYS: Mapping[Field, tuple[str, ...]] = {
    Field.TITLE: ("title", "name"),
    Field.DESCRIPTION: ("description",),
    Field.CATEGORY: ("categoryid", "category"),
    Field.STATUS: ("statusid", "status"),
    Field.OWNER: ("owner", "ownerid", "owneremail"),
    Field.START_DATE: ("startdate",),
    Field.END_DATE: ("enddate",),
    Field.SUCCESS_PLAYS: ("successplays",),
}


_SHOWN = frozenset(key for keys in _KEYS.values() for key in keys)


def _value(name: Field, item: Item) -> Value:
    if name is Field.SUCCESS_PLAYS:
        return _plays(item.get("successplays"))
    text = _first(item, *_KEYS[name])
    return date_of(text) if name in {Field.START_DATE, Field.END_DATE} else text


def objective_of(item: Item, account_id: str) -> Objective:
    """Return the objective of an item; the account is the item's, else the one given."""
    values = {name: _value(name, item) for name in _KEYS}
    return Objective(
        id=_id(item),
        account_id=_first(item, "accountid", "account") or account_id,
        fields={name: value for name, value in values.items() if value},
        created_at=date_of(item.get("createdat")),
        updated_at=date_of(item.get("updatedat")),
        unshown=frozenset(name for name, keys in _KEYS.items() if not item.keys() & set(keys)),
    )


def objectives_of(found: list[Item], account_id: str) -> tuple[Objective, ...]:
    """Return the objectives; one without an id or without any documented field makes the answer unreadable."""
    for item in found:
        if not _id(item):
            raise UnreadableResponseError("the service gave an objective without an id")
        if not _SHOWN & item.keys():
            raise UnreadableResponseError("the service gave an objective without any documented field")
    return tuple(objective_of(item, account_id) for item in found)


def named_of(found: list[Item]) -> tuple[Named, ...]:
    """Return statuses, categories or templates: ids with the names that people see."""
    named = tuple(Named(_id(item), _first(item, *_NAMES) or _id(item)) for item in found if _id(item))
    if found and not named:
        raise UnreadableResponseError("the service gave a list without any id")
    return named


_WORDS = frozenset(
    {"success", "successful", "ok", "created", "true", "done", "accepted", "updated", "saved", "completed"}
)
#: Objects inside a created one that have ids of their own.
_OTHERS = frozenset(
    {"status", "category", "owner", "account", "createdby", "updatedby", "user", "template", "successplays"}
)


def created_id(response: Response) -> str:
    """Return the id in the answer to a create; ``""`` if it carries none, or several."""
    try:
        data = response.json()
        if isinstance(data, str):
            return "" if " " in data or data.casefold() in _WORDS else data
        ids = set(_created_ids(data))
    except (ValueError, RecursionError):
        return ""
    return ids.pop() if len(ids) == 1 else ""


def _created_ids(data: Any) -> Iterator[str]:
    match data:
        case list():
            for one in data:
                yield from _created_ids(one)
        case dict():
            item = item_of(data)
            inner = {key: value for key, value in item.items() if key not in _OTHERS | _BESIDE}
            wrapped = [value for key, value in inner.items() if "objective" in key and isinstance(value, dict | list)]
            if own := _id(item):
                yield own
            elif len(_SHOWN & item.keys()) < 2:  # else it is the objective itself, without an id
                for value in wrapped or inner.values():
                    yield from _created_ids(value)


def users_of(found: list[Item]) -> tuple[Named, ...]:
    """Return users: the address that an objective's owner holds, with the name that people see."""
    users = ((_first(item, "email", "emailaddress", "username", "name", "id"), item) for item in found)
    return tuple(Named(key, _first(item, "displayname", "fullname", "name") or key) for key, item in users if key)


def accounts_of(found: list[Item]) -> tuple[Named, ...]:
    """Return the hits of account search: ``name`` is the account's id there, and ``display_name`` its name."""
    accounts = tuple(
        Named(key, _first(item, "displayname") or key)
        for item in found
        if (key := _first(item, "name", "accountid", "id"))
    )
    if len(accounts) < len(found):
        raise UnreadableResponseError("account search gave an account without an id")
    return accounts
