"""Verdicts on responses, and whether a body is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.totango.messages import message_of
from bulkobj.totango.responses import NoResponse, Response, Verdict, classify

OBJECTIVE = {"id": "o1", "title": "Fewer failed logins", "description": "Error: <b> is not shown", "statusId": "s"}


def answer(status: int = 200, data: Any = None, text: str | None = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, (json.dumps(data) if text is None else text).encode())


@pytest.mark.parametrize(
    ("method", "exchange", "verdict"),
    [
        ("GET", answer(200, []), Verdict.DONE),
        ("GET", answer(200, text="<html>login</html>"), Verdict.LOST),
        ("GET", answer(302), Verdict.REJECTED),
        ("POST", answer(302), Verdict.LOST),
        ("POST", answer(408), Verdict.LOST),
        ("POST", answer(500), Verdict.LOST),
        ("POST", answer(503), Verdict.LOST),
        ("POST", answer(429), Verdict.LIMITED),
        ("DELETE", answer(404), Verdict.REJECTED),
        ("PUT", answer(400), Verdict.REJECTED),
        ("PUT", answer(409), Verdict.REJECTED),
        ("PUT", answer(401), Verdict.DENIED),
        ("GET", answer(403), Verdict.FORBIDDEN),
        ("POST", answer(403), Verdict.FORBIDDEN),
        ("POST", NoResponse(sent=True, reason="reset"), Verdict.LOST),
        ("POST", NoResponse(sent=False, reason="no such host"), Verdict.NOT_SENT),
    ],
)
def test_classified(method: str, exchange: Any, verdict: Verdict) -> None:
    assert classify(method, exchange) is verdict


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "response",
    [
        answer(201, {"id": "x"}),
        answer(200, OBJECTIVE),
        answer(200, {"objective": OBJECTIVE | {"archived": False, "deleted": False, "completed": False}}),
        answer(200, {"objective": OBJECTIVE | {"status": {"id": "s", "displayName": "Failed"}}}),
        answer(200, [OBJECTIVE]),
        answer(
            200, {"success": True, "errors": [], "error": None, "data": None, "warnings": ["the owner is not known"]}
        ),
        answer(200, {"success": "TRUE", "errorCode": 0, "failedCount": "0", "isDefault": True}),
        answer(202, {"status": "accepted"}),
        answer(200, {"status": 200, "message": "Objective saved"}),
        answer(200, {"error": {"code": 0, "message": ""}, "id": 7}),
        answer(207, {"items": [{"status": 201, "id": "x"}]}),
        answer(200, text="Success"),
        answer(200, text="Success", content_type="text/html"),
        answer(200, text="\ufeffsuccess\n"),
        answer(200, "Success"),
        answer(204, text=""),
    ],
    ids=lambda one: one.body.decode()[:40],
)
def test_a_success_is_believed(method: str, response: Response) -> None:
    """Neither an objective's own texts nor empty lists of errors speak against it."""
    assert classify(method, response) is Verdict.DONE


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "response",
    [
        answer(200, {"success": False}),
        answer(200, {"Success": "FALSE"}),
        answer(200, {"is_success": 0, "id": "x"}),
        answer(200, {"ok": None}),
        answer(200, {"response": {"data": [{"SUCCESS": False}]}}),
        answer(200, {"data": OBJECTIVE | {"success": False}}),
        answer(200, {"errors": ["locked"]}),
        answer(200, {"Error": {"type": "x"}}),
        answer(200, {"error_message": "locked", "id": "x"}),
        answer(200, {"hasErrors": True}),
        answer(200, {"failedCount": 1}),
        answer(200, {"validation-errors": {"title": "too long"}}),
        answer(200, {"status": "ERROR"}),
        answer(200, {"status": "Failed", "id": "x"}),
        answer(200, {"status": 500}),
        answer(200, {"statusCode": "404 Not Found"}),
        answer(200, {"message": "error: account is locked"}),
        answer(200, {"message": "The account could not be changed"}),
        answer(200, {"result": False}),
        answer(200, {"data": None}),
        answer(200, [None]),
        answer(200, [{"id": "x"}, {"error": "locked"}]),
        answer(200, data=False),
        answer(200, text="null"),
        answer(200, text="False"),
        answer(200, text="NULL"),
        answer(200, text="Error: locked"),
        answer(200, text="ERROR"),
        answer(200, "error: locked"),
        answer(200, text="Request failed"),
        answer(207, {"items": [{"status": 201}, {"status": 409}]}),
        answer(207, text=""),
        answer(207, text="Success"),
        answer(200, text="<!-- login --><div>Sign in"),
        answer(200, text="\ufeff \n<DIV>Sign in</DIV>"),
        answer(200, text="Please <b>sign in</b>"),
        answer(200, text="Please sign in", content_type="text/html; charset=utf-8"),
        answer(200, "<html>"),
        answer(200, text="<?xml version='1.0'?><ok/>"),
        answer(200, text='{"id": '),
        Response(200, {}, b"\x8b\x00\xff\x01"),
    ],
    ids=lambda one: f"{one.status}-{one.body[:40]!r}",
)
def test_a_success_that_its_body_contradicts_is_lost(method: str, response: Response) -> None:
    """In whatever case, at whatever depth; it proves nothing, so the account is read back."""
    assert classify(method, response) is Verdict.LOST
    assert message_of(response)


