"""Steps sent, answered and recorded, against the sandbox over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkobj.core.model import Action, Field
from bulkobj.planning.plan import Step
from tests.execution.execution_kit import ACCOUNT, RunKit, create, settings_for, titles
from tests.service.server import SandboxServer


def test_creates_are_sent_once_and_their_ids_recorded(server: SandboxServer, tmp_path: Path) -> None:
    """Every create makes one objective, and the journal knows its id."""
    before = titles(server)
    run = RunKit(settings_for(server, tmp_path), [create(f"New {n}") for n in range(5)])
    assert run.carry_out() is None
    assert titles(server) == sorted([*before, *(f"New {n}" for n in range(5))])
    assert run.results() == ["created"] * 5
    made = {one["id"] for one in server.objectives()}
    assert all(entry.line.objective_id in made for entry in run.entries())
    assert run.calls == len(server.arrivals()) == 5


@pytest.mark.parametrize(
    "shape", ["201-id", "200-id", "201-objective", "wrapped-objective", "wrapped-data", "success", "204"]
)
def test_every_create_answer_gives_the_id(server: SandboxServer, tmp_path: Path, shape: str) -> None:
    """Where the answer carries no id, the account is read back once to find it, twins included."""
    server.behave(create_answer=shape)
    run = RunKit(settings_for(server, tmp_path), [create("Twin"), create("Twin"), create("Single")])
    assert run.carry_out() is None
    ids = {entry.line.objective_id for entry in run.entries()}
    named = {one["id"]: one["title"] for one in server.objectives()}
    assert sorted(named[one] for one in ids) == ["Single", "Twin", "Twin"]
    assert run.calls == (4 if shape in {"success", "204"} else 3)


@pytest.mark.parametrize("style", ["message", "error", "errors", "text", "html", "empty"])
def test_a_rejection_is_the_rows_failure_with_the_services_words(
    server: SandboxServer, tmp_path: Path, style: str
) -> None:
    """A refused create fails with its status and something to read; the others go on."""
    server.behave(error_style=style)
    run = RunKit(settings_for(server, tmp_path), [create("A", "NO-SUCH-ACCOUNT"), create("B")])
    assert run.carry_out() is None
    failed, done = run.entries()
    assert (failed.line.result.value, failed.http_status, done.line.result.value) == ("failed", 400, "created")
    assert failed.line.message
    assert "<" not in failed.line.message


def test_writes_of_an_account_never_overlap(server: SandboxServer, tmp_path: Path) -> None:
    """One after the other within an account, several accounts at once."""
    server.behave(latency=0.05)
    steps = [create(f"{n}", account) for n in range(4) for account in ("ACME-1001", "ACME-1002", ACCOUNT)]
    run = RunKit(settings_for(server, tmp_path), steps)
    assert run.carry_out() is None
    entries = run.entries()
    spans: dict[str, list[tuple[str, str]]] = {}
    for entry in entries:
        spans.setdefault(entry.line.account_id, []).append((str(entry.sent_at), str(entry.line.objective_id)))
    made = {one["id"]: one["createdAt"] for one in server.objectives()}
    for sent in spans.values():
        ordered = sorted(sent)
        assert all(made[ordered[i][1]] <= ordered[i + 1][0][:23] + "Z" for i in range(len(ordered) - 1))


def test_update_delete_and_template_are_done(server: SandboxServer, tmp_path: Path) -> None:
    """Each action does what it says, and 404 is a failure in the service's words."""
    held = next(one for one in server.objectives() if one["accountId"] == "ACME-1001")
    template = "012e4e3f-a801-487e-9900-011f20c187c3"
    steps = [
        Step(Action.UPDATE, "ACME-1001", held["id"], body={Field.TITLE: "Changed"}),
        Step(Action.RUN_TEMPLATE, "ACME-1002", template_id=template),
        Step(Action.DELETE, "", "no-such-objective"),
    ]
    run = RunKit(settings_for(server, tmp_path), steps)
    assert run.carry_out() is None
    assert run.results() == ["updated", "created", "failed"]
    assert run.entries()[2].http_status == 404
    assert "Changed" in titles(server, "ACME-1001")
