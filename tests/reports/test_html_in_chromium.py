"""The HTML report in a real browser: nothing runs that isn't ours, filters work, and it fits a phone and paper.

A probe page holds the report in a frame of a phone's width, does what a reader would do, and writes down what it sees.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bulkobj.reports.html.page import html_report
from bulkobj.reports.html.rendering import visible
from bulkobj.reports.report import Report
from tests.reports.html_kit import HOSTILE, finished_run, hostile_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.proof, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed")]

_PROBE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>probe</title>
<iframe id="frame" src="/report.html" style="border:0;width:360px;height:800px"></iframe><pre id="found"></pre>
<script>
const frame = document.getElementById("frame");
const settled = () => new Promise((done) => setTimeout(done, 50));
const shown = (page, what) => [...page.querySelectorAll(what)].filter((one) => one.getClientRects().length);
const seen = (page) => shown(page, ".rows > li").map((row) => row.id);
addEventListener("load", async () => {
  const view = frame.contentWindow, page = view.document, found = {};
  try { %s } catch (error) { found.error = String(error); }
  document.getElementById("found").textContent = JSON.stringify(found);
});
</script>
"""


@dataclass
class Site:
    """A few pages on loopback, and what was asked for."""

    pages: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty site that serves for the length of a test."""
    site = Site({})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            content = site.pages.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args: object) -> None:
            """The test's output is not for requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


def browse(folder: Path, address: str, *options: str) -> str:
    """Chromium without a window, with a profile of its own; what it prints."""
    assert CHROMIUM is not None
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    offline = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
    command = [CHROMIUM, *quiet, *offline, f"--user-data-dir={folder / 'profile'}", *options, address]
    return subprocess.run(command, capture_output=True, timeout=60, check=True, encoding="utf-8").stdout


VIRTUAL_TIME = "--virtual-time-budget=4000"  # waiting costs nothing, and all timers have run before the page is told


def probe(folder: Path, site: Site, page: bytes, script: str, *options: str) -> dict[str, Any]:
    """What the probe page found when it ran the script on the report."""
    site.pages |= {"/report.html": page, "/probe.html": (_PROBE % script).encode()}
    shown = browse(folder, f"http://127.0.0.1:{site.port}/probe.html", "--dump-dom", *(options or (VIRTUAL_TIME,)))
    said = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert said, shown[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(said[1]))
    assert "error" not in found, found
    return found


def test_hostile_texts_neither_run_nor_spill(tmp_path: Path, site: Site) -> None:
    """Nothing of the file is executed or asked for, and at a phone's width nothing sticks out, whatever its length."""
    found = probe(
        tmp_path,
        site,
        html_report(hostile_run()),
        """
        found.title = page.title;
        found.elements = page.querySelectorAll("img, iframe, object, svg [onload], [onerror], [onfocus]").length;
        found.account = page.querySelector("#by-account option:nth-child(2)").textContent;
        page.styleSheets[0].insertRule(".rows > li { content-visibility: visible !important }", 0);
        found.width = page.documentElement.scrollWidth;
        const out = (one) => one.getBoundingClientRect().right > 360;
        found.out = [...page.body.querySelectorAll("*")].filter(out).map((one) => one.outerHTML);
        found.rows = seen(page).length;
        """,
    )
    assert found["title"] == f"{visible(HOSTILE[0])}: Run – bulkobj"  # noqa: RUF001 - a dash
    assert found["elements"] == 0
    assert found["account"] in {visible(text) for text in HOSTILE}
    assert found["width"] == 360
    assert found["out"] == []
    assert found["rows"] == 2 * len(HOSTILE)
    assert set(site.asked) == {"/probe.html", "/report.html"}


def test_the_policy_holds_even_where_markup_slipped_in(tmp_path: Path, site: Site) -> None:
    """Were there ever a hole in the escaping, the browser would still run and load nothing."""
    injected = b'<img src="/leak.png" onerror="document.title=1"><script>document.title = "broken"</script>'
    styled = (
        b'<style>body { background: url(/leak.css) }</style><form action="/leak"><button id="send"></button></form>'
    )
    page = html_report(finished_run()).replace(b"<h1>", injected + styled + b"<h1>")
    script = 'page.getElementById("send").click(); await settled(); found.title = page.title;'
    found = probe(tmp_path, site, page, script)
    assert found["title"].startswith("plan.csv: Run")
    assert set(site.asked) == {"/probe.html", "/report.html"}


