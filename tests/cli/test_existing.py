"""Importing a plan again, from whatever file it comes: what exists already is recognised."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.cli_kit import SIX, Ran, against, creates, writes
from tests.service.server import SandboxServer

ONBOARDING = "012e4e3f-a801-487e-9900-011f20c187c3"


def imported(server: SandboxServer, content: str | bytes, *args: object, **environ: str) -> Ran:
    """Import a CSV with this content."""
    data = content.encode() if isinstance(content, str) else content
    return against(server, "import", "-", "--yes", "--json", *args, stdin=data, **environ)


def titled(server: SandboxServer, title: str) -> list[str]:
    """The ids of the objectives of that title."""
    return [one["id"] for one in server.objectives() if one["title"] == title]


def edited(content: bytes, **cells: str) -> bytes:
    """A results file with some cells of its first row changed."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    rows[0] |= cells
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_a_plan_that_is_imported_again_changes_nothing(server: SandboxServer, tmp_path: Path) -> None:
    """Re-sorted and extended, and from another computer too."""
    assert imported(server, creates(3)).report["counts"] == {"created": 3}
    head, *rows = creates(4).split(b"\n")
    again = imported(server, b"\n".join([head, *reversed(rows)]), BULKOBJ_STATE_DIR=str(tmp_path / "elsewhere"))
    assert (again.code, again.report["counts"]) == (0, {"created": 1, "unchanged": 3})
    ids = [row["objective_id"] for row in again.report["rows"]]
    assert ids == [*titled(server, "Planned 3"), *(titled(server, f"Planned {n}")[0] for n in (2, 1, 0))]


def test_equal_rows_are_told_apart_by_number(server: SandboxServer) -> None:
    """Two equal rows want two objectives, whether one or both of them are there."""
    twice = creates(1) + b"\n" + creates(1).split(b"\n")[1]
    assert imported(server, creates(1)).report["counts"] == {"created": 1}
    assert imported(server, twice).report["counts"] == {"created": 1, "unchanged": 1}
    assert imported(server, twice).report["counts"] == {"unchanged": 2}
    assert len(titled(server, "Planned 0")) == 2


def test_most_rows_are_served(server: SandboxServer) -> None:
    """A row that gives little takes no objective that a row with more fields needs."""
    rows = ["BLUE-1010,T,Adoption,In Progress,,", "BLUE-1010,T,Adoption,In Progress,2027-01-11,2027-03-26"]
    for order in (rows, rows[::-1]):
        assert imported(server, "\n".join([SIX, *order])).code == 0
    assert len(titled(server, "T")) == 2


OTHER = f"{SIX}\nBLUE-1010,planned  0,Adoption,Completed,2027-01-11,2027-03-26"


def test_other_values_under_the_same_title_are_refused(server: SandboxServer) -> None:
    imported(server, creates(1))
    (id_,) = titled(server, "Planned 0")
    refused = imported(server, OTHER)
    assert (refused.code, refused.report["counts"]) == (3, {"invalid": 1})
    (problem,) = refused.report["rows"][0]["problems"]
    assert (problem["code"], problem["column"]) == ("already-exists", "Title")
    assert id_ in problem["message"]
    assert "Status" in problem["message"]
    assert "Start Date" not in problem["message"]
    assert len(writes(server)) == 1


@pytest.mark.parametrize(
    ("mode", "result", "objectives"),
    [("update", "updated", 1), ("skip", "unchanged", 1), ("duplicate", "created", 2)],
)
def test_modes(server: SandboxServer, mode: str, result: str, objectives: int) -> None:
    imported(server, creates(1))
    ran = imported(server, OTHER, "--existing", mode)
    assert (ran.code, ran.report["counts"]) == (0, {result: 1})
    here = [one for one in server.objectives() if one["title"].casefold().split() == ["planned", "0"]]
    assert len(here) == objectives
    if mode == "skip":
        assert "Status" in ran.report["rows"][0]["message"]


def test_all_objectives_of_the_title_are_named(server: SandboxServer) -> None:
    imported(server, creates(1))
    imported(server, creates(1), "--existing", "duplicate")
    refused = imported(server, OTHER)
    assert all(id_ in refused.report["rows"][0]["message"] for id_ in titled(server, "Planned 0"))
    assert imported(server, OTHER, "--existing", "update").report["rows"][0]["problems"][0]["code"] == "ambiguous-name"


def test_all_problems_come_at_once(server: SandboxServer) -> None:
    """What exists already shows though another row is misspelt."""
    imported(server, creates(1))
    ran = imported(server, OTHER + "\nBLUE-1010,New,Adoptoin,In Progress,2027-01-11,2027-03-26")
    codes = [problem["code"] for row in ran.report["rows"] for problem in row["problems"]]
    assert codes == ["already-exists", "unknown-category"]


