"""`bulkobj import` from its command line to what the server received."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from tests.cli.cli_kit import SIX, against, bulkobj, calls, creates, writes
from tests.service.server import SandboxServer

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A copy of the sample plan that a report may be written beside."""
    path = tmp_path / "plan.xlsx"
    shutil.copy(SAMPLES / "quarterly-plan.xlsx", path)
    return path


def test_the_sample_plan_is_carried_out(server: SandboxServer, plan: Path) -> None:
    """All four actions, the fewest possible calls, and a report beside the file."""
    ran = against(server, "import", plan, "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.report["counts"] == {"created": 33, "deleted": 3, "unchanged": 1, "updated": 8}
    assert ran.report["finished"] is True
    # Three settings, each account, a search for the empty ones, another for users; one write for each changed row, and
    # one read after each of the 5 template runs, which give no ids.
    assert calls(server) == {"DELETE": 3, "GET": 3 + 26 + 5, "POST": 2 + 33, "PUT": 8}
    assert ran.report["calls"] == sum(calls(server).values())
    (report,) = plan.parent.glob(f"plan-results-{ran.report['run']}.xlsx")
    assert report.name in ran.err


def test_the_same_plan_as_csv(server: SandboxServer, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "quarterly-plan.csv", tmp_path / "plan.csv")
    ran = against(server, "import", tmp_path / "plan.csv", "--yes", "--json")
    assert ran.report["counts"] == {"created": 33, "deleted": 3, "unchanged": 1, "updated": 8}
    (report,) = tmp_path.glob("plan-results-*.csv")
    rows = list(csv.DictReader(io.StringIO(report.read_bytes().decode("utf-8-sig"))))
    assert [row["_row"] for row in rows] == [str(n) for n in range(2, 47)]
    assert {row["_result"] for row in rows} == {"created", "updated", "deleted", "unchanged"}
    assert all(row["_objective_id"] for row in rows if row["_action"] in {"create", "update", "delete"})


def test_a_file_with_mistakes_sends_nothing(server: SandboxServer, tmp_path: Path) -> None:
    """All of them come at once, with the right row numbers, exit 3, and not one write."""
    path = tmp_path / "plan.xlsx"
    shutil.copy(SAMPLES / "quarterly-plan-with-mistakes.xlsx", path)
    ran = against(server, "import", path, "--yes", "--json")
    assert ran.code == 3
    assert not writes(server)
    found = {row["row"]: [p["code"] for p in row["problems"] if p["severity"] == "error"] for row in ran.report["rows"]}
    assert {row: codes for row, codes in found.items() if codes} == {
        3: ["unknown-status"],
        4: ["unknown-category"],
        5: ["missing-value"],
        6: ["missing-value"],
        7: ["unknown-action"],
        8: ["end-before-start"],
        9: ["bad-date"],
        10: ["html-markup"],
        11: ["bad-cell"],
        12: ["mangled-number"],
        13: ["unexpected-value"],
        14: ["missing-value"],
        15: ["unknown-objective"],
        17: ["duplicate-objective-id"],
        18: ["unexpected-value"],
        19: ["unknown-template"],
    }
    assert ran.report["counts"] == {"invalid": 16, "not-attempted": 5}


def test_the_valid_rows_of_such_a_file_are_sent_when_asked(server: SandboxServer, tmp_path: Path) -> None:
    """--skip-invalid does what can be done, exits 1, and --failures holds the rest, ready to be mended."""
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(3) + b"\nBLUE-1010,Bad,Adoptoin,In Progress,2027-01-11,2027-03-26\n")
    failures = tmp_path / "failures.csv"
    ran = against(server, "import", path, "--yes", "--skip-invalid", "--failures", failures, "--json")
    assert (ran.code, ran.report["counts"]) == (1, {"created": 3, "invalid": 1})
    mended = failures.read_text("utf-8-sig").replace("Adoptoin", "Adoption")
    failures.write_text(mended, "utf-8")
    assert against(server, "import", failures, "--yes", "--json").report["counts"] == {"created": 1}


