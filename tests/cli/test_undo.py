"""`bulkobj undo`: the service is as it was before, but for what someone else has changed since."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from cli_kit import against, calls, creates

from bulkobj.sandbox.server import SandboxServer

SAMPLES = Path(__file__).parents[2] / "samples"


def held(server: SandboxServer) -> Counter[str]:
    """What the service holds, ids and times of making aside, as a multiset."""
    unlike = {"id", "createdAt", "updatedAt", "createdBy", "updatedBy"}
    return Counter(
        json.dumps({k: v for k, v in one.items() if k not in unlike and v not in ([], "", None)}, sort_keys=True)
        for one in server.objectives()
    )


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
