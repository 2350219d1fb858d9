"""The nouns of the executor: jobs and accounts, and the two it speaks to, the service and the recorder."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bulkobj.core.model import Action, Objective
from bulkobj.execution.journal.records import Moment, Outcome, State
from bulkobj.execution.reconciliation import Known, Since
from bulkobj.planning.plan import Step
from bulkobj.totango.retry_policy import Attempt


class Service(Protocol):
    """What the executor asks of the service; :class:`bulkobj.totango.client.Totango` is one."""

    @property
    def skew(self) -> float | None:
        """How far its clock is ahead of ours, in seconds, at the least; None where it doesn't say."""

    async def objectives(self, account_id: str) -> tuple[Objective, ...] | None:
        """The account's objectives; None where it doesn't know the account."""

    async def write(self, step: Step, before_send: Callable[[], None]) -> Attempt:
        """Send a step; ``before_send`` runs before every try's first byte."""


class Recorder(Protocol):
    """Whoever keeps what becomes of the steps; durable when a method returns."""

    def sending(self, position: int, at: Moment) -> None:
        """The step's first byte is about to leave."""

    def unsent(self, position: int) -> None:
        """What was sent last is known not to have happened."""

    def lost(self, position: int, at: Moment, http_status: int | None) -> None:
        """The step may or may not have happened."""

    def settled(self, position: int, outcome: Outcome, at: Moment) -> None:
        """The step's outcome."""

    def identified(self, position: int, objective_ids: Iterable[str]) -> None:
        """The id of what a step created, learnt after its outcome."""

    def noted(self, position: int, message: str) -> None:
        """Something that the row's reader should know, learnt after its outcome."""


@dataclass(slots=True)
class Job:
    """A step on its way.

    ``sends`` counts the sends that may have happened, ``looks`` the looks since the last of them; ``lost_since`` is
    when that one was lost, on the clock's ``now``. ``resumed`` says that an earlier process sent it first.
    """

    position: int
    step: Step
    state: State = State.PLANNED
    sends: int = 0
    looks: int = 0
    first_sent: datetime | None = None
    lost_since: float = 0.0
    http_status: int | None = None
    reason: str = ""
    resumed: bool = False

    @property
    def account_key(self) -> str:
        """Jobs of one key are done one after the other; a deletion without an account can't meet any other."""
        return self.step.account_id or f"\0{self.step.objective_id}"

    def since(self, skew: float | None, now: datetime) -> Since:
        """When it was first sent, for telling its objectives from older ones."""
        return Since(self.first_sent or now, skew, self.resumed)


@dataclass(slots=True)
class Account:
    """An account's jobs in their order, and what is known of its objectives.

    ``seen`` are ids that were there before the job at hand was sent, all of them where ``snapshot`` says so;
    ``claimed`` those that other jobs made. ``nameless`` jobs created something whose id is still to be found;
    ``untold`` says that a template made objectives since, whose ids and number nobody told; ``once_lost`` are creates
    whose answer was lost at some time. ``closed``: its jobs are all settled, and it was looked at as far as needed.
    """

    id: str
    jobs: deque[Job] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    snapshot: bool = False
    claimed: set[str] = field(default_factory=set)
    nameless: list[Job] = field(default_factory=list)
    untold: bool = False
    once_lost: list[Job] = field(default_factory=list)
    closed: bool = False

    @property
    def taken(self) -> set[str]:
        """Ids that can't be what the job at hand made."""
        return self.seen | self.claimed

    def known(self, job: Job) -> Known:
        """What a look at the account for that job may go by."""
        bodies = (other.step.body for other in self.jobs if other.step.action is Action.CREATE)
        return Known(self.taken, self.snapshot, self.untold, tuple(body for body in bodies if body != job.step.body))
