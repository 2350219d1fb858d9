"""Where reports and failures go: never over the file that is read, and never at the cost of what was done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.cli_kit import SIX, against, calls, creates
from tests.service.server import SandboxServer

MIXED = f"{SIX}\nBLUE-1010,Done,Adoption,In Progress,2027-01-11,2027-03-26\nBLUE-1010,{{}},Adoption,In Progress,,\n"


def refuse_second_create(server: SandboxServer) -> None:
    """Let the service refuse the second row of :data:`MIXED`."""
    server.fault("status", method="POST", path="/objectives", status=400, skip=1)


@pytest.mark.parametrize("command", [("validate",), ("import", "--yes"), ("import", "--dry-run")])
@pytest.mark.parametrize("outputs", [("--report", "p.csv"), ("--failures", "./p.csv"), ("--report", "a.csv") * 2])
def test_no_output_takes_the_place_of_the_file_or_of_another(
    server: SandboxServer, tmp_path: Path, command: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    (tmp_path / "p.csv").write_bytes(creates(2))
    ran = against(server, command[0], "p.csv", *command[1:], *outputs)
    assert ran.code == 2
    assert "would replace" in ran.err
    assert (tmp_path / "p.csv").read_bytes() == creates(2)
    assert not calls(server)


def test_a_report_that_is_written_again_spares_the_file(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(creates(2))
    run = against(server, "import", "p.csv", "--yes", "--json").report["run"]
    assert against(server, "undo", run, "--yes", "--report", "p.csv").code == 2
    ran = against(server, "undo", run, "--dry-run", "--report", "p.csv")
    assert ran.code == 2
    assert (tmp_path / "p.csv").read_bytes() == creates(2)


def test_a_file_that_can_not_be_written_is_no_loss_of_what_was_done(
    server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's own exit code, its other reports, and a word on how to get what is missing."""
    (tmp_path / "p.csv").write_text(MIXED.format("Failed"))
    refuse_second_create(server)
    monkeypatch.setattr("bulkobj.reports.writer.os.access", lambda *_: True)
    ran = against(server, "import", "p.csv", "--yes", "--report", "/proc/x.csv", "--report", "r.json", "--json")
    assert ran.code == 1
    assert ran.report["counts"] == {"created": 1, "failed": 1}
    assert json.loads((tmp_path / "r.json").read_text()) == ran.report
    assert "not written: /proc/x.csv" in ran.err
    assert f"bulkobj report {ran.report['run']} -o PATH" in ran.err


def test_a_text_that_no_workbook_can_hold_is_refused_before_anything_is_sent(
    server: SandboxServer, tmp_path: Path
) -> None:
    """Cut, it would be imported so; the report cuts it and says so."""
    (tmp_path / "p.csv").write_text(MIXED.format("T" * 40_000))
    refuse_second_create(server)
    ran = against(server, "import", "p.csv", "--yes", "--failures", "f.xlsx")
    assert (ran.code, calls(server)) == (2, {})
    assert "row 3" in ran.err
    ran = against(server, "import", "p.csv", "--yes", "--failures", "f.csv", "--report", "r.xlsx")
    assert ran.code == 1
    assert "row 3 has a text that is longer" in ran.err
    assert "T" * 40_000 in (tmp_path / "f.csv").read_text("utf-8-sig")
