"""`import --dry-run --save` and `apply`: what was approved is what is done, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_kit import SIX, Ran, against, calls
from tests.service.server import SandboxServer

ACCOUNT = "BLUE-1010"
WRITES = {"PUT", "DELETE"}


def objectives(server: SandboxServer, account: str = ACCOUNT) -> list[dict[str, Any]]:
    return [one for one in server.objectives() if one["accountId"] == account]


def plan_text(server: SandboxServer) -> str:
    """A create, an update, a delete and a template run."""
    first, second = objectives(server)[:2]
    return "\n".join(
        [
            "Action,Objective ID,Account ID,Title,Category,Status,Start Date,End Date,Template",
            f"create,,{ACCOUNT},Approved,Adoption,In Progress,2027-01-11,2027-03-26,",
            f"update,{first['id']},{ACCOUNT},Renamed,,,,,",
            f"delete,{second['id']},{ACCOUNT},,,,,,",
            "run template,,ACME-1001,,,,,,Quarterly business review",
        ]
    )


def saved(server: SandboxServer, tmp_path: Path, text: str | None = None, *args: object) -> Path:
    source, plan = tmp_path / "plan.csv", tmp_path / "plan.json"
    source.write_text(plan_text(server) if text is None else text)
    ran = against(server, "import", source, "--dry-run", "--save", plan, *args)
    assert ran.code == 0, ran.err
    return plan


def applied(server: SandboxServer, plan: Path, *args: object, state: Path | None = None) -> Ran:
    """Apply the plan, with a state folder of its own where one is given."""
    environ: dict[str, Any] = {"BULKOBJ_STATE_DIR": str(state)} if state else {}
    return against(server, "apply", plan, "--yes", "--json", *args, **environ)


def by_colleague(server: SandboxServer, tmp_path: Path, text: str) -> None:
    """Import a file from another computer."""
    path = tmp_path / "colleague.csv"
    path.write_text(text)
    assert against(server, "import", path, "--yes", BULKOBJ_STATE_DIR=str(tmp_path / "colleague")).code == 0


def writes(server: SandboxServer) -> int:
    """Calls that change objectives: account search is a POST, too."""
    arrivals = server.arrivals()
    return sum(one.method in WRITES or (one.method == "POST" and "search" not in one.path) for one in arrivals)


@pytest.fixture
def template(server: SandboxServer) -> str:
    """The name of a template that can be run."""
    listed = against(server, "settings").out
    return next(line.split("  ")[1].strip() for line in listed.splitlines() if line.startswith("template"))


@pytest.fixture
def text(server: SandboxServer, template: str) -> str:
    return plan_text(server).replace("Quarterly business review", template)


def test_a_plan_is_applied_as_it_was_approved(server: SandboxServer, tmp_path: Path, text: str) -> None:
    """Saving sends nothing; applying does what the plan showed."""
    plan = saved(server, tmp_path, text)
    assert writes(server) == 0
    ran = applied(server, plan)
    assert ran.code == 0, ran.err
    assert ran.column("result") == ["created", "updated", "deleted", "created"]
    titles = {one["title"] for one in objectives(server)}
    assert {"Approved", "Renamed"} <= titles


def test_applied_twice_changes_nothing(server: SandboxServer, tmp_path: Path, text: str) -> None:
    plan = saved(server, tmp_path, text)
    assert applied(server, plan).code == 0
    before, sent = server.objectives(), writes(server)
    ran = applied(server, plan)
    assert (ran.code, ran.column("result")) == (0, ["unchanged"] * 4), ran.err
    assert "already run in" in ran.column("message")[3]
    assert (server.objectives(), writes(server)) == (before, sent)


def test_applied_from_another_computer_changes_nothing(server: SandboxServer, tmp_path: Path, text: str) -> None:
    """Its journals know no template run; the account's objectives do."""
    plan = saved(server, tmp_path, text)
    assert applied(server, plan).code == 0
    before = server.objectives()
    ran = applied(server, plan, state=tmp_path / "elsewhere")
    assert ran.column("result") == ["unchanged", "unchanged", "unchanged", "conflict"]
    assert (ran.code, server.objectives()) == (1, before)


def test_a_row_whose_before_has_changed_is_in_conflict(server: SandboxServer, tmp_path: Path, text: str) -> None:
    """A colleague renames one, changes the one to be deleted, and adds one; the others are done."""
    plan = saved(server, tmp_path, text)
    first, second = objectives(server)[:2]
    rows = [
        "Action,Objective ID,Account ID,Title,Description,Category,Status,Start Date,End Date",
        f"update,{first['id']},{ACCOUNT},Theirs,,,,,",
        f"update,{second['id']},{ACCOUNT},,Theirs,,,,",
        "create,,ACME-1001,Theirs,,Adoption,In Progress,2027-01-01,2027-02-01",
    ]
    by_colleague(server, tmp_path, "\n".join(rows))
    ran = applied(server, plan)
    assert ran.code == 1
    assert ran.column("result") == ["created", "conflict", "conflict", "conflict"]
    assert "Title" in ran.column("message")[1]
    assert {"Theirs"} <= {one["title"] for one in objectives(server)}


