"""What the sandbox can be told to do wrong, as a client sees it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest

from bulkobj.core.errors import UsageError
from tests.service.behaviour import Fault
from tests.service.service_kit import ACCOUNT, NEW, OBJECTIVES, STATUSES, Bench, ManualClock, running, wait_for

#: What httpx makes of each way of not answering.
SILENCES: dict[str, type[Exception]] = {
    "drop": httpx.RemoteProtocolError,
    "reset": httpx.ReadError,
    "truncated": httpx.RemoteProtocolError,
    "hang": httpx.ReadTimeout,
    "trickle": httpx.ReadTimeout,
    "late": httpx.ReadTimeout,
}
#: How long a client waits for an answer that doesn't come, in seconds.
SHORT = 0.1


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bench(tmp_path: Path, clock: ManualClock) -> Iterator[Bench]:
    with running(tmp_path, clock=clock) as bench:
        yield bench


def statuses(bench: Bench, calls: int = 5) -> list[int]:
    return [bench.client.get(STATUSES).status_code for _ in range(calls)]


def titles(bench: Bench) -> list[str]:
    return [each["title"] for each in bench.server.objectives() if each["accountId"] == ACCOUNT]


def test_every_kind_is_tested() -> None:
    """A kind of fault that is added needs a test here."""
    assert SILENCES.keys() | {"status", "redirect", "garbage", "answer", "endless"} == set(
        get_args(get_type_hints(Fault)["kind"])
    )


def test_a_fault_hits_the_calls_that_it_says(bench: Bench) -> None:
    """The first calls are let off, the next ones are hit, the rest pass; other calls neither count nor are hit."""
    bench.server.fault("status", method="GET", path="settings/status", skip=1, count=2, status=502)
    bench.client.get("/api/v3/objective-settings/category")
    bench.create()
    assert statuses(bench) == [200, 502, 502, 200, 200]
    assert [each.status for each in bench.server.arrivals()] == [200, 201, 200, 502, 502, 200, 200]


def test_faults_end_when_cleared(bench: Bench) -> None:
    """A fault without a count hits every call until it is taken back."""
    bench.server.fault(Fault("status"))
    assert statuses(bench, 2) == [503, 503]
    bench.server.clear_faults()
    assert statuses(bench, 2) == [200, 200]


def test_the_first_fault_that_hits_has_the_call(bench: Bench) -> None:
    """Each fault counts every call that concerns it, also one that another fault has."""
    bench.server.fault("status", count=1, status=500)
    bench.server.fault("status", count=2, status=502)
    assert statuses(bench, 3) == [500, 502, 200]


def test_a_path_is_met_quoted_or_not(bench: Bench) -> None:
    """A fault finds the query and a quoted id."""
    bench.server.fault("status", path="accountId=EU/4711", status=500)
    assert (bench.of("EU/4711").status_code, bench.of("EU/4712").status_code) == (500, 200)
    bench.server.fault("status", path="EU%2F4712", status=502)
    assert bench.of("EU/4712").status_code == 502


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429, 401, 403, 409, 422])
def test_any_status_can_be_answered(bench: Bench, status: int) -> None:
    """The status comes with a body in the error style asked for, or the behaviour's, and with a Retry-After."""
    bench.server.fault("status", status=status, count=1, retry_after="7")
    bench.server.fault("status", status=status, style="html")
    plain, page = bench.client.get(STATUSES), bench.client.get(STATUSES)
    assert (plain.status_code, plain.headers["retry-after"]) == (status, "7")
    assert plain.json().keys() == {"message"}
    assert page.text.startswith("<html>")
    assert page.headers["content-type"].startswith("text/html")


def test_a_redirect_names_its_goal(bench: Bench) -> None:
    """Elsewhere is said and not gone to."""
    bench.server.fault("redirect", location="http://127.0.0.1:9/x", status=307)
    answer = bench.client.get(STATUSES)
    assert (answer.status_code, answer.headers["location"]) == (307, "http://127.0.0.1:9/x")


def test_garbage_claims_to_be_json(bench: Bench) -> None:
    """A good status with a body that can't be read."""
    bench.server.fault("garbage")
    answer = bench.client.get(STATUSES)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r"utf-8|Expecting|Unterminated|Invalid"):
        json.loads(answer.content)


@pytest.mark.parametrize("kind", ["status", "garbage", "redirect", *SILENCES])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_is_done_as_the_fault_says(bench: Bench, clock: ManualClock, kind: str, when: str) -> None:
    """Before: nothing was done. After: all was done, and the client doesn't know. A late call is always done."""
    clock.asleep = kind == "trickle"
    timeout = SHORT if SILENCES.get(kind) is httpx.ReadTimeout else 5
    bench.server.fault(kind, method="POST", when=when)
    if kind in SILENCES:
        with pytest.raises(SILENCES[kind]):
            bench.client.post(OBJECTIVES, json=NEW, timeout=timeout)
    else:
        assert bench.create().status_code != 201
    done = when == "after" or kind == "late"
    wait_for(lambda: bench.server.arrivals() and len(titles(bench)) == done)
    assert titles(bench) == [NEW["title"]] * done
    assert (bench.server.arrivals()[0].status is None) == (kind in SILENCES)
    assert bench.of().status_code == 200


