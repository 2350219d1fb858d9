"""`bulkobj undo`: the service is as it was before, but for what someone else has changed since."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.cli_kit import against, bulkobj, calls, creates
from tests.service.server import SandboxServer

SAMPLES = Path(__file__).parents[2] / "samples"


def held(server: SandboxServer) -> Counter[str]:
    """What the service holds, ids and times of making aside, as a multiset."""
    unlike = {"id", "createdAt", "updatedAt", "createdBy", "updatedBy"}
    return Counter(
        json.dumps({k: v for k, v in one.items() if k not in unlike and v not in ([], "", None)}, sort_keys=True)
        for one in server.objectives()
    )


@pytest.mark.proof
@pytest.mark.parametrize("shape", [{}, {"update": "replace"}, {"template_objectives": 3}, {"create_answer": "204"}])
def test_a_whole_run_is_undone_and_undoing_again_sends_nothing(
    server: SandboxServer, tmp_path: Path, shape: dict[str, object]
) -> None:
    server.behave(**shape)
    before = held(server)
    shutil.copy(SAMPLES / "quarterly-plan.csv", tmp_path / "plan.csv")
    run = against(server, "import", tmp_path / "plan.csv", "--yes", "--json").report["run"]
    assert held(server) != before
    undone = against(server, "undo", run, "--yes", "--json")
    assert undone.code == 0, undone.err
    assert held(server) == before
    writes = {method: number for method, number in calls(server).items() if method != "GET"}
    again = against(server, "undo", run, "--yes", "--json")
    assert again.code == 0
    assert set(again.report["counts"]) == {"unchanged"}
    assert {method: number for method, number in calls(server).items() if method != "GET"} == writes


def test_what_a_colleague_changed_since_is_left_alone(server: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(
        "Action,Account ID,Objective ID,Title\n"
        "update,ACME-1001,1946f580-3cae-445c-9069-80ba1f71f6fa,Ours\n"
        "update,ACME-1001,3b7040a0-38d0-4604-a124-e839b9cbfb00,Ours too\n"
    )
    run = against(server, "import", path, "--yes", "--json").report["run"]
    theirs = next(one for one in server.objectives() if one["title"] == "Ours")
    server.put("objectives", [theirs | {"title": "Theirs"}])
    undone = against(server, "undo", run, "--yes", "--json")
    assert undone.code == 1
    assert undone.column("result") == ["conflict", "updated"]
    titles = {one["title"] for one in server.objectives()}
    assert "Theirs" in titles
    assert "Roll out the warehouse module" in titles


def test_that_a_deleted_one_gets_a_new_id_is_said_before_it_is_asked(server: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text("Action,Account ID,Objective ID\ndelete,ACME-1001,1946f580-3cae-445c-9069-80ba1f71f6fa\n")
    run = against(server, "import", path, "--yes", "--json").report["run"]
    asked = against(server, "undo", run)
    assert asked.code == 2
    assert "it gets a new id in place of 1946f580-3cae-445c-9069-80ba1f71f6fa" in asked.err


def test_an_undone_file_may_be_imported_again(server: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    assert against(server, "undo", run, "--yes").code == 0
    assert against(server, "import", path, "--yes").code == 0


def test_a_dry_undo_and_an_unanswered_one_send_nothing(server: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    dry = against(server, "undo", run, "--dry-run", "--json")
    assert (dry.code, dry.report["counts"]) == (0, {"would-delete": 2})
    assert against(server, "undo", run).code == 2
    assert "DELETE" not in calls(server)


def test_an_undoing_that_stopped_is_resumed_and_not_begun_anew(server: SandboxServer, tmp_path: Path) -> None:
    """What it deleted already would be made twice: once by each undoing."""
    path = tmp_path / "plan.csv"
    path.write_text("Action,Account ID,Objective ID\n" + "".join(f"delete,{a},{i}\n" for a, i in seeds(server)))
    before = held(server)
    run = against(server, "import", path, "--yes", "--json").report["run"]
    server.expire_token(after=6, successor="next")
    stopped = against(server, "undo", run, "--yes", "--json", "--concurrency", 1)
    assert stopped.code == 4
    assert {"created", "not-attempted"} <= stopped.report["counts"].keys()
    again = against(server, "undo", run, "--yes", BULKOBJ_TOKEN="next")
    assert again.code == 2
    assert f"bulkobj resume {stopped.report['run']}" in again.err
    assert against(server, "resume", BULKOBJ_TOKEN="next").code == 0
    assert held(server) == before


def seeds(server: SandboxServer) -> list[tuple[str, str]]:
    """Account and id of the objectives of two accounts."""
    return [(o["accountId"], o["id"]) for o in server.objectives() if o["accountId"] in {"ACME-1001", "BRIG-1014"}]


def test_a_run_that_was_undone_sends_nothing_when_it_is_resumed(server: SandboxServer, tmp_path: Path) -> None:
    path, before = tmp_path / "plan.csv", held(server)
    path.write_bytes(creates(6))
    server.expire_token(after=6, successor="next")
    stopped = against(server, "import", path, "--yes", "--json", "--concurrency", 1)
    assert stopped.code == 4
    assert against(server, "undo", stopped.report["run"], "--yes", BULKOBJ_TOKEN="next").code == 0
    resumed = against(server, "resume", stopped.report["run"], "--json", BULKOBJ_TOKEN="next")
    assert resumed.report["counts"] == {"created": 3, "not-attempted": 3}
    assert held(server) == before
    assert "nothing to resume" in against(server, "resume", BULKOBJ_TOKEN="next").err


def test_a_run_of_which_nothing_was_done_is_undone_by_a_word(server: SandboxServer, tmp_path: Path) -> None:
    """Nothing is sent, and the file may be imported again."""
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    server.expire_token(after=3, successor="next")
    stopped = against(server, "import", path, "--yes", "--json", "--concurrency", 1)
    assert (stopped.code, stopped.report["counts"]) == (4, {"not-attempted": 2})
    refused = against(server, "import", path, "--yes", BULKOBJ_TOKEN="next")
    assert f"bulkobj undo {stopped.report['run']}" in refused.err
    assert against(server, "undo", stopped.report["run"], BULKOBJ_TOKEN="next").code == 0
    assert against(server, "import", path, "--yes", BULKOBJ_TOKEN="next").code == 0


def test_an_undo_that_is_undone_leaves_nothing_to_import(server: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    undoing = against(server, "undo", run, "--yes", "--json").report["run"]
    there = held(server)
    assert against(server, "undo", undoing, "--yes").code == 0
    assert held(server) - there
    assert against(server, "import", path, "--yes", "--json").report["counts"] == {"unchanged": 2}
    assert against(server, "resume", undoing).code == 0
    assert against(server, "import", path, "--yes", "--json").report["counts"] == {"unchanged": 2}


def test_a_file_counts_as_imported_from_when_its_undoing_begins_to_be_undone(
    server: SandboxServer, tmp_path: Path
) -> None:
    """Broken off in the middle, some of it is there again."""
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(6))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    undoing = against(server, "undo", run, "--yes", "--json").report["run"]
    server.expire_token(after=3, successor="next")
    assert against(server, "undo", undoing, "--yes", "--concurrency", 1).code == 4
    assert against(server, "import", path, "--yes", BULKOBJ_TOKEN="next").code == 2


def test_an_undoing_is_undone_though_the_journal_of_the_first_run_is_gone(
    server: SandboxServer, tmp_path: Path
) -> None:
    """As after `bulkobj runs --prune`: what was done is done, and reported."""
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    undoing = against(server, "undo", run, "--yes", "--json").report["run"]
    (tmp_path / "state" / "runs" / f"{run}.sqlite").unlink()
    again = against(server, "undo", undoing, "--yes", "--report", tmp_path / "r.csv")
    assert again.code == 0, again.err
    assert (tmp_path / "r.csv").exists()


def test_a_file_is_free_again_when_its_undoing_was_resumed(server: SandboxServer, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(3))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    server.expire_token(after=2, successor="next")
    assert against(server, "undo", run, "--yes", "--concurrency", 1).code == 4
    assert against(server, "resume", BULKOBJ_TOKEN="next").code == 0
    assert against(server, "import", path, "--yes", BULKOBJ_TOKEN="next").code == 0


def test_what_a_template_made_is_one_row_of_the_report(server: SandboxServer, tmp_path: Path) -> None:
    """Three deletions for one row: all their ids stand there, and the worst result; none is lost in the file."""
    server.behave(template_objectives=3)
    path, template = tmp_path / "plan.csv", "012e4e3f-a801-487e-9900-011f20c187c3"
    path.write_text(f"Account ID,Template\nBLUE-1010,{template}\n")
    run = against(server, "import", path, "--yes", "--json").report["run"]
    server.fault("status", method="DELETE", status=400, style="message", count=1)
    report = tmp_path / "undone.csv"
    ran = against(server, "undo", run, "--yes", "--report", report, "--json")
    assert ran.report["counts"] == {"deleted": 2, "failed": 1}
    (row,) = csv.DictReader(report.read_text("utf-8-sig").splitlines())
    assert row["_result"] == "failed"
    assert set(row["_objective_id"].split(";")) == set(ran.column("objective_id"))


def test_what_was_adopted_after_a_lost_answer_is_left_to_a_person(server: SandboxServer, tmp_path: Path) -> None:
    """It stays, is listed on standard error with its id, and the undo exits 1."""
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    server.fault("drop", method="POST", path="/objectives", when="after", count=1)
    imported = against(server, "import", path, "--yes", "--json", "--concurrency", 1)
    run, adopted = imported.report["run"], imported.column("objective_id")[0]
    undone = against(server, "undo", run, "--yes", "--json")
    assert undone.code == 1
    assert undone.column("result") == ["not-attempted", "deleted"]
    assert adopted in undone.err
    assert adopted in {one["id"] for one in server.objectives()}
    assert "undone" not in bulkobj("runs").out


def test_an_account_that_is_not_found_proves_nothing(server: SandboxServer, tmp_path: Path) -> None:
    """One 404 of a gateway is no sign that the objectives are gone: nothing counts as undone."""
    path = tmp_path / "plan.csv"
    path.write_bytes(creates(2))
    run = against(server, "import", path, "--yes", "--json").report["run"]
    server.fault("status", method="GET", path="accountId", status=404)
    undone = against(server, "undo", run, "--yes", "--json")
    assert (undone.code, undone.report["counts"]) == (1, {"not-attempted": 2})
    server.clear_faults()
    assert against(server, "undo", run, "--yes", "--json").report["counts"] == {"deleted": 2}
    assert "undone" in bulkobj("runs").out
