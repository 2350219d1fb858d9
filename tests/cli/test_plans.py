"""`bulkobj expand` and `bulkobj rollover`, as an admin uses them on the sandbox."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.cli_kit import Ran, against, bulkobj, calls
from tests.service.server import SandboxServer

GOALS = """Title,Description,Category,Status,Owner,Start Date,End Date
Onboard {account},First steps for {account_id},Adoption,In Progress,ann@example.com,start,quarter-end
Review with {account},,Upsale,Not Started,,start+30d,2027-06-30
"""


def goals(folder: Path, text: str = GOALS, name: str = "goals.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of the sheet of objectives; a date is a date."""
    sheet = openpyxl.load_workbook(path)["Objectives"]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    found = [dict(zip(map(str, header), row, strict=True)) for row in rows]
    return [
        {key: v.date().isoformat() if isinstance(v, datetime) else v for key, v in row.items() if v is not None}
        for row in found
    ]


def expanded(server: SandboxServer, tmp_path: Path, *args: object) -> Ran:
    return against(server, "expand", goals(tmp_path), "-o", tmp_path / "plan.xlsx", *args)


def test_goals_on_accounts(server: SandboxServer, tmp_path: Path) -> None:
    """Each goal on each account, by id or by name, with names put in and dates counted from the start."""
    args = ("--account", "ACME-1001", "--account", "bluefin analytics", "--start", "2027-04-01")
    ran = expanded(server, tmp_path, *args)
    assert ran.code == 0, ran.err
    rows = rows_of(tmp_path / "plan.xlsx")
    assert [row["Account ID"] for row in rows] == ["ACME-1001", "ACME-1001", "BLUE-1010", "BLUE-1010"]
    name = rows[0]["Account Name"]
    assert rows[0]["Title"] == f"Onboard {name}"
    assert rows[0]["Description"] == "First steps for ACME-1001"
    assert (rows[0]["Start Date"], rows[0]["End Date"]) == ("2027-04-01", "2027-06-30")
    assert (rows[1]["Start Date"], rows[1]["End Date"]) == ("2027-05-01", "2027-06-30")
    assert "4 rows for 2 accounts" in ran.err


def test_the_plan_can_be_imported(server: SandboxServer, tmp_path: Path) -> None:
    """It is an ordinary plan: valid, and each row is created once."""
    assert expanded(server, tmp_path, "--all").code == 0
    checked = against(server, "validate", tmp_path / "plan.xlsx", "--json")
    assert checked.code == 0, checked.err
    accounts = {row["account_id"] for row in checked.report["rows"]}
    assert len(accounts) * 2 == len(checked.report["rows"]) > 20
    imported = against(server, "import", tmp_path / "plan.xlsx", "--yes", "--json")
    assert (imported.code, imported.report["counts"]) == (0, {"created": len(checked.report["rows"])})


def test_nothing_is_written_to_the_service(server: SandboxServer, tmp_path: Path) -> None:
    before = server.objectives()
    assert expanded(server, tmp_path, "--all").code == 0
    assert server.objectives() == before
    assert set(calls(server)) == {"GET", "POST"}  # account search is a POST


def test_an_account_name_is_data(server: SandboxServer, tmp_path: Path) -> None:
    """Braces in other words stay, and a format string is none."""
    text = GOALS.replace("Onboard {account}", "{0} {account.id} {{account_id}} {other}")
    ran = against(server, "expand", goals(tmp_path, text), "--account", "ACME-1001", "-o", tmp_path / "plan.xlsx")
    assert ran.code == 0, ran.err
    assert rows_of(tmp_path / "plan.xlsx")[0]["Title"] == "{0} {account.id} {ACME-1001} {other}"