def test_a_refused_import_says_what_equals_the_live_values(server: SandboxServer) -> None:
    imported(server, creates(1))
    ran = imported(server, creates(2) + b"\nBLUE-1010,New,Adoptoin,In Progress,2027-01-11,2027-03-26")
    assert ran.column("result") == ["unchanged", "not-attempted", "invalid"]


def test_templates_are_known_from_the_journals(server: SandboxServer, tmp_path: Path) -> None:
    rows = [f"BLUE-1010,{ONBOARDING}"] * 3
    plan = ["\n".join(["Account ID,Template", *rows[:number]]) for number in range(4)]
    run = imported(server, plan[1]).report["run"]
    again = imported(server, plan[2])
    assert again.column("result") == ["unchanged", "created"]
    assert again.report["rows"][0]["message"] == f"already run in {run}"
    assert imported(server, plan[2]).report["counts"] == {"unchanged": 2}
    assert imported(server, plan[1], "--again").report["counts"] == {"created": 1}
    assert imported(server, plan[3]).report["counts"] == {"unchanged": 3}
    elsewhere = against(
        server, "import", "-", "--dry-run", stdin=plan[1].encode(), BULKOBJ_STATE_DIR=str(tmp_path / "elsewhere")
    )
    assert "would-create" in elsewhere.out


def test_an_undone_run_of_a_template_counts_no_more(server: SandboxServer) -> None:
    plan = f"Account ID,Template\nBLUE-1010,{ONBOARDING}"
    run = imported(server, plan).report["run"]
    assert against(server, "undo", run, "--yes").code == 0
    assert imported(server, plan).report["counts"] == {"created": 1}


def test_a_damaged_journal_refuses_templates(server: SandboxServer, tmp_path: Path) -> None:
    """Nobody knows what it ran; creates are compared with what is live."""
    plan = f"Account ID,Template\nBLUE-1010,{ONBOARDING}"
    (tmp_path / "state" / "runs").mkdir(parents=True)
    (tmp_path / "state" / "runs" / "20260101-000000-abcd.sqlite").write_bytes(b"damaged")
    assert imported(server, plan).code == 2
    assert imported(server, creates(1)).code == 0
    assert imported(server, plan, "--again").code == 0


def test_our_own_results_are_a_plan(server: SandboxServer, tmp_path: Path) -> None:
    """An edit there is an update; rows that are done are unchanged."""
    head = f"Action,Objective ID,Template,{SIX}"
    (old,) = [one for one in server.objectives() if one["accountId"] == "ACME-1001"][:1]
    rows = [
        ",,,BLUE-1010,New one,Adoption,In Progress,2027-01-11,2027-03-26",
        f"run template,,{ONBOARDING},BLUE-1010,,,,,",
        f"delete,{old['id']},,ACME-1001,,,,,",
        "upsert,,,BLUE-1010,Another,Adoption,In Progress,2027-01-11,2027-03-26",
    ]
    results = tmp_path / "results.csv"
    first = imported(server, "\n".join([head, *rows]), "--report", results)
    assert first.report["counts"] == {"created": 3, "deleted": 1}
    here = str(tmp_path / "elsewhere")
    assert imported(server, results.read_bytes(), BULKOBJ_STATE_DIR=here).report["counts"] == {"unchanged": 4}
    changed = imported(server, edited(results.read_bytes(), Title="Renamed"), BULKOBJ_STATE_DIR=here)
    assert changed.column("result") == ["updated", "unchanged", "unchanged", "unchanged"]
    assert len(titled(server, "Renamed")) == 1
    assert not titled(server, "New one")


def test_results_of_an_undone_run(server: SandboxServer, tmp_path: Path) -> None:
    """Its objectives are gone: the message says how to create them again; its templates run again."""
    results = tmp_path / "results.csv"
    plan = f"Template,{SIX}\n,BLUE-1010,T,Adoption,In Progress,2027-01-11,2027-03-26\n{ONBOARDING},BLUE-1010,,,,,"
    run = imported(server, plan, "--report", results).report["run"]
    assert against(server, "undo", run, "--yes").code == 0
    ran = imported(server, results.read_bytes())
    assert ran.code == 3
    (problem,) = ran.report["rows"][0]["problems"]
    assert (problem["code"], "_objective_id" in problem["message"]) == ("unknown-objective", True)
    assert ran.column("result")[1] == "not-attempted"
    again = imported(server, edited(results.read_bytes(), _objective_id=""))
    assert (again.code, again.report["counts"]) == (0, {"created": 2})


