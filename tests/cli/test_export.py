"""Export, edit, import just the difference."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulkobj.sandbox.seeds import seeds
from tests.cli.cli_kit import against, calls
from tests.service.server import SandboxServer

FORMATS = [("one-sheet", ".xlsx"), ("sheet-per-account", ".xlsx"), ("one-sheet", ".csv")]
G2 = "1946f580-3cae-445c-9069-80ba1f71f6fa"


def exported(server: SandboxServer, path: Path, *args: object) -> Path:
    ran = against(server, "export", "--all", "-o", path, *args)
    assert ran.code == 0, ran.err
    return path


def writes(server: SandboxServer) -> list[tuple[str, str]]:
    return [
        (one.method, one.path)
        for one in server.arrivals()
        if one.method in {"PUT", "DELETE"} or ("search" not in one.path and one.method == "POST")
    ]


def edit(path: Path, objective: str, **cells: Any) -> None:
    """Change cells of an objective's row, as a person would in the spreadsheet program."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        headers = [cell.value for cell in sheet[1]]
        for row in sheet.iter_rows(min_row=2):
            if "Objective ID" in headers and row[headers.index("Objective ID")].value == objective:
                for header, value in cells.items():
                    row[headers.index(header.replace("_", " "))].value = value
    book.save(path)


@pytest.mark.parametrize(("layout", "ending"), FORMATS)
@pytest.mark.parametrize(
    "shape", [{}, {"names": "nested", "dates": "epoch-ms", "plays": "objects", "list_wrapper": "data"}]
)
def test_an_untouched_export_sends_nothing(
    server: SandboxServer, tmp_path: Path, layout: str, ending: str, shape: dict[str, Any]
) -> None:
    """Every row is unchanged, in every layout and in whatever shape the service answers."""
    server.behave(**shape)
    path = exported(server, tmp_path / f"plan{ending}", "--layout", layout)
    ran = against(server, "import", path, "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.report["counts"] == {"unchanged": 30}
    assert writes(server) == []


def test_an_edit_sends_one_put_for_its_row(server: SandboxServer, tmp_path: Path) -> None:
    """With full-replace semantics nothing else of the objective is lost."""
    server.behave(update="replace")
    before = {one["id"]: one for one in server.objectives()}
    path = exported(server, tmp_path / "plan.xlsx")
    edit(path, G2, Status="Completed", Title="=SUM(A1)".replace("=", "Sum: "))
    ran = against(server, "import", path, "--yes", "--json")
    assert ran.report["counts"] == {"unchanged": 29, "updated": 1}
    assert writes(server) == [("PUT", f"/api/v3/objectives/{G2}")]
    after = {one["id"]: one for one in server.objectives()}
    changed = {name for name in before[G2] if before[G2][name] != after[G2].get(name)}
    assert changed <= {"statusId", "title", "updatedAt", "updatedBy"}
    assert {one: before[one] for one in before if one != G2} == {one: after[one] for one in after if one != G2}


def test_three_ways(server: SandboxServer, tmp_path: Path) -> None:
    """Changed only there: kept. Changed in both: a conflict with all three values, and nothing overwritten."""
    path = exported(server, tmp_path / "plan.xlsx")
    theirs = next(one for one in server.objectives() if one["id"] == G2)
    server.put("objectives", [theirs | {"title": "Theirs", "owner": "them@example.demo"}])
    edit(path, G2, Description="Ours")
    ran = against(server, "import", path, "--yes", "--json")
    assert ran.report["counts"] == {"unchanged": 29, "updated": 1}
    now = next(one for one in server.objectives() if one["id"] == G2)
    assert (now["title"], now["owner"], now["description"]) == ("Theirs", "them@example.demo", "Ours")
    edit(path, G2, Title="Mine")
    ran = against(server, "import", path, "--yes", "--json")
    assert ran.code == 1
    row = next(row for row in ran.report["rows"] if row["result"] == "conflict")
    assert all(text in row["message"] for text in ("Drive more promoters on G2", "Theirs", "Mine"))
    assert next(one for one in server.objectives() if one["id"] == G2)["title"] == "Theirs"


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_an_export_is_untouched_under_any_profile(server: SandboxServer, tmp_path: Path, ending: str) -> None:
    """Its times are in the zone that it says; what a profile says is for files that leave it open."""
    path = exported(server, tmp_path / f"plan.{ending}")
    profile = 'timezone = "America/New_York"\nencoding = "cp1250"\ndelimiter = ";"\ndate_order = "MDY"'
    (tmp_path / "config.toml").write_text(f"[profiles.default]\n{profile}\n")
    ran = against(server, "import", path, "--yes", "--json")
    assert (ran.code, set(ran.column("result"))) == (0, {"unchanged"})
    assert "PUT" not in calls(server)


def test_a_day_that_is_edited_keeps_its_time(server: SandboxServer, tmp_path: Path) -> None:
    """20:10 stays 20:10 in a profile with another zone."""
    path = exported(server, tmp_path / "plan.csv")
    (tmp_path / "config.toml").write_text('[profiles.default]\ntimezone = "Europe/Berlin"\n')
    text = path.read_text("utf-8-sig").replace("2024-02-08T20:10:00Z", "2024-02-09T20:10:00Z")
    path.write_text(text, "utf-8-sig")
    assert against(server, "import", path, "--yes").code == 0
    assert next(one for one in server.objectives() if one["id"] == G2)["startDate"] == "2024-02-09T20:10:00.000Z"


def test_another_tenants_workbook_is_refused(server: SandboxServer, tmp_path: Path) -> None:
    path = exported(server, tmp_path / "plan.xlsx")
    with SandboxServer(tmp_path / "other", rate="100/3") as other:
        for command in (["validate", path], ["import", path, "--yes"]):
            ran = against(other, *command, "--json")
            assert ran.code == 3
            assert [problem["code"] for problem in ran.report["problems"]] == ["wrong-tenant"]


def test_an_objective_that_is_gone_by_now(server: SandboxServer, tmp_path: Path) -> None:
    path = exported(server, tmp_path / "plan.xlsx")
    server.put("objectives", [one for one in server.objectives() if one["id"] != G2], replace=True)
    ran = against(server, "import", path, "--yes", "--json")
    assert ran.code == 3
    assert [p["code"] for row in ran.report["rows"] for p in row["problems"]] == ["unknown-objective"]


def test_json_and_standard_output(server: SandboxServer, tmp_path: Path) -> None:
    path = exported(server, tmp_path / "plan.json")
    found = {one["objective_id"]: one for one in json.loads(path.read_bytes())}
    assert len(found) == 30
    assert found[G2]["account_name"] == "Acme Robotics"
    assert found[G2]["status"] == "In Progress"
    assert found[G2]["start_date"] == "2024-02-08T20:10:00.000Z"
    ran = against(server, "export", "--account", "ACME-1001", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(ran.out.removeprefix("\ufeff"))))
    assert [row["Objective ID"] for row in rows].count(G2) == 1
    assert len(rows) == 3


