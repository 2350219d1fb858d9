"""Make the two screenshots of the README: ``python samples/make_screenshots.py``; it needs Chromium and playwright.

The page runs on an empty sandbox in a folder that is deleted afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

SAMPLES = Path(__file__).parent
SIZE = {"width": 960, "height": 620}
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Run `bulkobj ui` on an empty sandbox; its address."""
    environ = os.environ | {"BULKOBJ_STATE_DIR": str(folder / "state"), "BULKOBJ_CONFIG": str(folder / "config.toml")}
    command = [sys.executable, "-m", "bulkobj", "ui", "--sandbox", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:  # noqa: S603 - our own program
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def checked(page: Page, address: str, name: str) -> None:
    """Upload a sample and wait until it is checked."""
    page.goto(address)
    page.get_by_label("Spreadsheet").set_input_files(SAMPLES / name)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Check", exact=True).wait_for()


def main() -> None:
    """Write ``page-check.png`` and ``page-plan.png``."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with TemporaryDirectory() as folder, served(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type] # a plain dict will do
        checked(page, address, "quarterly-plan-with-mistakes.xlsx")
        page.screenshot(path=SAMPLES / "page-check.png")
        checked(page, address.partition("?")[0], "quarterly-plan.xlsx")
        page.get_by_role("button", name="Show plan").click()
        page.get_by_role("heading", name="Plan", exact=True).wait_for()
        page.screenshot(path=SAMPLES / "page-plan.png")
        browser.close()


if __name__ == "__main__":
    main()