def test_a_deletion_again_is_already_gone(server: SandboxServer) -> None:
    old = server.objectives()[0]
    plan = f"Action,Objective ID,Account ID\ndelete,{old['id']},{old['accountId']}"
    assert imported(server, plan).report["counts"] == {"deleted": 1}
    again = imported(server, plan)
    assert (again.code, again.report["counts"]) == (0, {"unchanged": 1})
    (problem,) = again.report["rows"][0]["problems"]
    assert (problem["code"], problem["severity"]) == ("already-gone", "warning")


@pytest.mark.parametrize("action", ["create", "update", "upsert", "delete", "run template"])
def test_an_account_that_nobody_knows(server: SandboxServer, action: str) -> None:
    id_ = "x" if action in {"update", "delete"} else ""
    head = f"Action,Objective ID,Template,{SIX}"
    ran = imported(server, f"{head}\n{action},{id_},{ONBOARDING},NOWHERE,T,Adoption,In Progress,2027-01-11,2027-03-26")
    assert ran.code == 3
    assert "unknown-account" in {problem["code"] for problem in ran.report["rows"][0]["problems"]}
    assert not writes(server)


@pytest.mark.parametrize(("status", "code"), [(403, 3), (500, 4)])
def test_an_account_that_cannot_be_read(server: SandboxServer, status: int, code: int) -> None:
    """One that the token may not see is unknown; another trouble stops the import, and names account and rows."""
    server.fault("status", method="GET", path="accountId=BRIG-1014", status=status, count=99)
    ran = imported(server, creates(1) + b"\n" + creates(1, "BRIG-1014").split(b"\n")[1])
    assert ran.code == code
    assert not writes(server)
    if status == 403:
        (problem,) = ran.report["rows"][1]["problems"]
        assert problem["code"] == "unknown-account"
        assert "may not see" in problem["message"]
    else:
        assert "BRIG-1014" in ran.err
        assert "row 3" in ran.err


def test_an_update_by_title(server: SandboxServer) -> None:
    imported(server, creates(1))
    plan = "Action,Account ID,Title,Status\nupdate,BLUE-1010,PLANNED 0,Completed"
    assert imported(server, plan.replace("PLANNED 0", "Nothing")).report["rows"][0]["problems"][0]["code"] == (
        "unknown-objective"
    )
    assert imported(server, plan).report["counts"] == {"updated": 1}
    assert imported(server, plan).report["counts"] == {"unchanged": 1}
    imported(server, creates(1), "--existing", "duplicate")
    assert imported(server, plan).report["rows"][0]["problems"][0]["code"] == "ambiguous-name"


def test_rows_of_an_unfinished_run_are_refused(server: SandboxServer, tmp_path: Path) -> None:
    """However the file was saved since: until the run is resumed or undone."""
    server.expire_token(after=5, successor="next")
    stopped = imported(server, creates(3), "--concurrency", 1)
    assert stopped.code == 4
    run = stopped.report["run"]
    more = creates(1, "BRIG-1014") + b"\n" + creates(2).split(b"\n")[2]
    refused = imported(server, more, BULKOBJ_TOKEN="next")
    assert refused.code == 2
    assert f"bulkobj resume {run}" in refused.err
    assert f"bulkobj undo {run}" in refused.err
    assert imported(server, creates(1, "BRIG-1014"), BULKOBJ_TOKEN="next").code == 0
    assert against(server, "resume", BULKOBJ_TOKEN="next").code == 0
    assert imported(server, more, BULKOBJ_TOKEN="next").report["counts"] == {"unchanged": 2}


@pytest.mark.parametrize("search", ["listed", "refused"])
def test_a_column_of_ids_or_names(server: SandboxServer, search: str) -> None:
    """Each cell is an id if the service knows it, also where search is refused; else it is a name."""
    server.behave(search=search)
    plan = creates(1).replace(b"Account ID", b"Customer")
    ran = imported(server, plan)
    assert (ran.code, ran.column("account_id")) == (0, ["BLUE-1010"])
    assert ran.report["columns"][0] == {"header": "Customer", "column": "Account", "how": "alias"}
    unknown = imported(server, plan.replace(b"BLUE-1010", b"Nobody"))
    assert (unknown.code, unknown.report["rows"][0]["problems"][0]["code"]) == (3, "unknown-account")
    if search == "listed":
        named = imported(server, plan.replace(b"BLUE-1010", "Café Lumière SARL".encode()))
        assert (named.code, named.column("account_id")) == (0, ["EU/4720"])
        assert named.column("account_name") == ["Café Lumière SARL"]
