"""What each tool leaves in the service when calls go wrong or it is killed: real processes, HTTP, the sandbox's store.

Time is scaled: the sandbox allows 100 calls in any 6 s, and every wait of every tool is a tenth of what it would be.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.bench.measure_pace import accounts, write_plan
from tests.service.behaviour import Behaviour, Fault
from tests.service.server import SandboxServer

WINDOW = 6.0
ROWS = 120
#: Calls take from 0.05 to 3 s, scaled.
BEHAVIOUR = Behaviour(transit=0.0025, transit_jitter=0.1475, latency=0.0025, jitter=0.1475, seed=1)
#: An answer of 503, an orderly end, a reset, half an answer, and no answer before the client has enough.
KINDS = ("status", "drop", "reset", "truncated", "hang")
#: Each of them before the call is done and after it, and all that twice.
FAULTS = [(kind, when) for _ in range(2) for when in ("before", "after") for kind in KINDS]
KILLS = 5


@dataclass(frozen=True)
class Left:
    """Objectives too many, rows that are not there, and rows that were reported as unknown."""

    duplicates: int
    missing: int
    unknown: int = 0

    def __str__(self) -> str:
        return f"{self.duplicates} twice, {self.missing} missing" + (
            f", {self.unknown} unknown" if self.unknown else ""
        )


class Tool:
    """A program that imports a plan, and is started again after it was killed: bulkobj, or the ``script``."""

    def __init__(self, script: Path | None = None) -> None:
        self._script = script

    def first(self, plan: Path) -> list[str]:
        """The command that imports the plan."""
        if self._script:
            return [sys.executable, str(self._script), str(plan), "--window", f"{WINDOW:g}"]
        return [*_bulkobj("import", str(plan)), "--yes"]

    def again(self, plan: Path, start: int) -> list[str]:
        """The command after a kill: a script begins with row ``start``, and bulkobj knows where it was."""
        return [*self.first(plan), "--start", str(start)] if self._script else _bulkobj("resume")


def _bulkobj(*words: str) -> list[str]:
    scaled = ("--rate", f"99/{WINDOW:g}", "--timeout", f"{WINDOW / 2:g}", "--settle", f"{WINDOW:g}")
    return [sys.executable, "-m", "bulkobj", *words, *scaled]


def after_faults(tool: Tool) -> Left:
    """Let calls go wrong, evenly over the run: every fault hits one create."""
    with _trial() as trial:
        for number, (kind, when) in enumerate(FAULTS):
            hit = {"method": "POST", "skip": number * ROWS // len(FAULTS), "count": 1}
            trial.server.fault(Fault.from_mapping({"kind": kind, "when": when, **hit}))
        said = trial.run(tool.first(trial.plan))
        unknown = re.search(r"^ *unknown +(\d+)$", said, re.MULTILINE)
        return trial.left(int(unknown[1]) if unknown else 0)


def after_a_kill(tool: Tool) -> Left:
    """Kill it halfway, and start it again with the whole file."""
    with _trial() as trial:
        trial.kill(tool.first(trial.plan), ROWS // 2)
        trial.run(tool.again(trial.plan, start=2))
        return trial.left()


def after_kills(tool: Tool) -> Left:
    """Kill it several times, and start it again each time with the first row that it has not yet printed."""
    with _trial() as trial:
        command, printed = tool.first(trial.plan), {1}
        for number in range(1, KILLS + 1):
            said = trial.kill(command, number * ROWS // (KILLS + 1))
            printed |= {int(row) for row in re.findall(r"^row (\d+): created$", said, re.MULTILINE)}
            start = next(row for row in range(2, ROWS + 3) if row not in printed)
            command = tool.again(trial.plan, start)
        trial.run(command)
        return trial.left()


@dataclass(frozen=True)
class Trial:
    """A plan, a service that knows its accounts, and a folder for what the tools keep."""

    server: SandboxServer
    plan: Path
    random: Random

    def run(self, command: Sequence[str]) -> str:
        """What it says until it ends."""
        with self._started(command) as process:
            said, _ = process.communicate()
        if "Traceback" in said:
            raise RuntimeError(said)
        return str(said)

    def kill(self, command: Sequence[str], rows: int) -> str:
        """What it has said when it is killed, at a random moment after so many rows are there."""
        with self._started(command) as process:
            while ROWS - self.left().missing < rows:
                if process.poll() is not None:
                    raise RuntimeError(f"ended before it was killed: {process.communicate()[0]}")
                time.sleep(0.02)
            time.sleep(self.random.uniform(0, 0.2))
            process.kill()
            return str(process.communicate()[0])

    def left(self, unknown: int = 0) -> Left:
        """What the store holds, beside its seeds, of a plan whose titles all differ."""
        titles = (str(one["title"]) for one in self.server.objectives())
        found = Counter(title for title in titles if re.fullmatch(r"Objective number \d+", title))
        return Left(found.total() - len(found), ROWS - len(found), unknown)

    def _started(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """For any of the tools. What a script prints is seen at once, as in a terminal."""
        folder = self.plan.parent
        environ = os.environ | {
            "BULKOBJ_TOKEN": self.server.token,
            "BULKOBJ_BASE_URL": self.server.url,
            "BULKOBJ_STATE_DIR": str(folder / "state"),
            "BULKOBJ_CONFIG": str(folder / "config.toml"),
            "TOTANGO_TOKEN": self.server.token,
            "TOTANGO_URL": self.server.url,
            "PYTHONUNBUFFERED": "1",
        }
        return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextmanager
def _trial() -> Iterator[Trial]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with SandboxServer(folder / "service", behaviour=BEHAVIOUR, rate=f"100/{WINDOW:g}") as server:
            server.put("accounts", accounts())
            yield Trial(server, write_plan(folder / "plan.csv", ROWS), Random(1))