def test_a_late_write_comes_after_its_client_has_gone(bench: Bench, clock: ManualClock) -> None:
    """The delay passes with the client gone, the account read meanwhile without the objective, and then it is there."""
    clock.asleep = True
    bench.server.fault("late", method="POST", delay=40)
    with pytest.raises(httpx.ReadTimeout):
        bench.client.post(OBJECTIVES, json=NEW, timeout=SHORT)
    wait_for(lambda: clock.slept)
    assert clock.slept == [40]
    assert bench.of().json() == []
    clock.asleep = False
    wait_for(lambda: titles(bench))


def test_a_trickling_answer_outlasts_a_read_timeout(bench: Bench, clock: ManualClock) -> None:
    """Bytes come again and again, so that only a limit on the whole call ends it."""
    clock.asleep = True
    bench.server.fault("trickle", delay=0.01)
    received = []

    def read() -> None:
        with bench.client.stream("GET", STATUSES) as answer:
            for part in answer.iter_raw():
                received.append(part)
                if len(received) > 4:
                    return
                clock.asleep = False

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(10)
    assert len(received) > 4
    assert clock.slept[0] == 0.01


def test_what_is_refused_meets_no_fault(bench: Bench) -> None:
    """A call over the limit or without a good token isn't counted by a fault."""
    bench.server.fault("status", count=1, status=500)
    assert bench.client.get(STATUSES, headers={"app-token": "wrong"}).status_code == 401
    bench.server.spend(100)
    assert statuses(bench, 1) == [429]
    bench.server.behave(limiter="off")
    assert statuses(bench, 2) == [500, 200]


def test_a_token_expires_in_the_middle(bench: Bench) -> None:
    """After its last good call a token is refused, another is good, and a token that is set is the only good one."""
    bench.server.expire_token(after=2, successor="fresh")
    assert statuses(bench, 4) == [200, 200, 401, 401]
    assert bench.client.get(STATUSES, headers={"app-token": "fresh"}).status_code == 200
    bench.server.set_token("third")
    assert bench.client.get(STATUSES, headers={"app-token": "fresh"}).status_code == 401
    assert bench.client.get(STATUSES, headers={"app-token": bench.server.token}).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "explode"},
        {"kind": "status", "status": 700},
        {"kind": "status", "status": 99},
        {"kind": "status", "count": -1},
        {"kind": "drop", "when": "during"},
        {"kind": "drop", "colour": "blue"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    """Each field of a fault is checked when it is made."""
    with pytest.raises(UsageError):
        Fault.from_mapping(fields)


def test_the_hook_sees_writes_before_anything_happens(tmp_path: Path) -> None:
    """Every POST, PUT and DELETE is told of on receipt, and what the hook raises is kept and disturbs nothing."""
    told = []

    def hook(method: str, path: str, body: bytes) -> None:
        told.append((method, path, body, len(live.server.arrivals()), titles(live)))
        raise AssertionError(method)

    with running(tmp_path, on_write=hook) as live:
        live.of()
        assert live.create().status_code == 201
        identity = live.of().json()[0]["id"]
        live.update(identity, title="Renamed")
        assert live.delete(identity).status_code == 204
    assert [(method, path) for method, path, *_ in told] == [
        ("POST", OBJECTIVES),
        ("PUT", OBJECTIVES + identity),
        ("DELETE", OBJECTIVES + identity),
    ]
    assert json.loads(told[0][2]) == NEW
    assert [(arrivals, before) for *_, arrivals, before in told] == [(1, []), (3, [NEW["title"]]), (4, ["Renamed"])]
    assert [str(error) for error in live.server.hook_errors] == ["POST", "PUT", "DELETE"]


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_an_answer_can_say_anything(bench: Bench, when: Any, made: int) -> None:
    """Any body with any status, with the token of the call in it, whether or not the call was done."""
    bench.server.fault("answer", when=when, status=207, body='{"success": false, "token": "{token}"}', count=1)
    answer = bench.create()
    assert (answer.status_code, answer.json()) == (207, {"success": False, "token": bench.server.token})
    assert len(titles(bench)) == made


def test_an_answer_can_have_no_end(bench: Bench) -> None:
    bench.server.fault("endless", count=1)
    with bench.client.stream("GET", STATUSES) as answer:
        read = 0
        for piece in answer.iter_raw():
            read += len(piece)
            if read > 1_000_000:
                break
    assert statuses(bench, 1) == [200]
