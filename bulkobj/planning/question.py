"""The question before a run: verb, file, target and counts, worded once for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heapify, heapreplace

from bulkobj.core.columns import OF_FIELD
from bulkobj.core.model import Action, Field, Rate
from bulkobj.core.text import clean, counted, duration
from bulkobj.planning.plan import Line, Plan

#: Seconds that one request is assumed to take.
_REQUEST = 0.3
_ORDER = (Action.CREATE, Action.RUN_TEMPLATE, Action.UPDATE, Action.DELETE)


class Verb(StrEnum):
    """The command that asks."""

    IMPORT = "Import"
    UNDO = "Undo"
    RETRY = "Retry"
    APPLY = "Apply"
    RESUME = "Resume"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The writes of a plan, and about how many seconds they take at the rate."""

    calls: int
    seconds: float
    rate: Rate

    @classmethod
    def of(cls, writes: int, waits: Sequence[float], rate: Rate, concurrency: int) -> Estimate:
        """Estimate the time of so many writes.

        ``waits`` are the seconds until each slot of the rate is free, 0 for those that are; slots that it does not
        name are free.
        """
        slots = [*waits, *[0.0] * (rate.calls - len(waits))]
        workers = [0.0] * concurrency
        heapify(slots)
        end = 0.0
        for _ in range(writes):
            end = max(slots[0], workers[0]) + _REQUEST
            heapreplace(slots, end + rate.seconds)
            heapreplace(workers, end)
        return cls(writes, end, rate)


@dataclass(frozen=True, slots=True)
class Question:
    """All that a person must see before a run begins.

    ``file`` is the name of the spreadsheet; ``run`` the earlier run that is undone, retried or resumed. ``unrecorded``
    is the number of template rows of which no journal of this computer knows.
    """

    verb: Verb
    file: str
    target: str
    profile: str
    plan: Plan
    estimate: Estimate
    run: str | None = None
    unrecorded: int = 0

    @property
    def counts(self) -> dict[Action, int]:
        """The number of steps by action, those of 0 left out."""
        steps = Counter(line.step.action for line in self.plan.lines if line.step is not None)
        return {action: steps[action] for action in _ORDER if steps[action]}

    @property
    def deletions(self) -> int:
        """The number of objectives that are deleted; a person types it to agree."""
        return self.counts.get(Action.DELETE, 0)

    @property
    def deleted(self) -> list[Line]:
        """The rows that delete an objective."""
        return [line for line in self.plan.lines if line.step is not None and line.step.action is Action.DELETE]

    @property
    def emptied(self) -> list[tuple[Line, list[str]]]:
        """The updates that empty fields, with the columns of those fields."""
        updates = (line for line in self.plan.lines if line.step is not None and line.step.action is Action.UPDATE)
        found = (
            (line, [OF_FIELD[f].header for f, (old, new) in line.changes.items() if old and not new])
            for line in updates
        )
        return [(line, headers) for line, headers in found if headers]

    @property
    def linking_plays(self) -> int:
        """The number of rows that link SuccessPlays."""
        return sum(line.step is not None and links_plays(line) for line in self.plan.lines)

    @property
    def template_rows(self) -> int:
        """The number of rows that run a template."""
        return self.counts.get(Action.RUN_TEMPLATE, 0)

    @property
    def text(self) -> str:
        """The question itself: ``Import plan.xlsx into sandbox (profile default): create 28, delete 3?``."""
        file, profile = clean(self.file, 80), clean(self.profile, 40)
        what = f"run {self.run} ({file})" if self.run is not None else file
        into = "in" if self.verb is Verb.UNDO else "into"
        counts = ", ".join(f"{action.value} {number:,}" for action, number in self.counts.items())
        return f"{self.verb} {what} {into} {clean(self.target, 120)} (profile {profile}): {counts}?"

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to show above the question: side effects, unknown template runs, calls and time."""
        effects = [
            counted(number, "row") + what
            for number, what in (
                (self.linking_plays, f" link{'s' * (self.linking_plays == 1)} SuccessPlays"),
                (self.template_rows, f" run{'s' * (self.template_rows == 1)} a template"),
            )
            if number
        ]
        notes = [f"{' and '.join(effects)}: this can create tasks and notify people."] if effects else []
        if self.unrecorded:
            rows = counted(self.unrecorded, "template row")
            notes.append(f"{rows} not in the journals of this computer: what ran from elsewhere runs again.")
        return (*notes, self.time)

    @property
    def time(self) -> str:
        """The calls and the time that they take."""
        return (
            f"{counted(self.estimate.calls, 'call')}, about {duration(self.estimate.seconds)} at {self.estimate.rate}"
        )


def links_plays(line: Line) -> bool:
    """Return whether the row's step links a SuccessPlay that the objective does not have yet."""
    if line.step is None or not line.step.body.get(Field.SUCCESS_PLAYS):
        return False
    before = line.step.before.get(Field.SUCCESS_PLAYS) if line.step.before is not None else ()
    return not set(line.step.body[Field.SUCCESS_PLAYS]) <= set(before)