def test_mistakes_in_goals_come_before_anything_is_written(server: SandboxServer, tmp_path: Path) -> None:
    text = GOALS.replace("In Progress", "In Progres").replace("2027-06-30", "end of June")
    ran = against(server, "expand", goals(tmp_path, text), "--account", "ACME-1001", "-o", tmp_path / "plan.xlsx")
    assert ran.code == 3
    assert 'Did you mean "In Progress"?' in ran.err
    assert "bad-date" in ran.err
    assert not (tmp_path / "plan.xlsx").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "no accounts are chosen. Add --account ID"),
        (("--account", "ACME-9999"), 'unknown account "ACME-9999"'),
        (("--where", "nothing"), "Use --where 'Attribute=Value'"),
        (("--all", "--start", "soon"), '--start: "soon" is not a date'),
    ],
)
def test_usage(server: SandboxServer, tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    ran = expanded(server, tmp_path, *args)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_goals_name_no_accounts(server: SandboxServer, tmp_path: Path) -> None:
    path = goals(tmp_path, "Account ID,Title,Category,Status\nACME-1001,One,Adoption,In Progress\n")
    ran = against(server, "expand", path, "--all", "-o", tmp_path / "plan.xlsx")
    assert (ran.code, 'have a column "Account ID". Remove it' in ran.err) == (2, True)


def test_an_existing_file_is_not_replaced(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "plan.xlsx").write_text("mine")
    ran = expanded(server, tmp_path, "--all")
    assert (ran.code, "Add --overwrite" in ran.err) == (2, True)
    assert (tmp_path / "plan.xlsx").read_text() == "mine"
    assert expanded(server, tmp_path, "--all", "--overwrite").code == 0


def exported(server: SandboxServer, path: Path) -> Path:
    ran = against(server, "export", "--all", "-o", path)
    assert ran.code == 0, ran.err
    return path


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_rollover(server: SandboxServer, tmp_path: Path, ending: str) -> None:
    """Ids are dropped, dates moved, titles replaced, and the result is a plan of creates."""
    export = exported(server, tmp_path / f"export.{ending}")
    plan = tmp_path / "next.xlsx"
    ran = bulkobj("rollover", export, "--by", "1Q", "--status", "Not Started", "-o", plan)
    assert ran.code == 0, ran.err
    rows, held = rows_of(plan), {str(one["title"]): one for one in server.objectives()}
    assert len(rows) == len(server.objectives())
    assert {row["Action"] for row in rows} == {"create"}
    assert not any("Objective ID" in row for row in rows)
    assert {row["Status"] for row in rows} == {"Not Started"}
    assert "already-exists" in ran.err
    assert "--replace-title" in ran.err
    assert "--existing duplicate" in ran.err
    dated = [row for row in rows if "End Date" in row]
    assert dated
    for row in dated:
        assert row["End Date"] > str(held[row["Title"]]["endDate"])[:10]


def test_rollover_by_status(server: SandboxServer, tmp_path: Path) -> None:
    """Done ones are left out, and a misspelt status is named."""
    export = exported(server, tmp_path / "export.xlsx")
    plan = tmp_path / "next.xlsx"
    assert bulkobj("rollover", export, "--by", "3M", "--without-status", "completed", "-o", plan).code == 0
    without = rows_of(plan)
    assert "Completed" not in {row["Status"] for row in without}
    args = ("--only-status", "Completed", "--overwrite", "-o", plan)
    assert bulkobj("rollover", export, "--by", "3M", *args).code == 0
    only = rows_of(plan)
    assert {row["Status"] for row in only} == {"Completed"}
    assert len(only) + len(without) == len(server.objectives())
    ran = bulkobj("rollover", export, "--by", "3M", "--status", "Complete", "--overwrite", "-o", plan)
    assert (ran.code, 'Did you mean "Completed"?' in ran.err) == (2, True)


def test_rollover_with_new_titles_can_be_imported(server: SandboxServer, tmp_path: Path) -> None:
    """The next quarter's plan is valid in the tenant that it came from, and says nothing of titles."""
    export = exported(server, tmp_path / "export.xlsx")
    titles = {str(one["title"]) for one in server.objectives()}
    replaces = [arg for title in titles for arg in ("--replace-title", f"{title}=Q2: {title}") if "=" not in title]
    ran = bulkobj("rollover", export, "--by", "1Q", *replaces, "-o", tmp_path / "next.xlsx")
    assert ran.code == 0, ran.err
    assert against(server, "validate", tmp_path / "next.xlsx").code == 0


@pytest.mark.parametrize("by", ["1X", "Q", "-1M"])
def test_rollover_by_nothing(tmp_path: Path, by: str) -> None:
    ran = bulkobj("rollover", goals(tmp_path), f"--by={by}", "-o", tmp_path / "next.xlsx")
    assert (ran.code, "is not a period" in ran.err) == (2, True)