def test_a_file_for_each_account(server: SandboxServer, tmp_path: Path) -> None:
    """An account's id is text, and never a path."""
    args = ["--account", "EU/4711", "--account", "ACME-1001", "--layout", "file-per-account"]
    assert against(server, "export", *args, "-o", tmp_path / "plan.xlsx").code == 0
    assert sorted(path.name for path in tmp_path.glob("*.xlsx")) == ["plan-ACME-1001.xlsx", "plan-EU_4711.xlsx"]


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (["--status", "completed"], 3),
        (["--status", "Completed", "--status", "At Risk"], 6),
        (["--category", "Upsale", "--owner", "GEORGE"], 1),
        (["--starts-after", "2024-05-13"], 3),
        (["--ends-before", "2024-01-26"], 1),
    ],
)
def test_filters(server: SandboxServer, tmp_path: Path, filters: list[str], number: int) -> None:
    path = exported(server, tmp_path / "plan.json", *filters)
    assert len(json.loads(path.read_bytes())) == number


def test_accounts_from_a_file(server: SandboxServer, tmp_path: Path) -> None:
    lines, table = tmp_path / "ids.txt", tmp_path / "ids.csv"
    lines.write_text("ACME-1001\n\nBLUE-1010\n")
    table.write_text("Name;Account ID\nx;ACME-1001\ny;BLUE-1010\n")
    for path in (lines, table):
        out = tmp_path / f"{path.name}.json"
        assert against(server, "export", "--accounts-file", path, "-o", out).code == 0
        assert {one["account_id"] for one in json.loads(out.read_bytes())} == {"ACME-1001", "BLUE-1010"}


def test_an_account_that_can_not_be_read_is_told_of(server: SandboxServer, tmp_path: Path) -> None:
    """The others are written, and the exit code is 1."""
    server.fault("status", method="GET", path="accountId=BLUE-1010", status=500)
    path = tmp_path / "plan.json"
    args = ["--account", "ACME-1001", "--account", "BLUE-1010", "--account", "NOWHERE"]
    ran = against(server, "export", *args, "-o", path)
    assert ran.code == 1
    assert "BLUE-1010" in ran.err
    assert "NOWHERE" in ran.err
    assert len(json.loads(path.read_bytes())) == 3


