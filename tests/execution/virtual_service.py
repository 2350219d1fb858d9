"""A service and a clock in virtual time: lost answers, late commits and colleagues, without any real waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bulkobj.config.settings import Settings
from bulkobj.core.errors import BulkobjError
from bulkobj.core.model import Action, Field, Objective, Rate, Result
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Entry, Moment, RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.execution.run_steps import Running
from bulkobj.planning.plan import Line, Step
from bulkobj.totango.responses import NoResponse, Response, Verdict
from bulkobj.totango.retry_policy import Attempt

ACCOUNT = "A"
TIMEOUT, SETTLE = 30.0, 60.0


class Killed(BaseException):
    """The process dies at once."""


class VirtualClock:
    """Nobody waits on it: a sleep sets it forward. The time of day can be set, the seconds can't."""

    def __init__(self) -> None:
        self.boot = "boot-1"
        self.at = 1000.0
        self.offset = timedelta()

    def now(self) -> float:
        return self.at

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.at) + self.offset

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


#: What becomes of a write: done, lost before or after it took effect, refused, or the process dies.
Fate = str


@dataclass
class VirtualService:
    """The objectives of accounts. ``fates`` are those of the writes to come, by default ``done``.

    ``late`` in a fate (``late 45``) lets a lost write take effect so many seconds after its time-out. ``before_write``
    and ``before_read`` are called first, for what colleagues do. ``stamp`` gives an objective's creation time.
    """

    clock: VirtualClock
    held: dict[str, Objective] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)
    ids: bool = True
    template_titles: tuple[str, ...] = ("Onboarding",)
    before_write: Callable[[Step], object] = lambda _: None
    before_read: Callable[[], object] = lambda: None
    stamp: Callable[[datetime], str] = lambda wall: wall.isoformat()
    unknown_accounts: bool = False
    calls: int = 0
    writes: list[Step] = field(default_factory=list)
    reads: int = 0
    _late: list[tuple[float, Step]] = field(default_factory=list)
    _number: int = 0

    def add(self, title: str, **fields: Any) -> Objective:
        """Make an objective, as a colleague does."""
        values = {Field.TITLE: title} | {Field(name): value for name, value in fields.items()}
        return self._made(values)

    def change(self, objective_id: str, **fields: Any) -> None:
        """Change an objective, as a colleague does."""
        held = self.held[objective_id]
        changed = {Field(name): value for name, value in fields.items()}
        self.held[objective_id] = replace(held, fields={**held.fields, **changed})

    def titles(self) -> list[str]:
        """Return the titles of all objectives, once all late writes have arrived."""
        self._arrive(float("inf"))
        return sorted(str(one.get(Field.TITLE)) for one in self.held.values())

    async def objectives(self, account_id: str) -> tuple[Objective, ...] | None:
        self.calls += 1
        self.reads += 1
        self.before_read()
        self.clock.at += 0.1
        self._arrive(self.clock.at)
        return None if self.unknown_accounts else tuple(self.held.values())

    async def write(self, step: Step, before_send: Callable[[], None]) -> Attempt:
        self.before_write(step)
        before_send()
        self.calls += 1
        self.writes.append(step)
        self._arrive(self.clock.at)
        kind, _, delay = (self.fates.pop(0) if self.fates else "done").partition(" ")
        if kind in {"done", "after", "killed-after"}:
            response = self._take_effect(step)
        if kind.startswith("killed"):
            raise Killed
        if kind == "done":
            self.clock.at += 0.1
            verdict = Verdict.DONE if response.status < 300 else Verdict.REJECTED
            return Attempt(verdict, response)
        if kind.isdigit():
            verdict = Verdict.FORBIDDEN if kind == "403" else Verdict.REJECTED
            return Attempt(verdict, Response(int(kind), body=b"refused"))
        self.clock.at += TIMEOUT
        if kind == "late":
            self._late.append((self.clock.at + float(delay), step))
        return Attempt(Verdict.LOST, NoResponse(sent=True, reason="no answer"))

    def _arrive(self, now: float) -> None:
        due = [step for at, step in self._late if at <= now]
        self._late = [(at, step) for at, step in self._late if at > now]
        for step in due:
            self._take_effect(step)

    def _take_effect(self, step: Step) -> Response:
        match step.action:
            case Action.CREATE:
                made = self._made(step.body)
                return Response(201, body=f'{{"id": "{made.id}"}}'.encode()) if self.ids else Response(204)
            case Action.RUN_TEMPLATE:
                for title in self.template_titles:
                    self._made({Field.TITLE: title})
                return Response(200, body=b"Success")
        if step.objective_id not in self.held:
            return Response(404, body=b"not found")
        if step.action is Action.DELETE:
            del self.held[step.objective_id]
        else:
            held = self.held[step.objective_id]
            self.held[step.objective_id] = replace(held, fields={**held.fields, **step.body})
        return Response(204)

    def _made(self, fields: Mapping[Field, Any]) -> Objective:
        self._number += 1
        made = Objective(f"o{self._number}", ACCOUNT, dict(fields), self.stamp(self.clock.wall()))
        self.held[made.id] = made
        return made


