"""Intent is on disk before the first byte: the service itself looks, at the moment it receives a write."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from bulkobj.core.model import Action, Field
from bulkobj.planning.plan import Step
from tests.execution.execution_kit import RunKit, create, settings_for
from tests.service.server import SandboxServer


def test_the_journal_holds_the_intent_when_a_write_arrives(tmp_path: Path) -> None:
    """Every write that arrives is one that the journal on disk says is being sent, tries after a loss included."""
    found: list[bool] = []

    def look(method: str, path: str, body: bytes) -> None:
        (journal,) = (tmp_path / "state" / "runs").glob("*.sqlite")
        with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as db:
            sent = [json.loads(step) for (step,) in db.execute("SELECT step FROM line WHERE state = 'sent'")]
        db.close()
        if method == "DELETE":
            found.append(any(path.endswith(step["objective_id"]) for step in sent))
        else:
            title = json.loads(body).get("title")
            found.append(any(step["body"].get("title") == title for step in sent))

    with SandboxServer(tmp_path / "served", rate="1000/1", on_write=look) as server:
        held, gone = [one for one in server.objectives() if one["accountId"] == "ACME-1001"][:2]
        server.fault("drop", method="POST", when="before", skip=1, count=1)
        server.fault("status", method="PUT", status=503, count=1)
        steps = [
            create("One"),
            create("Two"),
            Step(Action.UPDATE, "ACME-1001", held["id"], body={Field.TITLE: "Three"}),
            Step(Action.DELETE, "ACME-1001", gone["id"]),
        ]
        run = RunKit(settings_for(server, tmp_path / "state"), steps)
        assert run.carry_out() is None
        assert not server.hook_errors
    assert len(found) == 6
    assert all(found)
