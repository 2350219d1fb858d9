"""The record of a send: not before there is a slot for it, and "never sent" only where no byte can have left."""

from __future__ import annotations

from random import Random
from typing import Any

import httpx
import pytest

from bulkobj.core.errors import ServiceDownError
from bulkobj.core.shutdown import StopSignal
from bulkobj.totango.responses import NoResponse
from bulkobj.totango.retry_policy import Health, Retrying
from bulkobj.totango.transport import Redaction, Request, Sender, Transport
from tests.execution.virtual_service import VirtualClock

WRITE = Request("POST", "/api/v3/objectives/", json={"title": "T"})


class NoSlots:
    """A rate limiter that gives up."""

    async def take(self) -> Any:
        raise ServiceDownError("wait for hours")


async def test_nothing_is_recorded_before_there_is_a_slot() -> None:
    clock, recorded = VirtualClock(), list[str]()
    retrying = Retrying(Health(clock, 60), 60, clock.sleep, Random(1))
    sender = Sender(None, NoSlots(), retrying, clock, StopSignal(), 8)  # type: ignore[arg-type]  # never used
    with pytest.raises(ServiceDownError):
        await sender.write(WRITE, lambda: recorded.append("sent"))
    assert recorded == []


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.WriteError("broken pipe"), True),
        (httpx.ReadError("reset"), True),
        (httpx.RemoteProtocolError("half an answer"), True),
        (httpx.ConnectError("refused"), False),
    ],
)
async def test_a_half_sent_request_may_have_arrived(error: httpx.HTTPError, sent: bool) -> None:  # noqa: FBT001
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1") as client:
        exchange = await Transport(client, Redaction("a-token")).send(WRITE, 5)
    assert isinstance(exchange, NoResponse)
    assert exchange.sent == sent
