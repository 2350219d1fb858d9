"""A real browser, if one is installed, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import Page as Tab

from tests.web.web_kit import Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "no Chromium or Chrome is installed"
_QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_AXE = resources.files("axe_playwright_python") / "axe.min.js"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that is installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield browser
        browser.close()


class Visit:
    """A visit to the page: what was asked for, and what went wrong in the browser."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.context, self._page = context, page
        context.set_default_timeout(15_000)
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        self.tab = context.new_page()
        self.tab.goto(page.guard.address)

    def go(self, path: str) -> None:
        """Go to a page."""
        self.tab.goto(self._page.url + path)

    def check(self, content: bytes, name: str = "plan.csv") -> None:
        """Upload a file and wait for Check."""
        self.tab.get_by_label("Spreadsheet").set_input_files({"name": name, "mimeType": "", "buffer": content})
        self.tab.get_by_role("button", name="Check", exact=True).click()
        self.tab.get_by_role("heading", name="Check", exact=True).wait_for()

    def press(self, name: Any) -> None:
        """Press the button of that name."""
        self.tab.get_by_role("button", name=name).click()

    def wait_for(self, heading: str) -> None:
        """Wait for a page by its heading."""
        self.tab.get_by_role("heading", name=heading, exact=True).wait_for()


def serious(tab: Tab) -> list[str]:
    """Return what axe-core finds that is serious or critical."""
    tab.evaluate(_AXE.read_text("utf-8"))
    found = tab.evaluate("axe.run()")
    return [
        f"{one['id']} ({one['impact']}): {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def width(tab: Tab) -> int:
    """Return how wide the document is."""
    found: int = tab.evaluate("document.documentElement.scrollWidth")
    return found
