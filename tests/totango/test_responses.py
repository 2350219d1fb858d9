"""What the service's answers mean, in every shape that is known of."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.model import Field
from bulkobj.totango.responses import (
    NoResponse,
    Response,
    UnreadableResponseError,
    Verdict,
    classify,
    created_id,
    message_of,
    named_of,
    objectives_of,
)


def answer(status: int = 200, data: Any = None, text: str | None = None) -> Response:
    return Response(status, {}, (json.dumps(data) if text is None else text).encode())


@pytest.mark.parametrize(
    ("method", "exchange", "verdict"),
    [
        ("GET", answer(200, []), Verdict.DONE),
        ("GET", answer(200, text="<html>login</html>"), Verdict.LOST),
        ("GET", answer(302), Verdict.REJECTED),
        ("POST", answer(201, {"id": "x"}), Verdict.DONE),
        ("POST", answer(200, text="Success"), Verdict.DONE),
        ("POST", answer(204, text=""), Verdict.DONE),
        ("POST", answer(200, text="<!DOCTYPE html><html>"), Verdict.LOST),
        ("POST", answer(302), Verdict.LOST),
        ("POST", answer(408), Verdict.LOST),
        ("POST", answer(500), Verdict.LOST),
        ("POST", answer(503), Verdict.LOST),
        ("POST", answer(429), Verdict.LIMITED),
        ("DELETE", answer(404), Verdict.REJECTED),
        ("PUT", answer(400), Verdict.REJECTED),
        ("PUT", answer(409), Verdict.REJECTED),
        ("PUT", answer(401), Verdict.DENIED),
        ("GET", answer(403), Verdict.DENIED),
        ("POST", NoResponse(sent=True, reason="reset"), Verdict.LOST),
        ("POST", NoResponse(sent=False, reason="no such host"), Verdict.NOT_SENT),
    ],
)
def test_classified(method: str, exchange: Any, verdict: Verdict) -> None:
    assert classify(method, exchange) is verdict


@pytest.mark.parametrize(
    ("exchange", "message"),
    [
        (answer(400, {"message": "Account not found"}), "Account not found"),
        (answer(400, {"error": {"type": "bad", "message": "Account not found"}}), "Account not found"),
        (answer(400, {"error": "Account not found"}), "Account not found"),
        (answer(400, {"errors": ["one", {"message": "two"}]}), "one; two"),
        (answer(400, text="Account not found"), "Account not found"),
        (answer(404, text=""), "404 Not Found"),
        (answer(599, text=""), "599 unusual status"),
        (answer(502, text="<html><h1>Bad gateway"), "502 Bad Gateway (a web page"),
        (answer(400, {"message": "\x1b[31mred\x07\n"}), "[31mred"),
        (NoResponse(sent=True, reason="gone"), "gone"),
    ],
)
def test_message(exchange: Any, message: str) -> None:
    assert message_of(exchange).startswith(message)
    assert "\x1b" not in message_of(exchange)


FULL = {
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


@pytest.mark.parametrize("wrap", [None, "objectives", "data", "items", "results", "response"])
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"statusId": None, "status": {"id": "s", "displayName": "S"}, "categoryId": None, "category": {"id": "c"}},
        {"startDate": 1707423000000, "endDate": "2024-02-28T20:10:00Z"},
        {"startDate": "1707423000000", "successPlays": [{"id": "p", "name": "Play"}], "unknown": {"x": 1}},
        {"owner": {"id": "o@x"}, "startDate": "2024-02-08T22:10:00.000+02:00"},
    ],
)
def test_an_objective_in_every_shape(wrap: str | None, shape: dict[str, Any]) -> None:
    listed = [FULL | shape]
    (found,) = objectives_of(answer(200, listed if wrap is None else {wrap: listed, "total": 1}), "a")
    assert found.id == "o1"
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


@pytest.mark.parametrize("data", ["text", 7, {"x": 1}, {"objectives": [FULL], "total": 9}, [{"title": "no id"}]])
def test_an_answer_that_can_not_be_trusted(data: Any) -> None:
    """Among them a list that says itself that it is only a part."""
    with pytest.raises(UnreadableResponseError):
        objectives_of(answer(200, data), "a")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"id": "x"}, "x"),
        ({"id": 7}, "7"),
        ({"objective": {"id": "x"}}, "x"),
        ({"data": {"id": "x"}}, "x"),
        ({"data": [{"objectiveId": "x"}]}, "x"),
        ("x-1", "x-1"),
        ("Success", ""),
        ({"message": "ok"}, ""),
        ([], ""),
    ],
)
def test_created_id(data: Any, expected: str) -> None:
    assert created_id(answer(201, data)) == expected


def test_created_id_of_text_and_of_nothing() -> None:
    assert created_id(answer(200, text="Success")) == created_id(answer(204, text="")) == ""


@pytest.mark.parametrize("key", ["name", "title", "displayName"])
@pytest.mark.parametrize("wrap", [None, "templates", "data"])
def test_named(key: str, wrap: str | None) -> None:
    listed = [{"id": "t1", key: "Onboarding"}]
    (found,) = named_of(answer(200, listed if wrap is None else {wrap: listed}))
    assert (found.id, found.name) == ("t1", "Onboarding")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "data", "items", "startDate", "x"]), inner),
)


@given(_JSON, st.sampled_from(["GET", "POST", "PUT", "DELETE"]), st.integers(100, 599))
def test_any_answer_at_all_is_taken_in_stride(data: Any, method: str, status: int) -> None:
    """No JSON breaks the decoding: it is read, or it is said to be unreadable."""
    given_answer = answer(status, data)
    assert classify(method, given_answer) in Verdict
    assert message_of(given_answer)
    assert isinstance(created_id(given_answer), str)
    for decode in (named_of, lambda got: objectives_of(got, "a")):
        with contextlib.suppress(UnreadableResponseError):
            decode(given_answer)
