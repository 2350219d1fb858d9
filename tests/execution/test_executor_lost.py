"""Writes whose answer is lost: never twice, never forgotten, and said to be unknown where nobody can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bulkobj.core.model import Action, Field, Objective
from bulkobj.planning.plan import Step
from tests.execution.execution_kit import ACCOUNT, CATEGORY, STATUS, RunKit, create, settings_for, titles
from tests.service.behaviour import Fault
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

LOSSES: dict[str, dict[str, Any]] = {
    "dropped before": {"kind": "drop", "when": "before"},
    "dropped after": {"kind": "drop", "when": "after"},
    "reset after": {"kind": "reset", "when": "after"},
    "502 before": {"kind": "status", "status": 502, "when": "before", "style": "html"},
    "502 after": {"kind": "status", "status": 502, "when": "after"},
    "500 after": {"kind": "status", "status": 500, "when": "after"},
    "408 before": {"kind": "status", "status": 408, "when": "before"},
    "a page of a proxy": {"kind": "status", "status": 200, "style": "html", "when": "before"},
    "truncated": {"kind": "truncated", "when": "after"},
    "redirected": {"kind": "redirect", "when": "before"},
    "hanging before": {"kind": "hang", "when": "before"},
    "hanging after": {"kind": "hang", "when": "after"},
    "dripping in for longer than a call may take": {"kind": "trickle", "delay": 0.2, "when": "after"},
    "late, within settle": {"kind": "late", "delay": 0.7},
}


@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES.keys())
def test_a_lost_create_happens_exactly_once(server: SandboxServer, tmp_path: Path, fault: dict[str, Any]) -> None:
    """Whatever became of the answer, the account ends up with each objective once, and the journal knows it."""
    before = titles(server)
    server.fault(Fault(method="POST", path="/api/v3/objectives", skip=1, count=2, **fault))
    run = RunKit(settings_for(server, tmp_path, timeout=0.5, settle=0.6), [create(f"New {n}") for n in range(4)])
    assert run.carry_out() is None
    assert titles(server) == sorted([*before, *(f"New {n}" for n in range(4))])
    assert run.results() == ["created"] * 4
    made = {one["id"]: one["title"] for one in server.objectives()}
    assert [made[entry.line.objective_id] for entry in run.entries()] == [f"New {n}" for n in range(4)]


@pytest.mark.parametrize("fault", LOSSES.values(), ids=LOSSES.keys())
def test_a_lost_update_and_a_lost_delete_are_done(server: SandboxServer, tmp_path: Path, fault: dict[str, Any]) -> None:
    """They are compared with what is there, and sent again only where they have not happened."""
    held = [one for one in server.objectives() if one["accountId"] == "ACME-1001"][:2]
    server.fault(Fault(method="PUT", count=1, **fault))
    server.fault(Fault(method="DELETE", count=1, **fault))
    steps = [
        Step(Action.UPDATE, "ACME-1001", held[0]["id"], body={Field.TITLE: "Changed"}),
        Step(Action.DELETE, "ACME-1001", held[1]["id"]),
    ]
    run = RunKit(settings_for(server, tmp_path, timeout=0.5, settle=0.6), steps)
    assert run.carry_out() is None
    assert run.results() == ["updated", "deleted"]
    now = {one["id"]: one["title"] for one in server.objectives()}
    assert now[held[0]["id"]] == "Changed"
    assert held[1]["id"] not in now


def test_an_equal_objective_that_was_there_before_is_not_adopted(server: SandboxServer, tmp_path: Path) -> None:
    """The service says when an objective was made, so that an old twin is no proof that the new one was."""
    twin = {"accountId": ACCOUNT, "title": "Twin", "categoryId": CATEGORY, "statusId": STATUS}
    server.put("objectives", [{**twin, "id": "old-twin", "createdAt": "2024-01-01T00:00:00.000Z"}])
    server.fault("drop", method="POST", when="before", count=1)
    run = RunKit(settings_for(server, tmp_path), [create("Twin")])
    assert run.carry_out() is None
    assert titles(server).count("Twin") == 2
    assert run.entries()[0].line.objective_id != "old-twin"


def test_what_was_read_before_is_not_adopted_either(server: SandboxServer, tmp_path: Path) -> None:
    """Without times in the answers, the ids that were read for the plan tell the old twin from the new one."""
    server.behave(timestamps=False)
    server.put(
        "objectives",
        [{"id": "old-twin", "accountId": ACCOUNT, "title": "Twin", "categoryId": CATEGORY, "statusId": STATUS}],
    )
    server.fault("drop", method="POST", when="before", count=1)
    run = RunKit(settings_for(server, tmp_path), [create("Twin")], {ACCOUNT: ["old-twin"]})
    assert run.carry_out() is None
    assert titles(server).count("Twin") == 2


def test_no_way_to_look_is_unknown_after_one_send(server: SandboxServer, tmp_path: Path) -> None:
    """Where the list call answers 500, the create is sent once, never twice, and said to be unknown."""
    server.fault("drop", method="POST", when="after", count=1)
    server.fault("status", method="GET", status=500)
    run = RunKit(settings_for(server, tmp_path), [create("Once")])
    assert run.carry_out() is None
    assert run.results() == ["unknown"]
    assert sum(one.method == "POST" for one in server.arrivals()) == 1
    server.clear_faults()
    assert run.carry_out() is None
    assert run.results() == ["created"]
    assert titles(server).count("Once") == 1


def test_something_nearly_equal_is_unknown(server: SandboxServer, tmp_path: Path) -> None:
    """An objective of the title that differs elsewhere may be the lost one, as the service may have changed it."""
    server.behave(timestamps=False)
    near = {"id": "near", "accountId": ACCOUNT, "title": "Near", "categoryId": CATEGORY, "statusId": STATUS}
    server.put("objectives", [{**near, "description": "by someone else"}])
    server.fault("drop", method="POST", when="before", count=1)
    run = RunKit(settings_for(server, tmp_path), [create("Near", description="ours")], {ACCOUNT: []})
    assert run.carry_out() is None
    assert run.results() == ["unknown"]
    assert "near" in run.entries()[0].line.message
    assert sum(one.method == "POST" for one in server.arrivals()) == 1


def test_a_colleagues_change_is_not_overwritten_by_a_second_try(server: SandboxServer, tmp_path: Path) -> None:
    """Where someone changed the same field while our answer was lost, the row is in conflict."""
    held = next(one for one in server.objectives() if one["accountId"] == "ACME-1001")
    before = Objective(held["id"], "ACME-1001", {Field.TITLE: "as it was when it was read"})
    server.fault("drop", method="PUT", when="before", count=1)
    step = Step(Action.UPDATE, "ACME-1001", held["id"], body={Field.TITLE: "Ours"}, before=before)
    run = RunKit(settings_for(server, tmp_path), [step])
    assert run.carry_out() is None
    assert run.results() == ["conflict"]
    assert held["title"] in titles(server, "ACME-1001")


@pytest.mark.parametrize("objectives", [1, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_template_run_happens_exactly_once(
    server: SandboxServer, tmp_path: Path, objectives: int, when: str
) -> None:
    """Its objectives are found by when they were made, however many there are."""
    server.behave(template_objectives=objectives)
    before = len(titles(server))
    server.fault("drop", method="POST", path="/run", when=when, count=1)
    step = Step(Action.RUN_TEMPLATE, ACCOUNT, template_id="012e4e3f-a801-487e-9900-011f20c187c3")
    run = RunKit(settings_for(server, tmp_path), [step])
    assert run.carry_out() is None
    assert run.results() == ["created"]
    assert len(titles(server)) == before + objectives
    if when == "after":
        assert len(run.entries()[0].line.objective_id.split(";")) == objectives


def test_a_duplicate_that_appears_after_all_is_reported(server: SandboxServer, tmp_path: Path) -> None:
    """A write that comes later than --settle allows for is found by the audit at the end of the run."""
    server.fault("late", method="POST", count=1, delay=1.2)
    server.behave(latency=0.3)
    steps = [create("Late"), *(create(f"Other {n}") for n in range(3))]
    run = RunKit(settings_for(server, tmp_path, timeout=0.5, settle=0.1), steps)
    assert run.carry_out() is None
    assert titles(server).count("Late") == 2
    assert run.duplicates == 1
    assert "duplicate" in run.entries()[0].line.message