def test_filters(tmp_path: Path, site: Site) -> None:
    """By result, by account, by words, by address and by link; the count of rows is told, and a reset shows all."""
    found = probe(
        tmp_path,
        site,
        html_report(finished_run()),
        """
        const status = page.querySelector("[role=status]"), form = page.querySelector("form");
        const choose = async (name, value, event = "change") => {
          form.elements[name].value = value;
          for (const kind of ["input", event]) form.elements[name].dispatchEvent(new Event(kind, { bubbles: true }));
          await settled();
        };
        const note = (name) => { found[name] = [seen(page), status.textContent, view.location.hash]; };
        found.revealed = form.getClientRects().length;
        found.options = [...form.elements.result.options].map((option) => option.textContent);
        note("all");
        await choose("result", "failed"); note("failed");
        await choose("search", "REFUSED 404"); note("searched");
        form.querySelector("[type=reset]").click(); await settled(); note("reset");
        await choose("account", "=Büro & Söhne"); note("account");
        view.location.hash = "#result=not-done&account="; await settled(); note("address");
        view.location.hash = "#row-2"; await settled(); note("row");
        page.querySelector(".counts a[data-filter='result=unknown']").click(); await settled(); note("link");
        found.focused = page.activeElement.id;
        await choose("search", "nothing like this"); note("none");
        """,
    )
    every = [f"row-{n}" for n in range(2, 8)]
    assert found["revealed"]
    assert found["options"][:3] == ["all", "all not done (4)", "created (1)"]
    assert found["all"] == [every, "6 rows", ""]
    assert found["failed"] == [["row-4", "row-5"], "2 of 6 rows", "#result=failed"]
    assert found["searched"] == [["row-4"], "1 of 6 rows", "#result=failed&search=REFUSED+404"]
    assert found["reset"][:2] == [every, "6 rows"]
    assert found["account"] == [["row-4", "row-5", "row-6"], "3 of 6 rows", "#account=B%C3%BCro+%26+S%C3%B6hne"]
    assert found["address"][:2] == [["row-7"], "1 of 6 rows"]
    assert found["row"] == [every, "6 rows", "#row-2"]
    assert found["link"][:2] == [["row-6"], "1 of 6 rows"]
    assert found["focused"] == "rows"
    assert found["none"][:2] == [[], "0 of 6 rows"]


def many(number: int) -> Report:
    """A run of many rows on a third as many accounts."""
    rows = finished_run().rows
    lines = [
        rows[n % 6]._replace(line=rows[n % 6].line._replace(row=n + 2, account_id=f"ACME-{n // 3}"))
        for n in range(number)
    ]
    return replace(finished_run(), rows=tuple(lines))


def test_many_accounts_are_folded_until_asked_for(tmp_path: Path, site: Site) -> None:
    """Twelve stand there at first; the button says what it does and in which state it is."""
    script = """
        const button = page.querySelector(".more");
        const lines = () => [...page.querySelectorAll(".accounts tbody tr")].filter((line) => !line.hidden).length;
        const note = () => [lines(), button.textContent, button.getAttribute("aria-expanded")];
        found.folded = note(); button.click(); found.open = note();
        """
    found = probe(tmp_path, site, html_report(many(60)), script)
    assert found["folded"] == [12, "Show 8 more accounts", "false"]
    assert found["open"] == [20, "Show fewer accounts", "true"]


def test_all_of_it_is_printed(tmp_path: Path, site: Site) -> None:
    """On paper every row and every account is there, whatever is filtered, and no control is."""
    script = """
        view.location.hash = "#result=failed"; await settled();
        const rules = [...page.styleSheets[0].cssRules].find((rule) => rule.conditionText === "print");
        found.onScreen = seen(page).length;
        const text = [...rules.cssRules].map((rule) => rule.cssText).join("\\n");
        page.styleSheets[0].insertRule(`@media all { ${text} }`, page.styleSheets[0].cssRules.length);
        found.rows = seen(page).length;
        found.accounts = shown(page, ".accounts tbody tr").length;
        found.controls = shown(page, "select, input, button, .shown").length;
        """
    found = probe(tmp_path, site, html_report(many(60)), script)
    assert found == {"onScreen": 20, "rows": 60, "accounts": 20, "controls": 0}


def test_without_scripts_all_is_there(tmp_path: Path, site: Site) -> None:
    """A mail program's preview runs none: every row and account shows, and no control that would do nothing."""
    script = """
        found.rows = seen(page).length; found.accounts = shown(page, ".accounts tbody tr").length;
        found.controls = shown(page, "select, input, button, a[href]:not([href^='#row'])").length;
        """
    page = re.sub(rb"<script>.*</script>", b"", html_report(many(60)), flags=re.DOTALL)
    found = probe(tmp_path, site, page, script)
    assert found == {"rows": 60, "accounts": 20, "controls": 0}


@pytest.mark.proof
def test_five_thousand_rows_are_quick(tmp_path: Path, site: Site) -> None:
    """Laying out 5,000 rows takes about a second, filtering them a tenth of one; a busy machine gets six times that."""
    script = """
        const form = page.querySelector("form");
        found.height = page.body.offsetHeight; found.laidOut = performance.now();
        form.elements.search.value = "refused"; form.dispatchEvent(new Event("input"));
        found.lower = page.body.offsetHeight; found.filtered = performance.now() - found.laidOut;
        """
    found = probe(tmp_path, site, html_report(many(5000)), script, "--timeout=30000")
    assert 0 < found["lower"] < found["height"]
    assert found["laidOut"] < 6000, found
    assert found["filtered"] < 600, found