@pytest.mark.parametrize(("method", "flag"), [("POST", "created"), ("PUT", "updated"), ("DELETE", "deleted")])
def test_a_method_has_a_flag_of_its_own(method: str, flag: str) -> None:
    assert classify(method, answer(200, {"id": "x", flag: True})) is Verdict.DONE
    assert classify(method, answer(200, {"id": "x", flag: False})) is Verdict.LOST


@pytest.mark.parametrize(
    "data",
    [{"success": False}, {"errors": ["x"]}, {"response": {"error": "x"}}, None, False, "text", {"status": "error"}],
)
def test_a_read_that_failed_is_no_list(data: Any) -> None:
    assert classify("GET", answer(200, data)) is Verdict.LOST


@pytest.mark.parametrize(
    "data", [[], {}, [OBJECTIVE], {"o1": OBJECTIVE}, [{"id": "s", "displayName": "Error"}], OBJECTIVE]
)
def test_a_read_is_not_judged_by_its_items(data: Any) -> None:
    assert classify("GET", answer(200, data)) is Verdict.DONE


@pytest.mark.parametrize(
    ("exchange", "message"),
    [
        (answer(400, {"message": "Account not found"}), "Account not found"),
        (answer(400, {"error": {"type": "bad", "message": "Account not found"}}), "Account not found"),
        (answer(400, {"error": "Account not found"}), "Account not found"),
        (answer(400, {"Error_Message": "Account not found"}), "Account not found"),
        (answer(400, {"errors": ["one", {"message": "two"}]}), "one; two"),
        (answer(400, text="Account not found"), "Account not found"),
        (answer(404, text=""), "404 Not Found"),
        (answer(599, text=""), "599 unusual status"),
        (answer(502, text="<html><h1>Bad gateway"), "502 Bad Gateway (a web page"),
        (answer(400, {"message": "\x1b[31mred\x07\n"}), "[31mred"),
        (answer(200, {"success": False}), '200 OK, but the response says "{"success": false}"'),
        (NoResponse(sent=True, reason="gone"), "gone"),
    ],
)
def test_message(exchange: Any, message: str) -> None:
    assert message_of(exchange).startswith(message)
    assert "\x1b" not in message_of(exchange)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"a\ud83db"', "a\ufffdb"),
        (rb'"a\ude00b"', "a\ufffdb"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"C:\\ud83d"', r"C:\ud83d"),
        (b'"\xed\xa0\xbd"', "\ufffd"),
        (b'"\xed\xa0\xbd\xed\xb8\x80"', "\U0001f600"),
        ("\ufeff[1]".encode(), [1]),
    ],
)
def test_half_a_character_is_replaced(body: bytes, text: Any) -> None:
    """Half of a pair becomes one U+FFFD, and nothing else is lost."""
    assert Response(200, {}, body).json() == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["id", "data", "success", "error", "status"]), inner)
    ),
)


@given(_JSON, st.sampled_from(["GET", "POST", "PUT", "DELETE"]), st.integers(100, 599))
def test_any_response_at_all_has_a_verdict(data: Any, method: str, status: int) -> None:
    assert classify(method, answer(status, data)) in Verdict
    assert message_of(answer(status, data))
