"""What the tests of the sandbox share: a running sandbox with a client, and clocks that do as they are told."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from bulkobj.core.clock import SystemClock
from tests.service.server import SandboxServer

IN_PROGRESS = "c12123be-24cd-4a9a-96f4-1ac05703f814"
ON_HOLD = "7ee010f0-1228-222-974e-89b5d2cf2152"
UPSALE = "b6d0a419-bab9-4fcf-ppp-2ea9b425ff19"
OBJECTIVES = "/api/v3/objectives/"
STATUSES = "/api/v3/objective-settings/status"
CATEGORIES = "/api/v3/objective-settings/category"
TEMPLATES = "/api/v2/objective-templates"
RUN = "/api/v2/objective-templates/run"
SEARCH = "/api/v1/search/accounts"
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
#: An account of the seeds without objectives.
ACCOUNT = "VERT-1180"
NEW: dict[str, Any] = {
    "accountId": ACCOUNT,
    "startDate": "2024-02-08T20:10:00.000Z",
    "endDate": "2024-02-28T20:10:00.000Z",
    "categoryId": UPSALE,
    "statusId": IN_PROGRESS,
    "title": "Drive more promoters on G2",
    "description": "Launch customer advocacy program with G2 requests",
    "owner": "george@example.demo",
    "successPlays": ["play-1", "play-2"],
}


class ManualClock(SystemClock):
    """A clock that stands still until it is moved; sleepers are noted, and wake at once unless ``asleep`` is set."""

    def __init__(self, at: float = 1000.0) -> None:
        self.at = at
        self.slept: list[float] = []
        self.asleep = False

    def now(self) -> float:
        return self.at

    def wall(self) -> datetime:
        return datetime.fromtimestamp(1_700_000_000 + self.at, UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        while self.asleep:
            await asyncio.sleep(0.001)


@dataclass(frozen=True)
class Bench:
    """A running sandbox and a client that has its token."""

    server: SandboxServer
    client: httpx.Client

    def create(self, **changes: Any) -> httpx.Response:
        return self.client.post(OBJECTIVES, json=NEW | changes)

    def new(self, **changes: Any) -> str:
        """Make an objective behind the service's back; its id."""
        return self.server.put("objectives", [NEW | changes])[0]

    def update(self, identity: str, **fields: Any) -> httpx.Response:
        return self.client.put(OBJECTIVES + identity, json=fields)

    def delete(self, identity: str) -> httpx.Response:
        return self.client.delete(OBJECTIVES + identity)

    def of(self, account: str = ACCOUNT) -> httpx.Response:
        return self.client.get(OBJECTIVES, params={"accountId": account})

    def held(self, identity: str) -> dict[str, Any] | None:
        """What the sandbox holds under that id."""
        return next((each for each in self.server.objectives() if each["id"] == identity), None)

    def control(self, path: str, body: object) -> httpx.Response:
        return self.client.post(f"/sandbox/{path}", json=body)


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Bench]:
    with SandboxServer(folder, **options) as server, client_of(server) as client:
        yield Bench(server, client)


def client_of(server: SandboxServer) -> httpx.Client:
    """A client that has the server's token, and doesn't spend 20 ms on certificates for a plain connection."""
    headers = {"app-token": server.token}
    return httpx.Client(base_url=server.url, headers=headers, timeout=5, trust_env=False, verify=NO_CERTIFICATES)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds that another thread or process brings about; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within ten seconds"
        time.sleep(0.002)


def told(pipe: Connection) -> Any:
    """What another process says next; fail after half a minute of silence."""
    assert pipe.poll(30), "the other process says nothing"
    return pipe.recv()


def message(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["message"]