def test_fields_that_the_row_does_not_set_keep_their_value_of_now(server: SandboxServer, tmp_path: Path) -> None:
    first = objectives(server)[0]
    plan = saved(server, tmp_path, f"Objective ID,Account ID,Title\n{first['id']},{ACCOUNT},Renamed")
    by_colleague(server, tmp_path, f"Objective ID,Account ID,Description\n{first['id']},{ACCOUNT},Their words")
    assert applied(server, plan).code == 0
    now = next(one for one in objectives(server) if one["id"] == first["id"])
    assert (now["title"], now["description"]) == ("Renamed", "Their words")


def test_a_create_whose_title_has_appeared_is_in_conflict(server: SandboxServer, tmp_path: Path) -> None:
    row = f"{ACCOUNT},New goal,Adoption,In Progress,2027-01-11,2027-03-26"
    plan = saved(server, tmp_path, f"{SIX}\n{row}")
    by_colleague(server, tmp_path, f"{SIX}\n{row.replace('In Progress', 'On Hold')}")
    ran = applied(server, plan)
    assert (ran.code, ran.column("result")) == (1, ["conflict"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("Approved", "Improved"), "was changed since it was saved"),
        (lambda text: text[: len(text) // 2], "is no saved plan, or is damaged"),
        (lambda _: "[]", "is no saved plan"),
        (lambda _: "{}", "is no saved plan"),
        (lambda text: text.replace("bulkobj plan 1", "bulkobj plan 9"), "another version"),
    ],
)
def test_a_changed_plan_is_refused(server: SandboxServer, tmp_path: Path, text: str, change: Any, said: str) -> None:
    plan = saved(server, tmp_path, text)
    plan.write_text(change(plan.read_text("utf-8")), "utf-8")
    ran = against(server, "apply", plan, "--yes")
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert writes(server) == 0


def test_white_space_is_no_change(server: SandboxServer, tmp_path: Path, text: str) -> None:
    """A repository may format its files."""
    plan = saved(server, tmp_path, text)
    plan.write_text(json.dumps(json.loads(plan.read_text("utf-8")), sort_keys=True), "utf-8")
    assert applied(server, plan).code == 0


def test_another_tenant_is_refused(server: SandboxServer, tmp_path: Path, text: str) -> None:
    plan = saved(server, tmp_path, text)
    with SandboxServer(tmp_path / "other", rate="100/3") as other:
        ran = against(other, "apply", plan, "--yes")
        assert (ran.code, "is for another tenant" in ran.err) == (2, True), ran.err
        assert writes(other) == 0


def test_a_plan_with_errors_is_not_saved(server: SandboxServer, tmp_path: Path) -> None:
    source = tmp_path / "plan.csv"
    rows = [f"{ACCOUNT},One,Adoption,In Progres,2027-01-11,2027-03-26", f"{ACCOUNT},Two,Adoption,In Progress,,"]
    source.write_text("\n".join([SIX, *rows]))
    for more in ((), ("--skip-invalid",)):
        ran = against(server, "import", source, "--dry-run", "--save", tmp_path / "plan.json", *more)
        assert ran.code == 3
        assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--save", "plan.json"), "--save goes with --dry-run"),
        (("--dry-run", "--save", "plan.xlsx"), "a plan is a .json file"),
    ],
)
def test_usage(server: SandboxServer, tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    source = tmp_path / "plan.csv"
    source.write_text(SIX)
    ran = against(server, "import", source, *args)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_without_a_terminal_it_needs_yes(server: SandboxServer, tmp_path: Path, text: str) -> None:
    plan = saved(server, tmp_path, text)
    ran = against(server, "apply", plan)
    assert (ran.code, "--yes" in ran.err, writes(server)) == (2, True, 0)


def test_a_dry_run_of_apply_sends_nothing(server: SandboxServer, tmp_path: Path, text: str) -> None:
    plan = saved(server, tmp_path, text)
    ran = against(server, "apply", plan, "--dry-run", "--json")
    assert ran.column("result") == ["would-create", "would-update", "would-delete", "would-create"]
    assert writes(server) == 0


def test_the_page_shows_the_fingerprint(server: SandboxServer, tmp_path: Path, text: str) -> None:
    """What is approved on the page is the file that is applied."""
    plan = saved(server, tmp_path, text, "--report", tmp_path / "plan.html")
    fingerprint = json.loads(plan.read_text("utf-8"))["fingerprint"]
    assert fingerprint in (tmp_path / "plan.html").read_text("utf-8")
    assert fingerprint in against(server, "apply", plan, "--yes").err


def test_an_applied_plan_can_be_undone(server: SandboxServer, tmp_path: Path, text: str) -> None:
    plan = saved(server, tmp_path, "\n".join(text.splitlines()[:2]))
    ran = applied(server, plan)
    assert ran.code == 0
    assert against(server, "undo", ran.report["run"], "--yes").code == 0
    assert "Approved" not in {one["title"] for one in objectives(server)}
    assert calls(server)["DELETE"] == 1