def test_a_dry_run_sends_nothing_and_says_what_it_would_do(server: SandboxServer, plan: Path) -> None:
    ran = against(server, "import", plan, "--dry-run", "--json")
    assert ran.code == 0
    assert ran.report["counts"] == {"unchanged": 1, "would-create": 33, "would-delete": 3, "would-update": 8}
    assert (ran.report["run"], ran.report["dry_run"]) == (None, True)
    assert not writes(server)
    changed = next(row for row in ran.report["rows"] if row["row"] == 32)
    assert changed["changes"] == {"status": ["In Progress", "Completed"]}
    assert not list(plan.parent.glob("*results*"))
    shown = against(server, "import", plan, "--dry-run")
    assert 'Status: "In Progress" -> "Completed"' in shown.out


def test_without_a_terminal_and_without_yes_nothing_is_sent(server: SandboxServer, plan: Path) -> None:
    ran = against(server, "import", plan)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert "44 calls, about" in ran.err
    assert not writes(server)


def test_a_failed_row_is_exit_1_and_in_the_failures(server: SandboxServer, tmp_path: Path) -> None:
    path, failures = tmp_path / "plan.csv", tmp_path / "f.csv"
    path.write_bytes(creates(2))
    server.fault("status", method="POST", path="/objectives", status=400, skip=1)
    ran = against(server, "import", path, "--yes", "--failures", failures)
    assert ran.code == 1
    assert "failed: row 3:" in ran.err
    assert "Planned 1" in failures.read_text("utf-8-sig").splitlines()[1]


def test_standard_input_is_csv(server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = against(server, "import", "-", "--yes", "--json", stdin=creates(1))
    assert (ran.code, ran.report["counts"]) == (0, {"created": 1})
    assert list(tmp_path.glob("stdin-results-*.csv"))


@pytest.mark.parametrize("where", ["nowhere/r.csv", "r.pdf"])
def test_a_report_that_can_not_be_written_is_said_before_anything_is_sent(
    server: SandboxServer, plan: Path, where: str
) -> None:
    ran = against(server, "import", plan, "--yes", "--report", plan.parent / where)
    assert ran.code == 2
    assert not server.arrivals()


def test_a_missing_file_and_a_missing_token_are_usage(tmp_path: Path, plan: Path) -> None:
    assert bulkobj("import", tmp_path / "none.csv").code == 2
    ran = bulkobj("import", plan, "--yes")
    assert ran.code == 2
    assert "BULKOBJ_TOKEN" in ran.err


def test_a_wrong_token_is_exit_4_and_its_message_shown(server: SandboxServer, plan: Path) -> None:
    ran = against(server, "import", plan, "--yes", BULKOBJ_TOKEN="wrong-token")
    assert ran.code == 4
    assert "token" in ran.err
    assert "wrong-token" not in ran.err


def test_an_unusable_file_needs_no_service(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(SIX + "\n")
    ran = bulkobj("import", path, "--yes", "--json")
    assert ran.code == 3
    assert ran.report["problems"][0]["code"] == "empty-file"


def test_a_file_without_a_needed_column_gets_its_report_too(server: SandboxServer, tmp_path: Path) -> None:
    """A refusal of the whole file is reported like one of single rows; a dry run says that it is one."""
    (tmp_path / "p.csv").write_text("Account ID,Title\nBLUE-1010,T\n")
    ran = against(server, "import", "p.csv", "--yes", "--json")
    assert (ran.code, ran.report["counts"]) == (3, {"not-attempted": 1})
    assert list(tmp_path.glob("p-results-*.csv"))
    assert against(server, "import", "p.csv", "--dry-run", "--json").report["dry_run"] is True
    (tmp_path / "e.csv").write_text("Account ID,Title\n")
    assert against(server, "import", "e.csv", "--dry-run", "--json").report["dry_run"] is True
    assert calls(server) == {}


def test_changes_are_shown_by_name_when_they_are_taken_back(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "Account ID,Objective ID,Status\nACME-1001,1946f580-3cae-445c-9069-80ba1f71f6fa,Completed\n"
    )
    run = against(server, "import", "p.csv", "--yes", "--json").report["run"]
    assert 'Status: "Completed" -> "In Progress"' in against(server, "undo", run, "--dry-run").out
