"""The plain sandbox: what `--sandbox` and `sandbox serve` talk to."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import pytest

from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate
from bulkobj.sandbox.embedded import embedded
from bulkobj.sandbox.seeds import seeds
from bulkobj.sandbox.server import SandboxServer, serve
from tests.service.service_kit import NEW, NO_CERTIFICATES, OBJECTIVES, SEARCH, STATUSES, ManualClock, told

USERS = "/api/v1/search/users/internal"


def client_of(server: SandboxServer) -> httpx.Client:
    return httpx.Client(
        base_url=server.url, headers={"app-token": server.token}, trust_env=False, verify=NO_CERTIFICATES
    )


def search(client: httpx.Client, path: str = SEARCH, **query: Any) -> Any:
    return client.post(path, data={"query": json.dumps(query)})


def test_an_objective_is_made_changed_read_and_deleted(tmp_path: Path) -> None:
    """The documented requests, and the data outlast the server."""
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        identity = client.post(OBJECTIVES, json=NEW).json()["id"]
        assert client.put(OBJECTIVES + identity, json={"title": "Changed"}).json()["title"] == "Changed"
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        (found,) = client.get(OBJECTIVES, params={"accountId": NEW["accountId"]}).json()
        assert (found["id"], found["title"], found["owner"]) == (identity, "Changed", NEW["owner"])
        assert client.delete(OBJECTIVES + identity).status_code == 204
        assert client.delete(OBJECTIVES + identity).status_code == 404


def test_the_limit_counts_and_the_headers_say_so(tmp_path: Path) -> None:
    clock = ManualClock()
    with SandboxServer(tmp_path, rate=Rate(2, 60), clock=clock) as server, client_of(server) as client:
        answers = [client.get(STATUSES) for _ in range(3)]
        clock.at += 60
        answers.append(client.get(STATUSES))
    assert [each.status_code for each in answers] == [200, 200, 429, 200]
    assert [each.headers["RateLimit-Remaining"] for each in answers] == ["1", "0", "0", "1"]
    assert answers[2].headers["RateLimit-Reset"] == "60"


def test_a_wrong_token_is_refused(tmp_path: Path) -> None:
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        assert client.get(STATUSES, headers={"app-token": "other"}).status_code == 401


def test_each_request_takes_the_latency(tmp_path: Path) -> None:
    clock = ManualClock()
    with SandboxServer(tmp_path, latency=0.5, clock=clock) as server, client_of(server) as client:
        client.get(STATUSES)
    assert clock.slept == [0.5]


def test_accounts_are_searched_by_attribute(tmp_path: Path) -> None:
    """A term keeps the accounts that have one of its values; others are refused."""
    managed = {each["id"] for each in seeds()["accounts"] if each["attributes"]["Success Manager"] == "Jane Doe"}
    term = {"type": "string_attribute", "attribute": "Success Manager", "in_list": ["Jane Doe"]}
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        found = search(client, terms=[term]).json()["response"]["accounts"]
        assert {hit["name"] for hit in found["hits"]} == managed != set()
        assert found["total_hits"] == len(managed)
        assert search(client, terms=[{**term, "in_list": ["Nobody"]}]).json()["response"]["accounts"]["hits"] == []
        for terms in ([{"type": "date"}], ["x"], "x"):
            assert search(client, terms=terms).status_code == 400


def test_users_are_listed(tmp_path: Path) -> None:
    """Everybody who owns an objective of the seeds is one."""
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        found = search(client, USERS).json()["response"]["users"]
    names = {hit["name"] for hit in found["hits"]}
    assert names >= {each["owner"] for each in seeds()["objectives"] if each.get("owner")}
    assert found["total_hits"] == len(names)


def test_data_of_an_earlier_version_are_kept(tmp_path: Path) -> None:
    """Its log of requests goes, users come, objectives stay."""
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        identity = client.post(OBJECTIVES, json=NEW).json()["id"]
    with sqlite3.connect(tmp_path / "sandbox.sqlite") as old:
        old.executescript(
            "DROP TABLE spending; CREATE TABLE spending (token TEXT, limiter TEXT, spent TEXT);"
            "CREATE TABLE arrivals (number INTEGER PRIMARY KEY, at REAL); DELETE FROM documents WHERE kind = 'users';"
            "PRAGMA user_version = 1"
        )
    old.close()
    with SandboxServer(tmp_path) as server, client_of(server) as client:
        assert search(client, USERS).json()["response"]["users"]["hits"]
        assert identity in {
            each["id"] for each in client.get(OBJECTIVES, params={"accountId": NEW["accountId"]}).json()
        }


def test_an_embedded_sandbox_has_the_window_of_its_command(tmp_path: Path) -> None:
    with embedded(tmp_path, seconds=3.0) as server, client_of(server) as client:
        assert client.get(STATUSES).headers["RateLimit-Limit"] == "100"
        assert float(client.get(STATUSES).headers["RateLimit-Reset"]) <= 3


def serve_in_child(folder: Path | None, pipe: Connection) -> None:
    # Whoever runs the tests in the background of a shell has interrupts ignored, which a child inherits.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(folder, "127.0.0.1", 0, Rate(7, 60), "my-token", 0.0, pipe.send)
    pipe.send("ended")


@pytest.mark.parametrize("kept", [True, False])
def test_serving_lasts_until_ctrl_c(tmp_path: Path, kept: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """The foreground server says where it is, and ends in order with or without a folder."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve_in_child, args=(tmp_path if kept else None, theirs), daemon=True)
    process.start()
    said = told(ours)
    url = next(word for word in said.split() if word.startswith("http"))
    with httpx.Client(base_url=url, headers={"app-token": "my-token"}, verify=NO_CERTIFICATES) as client:
        assert client.get(STATUSES).headers["RateLimit-Limit"] == "7"
    assert "my-token" in said
    os.kill(process.pid or 0, signal.SIGINT)
    assert told(ours) == "ended"
    process.join(10)
    assert process.exitcode == 0
    process.close()
    for end in (ours, theirs):
        end.close()


def test_serving_refuses_what_others_could_reach() -> None:
    with pytest.raises(UsageError, match="loopback"):
        serve(None, "0.0.0.0", 0, Rate(7, 60), "t", 0.0, print)  # noqa: S104 # to be refused
