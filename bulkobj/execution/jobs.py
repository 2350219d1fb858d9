"""The nouns of the executor: jobs and accounts, and its two interfaces, the service and the recorder."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from bulkobj.core.model import Action, Objective, Result
from bulkobj.execution.journal.records import Moment, Outcome, State
from bulkobj.planning.plan import Step
from bulkobj.totango.retry_policy import Attempt

#: States of a step that may or may not have taken effect.
IN_DOUBT = frozenset({State.SENT, State.LOST})
MAKING = frozenset({Action.CREATE, Action.RUN_TEMPLATE})


class Service(Protocol):
    """The service as the executor uses it; :class:`bulkobj.totango.client.Totango` is one."""

    async def objectives(self, account_id: str) -> tuple[Objective, ...] | None:
        """Return the account's objectives; None where the service does not know the account."""

    async def write(self, step: Step, before_send: Callable[[], None]) -> Attempt:
        """Send a step; ``before_send`` runs before every try's first byte."""


class Recorder(Protocol):
    """The record of the steps; :class:`bulkobj.execution.journal.journal.Journal` is one.

    What a method records is durable when it returns.
    """

    def sending(self, position: int, at: Moment) -> None:
        """Record that the step's first byte is about to leave."""

    def unsent(self, position: int) -> None:
        """Record that the last send did not take effect."""

    def lost(self, position: int, at: Moment, http_status: int | None) -> None:
        """Record that the step may or may not have taken effect."""

    def revised(self, position: int, step: Step) -> None:
        """Record the step as it is sent, where that is not as it was planned."""

    def settled(self, position: int, outcome: Outcome, at: Moment) -> None:
        """Record the step's outcome."""

    def identified(self, position: int, made: Collection[Objective], doubtful: Iterable[str] = ()) -> None:
        """Record what a step created, learnt after its outcome."""

    def noted(self, position: int, message: str, doubtful: Iterable[str] = ()) -> None:
        """Record something for the row's reader, learnt after its outcome."""

    def snapshot(self, account_id: str, planned: Iterable[str], latest: Iterable[str], at: Moment) -> None:
        """Record the objectives of an account: those when the run was planned, and those that were just read."""


@dataclass(slots=True)
class Job:
    """A step on its way.

    Attributes:
        position: its place in the plan.
        step: what to send.
        name: the template's name, for a run of a template.
        state: how far it is.
        sends: sends whose answer was lost.
        looks: looks at the account since the last of them.
        lost_since: when that one was lost, on the clock's ``now``.
        sent_before: whether an earlier process may have sent it.
        known_before: ids on the account before the first send that was lost.
        result: its result, once settled.
    """

    position: int
    step: Step
    name: str = ""
    state: State = State.PLANNED
    sends: int = 0
    looks: int = 0
    lost_since: float = 0.0
    http_status: int | None = None
    reason: str = ""
    sent_before: bool = False
    known_before: frozenset[str] = frozenset()
    result: Result | None = None

    @property
    def account_key(self) -> str:
        """Jobs of one key are done one after the other; a deletion without an account can't meet any other."""
        return self.step.account_id or f"\0{self.step.objective_id}"


@dataclass(slots=True)
class Account:
    """An account's jobs in their order, and what is known of its objectives.

    Attributes:
        id: the account's id; empty for deletions without an account.
        jobs: the jobs that are not settled.
        planned: ids that were there when the run was planned, or at the first reading; None before that.
        seen: ids that were there before the next send, complete where ``snapshot`` is true.
        claimed: ids that the run's jobs made.
        foreign: ids that other runs made.
        live: the objectives as last read in this process.
        read_at: when they were read, or were read for the plan.
        others_wrote: when another run wrote to the account last.
        stale: whether the account must be read before its next write.
        nameless: creates whose ids are not known yet.
        templates: runs of templates whose objectives are not known yet.
        once_lost: creates whose answer was lost at some time.
        undecided: jobs that stay unknown; the recorded snapshot must stay older than they are.
        closed: whether all jobs are settled and the last look was had.
    """

    id: str
    jobs: deque[Job] = field(default_factory=deque)
    planned: frozenset[str] | None = None
    seen: set[str] = field(default_factory=set)
    snapshot: bool = False
    claimed: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    live: dict[str, Objective] | None = None
    read_at: float = -math.inf
    others_wrote: float = -math.inf
    stale: bool = False
    nameless: list[Job] = field(default_factory=list)
    templates: list[Job] = field(default_factory=list)
    once_lost: list[Job] = field(default_factory=list)
    undecided: list[Job] = field(default_factory=list)
    closed: bool = False

    @property
    def taken(self) -> set[str]:
        """Ids that can't be what the next job makes."""
        return self.seen | self.claimed | self.foreign

    @property
    def appeared(self) -> list[Objective]:
        """Objectives that were not there when the run was planned, and that none of its jobs made."""
        before = self.claimed | (self.planned or frozenset())
        return [one for one in (self.live or {}).values() if one.id not in before]

    def needs_reading(self, job: Job, now: float, fresh: float) -> bool:
        """Return whether the account must be read before the job is sent; values last ``fresh`` seconds."""
        if self.stale:
            return True
        if job.step.action is Action.RUN_TEMPLATE and self.templates:
            return True  # later the two could not be told apart
        if job.step.action in MAKING:
            return not self.snapshot or self.others_wrote > self.read_at
        return not fresh or now - self.read_at > fresh
