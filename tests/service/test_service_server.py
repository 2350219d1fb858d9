"""The running server and the surface by which it is controlled."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from bulkobj.core.errors import UsageError
from bulkobj.sandbox.server import SANDBOX_TOKEN
from tests.service.server import SandboxServer
from tests.service.service_kit import (
    ACCOUNT,
    NEW,
    NO_CERTIFICATES,
    OBJECTIVES,
    STATUSES,
    Bench,
    client_of,
    message,
    running,
    wait_for,
)
from tests.service.state import NEEDED


def test_a_server_goes_at_once_whatever_hangs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Calls that hang, sleep or trickle don't keep the server, their clients see it end, nobody complains."""
    with running(tmp_path) as bench:
        for kind, path in (("hang", "category"), ("trickle", "objectives")):
            bench.server.fault(kind, path=path, delay=0.01)
        ended: list[httpx.TransportError] = []

        def call(path: str) -> None:
            with client_of(bench.server) as client, pytest.raises(httpx.TransportError) as caught:
                client.get(path, timeout=60)
            ended.append(caught.value)

        paths = ("/api/v3/objective-settings/category", "/api/v3/objectives/")
        threads = [threading.Thread(target=call, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(bench.server.arrivals()) == 2)
        bench.server.behave(latency=300)
        threads.append(threading.Thread(target=call, args=(STATUSES,)))
        threads[-1].start()
        wait_for(lambda: len(bench.server.arrivals()) == 3)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    for thread in threads:
        thread.join(10)
    assert caplog.records == []
    assert [type(error) for error in ended] == [httpx.RemoteProtocolError] * 3


def test_a_port_can_be_taken_up_again(tmp_path: Path) -> None:
    """A server that comes back at its address is found there; while it runs, nobody else gets the port."""
    with running(tmp_path) as bench:
        port = bench.server.port
        bench.client.get(STATUSES)
        with pytest.raises(UsageError, match=f"port {port}"), SandboxServer(tmp_path, port=port):
            pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{bench.server.url}{STATUSES}", verify=NO_CERTIFICATES)
    with running(tmp_path, port=port) as again:
        assert again.server.url == bench.server.url == f"http://127.0.0.1:{port}"
        assert again.client.get(STATUSES).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::"])  # noqa: S104 # to be refused
def test_only_loopback_is_served(tmp_path: Path, host: str) -> None:
    """A host that others could reach is refused."""
    with pytest.raises(UsageError, match="loopback"):
        SandboxServer(tmp_path, host=host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_any_loopback_is_served(tmp_path: Path, host: str) -> None:
    """Loopback has more than one name."""
    try:
        with running(tmp_path, host=host) as bench:
            assert bench.client.get(STATUSES).status_code == 200
    except UsageError:
        if host == "::1":
            pytest.skip("this machine has no IPv6")
        raise


@pytest.mark.parametrize("rate", ["100", "0/60", "100/0", "x/y", "100/nan"])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: str) -> None:
    """A rate is calls and seconds, both above 0."""
    with pytest.raises(UsageError, match="calls/seconds"):
        SandboxServer(tmp_path, rate=rate)


def test_bytes_that_are_no_http_hurt_nothing(tmp_path: Path) -> None:
    """A call cut off in its body, or one that isn't HTTP, leaves the server well and is no arrival."""
    with running(tmp_path) as bench:
        for start in (
            b"hello\r\n\r\n",
            b"POST /api/v3/objectives/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        ):
            with socket.create_connection(("127.0.0.1", bench.server.port), timeout=5) as raw:
                raw.sendall(start)
        assert bench.client.get(STATUSES).status_code == 200
        assert [each.method for each in bench.server.arrivals()] == ["GET"]


def test_answers_are_not_held_back(tmp_path: Path) -> None:
    """Small packets go out at once on every connection; otherwise each answer would take 40 ms."""
    with running(tmp_path) as bench:
        bench.client.get(STATUSES)
        (connection,) = bench.server._server.server_state.connections
        option = connection.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert option


def test_everything_can_be_controlled_over_http(tmp_path: Path) -> None:
    """The surface does what the methods of the server do, needs no token and is neither limited nor logged."""
    with running(tmp_path, rate="5/600") as bench:
        del bench.client.headers["app-token"]
        answer = bench.control("behaviour", {"list_wrapper": "items", "limiter": "fixed"})
        assert answer.json()["behaviour"]["list_wrapper"] == "items"
        assert answer.json()["wanted"]["names"] == "one of ids, nested"
        bench.control("token", {"token": "new"})
        bench.control("token", {"expire_after": 1, "successor": "newer"})
        bench.client.headers["app-token"] = "new"
        assert list(bench.of().json()) == ["items", "total"]
        assert bench.of().status_code == 401
        bench.client.headers["app-token"] = "newer"
        bench.control("faults", [{"kind": "status", "status": 502, "count": 1}, {"kind": "status", "status": 500}])
        assert [bench.of().status_code, bench.of().status_code] == [502, 500]
        bench.client.delete("/sandbox/faults")
        bench.control("faults", {"kind": "garbage", "count": 1})
        assert [bench.of().status_code for _ in range(2)] == [200, 200]
        bench.server.set_token("newer")
        bench.control("spend", {"calls": 5})
        assert bench.of().status_code == 429
        log = bench.client.get("/sandbox/arrivals").json()
    assert [each["status"] for each in log] == [200, 401, 502, 500, 200, 200, 429]
    assert log[0]["path"] == f"{OBJECTIVES}?accountId={ACCOUNT}"
    assert (log[0]["method"], log[0].keys()) == ("GET", {"at", "method", "path", "status"})
    assert bench.server.token == "newer"
    assert SANDBOX_TOKEN not in str(log)


def test_the_guide_names_what_there_is(tmp_path: Path) -> None:
    """Every line of the guide is an address that exists, with and without the slash after the first word."""
    with running(tmp_path) as bench:
        guide = bench.client.get("/sandbox", follow_redirects=True).json()
        assert guide == bench.client.get("/sandbox/").json()
        for line in guide:
            method, path = line.split()
            assert bench.client.request(method, path, json=[]).status_code in (200, 400), line
        assert bench.client.get("/sandboxes").status_code == 404


@pytest.mark.parametrize("kind", NEEDED)
def test_documents_can_be_shown_added_and_replaced(tmp_path: Path, kind: str) -> None:
    """Each kind of document can be read raw, added to, and begun anew."""
    document = dict.fromkeys(NEEDED[kind], "x")
    with running(tmp_path) as bench:
        before = bench.client.get(f"/sandbox/{kind}").json()
        (added,) = bench.control(kind, [document]).json()["ids"]
        shown = bench.client.get(f"/sandbox/{kind}").json()
        assert shown[:-1] == before
        assert shown[-1].items() >= (document | {"id": added}).items()
        assert bench.control(kind, {"replace": [document | {"id": "only"}]}).json() == {"ids": ["only"]}
        assert [each["id"] for each in bench.client.get(f"/sandbox/{kind}").json()] == ["only"]


def test_documents_that_were_put_are_what_the_service_has(tmp_path: Path) -> None:
    """A tenant of one's own: other statuses, categories, accounts and templates are answered and accepted."""
    with running(tmp_path) as bench:
        for kind, document in (
            ("statuses", {"id": "s", "displayName": "Open"}),
            ("categories", {"id": "c", "displayName": "Care"}),
            ("accounts", {"id": "a", "name": "Anvil"}),
            ("templates", {"id": "t", "name": "T", "categoryId": "c", "statusId": "s", "successPlays": ["p"]}),
        ):
            bench.server.put(kind, [document], replace=True)
        assert bench.client.get(STATUSES).json() == [{"id": "s", "displayName": "Open"}]
        assert bench.create(statusId="s", categoryId="c", accountId="a").status_code == 201
        run = {"objectiveTemplateId": "t", "accountId": "a"}
        assert bench.client.post("/api/v2/objective-templates/run", json=run).text == "Success"
        assert [each["title"] for each in bench.of("a").json()] == [NEW["title"], "T"]
        assert bench.create().status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("behaviour", {"dates": "german"}),
        ("behaviour", {"colour": "blue"}),
        ("behaviour", []),
        ("faults", {"kind": "explode"}),
        ("faults", [{}]),
        ("faults", [5]),
        ("spend", {"calls": "many"}),
        ("spend", {}),
        ("token", {"token": 5}),
        ("objectives", [{"title": "no account"}]),
        ("objectives", [5]),
        ("objectives", {"replace": "all"}),
        ("accounts", [{"id": 5, "name": "x"}]),
        ("objectives", "x"),
    ],
)
def test_a_wrong_order_is_refused_and_changes_nothing(tmp_path: Path, path: str, body: Any) -> None:
    """What can't be done as asked is a 400 with a message that helps."""
    with running(tmp_path) as bench:
        before = state(bench)
        status, said = message(bench.control(path, body))
        assert (status, bool(said)) == (400, True)
        assert bench.client.post(f"/sandbox/{path}", content=b"{").status_code == 400
        assert state(bench) == before
        assert bench.of().status_code == 200


def state(bench: Bench) -> list[Any]:
    return [bench.client.get(f"/sandbox/{path}").json() for path in ("behaviour", "objectives", "accounts", "arrivals")]


def test_a_kind_of_document_that_is_not_there(tmp_path: Path) -> None:
    """Over HTTP it is a 404, in Python an error."""
    with running(tmp_path) as bench:
        assert bench.control("colours", []).status_code == 404
        with pytest.raises(UsageError, match="colours"):
            bench.server.put("colours", [{}])
        with pytest.raises(UsageError, match="'dates' must be one of"):
            bench.server.behave(dates="german")
