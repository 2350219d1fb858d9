"""The process dies at every point, and `bulkobj resume` makes the service hold what the plan says, each once."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.behaviour import Fault
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

DIED = 99
PLAN = """Action,Account ID,Objective ID,Title,Category,Status,Start Date,End Date,Template
,BLUE-1010,,Alpha,Adoption,In Progress,2027-01-11,2027-03-26,
,BLUE-1010,,Twin,Adoption,In Progress,2027-01-11,2027-03-26,
,BLUE-1010,,Twin,Adoption,In Progress,2027-01-11,2027-03-26,
,ACME-1002,,Beta,Upsale,Not Started,2027-01-11,2027-03-26,
update,ACME-1001,1946f580-3cae-445c-9069-80ba1f71f6fa,Renamed,,,,,
delete,BRIG-1014,d089b204-9df5-4f11-ac7c-78e987180a16,,,,,,
upsert,ACME-1002,,Gamma,Upsale,Not Started,2027-01-11,2027-03-26,
run template,JUNI-1081,,,,,,,90-day onboarding
run template,JUNI-1081,,,,,,,90-day onboarding
"""

FAULTS: dict[str, dict[str, Any] | None] = {
    "no fault": None,
    "answer lost after commit": {"kind": "drop", "when": "after"},
    "502 before commit": {"kind": "status", "status": 502, "when": "before", "style": "html"},
    "502 after commit": {"kind": "status", "status": 502, "when": "after"},
    "committed later than our time-out": {"kind": "late", "delay": 0.5},
}


class Zygote:
    """The process that the commands are forked from."""

    def __init__(self, server: SandboxServer, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash_zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._server = server
        self._folder = folder

    def run(self, *argv: object, point: int = 0, state: Path) -> int:
        """Run a command, dying at a point; its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        environ = {
            "BULKOBJ_TOKEN": self._server.token,
            "BULKOBJ_BASE_URL": self._server.url,
            "BULKOBJ_STATE_DIR": str(state),
            "BULKOBJ_RATE": "99/1",
            "BULKOBJ_TIMEOUT": "0.3",
            "BULKOBJ_SETTLE": "0.4",
        }
        task = {
            "argv": [str(arg) for arg in argv],
            "environ": environ,
            "point": point,
            "log": str(self._folder / "log"),
        }
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


@pytest.fixture
def unlimited(tmp_path: Path) -> Iterator[SandboxServer]:
    """A sandbox that counts no calls: what is looked at here is what it holds."""
    with SandboxServer(tmp_path / "served", rate="1000000/1") as server:
        yield server


@pytest.fixture
def zygote(unlimited: SandboxServer, tmp_path: Path) -> Iterator[Zygote]:
    started = Zygote(unlimited, tmp_path)
    yield started
    started.close()


def held(server: SandboxServer) -> Counter[str]:
    """What the service holds, whatever the ids are, as a multiset."""
    unlike = {"id", "createdAt", "updatedAt", "createdBy", "updatedBy", "startDate", "endDate"}
    return Counter(
        json.dumps({k: v for k, v in one.items() if k not in unlike}, sort_keys=True) for one in server.objectives()
    )


def crash_and_resume(
    server: SandboxServer,
    zygote: Zygote,
    folder: Path,
    text: str,
    grown: int,
    fault: dict[str, Any] | None,
    *,
    by: int = 1,
) -> int:
    """Die at point 1, 1 + by … until a run gets through, resuming each; how many points there were.

    ``grown`` is by how many objectives the plan makes the service hold more than its seeds.
    """
    plan = folder / "plan.csv"
    plan.write_text(text)
    seeds = server.objectives()

    def fresh(point: int) -> Path:
        server.put("objectives", seeds, replace=True)
        server.clear_faults()
        if fault is not None:
            server.fault(Fault(method="POST", path="/objectives", skip=1, count=2, **fault))
            server.fault(Fault(method="PUT", count=1, **fault))
        return folder / f"state{point}"

    assert zygote.run("import", plan, "--yes", state=fresh(0)) == 0, (folder / "log").read_text()
    expected = held(server)
    assert len(server.objectives()) == len(seeds) + grown
    for point in itertools.count(1, by):
        state = fresh(point)
        code = zygote.run("import", plan, "--yes", point=point, state=state)
        if code != DIED:
            assert code == 0
            return point
        # A run that died before its journal was there has sent nothing, and is begun anew.
        resumed = zygote.run("resume", state=state) if list(state.glob("runs/*.sqlite")) else 1
        if resumed == 1:
            assert held(server) != expected
            resumed = zygote.run("import", plan, "--yes", state=state)
        log = (folder / "log").read_text()
        assert resumed == 0, (point, log)
        assert held(server) == expected, (point, log)
        writes = [one for one in server.arrivals() if one.method != "GET"]
        assert zygote.run("resume", state=state) == 0
        assert [one for one in server.arrivals() if one.method != "GET"] == writes, "a finished run wrote again"
    raise AssertionError("never got through")


def test_dying_at_every_point(unlimited: SandboxServer, zygote: Zygote, tmp_path: Path) -> None:
    """Without faults: whatever the moment, resuming finishes the plan, with nothing lost and nothing twice."""
    lines = PLAN.splitlines(keepends=True)
    points = crash_and_resume(unlimited, zygote, tmp_path, "".join(lines[:1] + lines[1:2] + lines[5:7]), 0, None)
    assert points > 20, "there are fewer points than steps to survive"


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_dying_at_every_point_of_a_longer_plan(
    unlimited: SandboxServer, zygote: Zygote, tmp_path: Path, fault: dict[str, Any] | None
) -> None:
    """Twins and a template run among its rows, combined with answers that are lost at the service's end."""
    points = crash_and_resume(unlimited, zygote, tmp_path, PLAN, 6, fault, by=7)
    assert points > 40, "there are fewer points than steps to survive"
