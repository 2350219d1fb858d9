"""Decisions about a step on values that were read after it was planned; pure (CONTRIBUTING, decision 12).

Each function returns the step to send, or the outcome that it has without being sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from bulkobj.core.columns import OF_FIELD
from bulkobj.core.model import Field, Objective, Result, Value
from bulkobj.core.text import folded
from bulkobj.execution.journal.records import Outcome
from bulkobj.planning.comparison import changed_fields, holds
from bulkobj.planning.plan import Step

GONE = "the objective is gone. Clear the Objective ID to create it again"


def reviewed_update(step: Step, live: Objective | None) -> Step | Outcome:
    """Lay the row's fields over the live values, unless someone else has changed the same fields since the plan."""
    if live is None:
        return Outcome(Result.CONFLICT, GONE)
    if step.before is None:
        return step
    changed = changed_fields(step)
    moved = [name for name in changed if not _has_either(live, name, step, step.before)]
    if moved:
        return Outcome(Result.CONFLICT, f"{_headers(moved)} changed in Totango since the plan. Import the row again")
    if holds(live, changed):
        return Outcome(Result.UNCHANGED, "someone else has made the same change since the plan")
    return rebased(step, live)


def _has_either(live: Objective, name: Field, step: Step, before: Objective) -> bool:
    return holds(live, {name: before.get(name)}) or holds(live, {name: step.body[name]})


def rebased(step: Step, live: Objective) -> Step:
    """Return the update with every field that the row does not set as it is live, so that no change is set back."""
    kept = {name: value for name, value in live.fields.items() if name is not Field.SUCCESS_PLAYS}
    return replace(step, body=kept | changed_fields(step), before=live if step.before is not None else None)


def reviewed_delete(step: Step, live: Objective | None) -> Step | Outcome:
    """Delete the objective only if it is as it was planned."""
    if live is None:
        return Outcome(Result.UNCHANGED, "the objective is gone already")
    if step.before is None:
        return step
    moved = [name for name in Field if not holds(live, {name: step.before.get(name)})]
    if moved:
        return Outcome(Result.CONFLICT, f"{_headers(moved)} changed in Totango since the plan. Import the row again")
    return replace(step, before=live)


def reviewed_create(step: Step, appeared: Iterable[Objective]) -> Step | Outcome:
    """Create the objective unless its Title has appeared on the account since the plan."""
    titled = [one for one in appeared if folded(one.get(Field.TITLE)) == folded(step.body.get(Field.TITLE, ""))]
    rest: dict[Field, Value] = {name: value for name, value in step.body.items() if name is not Field.TITLE}
    for one in titled:
        if holds(one, rest):
            message = "an equal objective has appeared since the plan"
            return Outcome(Result.UNCHANGED, message, one.id)
    if titled:
        ids = ", ".join(one.id for one in titled)
        names = [name for name in rest if not holds(titled[0], {name: rest[name]})]
        message = f"an objective of this Title has appeared since the plan ({ids}; differs in {_headers(names)})"
        return Outcome(Result.CONFLICT, f"{message}. Check the account")
    return step


def _headers(names: Collection[Field]) -> str:
    return ", ".join(OF_FIELD[name].header for name in Field if name in names)
