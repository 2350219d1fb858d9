"""Steps of a plan that was approved earlier, held against the live objectives of now; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from bulkobj.core.columns import OF_FIELD
from bulkobj.core.model import Action, Field, Objective, Result
from bulkobj.core.text import folded
from bulkobj.planning.comparison import changed_fields, holds, same
from bulkobj.planning.plan import Line, Live, Plan, Step

#: The ids of the objectives of each account when the plan was made.
Seen = Mapping[str, Collection[str]]


def apply_plan(plan: Plan, live: Live, seen: Seen, ran: Mapping[tuple[str, str], list[str]]) -> Plan:
    """Return the plan with the steps that still hold; a row whose *before* no longer holds is in conflict.

    Args:
        plan: the plan as it was saved.
        live: the objectives of every account that it writes to, as they are now.
        seen: the ids that were on these accounts when the plan was made.
        ran: for an account and a template, the runs of this plan that ran the template.
    """
    taken: set[str] = set()
    left = {key: list(runs) for key, runs in ran.items()}
    return replace(plan, lines=tuple(_applied(line, live, seen, left, taken) for line in plan.lines))


def _applied(line: Line, live: Live, seen: Seen, ran: Mapping[tuple[str, str], list[str]], taken: set[str]) -> Line:
    if line.step is None or not line.step.account_id:
        return line  # nothing to send, or a deletion without an account, which nothing can be read of
    objectives = live.get(line.step.account_id)
    if objectives is None:
        return _conflict(line, f"the account {line.step.account_id} is gone, or the token may not see it")
    match line.step.action:
        case Action.CREATE:
            new = [
                one for one in objectives if one.id not in seen.get(line.step.account_id, ()) and one.id not in taken
            ]
            return _create(line, line.step, new, taken)
        case Action.RUN_TEMPLATE:
            return _template(line, line.step, {one.id for one in objectives}, seen, ran)
        case _:
            return _change(line, line.step, next((o for o in objectives if o.id == line.step.objective_id), None))


def _create(line: Line, step: Step, new: Iterable[Objective], taken: set[str]) -> Line:
    """Decide by the objectives that came since: an equal one is this row's, one of its Title is in the way."""
    titled = [one for one in new if folded(one.get(Field.TITLE)) == folded(step.body.get(Field.TITLE, ""))]
    equal = next((one for one in titled if holds(one, step.body)), None)
    if equal is not None:
        taken.add(equal.id)
        return _unchanged(line, "created since the plan was made", equal.id)
    if titled:
        return _conflict(line, f"its Title is on the account since then, with other values (objective {titled[0].id})")
    return line


def _template(line: Line, step: Step, now: set[str], seen: Seen, ran: Mapping[tuple[str, str], list[str]]) -> Line:
    runs = ran.get((step.account_id, step.template_id))
    if runs:
        return _unchanged(line, f"already run in {runs.pop(0)}")
    if now != set(seen.get(step.account_id, ())):
        return _conflict(line, "the account's objectives are not those of the plan any more")
    return line


def _change(line: Line, step: Step, held: Objective | None) -> Line:
    if step.action is Action.DELETE:
        if held is None:
            return _unchanged(line, "gone already")
        moved = [name for name in Field if step.before is not None and not same(held.get(name), step.before.get(name))]
    else:
        if held is None:
            return _conflict(line, "the objective is gone")
        wanted = changed_fields(step)
        if holds(held, wanted):
            return _unchanged(line, "changed since the plan was made", held.id)
        moved = [
            name
            for name, value in wanted.items()
            if step.before is not None
            and not same(held.get(name), step.before.get(name))
            and not same(held.get(name), value)
        ]
        # What the row does not set keeps its value of now.
        kept = {name: value for name, value in held.fields.items() if name is not Field.SUCCESS_PLAYS}
        step = replace(step, body=kept | wanted)
    if moved:
        names = ", ".join(OF_FIELD[name].header for name in moved)
        return _conflict(line, f"changed since the plan was made: {names}")
    return line._replace(step=step)


def _unchanged(line: Line, message: str, objective_id: str = "") -> Line:
    found = objective_id or line.objective_id
    return line._replace(step=None, result=Result.UNCHANGED, message=message, objective_id=found, changes={})


def _conflict(line: Line, why: str) -> Line:
    return line._replace(step=None, result=Result.CONFLICT, message=f"{why}. Make a new plan")
