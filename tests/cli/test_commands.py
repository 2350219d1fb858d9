"""Every command has help with an example that runs, and speaks to the right stream with the right exit code."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from bulkobj.cli.main import _COMMANDS, cli
from tests.cli.cli_kit import against, bulkobj, creates
from tests.cli.process_kit import Machine
from tests.service.server import SandboxServer

#: Examples that go on until they are stopped, or need an account of one's own; each is tried elsewhere.
NOT_RUN = {"bulkobj sandbox serve", "bulkobj ui"}


def _helps() -> list[str]:
    names = [name for name in _COMMANDS if name != "sandbox"]
    return [*names, "sandbox serve", "sandbox reset"]


@pytest.mark.parametrize("name", _helps())
def test_the_example_of_a_commands_help_runs_in_an_empty_folder(name: str, tmp_path: Path) -> None:
    helped = bulkobj(*name.split(), "--help")
    assert helped.code == 0
    match = re.search(r"Example: ([^(]+)", " ".join(helped.out.split()))
    assert match is not None, "no example"
    example = match[1].strip()
    if any(example.startswith(prefix) for prefix in NOT_RUN):
        return
    if " RUN" in example:
        done = bulkobj("import", "-", "--sandbox", "--yes", "--json", "--report", tmp_path / "r.json", stdin=creates(1))
        example = example.replace("RUN", done.report["run"])
    for command in example.split("&&"):
        if command.strip().startswith("echo"):
            subprocess.run(["bash", "-c", command], check=True)
            continue
        ran = bulkobj(*shlex.split(command)[1:])
        assert ran.code == 0, ran.err


def test_the_list_of_commands_says_what_each_says_itself() -> None:
    """The list is written down beside the commands so that it needs no import; this holds it to them."""
    context = cli.make_context("bulkobj", ["--help"], resilient_parsing=True)
    for name in _COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
        assert command.epilog


def test_settings_on_standard_output(server: SandboxServer) -> None:
    ran = against(server, "settings")
    assert ran.code == 0
    assert "7ee010f0-1228-222-974e-89b5d2cf2152" in ran.out
    assert "90-day onboarding" in ran.out
    assert [arrival.method for arrival in server.arrivals()] == ["GET"] * 3


def test_runs_and_report_tell_the_same_again(server: SandboxServer, tmp_path: Path) -> None:
    path, first, second = tmp_path / "plan.csv", tmp_path / "first.csv", tmp_path / "second.csv"
    path.write_bytes(creates(2))
    ran = against(server, "import", path, "--yes", "--json", "--report", first)
    listed = bulkobj("runs")
    assert ran.report["run"] in listed.out
    assert "2 created" in listed.out
    assert bulkobj("report", ran.report["run"], "-o", second).code == 0
    assert first.read_bytes() == second.read_bytes()
    third = tmp_path / "third.json"
    assert bulkobj("report", ran.report["run"], "-o", third).code == 0
    assert json.loads(third.read_bytes()) == ran.report


def test_validate_reads_only_what_the_file_needs(server: SandboxServer) -> None:
    """A file of deletions needs no settings at all; --offline makes no call."""
    deletes = b"Action,Objective ID,Account ID\ndelete,x,a\n"
    assert against(server, "validate", "-", stdin=deletes).code == 0
    assert against(server, "validate", "-", "--offline", stdin=creates(1)).code == 0
    assert not server.arrivals()
    assert against(server, "validate", "-", stdin=creates(1)).code == 0
    assert len(server.arrivals()) == 2


def test_validate_draws_one_cause_together(server: SandboxServer) -> None:
    ran = against(server, "validate", "-", stdin=creates(312).replace(b"In Progress", b"In Progres"))
    assert ran.code == 3
    assert 'unknown status "In Progres". Did you mean "In Progress"? [unknown-status] (312 rows)' in ran.out


@pytest.mark.parametrize(
    "args",
    [
        ["import"],
        ["nonsense"],
        ["validate", "-", "--date-order", "XYZ"],
        ["validate", "-", "--timezone", "Mars/Phobos"],
        ["validate", "-", "--map", "nonsense"],
        ["validate", "-", "--map", "Title=Nonsense"],
        ["settings", "--rate", "fast"],
        ["settings", "--base-url", "http://example.com"],
        ["settings", "--base-url", "ftp://127.0.0.1"],
        ["settings", "--concurrency", "0"],
        ["settings", "--profile", "none"],
        ["report", "none", "-o", "x.csv"],
        ["resume", "none"],
        ["runs", "--prune", "999999d"],
        ["sandbox", "serve", "--port", "99999"],
    ],
)
def test_wrong_use_is_exit_2_with_a_word(args: list[str]) -> None:
    ran = bulkobj(*args, stdin=creates(1), environ={"BULKOBJ_TOKEN": "t"})
    assert ran.code == 2
    assert ran.err
    assert "Traceback" not in ran.err


def test_version_and_module() -> None:
    from bulkobj import __version__  # noqa: PLC0415 - used once

    assert __version__ in bulkobj("--version").out


def test_an_internal_error_is_a_sentence_not_a_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The trace is kept in the state folder, without the token, for its owner alone."""

    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("secret-token in the message")

    monkeypatch.setattr("bulkobj.cli.commands.import_file.validate", explode)
    ran = bulkobj("validate", "-", stdin=creates(1), environ={"BULKOBJ_TOKEN": "secret-token"})
    assert ran.code == 2
    assert "Traceback" not in ran.err + ran.out
    assert "resume" not in ran.err
    log = tmp_path / "state" / "crash.log"
    assert "RuntimeError" in log.read_text()
    assert "secret-token" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_nothing_to_resume_is_still_json(tmp_path: Path) -> None:
    ran = bulkobj("resume", "--json", environ={"BULKOBJ_TOKEN": "t"})
    assert (ran.code, ran.report) == (0, {"error": None, "exit_code": 0})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_standard_output_that_is_full_or_unread(server: SandboxServer, tmp_path: Path) -> None:
    """A full disk is a sentence and exit 1; whoever stops reading changes nothing of how a command ends."""
    environ, program = Machine(server, tmp_path / "state").environ(), [sys.executable, "-m", "bulkobj"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([*program, "settings"], env=environ, stdout=full, stderr=PIPE, check=False)
    assert ran.returncode == 1
    assert b"cannot write to standard output" in ran.stderr
    (tmp_path / "bad.csv").write_text("Account ID,Title\nA,T\n")
    for command, code in ((["export", "--all", "-o", "-"], 0), (["settings"], 0), (["validate", "bad.csv"], 3)):
        with subprocess.Popen([*program, *command], env=environ, stdout=PIPE, stderr=STDOUT) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait() == code, command
