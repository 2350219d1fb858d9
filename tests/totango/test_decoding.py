"""Lists and objects of the service, in every shape that is known of."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.model import Field, Named
from bulkobj.totango.decoding import (
    UnreadableResponseError,
    accounts_of,
    created_id,
    date_of,
    items,
    named_of,
    objectives_of,
    users_of,
)
from bulkobj.totango.responses import Response

FULL: dict[str, Any] = {
    "id": "o1",
    "accountId": "a",
    "title": "T",
    "description": "D",
    "categoryId": "c",
    "statusId": "s",
    "owner": "o@x",
    "startDate": "2024-02-08T20:10:00.000Z",
    "endDate": "2024-02-28T20:10:00.000Z",
    "successPlays": ["p"],
    "createdAt": "2024-01-01T00:00:00.000Z",
}
SNAKE: dict[str, Any] = {
    "id": "o1",
    "account_id": "a",
    "title": "T",
    "description": "D",
    "category_id": "c",
    "status_id": "s",
    "owner": "o@x",
    "start_date": "2024-02-08T20:10:00+00:00",
    "end_date": "2024-02-28T20:10:00+00:00",
    "success_plays": ["p"],
    "created_at": "2024-01-01T00:00:00+00:00",
    "_version": 3,
}
KEYLESS = {name: value for name, value in FULL.items() if name != "id"}

SHAPES: list[dict[str, Any]] = [
    {},
    {"statusId": None, "status": {"id": "s", "displayName": "S"}, "categoryId": None, "category": {"id": "c"}},
    {"startDate": 1707423000000, "endDate": "2024-02-28T20:10:00Z"},
    {"startDate": 1707423000, "endDate": "20240228T201000Z"},
    {"startDate": "1707423000000", "successPlays": [{"id": "p", "name": "Play"}], "unknown": {"x": 1}},
    {"owner": {"id": "o@x"}, "startDate": "2024-02-08T22:10:00.000+02:00"},
]
WRAPPED: list[Any] = [
    lambda one: [one],
    lambda one: {"objectives": [one], "total": 1},
    lambda one: {"data": [one], "total": "1"},
    lambda one: {"response": {"Objectives": [one]}},
    lambda one: {"objectiveInstances": [one], "errors": [], "links": []},
    lambda one: {"payload": {"list": [one]}},
    lambda one: {"o1": one},
    lambda one: {"data": {"o1": one}, "meta": {"total": 1}},
    lambda one: {"objective_list": {"o1": one}},
    lambda one: one,
    lambda one: {"objectiveInstance": one},
]


@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize("one", [*(FULL | shape for shape in SHAPES), SNAKE, {k.upper(): v for k, v in FULL.items()}])
def test_an_objective_in_every_shape(wrap: Any, one: dict[str, Any]) -> None:
    (found,) = objectives_of(items(wrap(one)), "a")
    assert found.id == "o1"
    assert found.created_at == "2024-01-01T00:00:00.000Z"
    assert found.fields == {
        Field.TITLE: "T",
        Field.DESCRIPTION: "D",
        Field.CATEGORY: "c",
        Field.STATUS: "s",
        Field.OWNER: "o@x",
        Field.START_DATE: "2024-02-08T20:10:00.000Z",
        Field.END_DATE: "2024-02-28T20:10:00.000Z",
        Field.SUCCESS_PLAYS: ("p",),
    }


@pytest.mark.parametrize("data", [{"o1": KEYLESS, "o2": KEYLESS}, {"data": {"o1": KEYLESS, "o2": KEYLESS}, "total": 2}])
def test_a_map_gives_its_keys_as_ids(data: Any) -> None:
    assert [one.id for one in objectives_of(items(data), "a")] == ["o1", "o2"]


@pytest.mark.parametrize("data", [[], {}, {"objectives": []}, {"data": {}}, {"objectiveInstances": [], "total": 0}])
def test_an_empty_list(data: Any) -> None:
    assert objectives_of(items(data), "a") == ()


@pytest.mark.parametrize(
    "data",
    [
        "text",
        7,
        {"x": 1},
        [{"title": "no id"}],
        [{"id": "o1"}],
        [{"id": "o1", "accountId": "a", "subject": "T"}],
        [FULL, {"id": "o2", "x": 1}],
        [FULL, None],
        ["o1", "o2"],
        {"open": [FULL], "closed": [FULL]},
        {"a": {"b": {"c": 1}}, "d": {"e": 1}},
    ],
)
def test_an_answer_that_can_not_be_read(data: Any) -> None:
    """Among them objectives without any documented field: that is unreadable, never empty."""
    with pytest.raises(UnreadableResponseError):
        objectives_of(items(data), "a")


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (None, ""),
        ("", ""),
        (False, ""),
        ("20240208", "2024-02-08T00:00:00.000Z"),
        (20240208, "2024-02-08T00:00:00.000Z"),
        ("20240208T201000Z", "2024-02-08T20:10:00.000Z"),
        ("20240208201000", "2024-02-08T20:10:00.000Z"),
        ("2024-02-08", "2024-02-08T00:00:00.000Z"),
        (1707423000, "2024-02-08T20:10:00.000Z"),
        ("1707423000", "2024-02-08T20:10:00.000Z"),
        (1707423000.0, "2024-02-08T20:10:00.000Z"),
        (1707423000000, "2024-02-08T20:10:00.000Z"),
        ("1707423000123", "2024-02-08T20:10:00.123Z"),
        (1707423000000000, "2024-02-08T20:10:00.000Z"),
        ("20241345", "1970-08-23T06:35:45.000Z"),
        ("someday", "someday"),
        (10**30, str(10**30)),
        ("9999-12-31T23:00:00-12:00", "9999-12-31T23:00:00-12:00"),
    ],
)
def test_date(value: Any, date: str) -> None:
    assert date_of(value) == date


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"id": "x"}, "x"),
        ({"ID": 7}, "7"),
        ({"_id": "x"}, "x"),
        ({"objective": {"id": "x"}}, "x"),
        ({"data": {"id": "x"}}, "x"),
        ({"objectiveInstance": {"id": "x"}}, "x"),
        ({"note": {"id": 7}}, "7"),
        ({"success": True, "result": {"objective_id": "x"}}, "x"),
        ({"data": [{"objectiveId": "x"}]}, "x"),
        ({"objective": {"id": "x"}, "account": {"id": "a"}, "other": {"id": "y"}}, "x"),
        ({"objective": {"title": "T", "status": {"id": "s"}}}, ""),
        ({"title": "T", "statusId": "s", "template": {"id": "t"}}, ""),
        ([{"id": "x"}, {"id": "y"}], ""),
        ("x-1", "x-1"),
        ("Success", ""),
        ({"message": "ok"}, ""),
        ([], ""),
        (7, ""),
        (None, ""),
    ],
)
def test_created_id(data: Any, expected: str) -> None:
    assert created_id(Response(201, {}, json.dumps(data).encode())) == expected


def test_created_id_of_text_and_of_nothing() -> None:
    assert created_id(Response(200, {}, b"Success")) == created_id(Response(204)) == ""


@pytest.mark.parametrize("key", ["name", "title", "displayName", "display_name", "DisplayName"])
@pytest.mark.parametrize("wrap", [None, "templates", "data", "objectiveTemplates", "objective_templates"])
def test_named(key: str, wrap: str | None) -> None:
    listed = [{"id": "t1", key: "Onboarding"}]
    assert named_of(items(listed if wrap is None else {wrap: listed})) == (Named("t1", "Onboarding"),)


def test_a_map_of_names_and_a_list_without_ids() -> None:
    assert named_of(items({"t1": {"display_name": "Onboarding"}})) == (Named("t1", "Onboarding"),)
    with pytest.raises(UnreadableResponseError):
        named_of(items([{"label": "Onboarding"}]))


def test_accounts_and_users() -> None:
    """Search calls an account's id its name; an owner is known by the address."""
    assert accounts_of(items([{"name": "a1", "display_name": "Acme"}])) == (Named("a1", "Acme"),)
    assert users_of(items([{"id": 1, "email": "j@x", "display_name": "Jane"}])) == (Named("j@x", "Jane"),)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "data", "items", "startDate", "x"]), inner),
)


@given(_JSON)
def test_any_json_at_all_is_read_or_called_unreadable(data: Any) -> None:
    assert isinstance(created_id(Response(201, {}, json.dumps(data).encode())), str)
    with contextlib.suppress(UnreadableResponseError):
        found = items(data)
        for decode in (named_of, accounts_of, users_of, lambda found: objectives_of(found, "a")):
            with contextlib.suppress(UnreadableResponseError):
                decode(found)


def test_a_field_without_a_key_is_unshown_and_a_blank_one_is_empty() -> None:
    (found,) = objectives_of(items([{"id": "o", "title": "T", "owner": None, "description": ""}]), "a")
    assert found.unshown == set(Field) - {Field.TITLE, Field.OWNER, Field.DESCRIPTION}
