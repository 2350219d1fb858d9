"""The plan of an undo: what is surely the run's and unchanged is undone, all else is left to a person with its ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bulkobj.core.model import Action, Field, Objective, Result
from bulkobj.execution.journal.records import Entry, State
from bulkobj.planning.plan import Line, Live, Plan, Step
from bulkobj.workflows.undo import undo_plan

BODY = {Field.TITLE: "T", Field.STATUS: "s1", Field.OWNER: "me"}
HELD = Objective("o1", "A", BODY)


def entry(step: Step, result: Result, objective_id: str = "", **changes: Any) -> Entry:
    line = Line(2, None, step.action, result, step, step.account_id, objective_id)
    return replace(Entry(0, line, State.DONE, 1), **changes)


def created(objective_id: str = "o1", **changes: Any) -> Entry:
    return entry(Step(Action.CREATE, "A", body=BODY), Result.CREATED, objective_id, **changes)


def ran(*ids: str, **changes: Any) -> Entry:
    return entry(Step(Action.RUN_TEMPLATE, "A", template_id="t"), Result.CREATED, ";".join(ids), **changes)


def deleted(objective: Objective) -> Entry:
    return entry(Step(Action.DELETE, "A", objective.id, before=objective), Result.DELETED, objective.id)


def results(plan: Plan) -> list[tuple[str, str]]:
    return [(line.result.value, line.step.objective_id if line.step else "") for line in plan.lines]


def live(*held: Objective) -> Live:
    return {"A": held}


def test_what_a_positive_answer_stands_for_is_deleted() -> None:
    assert results(undo_plan([created()], live(HELD))) == [("would-delete", "o1")]


@pytest.mark.parametrize(
    "changes",
    [
        {Field.OWNER: "another"},
        {Field.STATUS: "s2"},
        {Field.DESCRIPTION: "added"},
        {Field.SUCCESS_PLAYS: ("p",)},
    ],
)
def test_what_a_colleague_changed_is_not_deleted(changes: dict[Field, Any]) -> None:
    plan = undo_plan([created()], live(replace(HELD, fields=BODY | changes)))
    assert results(plan) == [("conflict", "")]
    assert "o1" in plan.lines[0].message


def test_what_was_adopted_after_a_lost_answer_stays() -> None:
    plan = undo_plan([created(doubtful=("o1",))], live(HELD))
    assert results(plan) == [("not-attempted", "")]
    assert "o1" in plan.lines[0].message


def test_each_candidate_of_an_unknown_row_is_named() -> None:
    unknown = entry(Step(Action.CREATE, "A", body=BODY), Result.UNKNOWN, doubtful=("o1", "o2"), state=State.LOST)
    plan = undo_plan([unknown], live(HELD))
    assert results(plan) == [("not-attempted", "")]
    assert "o1, o2" in plan.lines[0].message


@pytest.mark.parametrize("row", [created(), ran("o1"), deleted(HELD)], ids=["create", "template", "delete"])
def test_an_account_that_is_not_known_proves_nothing(row: Entry) -> None:
    """Nothing counts as gone, and nothing is made again."""
    assert results(undo_plan([row], {"A": None})) == [("not-attempted", "")]


def test_a_template_is_undone_by_its_own_objectives_alone() -> None:
    """Not those of other rows, nor what a colleague made at that moment or has changed."""
    made = (HELD, replace(HELD, id="o2"))
    row = ran("o1", "o2", doubtful=("o3",), made=made)
    others = [replace(HELD, id=one) for one in ("o3", "o4")]
    changed = replace(HELD, id="o2", fields=BODY | {Field.TITLE: "Changed"})
    plan = undo_plan([row, created("o4", doubtful=("o4",))], live(HELD, changed, *others))
    assert results(plan) == [
        ("would-delete", "o1"),
        ("conflict", ""),
        ("not-attempted", ""),
        ("not-attempted", ""),
    ]


def test_two_equal_deletions_are_both_undone() -> None:
    """One equal objective that is there again answers for one of them."""
    rows = [deleted(HELD), deleted(replace(HELD, id="o2"))]
    assert [line.result for line in undo_plan(rows, live()).lines] == [Result.WOULD_CREATE] * 2
    plan = undo_plan(rows, live(replace(HELD, id="o9")))
    assert [line.result for line in plan.lines] == [Result.UNCHANGED, Result.WOULD_CREATE]


def test_kinds_of_line_breaks_are_no_change() -> None:
    sent = Step(Action.CREATE, "A", body=BODY | {Field.DESCRIPTION: "a\nb"})
    held = replace(HELD, fields=BODY | {Field.DESCRIPTION: "a\r\nb"})
    assert results(undo_plan([entry(sent, Result.CREATED, "o1")], live(held))) == [("would-delete", "o1")]


def test_only_what_the_row_changed_is_restored() -> None:
    before = replace(HELD, fields=BODY | {Field.STATUS: "s0"})
    step = Step(Action.UPDATE, "A", "o1", body=BODY, before=before)
    now = replace(HELD, fields=BODY | {Field.OWNER: "theirs"})
    (line,) = undo_plan([entry(step, Result.UPDATED, "o1")], live(now)).lines
    assert line.step is not None
    assert line.step.body == BODY | {Field.STATUS: "s0", Field.OWNER: "theirs"}
    moved = replace(HELD, fields=BODY | {Field.STATUS: "s9"})
    assert results(undo_plan([entry(step, Result.UPDATED, "o1")], live(moved))) == [("conflict", "")]