@pytest.mark.parametrize(
    "args",
    [
        ["-o", "x.xlsx"],
        ["--all", "-o", "x.pdf"],
        ["--all", "-o", "-", "--layout", "file-per-account"],
        ["--all", "-o", "x.csv", "--layout", "sheet-per-account"],
        ["--all", "-o", "x.csv", "--starts-after", "soon"],
        ["--all", "-o", "nowhere/x.csv"],
        ["--all", "-o", "x.csv", "--status", "Compleeted"],
    ],
)
def test_wrong_use(server: SandboxServer, args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = against(server, "export", *args)
    assert ran.code == 2
    assert not list(tmp_path.glob("x.*"))


def test_account_names_stand_in_for_ids(server: SandboxServer) -> None:
    """One search page resolves them; a name that two accounts share is ambiguous, and shows the ids."""
    head = b"Account Name,Title,Category,Status,Start Date,End Date\n"
    good = head + "Café Lumière SARL,T,Adoption,In Progress,2027-01-01,2027-02-01\n".encode()
    ran = against(server, "import", "-", "--yes", "--json", stdin=good)
    assert ran.report["counts"] == {"created": 1}
    assert ran.column("account_id") == ["EU/4720"]
    assert calls(server) == {"GET": 3, "POST": 2}
    twins = head + b"Harbor Foods,T,Adoption,In Progress,2027-01-01,2027-02-01\n"
    ran = against(server, "validate", "-", "--json", stdin=twins)
    assert ran.code == 3
    (problem,) = ran.report["rows"][0]["problems"]
    assert problem["code"] == "ambiguous-name"
    assert "HARB-2101" in problem["message"]


@pytest.mark.parametrize("change", ["renamed", "removed"])
def test_an_untouched_export_outlives_a_change_of_names(server: SandboxServer, tmp_path: Path, change: str) -> None:
    """A value that was exported is accepted whatever has become of its name; an edit to it is not."""
    path = exported(server, tmp_path / "plan.xlsx")
    statuses = seeds()["statuses"]
    old = next(one for one in statuses if one["displayName"] == "In Progress")
    if change == "renamed":
        server.put("statuses", [old | {"displayName": "Doing"}])
    else:
        server.put("statuses", [one for one in statuses if one is not old], replace=True)
    for command in ("validate", "import"):
        ran = against(server, command, path, "--json", *(["--yes"] if command == "import" else []))
        assert ran.code == 0, ran.err
    assert ran.report["counts"] == {"unchanged": 30}
    other = next(one["id"] for one in server.objectives() if one["statusId"] != old["id"])
    edit(path, other, Status="In Progress")
    assert against(server, "import", path, "--dry-run").code == 3


def test_what_the_service_holds_already_is_no_error_of_an_export(server: SandboxServer, tmp_path: Path) -> None:
    """Neither for an import nor for a check, with the service or without; an edited cell is judged."""
    odd = {"description": "<b>bold</b>", "startDate": "2027-03-01T00:00:00.000Z", "endDate": "2027-01-01T00:00:00.000Z"}
    server.put("objectives", [next(one for one in server.objectives() if one["id"] == G2) | odd])
    path = exported(server, tmp_path / "plan.xlsx")
    for arguments in (("validate", path), ("validate", path, "--offline"), ("import", path, "--yes")):
        assert against(server, *arguments).code == 0
    edit(path, G2, Description="<i>edited</i>")
    ran = against(server, "validate", path, "--offline", "--json")
    assert [p["code"] for row in ran.report["rows"] for p in row["problems"]] == ["html-markup"]


def test_a_deletion_of_what_was_changed_since_is_a_conflict(server: SandboxServer, tmp_path: Path) -> None:
    """A colleague's work is not deleted by somebody who has never seen it."""
    path = exported(server, tmp_path / "plan.xlsx")
    server.put("objectives", [next(one for one in server.objectives() if one["id"] == G2) | {"title": "Theirs"}])
    edit(path, G2, Action="delete")
    ran = against(server, "import", path, "--yes", "--json")
    assert (ran.code, ran.report["counts"]) == (1, {"conflict": 1, "unchanged": 29})
    assert "Title" in next(row["message"] for row in ran.report["rows"] if row["result"] == "conflict")
    assert writes(server) == []


def test_failures_of_an_export_as_csv_come_with_a_warning(server: SandboxServer, tmp_path: Path) -> None:
    """A CSV file can't say what was there, so that a conflict would not be noticed a second time."""
    path = exported(server, tmp_path / "plan.xlsx")
    server.put("objectives", [next(one for one in server.objectives() if one["id"] == G2) | {"title": "Theirs"}])
    edit(path, G2, Title="Ours")
    failures = (tmp_path / "f.csv", tmp_path / "f.xlsx")
    warned = against(server, "import", path, "--yes", "--failures", failures[0])
    assert "overwrites what was changed in the service" in warned.err
    assert "overwrites" not in against(server, "import", path, "--yes", "--failures", failures[1]).err
    ran = against(server, "import", failures[1], "--dry-run", "--json")
    assert ran.report["counts"] == {"conflict": 1}
