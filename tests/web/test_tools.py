"""Export, Settings, the empty template, the target, and logging in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import respx
from httpx import Response

from bulkobj.config.settings import Options
from tests.service.server import SandboxServer
from tests.web.web_kit import Page, buttons, heading

NewPage = Callable[..., Page]
QUICK = Options(rate="99/3", settle=0.3, timeout=5)


def target(page: Page) -> str:
    """Return the text of the element that names the target."""
    found = re.search(r'role="status" aria-label="Target">(.*?)<', page.get("/").text)
    assert found is not None
    return found[1]


def test_export_of_all_accounts_and_of_some(page: Page) -> None:
    """A workbook, or a CSV file of one account."""
    whole = page.post("/export", {})
    assert whole.content.startswith(b"PK")
    some = page.post("/export", {"accounts": "BLUE-1010\n", "format": "csv"})
    lines = some.text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("Action,Account ID")
    assert {line.split(",")[1] for line in lines[1:]} == {"BLUE-1010"}


def test_an_unknown_name_in_a_filter_is_refused(page: Page) -> None:
    """On a page, with a suggestion."""
    answer = page.settled(page.post("/export", {"status": "In Progres"}))
    assert "In Progress" in answer.text
    assert heading(answer) == "Stopped"


def test_the_empty_template(page: Page) -> None:
    """A workbook with the tenant's names."""
    answer = page.post("/template")
    assert answer.content.startswith(b"PK")
    assert "objectives-import.xlsx" in answer.headers["content-disposition"]


def test_settings_show_the_profile_and_the_names(page: Page, tmp_path: Path) -> None:
    """The names once they are asked for, as they take calls."""
    shown = page.get("/settings")
    assert str(tmp_path / "state") in shown.text
    named = page.settled(page.post("/settings/names"))
    assert heading(named) == "Settings"
    assert "In Progress" in named.text
    assert "Adoption" in named.text


def test_the_target_is_named_on_every_page(new_page: NewPage, tmp_path: Path) -> None:
    """Host or sandbox, profile and region; another profile can be chosen."""
    (tmp_path / "config.toml").write_text('[profiles.acme]\nregion = "eu"\n')
    page = new_page(QUICK)
    assert target(page) == "api.totango.com, profile default, region us"
    page.post("/target", {"profile": "acme"})
    assert target(page) == "api-eu1.totango.com, profile acme, region eu"
    page.post("/target", {"sandbox": "yes"})
    assert target(page).startswith("sandbox, profile acme")
    page.post("/target", {})
    assert target(page) == "api-eu1.totango.com, profile acme, region eu"


def test_without_a_token_there_is_a_form_and_the_sandbox(new_page: NewPage) -> None:
    """Nothing else is offered on Start."""
    page = new_page(QUICK)
    assert buttons(page.get("/")) == ["Try it in the sandbox", "Log in"]
    page.post("/target", {"sandbox": "yes"})
    assert "Check" in buttons(page.get("/"))


@pytest.fixture
def service() -> object:
    """Both public hosts, of which one knows the token; calls to the page itself go through."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1").pass_through()
        yield router


def calls(router: respx.MockRouter) -> list[tuple[str, str, str]]:
    """Return host, path and token of each call to a public host."""
    requests = [call.request for call in router.calls if call.request.url.host != "127.0.0.1"]
    return [(one.url.host, one.url.path, one.headers.get("app-token", "")) for one in requests]


STATUSES = [{"id": "s1", "displayName": "Open"}]


def test_a_region_that_is_chosen_is_the_only_host_that_sees_the_token(
    new_page: NewPage, service: respx.MockRouter
) -> None:
    """Then it is stored, and shown nowhere."""
    service.get(host="api-eu1.totango.com").mock(Response(200, json=STATUSES))
    page = new_page(QUICK)
    answer = page.post("/login", {"token": "t0ken-of-mine", "region": "eu"})
    assert "Check" in buttons(answer)
    assert "t0ken-of-mine" not in answer.text
    assert {(host, token) for host, _, token in calls(service)} == {("api-eu1.totango.com", "t0ken-of-mine")}
    assert target(page) == "api-eu1.totango.com, profile default, region eu"
    assert target(new_page(QUICK)) == "api-eu1.totango.com, profile default, region eu"  # after a restart


@pytest.mark.parametrize(("site", "host"), [("t11", "api-eu1.totango.com"), ("t8", "api.totango.com")])
def test_the_region_is_found_by_the_service_id_without_the_token(
    new_page: NewPage, service: respx.MockRouter, site: str, host: str
) -> None:
    """The look-up is the only call to the other host, and carries no token."""
    service.get("https://api.totango.com/domains/").mock(Response(200, json={"site": site}))
    service.get(host=host, path__startswith="/api").mock(Response(200, json=STATUSES))
    page = new_page(QUICK)
    assert "Check" in buttons(page.post("/login", {"token": "t0ken", "region": "", "service": "SP-1-01"}))
    assert calls(service)[0] == ("api.totango.com", "/domains/", "")
    assert {one[::2] for one in calls(service)[1:]} == {(host, "t0ken")}


@pytest.mark.parametrize("said", [{}, {"region": "mars"}, {"service": "SP-unknown"}])
def test_a_token_is_never_tried_without_a_region(
    new_page: NewPage, service: respx.MockRouter, said: dict[str, str]
) -> None:
    """No host sees it."""
    service.get("https://api.totango.com/domains/").mock(Response(404, json={}))
    page = new_page(QUICK)
    assert page.post("/login", {"token": "t0ken"} | said).status_code == 400
    assert [token for _, _, token in calls(service) if token] == []


def test_a_token_that_is_refused_is_not_stored(new_page: NewPage, service: respx.MockRouter) -> None:
    """And not repeated in the answer."""
    service.get(host="api.totango.com").mock(Response(401, json={"error": {"type": "authentication_failed"}}))
    page = new_page(QUICK)
    answer = page.post("/login", {"token": "t0ken-of-mine", "region": "us"})
    assert answer.status_code == 400
    assert "t0ken-of-mine" not in answer.text
    assert "Log in" in buttons(page.get("/"))


def test_a_host_of_ones_own_needs_no_region(
    new_page: NewPage, server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the address is given, the token goes there."""
    monkeypatch.setenv("BULKOBJ_BASE_URL", server.url)
    page = new_page(QUICK)
    assert "Region" not in page.get("/").text
    assert "Check" in buttons(page.post("/login", {"token": server.token}))
    assert "Check" in buttons(page.get("/"))
