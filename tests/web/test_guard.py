"""Strangers get nothing: each promise about security has its test here."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

import httpx
import pytest

from bulkobj.web.guard import HEADERS
from tests.web.web_kit import Page, heading

NewPage = Callable[..., Page]
PATHS = ("/", "/runs", "/export", "/settings", "/static/page.js", "/nothing-here")


def test_the_secret_works_once_and_becomes_a_cookie(new_page: NewPage) -> None:
    """The cookie is out of reach for scripts and for other sites; the address is of no use any more."""
    page = new_page(is_open=False)
    answer = page.client.get(page.guard.address, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert heading(page.get("/")) == "Start"
    page.client.cookies.clear()
    assert page.client.get(page.guard.address).status_code == 403


def test_a_browser_that_comes_from_a_file_is_led_on_by_a_page(new_page: NewPage) -> None:
    """A strict cookie is not sent along a redirect that another place began."""
    page = new_page(is_open=False)
    answer = page.client.get(page.guard.address, headers={"sec-fetch-site": "cross-site"}, follow_redirects=False)
    assert answer.status_code == 200
    assert 'url=/"' in answer.text
    assert heading(page.get("/")) == "Start"


def test_opening_the_used_address_again_in_the_same_browser_leads_to_start(page: Page) -> None:
    """A bookmark does no harm."""
    assert heading(page.client.get(page.guard.address)) == "Start"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cookie", ["", "bulkobj-{port}=wrong", "bulkobj-{port}=", "other=1; bulkobj-{port}"])
def test_without_the_cookie_there_is_nothing(path: str, cookie: str, new_page: NewPage) -> None:
    """A second user of the machine, and every other program, gets the same refusal everywhere."""
    page = new_page(is_open=False)
    answer = page.client.get(path, headers={"cookie": cookie.format(port=page.port)} if cookie else {})
    assert answer.status_code == 403
    assert "bulkobj ui again" in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost:{port}.evil.example",
        "[::1]:{port}",
        "",
    ],
)
def test_another_host_header_is_refused(host: str, page: Page) -> None:
    """A name of another site that resolves to this computer (DNS rebinding) gets nothing, cookie or not."""
    for answer in (
        page.get("/", headers={"host": host.format(port=page.port)}),
        page.client.post("/files", headers={"host": host.format(port=page.port)}),
    ):
        assert answer.status_code == 403


def test_localhost_is_a_name_of_the_page(page: Page) -> None:
    """The cookie belongs to one of the two names, the Host check allows both."""
    cookie = "; ".join(f"{name}={value}" for name, value in page.client.cookies.items())
    assert page.get("/", headers={"host": f"localhost:{page.port}", "cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "file://"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_is_refused(origin: str, method: str, page: Page) -> None:
    """Forms and scripts of other pages, those of other ports of this computer included, send nothing here."""
    assert page.client.request(method, "/target", headers={"origin": origin.format(port=page.port)}).status_code == 403


def test_a_post_that_the_browser_says_is_cross_site_is_refused(page: Page) -> None:
    """Also where an Origin header is left out."""
    assert page.client.post("/target", headers={"sec-fetch-site": "same-site"}).status_code == 403
    assert page.client.post("/target", headers={"origin": f"http://127.0.0.1:{page.port}"}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(method: str, page: Page) -> None:
    assert page.client.request(method, "/").status_code == 405


def test_every_answer_has_the_headers(page: Page) -> None:
    """Pages, files, refusals and errors alike."""
    answers = [page.get(path) for path in PATHS]
    answers += [page.get("/", headers={"host": "evil.example"}), page.client.put("/"), page.post("/files")]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    policy = HEADERS["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize("path", ["/", "/runs", "/export", "/settings"])
def test_no_page_needs_what_the_policy_forbids(path: str, page: Page) -> None:
    """No script, style or handler stands in a page, and nothing is loaded from elsewhere."""
    text = page.get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r'(?:src|href|action)="(?!/|#)', text)


def test_no_get_changes_anything(page: Page) -> None:
    """Every address that changes something knows POST only."""
    changing = ["/files", "/files/x/save", "/files/x/use", "/files/x/columns", "/files/x/plan", "/jobs/x/stop"]
    changing += ["/runs/x/resume", "/runs/x/undo", "/runs/x/retry", "/template", "/settings/names", "/target", "/login"]
    assert {path: page.get(path).status_code for path in changing} == dict.fromkeys(changing, 405)


def test_a_huge_upload_is_refused_before_it_is_read(new_page: NewPage) -> None:
    """By the length that it claims, and by what arrives if it claims none."""
    page = new_page(most=1000)
    cookie = "; ".join(f"{name}={value}" for name, value in page.client.cookies.items())
    lines = ("POST /files HTTP/1.1", f"Host: 127.0.0.1:{page.port}", f"Cookie: {cookie}", "Content-Length: 10000000000")
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        assert connection.recv(12) == b"HTTP/1.1 413"
    streamed = page.client.post("/files", files={"file": ("plan.csv", b"x" * 5000)})
    assert streamed.status_code == 413


def test_the_token_is_on_no_page(monkeypatch: pytest.MonkeyPatch, server: object, page: Page) -> None:
    """Once it is stored, the browser never sees it."""
    monkeypatch.setenv("BULKOBJ_TOKEN", "s3cret-token")
    for path in PATHS:
        assert "s3cret-token" not in page.get(path).text


def test_the_answer_to_a_stranger_is_the_same_for_every_path(new_page: NewPage) -> None:
    """So that nobody learns which runs and uploads there are."""
    page = new_page(is_open=False)
    answers: list[httpx.Response] = [page.get(path) for path in ("/runs/20260101-000000-abcd", "/files/" + "0" * 32)]
    assert len({answer.text for answer in answers}) == 1
