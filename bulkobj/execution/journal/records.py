"""The records of a journal: a run's header, and for each row the state of its step and the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bulkobj.core.clock import Clock
from bulkobj.core.model import Objective, Problem, Result
from bulkobj.planning.plan import Line


class State(StrEnum):
    """The states of a step."""

    PLANNED = "planned"
    SENT = "sent"
    LOST = "lost"
    DONE = "done"
    REJECTED = "rejected"


#: States of a step of which something is left to do, or to find out.
TO_DO = frozenset({State.PLANNED, State.SENT, State.LOST})


@dataclass(frozen=True, slots=True)
class Tenant:
    """The ids of a tenant's statuses and categories. Together with host and port they identify the tenant."""

    statuses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def may_be(self, other: Tenant) -> bool:
        """Return whether both can be one tenant: of each kind that both know, at least one id is in both."""
        pairs = ((self.statuses, other.statuses), (self.categories, other.categories))
        return all(not mine or not theirs or not set(mine).isdisjoint(theirs) for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class RunHeader:
    """A run as a whole.

    Attributes:
        options: all that is needed to read the file again and to write its report again.
        profile: the profile of the config file that the run was begun with; empty in old journals.
        tenant: the identity of the tenant beside ``target_key``; empty where it was not read.
        existing: the ``--existing`` mode, which also decides about creates of a resumed run.
        declined: the user saw the first rows and did not want the rest.
        abandoned: an undo of the run has begun, so that it sends nothing any more.
        undone: all of the run was undone.
    """

    run: str
    kind: str
    created_at: str
    file: str
    file_hash: str
    target: str
    target_key: str
    base_url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    calls: int = 0
    finished: bool = False
    declined: bool = False
    abandoned: bool = False
    undone: bool = False
    profile: str = ""
    tenant: Tenant = Tenant()
    existing: str = "refuse"

    @property
    def undoes(self) -> str | None:
        """The id of the run that this run undoes."""
        run: str | None = self.options.get("undoes")
        return run

    @property
    def refused(self) -> bool:
        """Return whether the file had errors, so that nothing was sent."""
        return bool(self.options.get("refused"))

    def is_of(self, target_key: str, tenant: Tenant) -> bool:
        """Return whether the run went to that tenant."""
        return self.target_key == target_key and self.tenant.may_be(tenant)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: the time of day for people, and seconds since a start of the machine, which nobody can set."""

    wall: datetime
    boot: str = ""
    seconds: float = 0.0

    @classmethod
    def of(cls, clock: Clock) -> Moment:
        """Return the present moment."""
        return cls(clock.wall(), clock.boot, clock.now())


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a step.

    ``doubtful`` are ids of objectives that may be the step's or a colleague's. ``undo`` leaves them to a person.
    """

    result: Result
    message: str = ""
    objective_id: str = ""
    http_status: int | None = None
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the plan with the state of its step; ``line.result`` is the result so far.

    ``boot`` and ``seconds`` say when the step was last sent, or lost, on a clock that nobody can set. ``doubtful`` are
    ids of objectives that may be the step's or a colleague's. ``made`` are a template's objectives as they were read.
    """

    position: int
    line: Line
    state: State | None
    attempts: int = 0
    http_status: int | None = None
    first_sent_at: str | None = None
    sent_at: str | None = None
    finished_at: str | None = None
    boot: str = ""
    seconds: float = 0.0
    doubtful: tuple[str, ...] = ()
    made: tuple[Objective, ...] = ()

    @property
    def objective_ids(self) -> tuple[str, ...]:
        """The ids of the row's objectives: one, or those that a template made."""
        return tuple(one for one in self.line.objective_id.split(";") if one)

    @property
    def in_doubt(self) -> bool:
        """Return whether the step was sent and its outcome is not known yet."""
        return self.state is State.SENT or (self.state is State.LOST and not self.finished_at)

    @property
    def lacks_id(self) -> bool:
        """Return whether the step made something whose id is still to be found."""
        told = self.line.objective_id or self.line.message or self.doubtful
        return self.state is State.DONE and self.line.result is Result.CREATED and not told


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account as the journal knows it.

    ``planned`` are the ids that were there when the run was planned, ``latest`` those of the last reading with no step
    in doubt. ``read_at`` is when that was, in seconds since this start of the machine.
    """

    planned: frozenset[str]
    latest: frozenset[str]
    read_at: float


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return objective ids by account."""
    groups: dict[str, list[str]] = {}
    for account, objective in pairs:
        groups.setdefault(account, []).append(objective)
    return groups
