"""Standard streams that are closed, full, unread or narrow: nothing on the way to a person changes what is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from tests.cli.process_kit import Machine, each_once, made, plan, until
from tests.cli.terminal_kit import Terminal
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")


def shell(machine: Machine, line: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command line in which ``bulkobj`` is the program."""
    program = f"{sys.executable} -m bulkobj"
    command = ["bash", "-c", line.replace("bulkobj", program, 1)]
    ran = subprocess.run(command, env=machine.environ(**changes), capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in ran.stdout + ran.stderr, ran.stderr
    assert b"Exception ignored" not in ran.stderr
    return ran


@pytest.fixture
def machine(server: SandboxServer, tmp_path: Path) -> Machine:
    return Machine(server, tmp_path / "state")


@pytest.mark.parametrize(
    ("redirection", "code"),
    [("2>&-", 0), (">&-", 0), ("<&-", 0), (">&- 2>&- <&-", 0), ("--json >&-", 1), ("--json 2>&-", 0)],
)
def test_a_closed_stream_changes_nothing_of_a_run(
    machine: Machine, server: SandboxServer, tmp_path: Path, redirection: str, code: int
) -> None:
    """Exit 1 only where the report was asked for on it; a journal never takes its number."""
    plan(tmp_path / "p.csv", 3)
    assert shell(machine, f"bulkobj import p.csv --yes {redirection}").returncode == code
    assert made(server) == each_once(3)
    assert "3 created" in machine.run("runs").out


@_FULL
@pytest.mark.parametrize(
    ("redirection", "code"),
    [("2>/dev/full", 0), (">/dev/full", 0), ("--json >/dev/full", 1), ("--json 2>/dev/full", 0)],
)
def test_a_full_disk_under_a_stream_changes_nothing_of_a_run(
    machine: Machine, server: SandboxServer, tmp_path: Path, redirection: str, code: int
) -> None:
    plan(tmp_path / "p.csv", 3)
    assert shell(machine, f"bulkobj import p.csv --yes {redirection}").returncode == code
    assert made(server) == each_once(3)


@_FULL
def test_a_product_that_cannot_be_written_is_exit_1(machine: Machine, tmp_path: Path) -> None:
    for command in ("settings", "export --account BLUE-1010 -o -", "--help"):
        ran = shell(machine, f"bulkobj {command} >/dev/full")
        assert (ran.returncode, b"cannot write to standard output" in ran.stderr) == (1, True), ran
    (tmp_path / "bad.csv").write_text("Account ID,Title\nA,T\n")
    assert shell(machine, "bulkobj validate bad.csv --json >/dev/full").returncode == 3


@pytest.mark.parametrize(
    ("command", "code"), [("export --all -o -", 0), ("settings", 0), ("validate bad.csv", 3), ("--help", 0)]
)
def test_whoever_stops_reading_changes_nothing(machine: Machine, tmp_path: Path, command: str, code: int) -> None:
    (tmp_path / "bad.csv").write_text("Account ID,Title\nA,T\n")
    program = [sys.executable, "-m", "bulkobj", *command.split()]
    with subprocess.Popen(program, env=machine.environ(), stdout=PIPE, stderr=STDOUT) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == code


def test_a_terminal_that_is_closed_in_mid_run_ends_nothing(tmp_path: Path) -> None:
    """Neither its signal nor its errors: the run is done and the report written."""
    seen: list[str] = []

    def arrived(method: str, path: str, body: bytes) -> None:
        seen.append(path)
        if len(seen) == 2:
            terminal.hang_up()

    with SandboxServer(tmp_path / "served", rate="1000/1", on_write=arrived) as server:
        environ = Machine(server, tmp_path / "state").environ()
        args = ("import", plan(tmp_path / "p.csv", 8), "--yes", "--report", tmp_path / "r.json")
        with Terminal(args, environ) as terminal:
            until((tmp_path / "r.json").exists)
            assert terminal.end() == 0
        assert made(server) == each_once(8)
    assert json.loads((tmp_path / "r.json").read_text())["finished"] is True


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_any_text_can_be_shown_in_any_encoding(machine: Machine, tmp_path: Path, encoding: str) -> None:
    """東京 in ASCII becomes an escape, and never a crash."""
    rows = "BLUE-1010,東京,Adoption,In Progres 東京,,\nBLUE-1010,大阪,Adoption,In Progress,,\n"
    (tmp_path / "東京.csv").write_text(f"Account ID,Title,Category,Status,Start Date,End Date\n{rows}", "utf-8")
    (tmp_path / "good.csv").write_text(rows.replace(" 東京", "s").join(["Account ID,Title,Category,Status,A,B\n", ""]))
    for command, code in (
        ("validate 東京.csv", 3),
        ("import good.csv --dry-run", 0),
        ("import good.csv --yes", 0),
        ("runs", 0),
    ):
        ran = shell(machine, f"bulkobj {command}", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert ran.returncode == code, (command, ran)
    shown = shell(machine, "bulkobj validate 東京.csv", PYTHONIOENCODING=encoding).stdout.decode(encoding)
    assert ("東京" if encoding == "utf-8" else "\\u6771\\u4eac") in shown


def test_a_file_name_that_is_no_text_is_only_a_name(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"pl\xe4n.csv")).write_bytes(plan(tmp_path / "p.csv", 1).read_bytes())
    for command in ("validate pl$'\\xe4'n.csv", "import pl$'\\xe4'n.csv --yes", "runs", "import no$'\\xe4'.csv"):
        ran = shell(machine, f"bulkobj {command}")
        assert ran.returncode == (2 if " no" in command else 0), (command, ran)


def test_a_usage_error_repeats_no_control_code(machine: Machine) -> None:
    for arguments in ("import $'a\\e[31m.csv'", "import --$'x\\e[31m'", "$'x\\e[31m'", "settings --rate $'\\e[31m'"):
        ran = shell(machine, f"bulkobj {arguments}")
        assert (ran.returncode, b"\x1b" in ran.stderr) == (2, False), ran
