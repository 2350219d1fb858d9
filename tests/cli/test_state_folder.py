"""A state folder that cannot be read or written: every command names it, and none crashes or draws conclusions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process_kit import Machine, plan
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

_SETPRIV = shutil.which("setpriv")
_COMMANDS = ("doctor --sandbox", "runs", "resume", "settings --sandbox", "sandbox reset", "import q.csv --yes")


def powerless(machine: Machine, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command that must obey permissions, even as root."""
    rights = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    command = [sys.executable, "-m", "bulkobj", *line.split()]
    if _SETPRIV is not None and Path("/proc/self").stat().st_uid == 0:
        command = [_SETPRIV, *rights, *command]
    ran = subprocess.run(command, env=machine.environ(), capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "unexpected error" not in ran.stderr
    return ran


@pytest.fixture
def machine(server: SandboxServer, tmp_path: Path) -> Machine:
    """A machine on which a run is interrupted, and a sandbox there."""
    machine = Machine(server, tmp_path / "state")
    server.fault("status", method="POST", status=401)
    plan(tmp_path / "p.csv", 2)
    plan(tmp_path / "q.csv", 2, "Later")
    assert machine.run("import", "p.csv", "--yes").code == 4
    server.clear_faults()
    assert machine.run("settings", "--sandbox").code == 0
    return machine


@pytest.mark.skipif(
    _SETPRIV is None, reason="setpriv is missing, which takes the right to ignore permissions from root"
)
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_without_permission_is_named(machine: Machine, mode: int) -> None:
    """`resume` never says that there is nothing to resume; `runs` still lists what it can read."""
    folders = [machine.state, machine.state / "runs", machine.state / "locks", machine.state / "sandbox"]
    for folder in folders:
        folder.chmod(mode)
    try:
        for line in _COMMANDS:
            ran = powerless(machine, line)
            if line == "runs" and mode == 0o555:
                assert (ran.returncode, "unfinished" in ran.stdout) == (0, True), ran
                continue
            assert ran.returncode in {2, 4}, (line, ran)
            assert re.search("no permission|read-only", ran.stdout + ran.stderr), (line, ran)
            assert "nothing to resume" not in ran.stderr
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_a_file_in_place_of_the_folder_is_named(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    instead = Machine(machine.server, tmp_path / "file", {"BULKOBJ_CONFIG": str(tmp_path / "config.toml")})
    for line in _COMMANDS:
        ran = instead.run(*line.split())
        assert ran.code in {2, 4}, (line, ran)
        assert str(tmp_path / "file") in ran.out + ran.err
    assert instead.run("logout").code == 0


def test_a_log_that_cannot_be_written_is_no_reason_to_stop(machine: Machine, tmp_path: Path) -> None:
    """No traceback of the logging library, and never the token."""
    log = machine.state / "bulkobj.log"
    log.unlink()
    for target in ("/dev/full", str(tmp_path)):
        log.unlink(missing_ok=True)
        log.symlink_to(target)
        ran = machine.run("settings", "-vv")
        assert ran.code == 0, ran
        assert "Logging error" not in ran.err
        assert machine.server.token not in ran.err


def test_an_unexpected_error_before_a_run_gives_no_advice_to_resume(machine: Machine, tmp_path: Path) -> None:
    """Exit 4 and the advice come only once a run was begun."""
    broken = tmp_path / "lib"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import bulkobj.workflows.run as run, bulkobj.config.credentials as credentials\n"
        "def explode(*_, **__): raise RuntimeError('boom')\n"
        "run._run = explode\n"
        "credentials.TokenPlace.remove = explode\n"
    )
    python = f"{broken}:{machine.environ()['PYTHONPATH']}"
    out = machine.run("logout", PYTHONPATH=python)
    assert (out.code, "resume" in out.err) == (2, False), out
    begun = machine.run("import", plan(tmp_path / "q.csv", 1, "Other"), "--yes", "--json", PYTHONPATH=python)
    assert (begun.code, "bulkobj resume " in begun.err) == (4, True), begun
    assert begun.report["exit_code"] == 4
    assert "unexpected error (RuntimeError)" in begun.report["error"]