def create(title: str, **fields: str) -> Step:
    """Return a create."""
    return Step(Action.CREATE, ACCOUNT, body={Field.TITLE: title} | {Field(k): v for k, v in fields.items()})


TEMPLATE = Step(Action.RUN_TEMPLATE, ACCOUNT, template_id="t1")


def update(before: Objective, **fields: Any) -> Step:
    """Return an update of an objective as it was read."""
    changed = {Field(name): value for name, value in fields.items()}
    body = {name: value for name, value in before.fields.items() if name is not Field.SUCCESS_PLAYS} | changed
    return Step(Action.UPDATE, ACCOUNT, before.id, body=body, before=before)


def delete(before: Objective) -> Step:
    """Return a deletion of an objective as it was read."""
    return Step(Action.DELETE, ACCOUNT, before.id, before=before)


class VirtualRun:
    """A run of steps on one account, planned on what the service holds now; ``snapshot=False`` is an old journal."""

    def __init__(
        self,
        folder: Path,
        service: VirtualService,
        steps: Sequence[Step],
        *,
        run: str = "20260101-000000-test",
        existing: str = "refuse",
        snapshot: bool = True,
        fresh: float = 60.0,
    ) -> None:
        self.service = service
        self.clock = service.clock
        rate = Rate(99, 60.0)
        self.settings = Settings(
            "http://fake", "t", rate, TIMEOUT, SETTLE, 8, folder, folder / "c", "default", fresh=fresh
        )
        self.store = RunStore(folder)
        header = RunHeader(run, "import", "2026-01-01T00:00:00+00:00", "f", "h", "t", "k", "u", existing=existing)
        lines = [
            Line(n, None, one.action, Result.NOT_ATTEMPTED, one, one.account_id, one.objective_id, _title(one))
            for n, one in enumerate(steps, start=2)
        ]
        now = Moment.of(self.clock)
        seen: dict[str, Iterable[str]] = {ACCOUNT: list(service.held)} if snapshot else {}
        self.journal = Journal.create(self.store.folder, header, b"", lines, seen, dict.fromkeys(seen, now))
        self.duplicates = 0
        self.observed: list[tuple[int, str]] = []

    def carry_out(self) -> BulkobjError | None:
        """Do what is left to do; return the error that it stopped with. Killed ends it at once."""
        running = Running(self.journal, self.settings, self.clock, self.store, self._progress)

        async def work() -> None:
            await running(self.service, StopSignal())  # type: ignore[arg-type]  # all that it uses of Totango

        try:
            with (
                self.store.working(self.journal.header.run),
                asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
            ):
                runner.run(work())
        except BulkobjError as error:
            return error
        except Killed:
            pass
        except BaseExceptionGroup as group:
            if group.subgroup(Killed) is None:
                raise
        self.duplicates = running.duplicates
        return None

    def _progress(self, done: int, _: int) -> None:
        entries = [entry for entry in self.entries() if entry.finished_at]
        self.observed.append((done, entries[-1].line.result.value if entries else "nothing on disk"))

    def resume(self) -> BulkobjError | None:
        """Do what is left as a later process does, with the journal as it is on disk."""
        path = self.store.find(self.journal.header.run)
        self.journal.close()
        self.journal = Journal.open(path)
        return self.carry_out()

    def entries(self) -> list[Entry]:
        """Return the lines as the journal on disk has them."""
        with closing(Journal.open(self.store.find(self.journal.header.run), read_only=True)) as journal:
            return list(journal.entries())

    def results(self) -> list[str]:
        """Return the result of each line."""
        return [entry.line.result.value for entry in self.entries()]


def _title(step: Step) -> str:
    return "Onboarding" if step.action is Action.RUN_TEMPLATE else str(step.body.get(Field.TITLE, ""))
