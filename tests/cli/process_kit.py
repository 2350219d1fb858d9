"""Runs the program as processes of their own, several at once, signalled and killed as an admin's machine does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import bulkobj
from tests.service.recording import Arrival
from tests.service.server import SandboxServer

HEADER = "Account ID,Title,Category,Status,Start Date,End Date"
#: Long enough for any step of a test on a busy machine; nothing is asserted about it.
PATIENCE = 60.0


@dataclass(frozen=True)
class Ended:
    """What a process said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


class Process:
    """A command under way; left, it is killed."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.kill()
        self._popen.communicate()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._popen.poll() is not None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def stays(self, seconds: float) -> bool:
        """Whether it is still there after that time."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def end(self) -> Ended:
        """Wait until it is over; no traceback ever reaches a user."""
        out, err = self._popen.communicate(timeout=PATIENCE)
        assert "Traceback" not in out + err, err
        return Ended(self._popen.returncode, out, err)


@dataclass(frozen=True)
class Machine:
    """One user's machine: a state folder, a token, a service. ``changes`` are further environment variables."""

    server: SandboxServer
    state: Path
    changes: dict[str, str] = field(default_factory=dict)

    def environ(self, **changes: str) -> dict[str, str]:
        """The environment of a command."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state),
            "PYTHONPATH": str(Path(bulkobj.__file__).parents[1]),
            "BULKOBJ_TOKEN": self.server.token,
            "BULKOBJ_BASE_URL": self.server.url,
            "BULKOBJ_STATE_DIR": str(self.state),
            "BULKOBJ_CONFIG": str(self.state / "config.toml"),
            "BULKOBJ_RATE": "99/3",
            "BULKOBJ_TIMEOUT": "5",
            "BULKOBJ_SETTLE": "0.3",
            **self.changes,
            **changes,
        }

    def start(self, *args: object, **changes: str) -> Process:
        """Start a command."""
        return Process([sys.executable, "-m", "bulkobj", *(str(arg) for arg in args)], self.environ(**changes))

    def run(self, *args: object, **changes: str) -> Ended:
        """Run a command to its end."""
        with self.start(*args, **changes) as process:
            return process.end()


def plan(path: Path, number: int, name: str = "Planned", accounts: tuple[str, ...] = ("BLUE-1010",)) -> Path:
    """A CSV of so many creates, in turns on these accounts."""
    rows = (
        f"{accounts[n % len(accounts)]},{name} {n},Adoption,In Progress,2027-01-11,2027-03-26" for n in range(number)
    )
    path.write_text("\n".join([HEADER, *rows]))
    return path


#: Accounts of the seeds, for runs that shall write to several at once.
ACCOUNTS = ("BLUE-1010", "ACME-1001", "ACME-1002", "BRIG-1014", "JUNI-1081")


def made(server: SandboxServer, name: str = "Planned") -> Counter[str]:
    """How often each objective of a plan is there."""
    return Counter(str(one["title"]) for one in server.objectives() if str(one["title"]).startswith(f"{name} "))


def each_once(number: int, name: str = "Planned") -> Counter[str]:
    """What a plan of so many creates makes when nothing is lost and nothing twice."""
    return Counter(f"{name} {n}" for n in range(number))


def writes(server: SandboxServer) -> list[Arrival]:
    """Return the requests that change something; account search is none."""
    return [one for one in server.arrivals() if one.method != "GET" and "/search/" not in one.path]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process or thread brings about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)
