"""What leaves for the service, call by call, and what is refused to leave at all."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import respx

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import AuthorizationError, ReadRefusedError
from bulkobj.core.model import Action, Field, Named, Rate
from bulkobj.core.shutdown import StopSignal
from bulkobj.planning.plan import Step
from bulkobj.totango.client import Totango, open_totango
from bulkobj.totango.responses import Verdict

HOST = "https://api.totango.com"
STEP = Step(Action.CREATE, "a/1", body={Field.TITLE: "T", Field.START_DATE: "", Field.SUCCESS_PLAYS: ()})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(HOST, "the-token", Rate(99, 3.0), 5.0, 1.0, 8, tmp_path, tmp_path / "c.toml", "default")


def using(settings: Settings, work: Any) -> Any:
    """The result of some work with the service, on a loop of its own."""

    async def main() -> Any:
        async with open_totango(settings, SystemClock(), Random(1), StopSignal(), lambda _: None) as totango:
            return await work(totango)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(main())


def write(step: Step) -> Any:
    def send(totango: Totango) -> Coroutine[Any, Any, Any]:
        return totango.write(step, lambda: None)

    return send


@pytest.mark.parametrize(
    ("step", "method", "path", "body"),
    [
        (
            STEP,
            "POST",
            "/api/v3/objectives/",
            {"accountId": "a/1", "title": "T", "startDate": None, "successPlays": []},
        ),
        (
            Step(Action.UPDATE, "a", "o/../1", body={Field.CATEGORY: "c", Field.OWNER: ""}),
            "PUT",
            "/api/v3/objectives/o%2F..%2F1",
            {"accountId": "a", "categoryId": "c", "owner": ""},
        ),
        (Step(Action.DELETE, "a", "ö 1"), "DELETE", "/api/v3/objectives/%C3%B6%201", None),
        (
            Step(Action.RUN_TEMPLATE, "a", template_id="t"),
            "POST",
            "/api/v2/objective-templates/run",
            {"objectiveTemplateId": "t", "accountId": "a"},
        ),
    ],
)
def test_a_step_is_the_documented_call(settings: Settings, step: Step, method: str, path: str, body: Any) -> None:
    """Method, path and body of API.md, the token in its header, and an id never a path of its own."""
    with respx.mock(base_url=HOST) as service:
        route = service.route(method=method).respond(200, json={"id": "x"})
        tried = using(settings, write(step))
    sent = route.calls.last.request
    assert tried.verdict is Verdict.DONE
    assert sent.url.raw_path.decode() == path
    assert sent.headers["app-token"] == "the-token"
    assert (json.loads(sent.content) if sent.content else None) == body


def test_settings_and_search_are_the_documented_reads(settings: Settings) -> None:
    """Search is a form with JSON in it; ``name`` is the account's id there."""
    hits = {"response": {"accounts": {"total_hits": 1, "hits": [{"name": "a1", "display_name": "Acme"}]}}}
    with respx.mock(base_url=HOST) as service:
        service.get("/api/v3/objective-settings/status").respond(json=[{"id": "s", "displayName": "S"}])
        service.get("/api/v3/objective-settings/category").respond(json={"data": [{"id": "c", "displayName": "C"}]})
        service.get("/api/v2/objective-templates").respond(json=[{"id": "t", "title": "T"}])
        search = service.post("/api/v1/search/accounts").respond(json=hits)
        objectives = service.get("/api/v3/objectives/", params={"accountId": "a 1"}).respond(json=[])
        assert using(settings, lambda totango: totango.statuses()) == (Named("s", "S"),)
        assert using(settings, lambda totango: totango.categories()) == (Named("c", "C"),)
        assert using(settings, lambda totango: totango.templates()) == (Named("t", "T"),)
        assert using(settings, lambda totango: totango.accounts()) == ((Named("a1", "Acme"),), 1)
        assert using(settings, lambda totango: totango.objectives("a 1")) == ()
    assert objectives.called
    form = urllib.parse.parse_qs(search.calls.last.request.content.decode())
    assert json.loads(form["query"][0])["count"] == 1000


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(settings: Settings, status: int) -> None:
    """The token goes to no other host: a read is refused, a write is lost until a look decides."""
    with respx.mock(assert_all_called=False) as service:
        service.route(host="api.totango.com").respond(status, headers={"Location": "https://elsewhere.example/"})
        elsewhere = service.route(host="elsewhere.example").respond(200, json=[])
        with pytest.raises(ReadRefusedError, match="redirects"):
            using(settings, lambda totango: totango.statuses())
        tried = using(settings, write(STEP))
    assert tried.verdict is Verdict.LOST
    assert not elsewhere.called


def test_a_refused_token_says_what_the_service_says(settings: Settings) -> None:
    with respx.mock(base_url=HOST) as service:
        service.get("/api/v3/objective-settings/status").respond(401, json={"message": "Token expired"})
        with pytest.raises(AuthorizationError, match="Token expired") as caught:
            using(settings, lambda totango: totango.statuses())
    assert "the-token" not in str(caught.value)


def test_what_never_left_is_sent_again_and_what_was_lost_is_not(settings: Settings) -> None:
    """A connection that could not be made is no loss; one that broke is."""
    with respx.mock(base_url=HOST) as service:
        route = service.post("/api/v3/objectives/")
        route.side_effect = [httpx.ConnectError("no route"), httpx.Response(201, json={"id": "x"})]
        assert (using(settings, write(STEP))).verdict is Verdict.DONE
        route.side_effect = [httpx.ReadError("reset"), httpx.Response(201, json={"id": "x"})]
        assert (using(settings, write(STEP))).verdict is Verdict.LOST
        assert route.call_count == 3


def test_the_token_is_hidden_where_settings_are_shown(settings: Settings) -> None:
    assert "the-token" not in repr(settings)
