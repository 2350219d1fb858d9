"""`bulkobj ui` as a process: its address, its end, and what becomes of a run that is at work."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.cli_kit import bulkobj
from tests.web.web_kit import creates

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[2]


@contextmanager
def ui(*options: str, sandbox: bool = True) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the program; the process and the address that it prints."""
    command = [sys.executable, "-m", "bulkobj", "ui", *(["--sandbox"] if sandbox else []), *options]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the end; what it printed on both streams."""
    return process.communicate(timeout=30)


@contextmanager
def browser(address: str) -> Iterator[httpx.Client]:
    """A client that has opened the address."""
    url = address.partition("/?")[0]
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False) as client:
        client.get(address)
        yield client


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_address_is_printed_and_a_signal_ends_it(number: int) -> None:
    """On standard output, of loopback; nothing else is said, and the exit code is 0."""
    with ui("--no-browser") as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?secret=[\w-]{40,}", address)
        with browser(address) as client:
            assert "<h1>Start</h1>" in client.get("/").text
        process.send_signal(number)
        assert said(process) == ("", "")
        assert process.returncode == 0


def test_a_port_that_is_taken_is_refused() -> None:
    """With what to do."""
    with ui("--no-browser") as (_, address):
        port = re.search(r":(\d+)/", address)
        assert port is not None
        ran = bulkobj("ui", "--sandbox", "--no-browser", "--port", port[1])
        assert (ran.code, ran.out) == (2, "")
        assert f"port {port[1]}" in ran.err
        assert "--port" in ran.err


def test_it_ends_when_nobody_uses_it() -> None:
    """After the time that --idle sets."""
    with ui("--no-browser", "--idle", "0.02") as (process, address):
        with browser(address) as client:
            assert client.get("/").status_code == 200
        begun = time.monotonic()
        process.wait(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - begun > 0.5


def run_of(client: httpx.Client, rows: int) -> str:
    """Begin an import of so many rows; the address of its progress."""
    check = client.post("/files", files={"file": ("plan.csv", creates(rows))})
    plan = client.post(f"{check.url.path}/plan")
    assert "<h1>Plan</h1>" in plan.text
    progress = client.post(plan.url.path, data={"answer": "yes"})
    assert "<h1>Progress</h1>" in progress.text
    return progress.url.path


def test_it_never_ends_during_a_run() -> None:
    """Also if nobody looks: all rows are sent."""
    with ui("--no-browser", "--idle", "0.02", "--rate", "6/1") as (process, address):
        with browser(address) as client:
            run_of(client, 18)
        process.wait(timeout=30)
    listed = bulkobj("runs").out
    assert "finished" in listed
    assert "18 created" in " ".join(listed.split())


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_during_a_run_leaves_it_to_be_resumed() -> None:
    """What is in flight is recorded; the message names the run, and resume sends the rest, each row once."""
    with ui("--no-browser", "--rate", "6/1") as (process, address), browser(address) as client:
        run_of(client, 18)
        process.send_signal(signal.SIGINT)
        _, err = said(process)
    assert re.search(r"Run `bulkobj resume \d{8}-\d{6}-\w{4}` to continue", " ".join(err.split()))
    assert "unfinished" in bulkobj("runs").out
    resumed = bulkobj("resume", "--rate", "99/3", "--json")
    assert resumed.column("result") == ["created"] * 18
    assert bulkobj("export", "--sandbox", "--account", "BLUE-1010", "-o", "-").out.count("Planned") == 18


def test_the_browser_opens_a_file_of_the_users_own(tmp_path: Path) -> None:
    """The secret is not among the arguments of a process, which every user of the machine can read."""
    browser_log = tmp_path / "browser.txt"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$@" > {browser_log}\n')
    script.chmod(0o755)
    os.environ["BROWSER"] = str(script)
    try:
        with ui() as (_, address):
            until = time.monotonic() + 10
            while not browser_log.exists() or not browser_log.read_text():
                assert time.monotonic() < until
                time.sleep(0.05)
    finally:
        del os.environ["BROWSER"]
    opened = browser_log.read_text().strip()
    page = Path(opened.removeprefix("file://"))
    assert address.partition("secret=")[2] not in opened
    assert address in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
