"""What a journal keeps of a run: its header, and for each row how far its step is and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bulkobj.core.model import Problem, Result
from bulkobj.planning.plan import Line


class State(StrEnum):
    """How far a step is."""

    PLANNED = "planned"
    SENT = "sent"
    LOST = "lost"
    DONE = "done"
    REJECTED = "rejected"


#: States of a step of which something is left to do, or to find out.
TO_DO = frozenset({State.PLANNED, State.SENT, State.LOST})


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What is known of a run as a whole.

    ``options`` is what is needed to read the file and write its report again; ``skew`` how far the service's clock was
    ahead of ours, in seconds. ``declined``: the user saw its first rows, and did not want the rest. ``abandoned``:
    it is being taken back, or was, so that it sends nothing any more; ``undone``: all of it was taken back.
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
    skew: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step."""

    result: Result
    message: str = ""
    objective_id: str = ""
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the plan with how far its step is; ``line.result`` is what is known by now."""

    position: int
    line: Line
    state: State | None
    attempts: int = 0
    http_status: int | None = None
    first_sent_at: str | None = None
    sent_at: str | None = None
    lost_at: str | None = None
    finished_at: str | None = None


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Objective ids by account."""
    groups: dict[str, list[str]] = {}
    for account, objective in pairs:
        groups.setdefault(account, []).append(objective)
    return groups
