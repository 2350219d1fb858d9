"""What reading an account back tells of a write whose answer was lost; pure (design, decision 7).

"It did not happen" is concluded only where nothing on the account could be what was sent: an objective that is
nearly equal makes the step ``unknown``, for a person to look at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bulkobj.comparing import holds, same
from bulkobj.dates import unspelled
from bulkobj.model import Action, Field, Objective
from bulkobj.plan import Step

_UNKNOWN_SKEW = timedelta(minutes=5)


class Finding(Enum):
    """What a look at the account says of a lost write."""

    HAPPENED = auto()
    NOT_YET = auto()  # no trace of it
    UNCLEAR = auto()  # something is there that may or may not be it
    OVERTAKEN = auto()  # someone else has changed the same fields since
    GONE = auto()  # the objective to be changed is not there any more


@dataclass(frozen=True, slots=True)
class Look:
    """A finding, with the objectives that it speaks of."""

    finding: Finding
    objectives: tuple[Objective, ...] = ()


@dataclass(frozen=True, slots=True)
class Since:
    """When a step was first sent, on the service's clock, and how exact that is known (``skew`` None: not at all)."""

    sent: datetime
    skew: float | None

    def is_older(self, objective: Objective) -> bool:
        """Whether the objective was surely there before the step was sent."""
        try:
            created = unspelled(objective.created_at)
        except ValueError:
            return False
        if self.skew is None:
            return created < self.sent - _UNKNOWN_SKEW
        rounding = 1.0 if created.microsecond == 0 else 0.05
        return created < self.sent + timedelta(seconds=self.skew - rounding)

    def dates(self, objective: Objective) -> bool:
        """Whether the objective says when it was created."""
        try:
            unspelled(objective.created_at)
        except ValueError:
            return False
        return True


def candidates(objectives: Iterable[Objective], taken: Collection[str], since: Since) -> tuple[Objective, ...]:
    """The objectives that may have come of the step: not another step's, not there before."""
    return tuple(one for one in objectives if one.id not in taken and not since.is_older(one))


def look_for(
    step: Step,
    objectives: tuple[Objective, ...],
    taken: Collection[str],
    since: Since,
    *,
    snapshot: bool,
) -> Look:
    """What the account's objectives say of the lost step.

    ``taken`` are ids that other steps made or that were there before; ``snapshot`` says that the latter are complete.
    """
    match step.action:
        case Action.CREATE:
            return _look_for_create(step, candidates(objectives, taken, since))
        case Action.RUN_TEMPLATE:
            return _look_for_template(candidates(objectives, taken, since), since, snapshot=snapshot)
        case Action.DELETE:
            there = any(one.id == step.objective_id for one in objectives)
            return Look(Finding.NOT_YET if there else Finding.HAPPENED)
        case _:
            return _look_for_update(step, objectives)


def _look_for_create(step: Step, open_to: tuple[Objective, ...]) -> Look:
    equal = tuple(one for one in open_to if holds(one, step.body))
    if len(equal) == 1:
        return Look(Finding.HAPPENED, equal)
    title = step.body.get(Field.TITLE, "")
    similar = equal or tuple(one for one in open_to if same(one.get(Field.TITLE), title))
    return Look(Finding.UNCLEAR, similar) if similar else Look(Finding.NOT_YET)


def _look_for_template(open_to: tuple[Objective, ...], since: Since, *, snapshot: bool) -> Look:
    """New objectives are the template's, where it can be told that they are new."""
    if not open_to:
        return Look(Finding.NOT_YET)
    certain = snapshot or all(since.dates(one) for one in open_to)
    return Look(Finding.HAPPENED if certain else Finding.UNCLEAR, open_to)


def _look_for_update(step: Step, objectives: tuple[Objective, ...]) -> Look:
    live = next((one for one in objectives if one.id == step.objective_id), None)
    if live is None:
        return Look(Finding.GONE)
    changed = changed_fields(step)
    if holds(live, changed):
        return Look(Finding.HAPPENED, (live,))
    untouched = step.before is None or all(same(live.get(name), step.before.get(name)) for name in changed)
    return Look(Finding.NOT_YET if untouched else Finding.OVERTAKEN, (live,))


def changed_fields(step: Step) -> dict[Field, str | tuple[str, ...]]:
    """The fields of an update that differ from what was there before."""
    if step.before is None:
        return dict(step.body)
    return {name: value for name, value in step.body.items() if not same(value, step.before.get(name))}


def rebased(step: Step, live: Objective) -> Step:
    """The update laid anew over what is live, so that sending it again takes nothing back that came since."""
    kept = {name: value for name, value in live.fields.items() if name is not Field.SUCCESS_PLAYS}
    return Step(step.action, step.account_id, step.objective_id, body=kept | changed_fields(step), before=step.before)
