"""Runs steps against a sandbox the way the pipeline does, without a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import BulkobjError
from bulkobj.core.model import Action, Field, Rate, Result
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Entry, Moment, RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.execution.run_steps import Running
from bulkobj.planning.plan import Line, Step
from bulkobj.workflows.connection import Connection, target_key
from tests.service.server import SandboxServer

STATUS = "7ee010f0-1228-222-974e-89b5d2cf2152"
CATEGORY = "b6d0a419-bab9-4fcf-ppp-2ea9b425ff19"
ACCOUNT = "BLUE-1010"


def create(title: str, account: str = ACCOUNT, **fields: str) -> Step:
    """A create with all that the service requires."""
    body = {Field.TITLE: title, Field.CATEGORY: CATEGORY, Field.STATUS: STATUS}
    return Step(Action.CREATE, account, body=body | {Field(name): value for name, value in fields.items()})


#: Servers that settings were made for, by URL: a run's snapshot is taken from theirs.
SERVERS: dict[str, SandboxServer] = {}


def settings_for(server: SandboxServer, folder: Path, **changes: object) -> Settings:
    """Settings that go to the sandbox, twenty times as fast as the real thing."""
    SERVERS[server.url] = server
    values: dict[str, object] = {
        "base_url": server.url,
        "token": server.token,
        "rate": Rate(99, 3.0),
        "timeout": 5.0,
        "settle": 0.3,
        "concurrency": 8,
        "state_dir": folder,
        "config_path": folder / "config.toml",
        "profile": "default",
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]  # one dict for many types


class Elsewhere(RunStore):
    """A folder of runs in which other runs have made ``made``, by account."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self.made: Mapping[str, Iterable[str]] = {}

    def made_in(self, target_key: str, *, but: str) -> dict[str, list[str]]:
        return {account: list(ids) for account, ids in self.made.items()}


class RunKit:
    """A run of some steps: begun, carried out, carried out again.

    ``seen`` is what was on the accounts when they were read for the plan: by default, what is there now.
    """

    def __init__(
        self,
        settings: Settings,
        steps: Sequence[Step],
        seen: Mapping[str, Iterable[str]] | None = None,
        existing: str = "refuse",
    ) -> None:
        self.settings = settings
        lines = [
            Line(row, None, step.action, Result.NOT_ATTEMPTED, step, step.account_id, step.objective_id, _title(step))
            for row, step in enumerate(steps, start=2)
        ]
        header = RunHeader("20260101-000000-test", "import", "2026-01-01T00:00:00+00:00", "f", "h", "t", "k", "u")
        header = replace(header, existing=existing)
        now, seen = Moment.of(SystemClock()), _seen(settings, steps) if seen is None else seen
        self.store = Elsewhere(settings.state_dir)
        read_at = dict.fromkeys(seen, now)
        self.journal = Journal.create(self.store.folder, header, b"", lines, seen, read_at)
        self.calls = 0
        self.duplicates = 0

    def resume(self) -> BulkobjError | None:
        """Do what is left to do as a later process does."""
        self.journal.is_new = False
        return self.carry_out()

    def carry_out(self) -> BulkobjError | None:
        """Do what is left to do; the error that it stopped with."""
        clock = SystemClock()
        running = Running(self.journal, self.settings, clock, self.store, lambda _, __: None)
        connection = Connection(self.settings, target_key(self.settings.base_url), clock, Random(1), lambda _: None)
        error = None
        try:
            connection.run(running)
        except BulkobjError as stopped:
            error = stopped
        self.calls, self.duplicates = running.calls, running.duplicates
        return error

    def entries(self) -> list[Entry]:
        """The lines as the journal has them."""
        return list(self.journal.entries())

    def results(self) -> list[str]:
        """The result of each line."""
        return [entry.line.result.value for entry in self.entries()]


def _title(step: Step) -> str:
    return "90-day onboarding" if step.action is Action.RUN_TEMPLATE else str(step.body.get(Field.TITLE, ""))


def _seen(settings: Settings, steps: Iterable[Step]) -> dict[str, list[str]]:
    held = SERVERS[settings.base_url].objectives()
    accounts = {step.account_id for step in steps if step.account_id}
    return {account: [one["id"] for one in held if one["accountId"] == account] for account in accounts}


def titles(server: SandboxServer, account: str = ACCOUNT) -> list[str]:
    """The titles of the account's objectives that a test made, sorted."""
    return sorted(one["title"] for one in server.objectives() if one["accountId"] == account)
