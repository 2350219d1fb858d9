"""Rows and what is live, to steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.columns import OF_FIELD
from bulkobj.core.model import Action, Field, Objective, Result, Value
from bulkobj.planning.plan import Exported, Step, accounts_to_read
from bulkobj.planning.planner import make_plan
from bulkobj.spreadsheet.table import shown
from bulkobj.validation.cells import written
from bulkobj.validation.names import Kind
from tests.validation.rows_kit import DIRECTORY, LIVE, checked, line, planned

UPDATE = "Objective ID|Account ID"


def test_a_create_sends_what_the_row_gives() -> None:
    found = line(
        "Account ID|Title|Category|Status|Start Date|SuccessPlays",
        ("a1", "T", "upsale", "s2", date(2024, 2, 1), "(clear)"),
    )
    assert found.result is Result.WOULD_CREATE
    assert found.step == Step(
        Action.CREATE,
        "a1",
        body={
            Field.TITLE: "T",
            Field.CATEGORY: "c2",
            Field.STATUS: "s2",
            Field.START_DATE: "2024-02-01T00:00:00.000Z",
            Field.SUCCESS_PLAYS: (),
        },
    )
    assert found.changes[Field.CATEGORY] == (None, "Upsale")


def test_an_update_lays_the_row_over_what_is_live() -> None:
    """Every documented field with a value is sent, SuccessPlays only where the row sets them."""
    found = line(UPDATE + "|Status|Owner|Title", ("o1", "a1", "Completed", "(clear)"))
    assert found.result is Result.WOULD_UPDATE
    assert found.step is not None
    expected = {name: value for name, value in LIVE.fields.items() if name is not Field.SUCCESS_PLAYS}
    assert found.step.body == expected | {Field.STATUS: "s2", Field.OWNER: ""}
    assert found.step.before == LIVE
    assert found.changes == {Field.STATUS: ("In Progress", "Completed"), Field.OWNER: ("o@x", "")}
    assert found.title == "Old title"


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Title", "Old title"),
        ("Title", " Old title "),
        ("Title", None),
        ("Description", "<b>Old</b> text"),
        ("Status", "in progress"),
        ("Status", "s1"),
        ("Start Date", datetime(2024, 2, 8, 20, 10)),  # noqa: DTZ001 - a cell has no zone
        ("Start Date", "2024-02-08T20:10:00.000Z"),
        ("End Date", date(2024, 2, 28)),
        ("SuccessPlays", "p2;p1"),
    ],
)
def test_a_cell_that_equals_the_live_value_sends_nothing(header: str, cell: object) -> None:
    """Whatever it is: markup that the service already holds is no error."""
    found = line(f"{UPDATE}|{header}", ("o1", "a1", cell))
    assert (found.result, found.step, found.problems) == (Result.UNCHANGED, None, ())


def test_other_markup_is_an_error_all_the_same() -> None:
    found = line(UPDATE + "|Description", ("o1", "a1", "<b>New</b> text"))
    assert (found.result, found.problems[0].code) == (Result.INVALID, "html-markup")


@pytest.mark.parametrize(
    ("action", "objective", "account", "result", "code"),
    [
        ("update", "o9", "a1", Result.INVALID, "unknown-objective"),
        ("update", "o1", "gone", Result.INVALID, "unknown-account"),
        ("delete", "o9", "a1", Result.UNCHANGED, "already-gone"),
        ("delete", "o1", "gone", Result.INVALID, "unknown-account"),
        ("delete", "o1", "a2", Result.INVALID, "unknown-objective"),
    ],
)
def test_an_objective_that_is_not_there(action: str, objective: str, account: str, result: Result, code: str) -> None:
    """An objective that is on another account is surely not what a delete row means."""
    table = checked("Action|Objective ID|Account ID|Title", (action, objective, account, "x"))
    (found,) = make_plan([table], {"a1": (LIVE,), "a2": (), "gone": None}, DIRECTORY).lines
    assert (found.result, found.problems[0].code) == (result, code)


def test_an_end_before_the_live_start() -> None:
    found = line(UPDATE + "|End Date", ("o1", "a1", date(2024, 2, 1)))
    assert [(p.column, p.code) for p in found.problems] == [("End Date", "end-before-start")]


def test_a_delete_keeps_what_was_there_for_undoing() -> None:
    found = line("Action|Objective ID|Account ID", ("delete", "o1", "a1"))
    assert found.step == Step(Action.DELETE, "a1", "o1", before=LIVE)
    blind = line("Action|Objective ID", ("delete", "o1"))
    assert blind.step == Step(Action.DELETE, "", "o1")


def test_a_template_run() -> None:
    found = line("Account ID|Template", ("a1", "90-DAY onboarding"))
    assert found.step == Step(Action.RUN_TEMPLATE, "a1", template_id="t1")


UPSERT = "Action|Account ID|Title|Category|Status"


def test_an_upsert_updates_the_one_of_its_title() -> None:
    found = line(UPSERT, ("upsert", "a1", "old TITLE", None, "Completed"))
    assert (found.action, found.result, found.objective_id) == (Action.UPDATE, Result.WOULD_UPDATE, "o1")


def test_an_upsert_creates_where_there_is_none() -> None:
    found = line(UPSERT, ("upsert", "a1", "New", "Adoption", "Completed"))
    assert (found.action, found.result) == (Action.CREATE, Result.WOULD_CREATE)
    lacking = line(UPSERT, ("upsert", "a1", "New", None, "Completed"))
    assert [(p.column, p.code) for p in lacking.problems] == [("Category", "missing-value")]


def test_an_upsert_of_several_is_ambiguous() -> None:
    found = line(UPSERT, ("upsert", "a1", "Old title"), live=(LIVE, replace(LIVE, id="o2")))
    assert [(p.column, p.code) for p in found.problems] == [("Title", "ambiguous-name")]
    twice = planned(UPSERT, *[("upsert", "a1", "New", "Adoption", "Completed")] * 2)
    assert [one.result for one in twice.lines] == [Result.WOULD_CREATE, Result.INVALID]


BASE = {"o1": {**LIVE.fields, Field.TITLE: "Exported title"}}


@pytest.mark.parametrize(
    ("cell", "result"),
    [
        ("Exported title", Result.UNCHANGED),  # changed only there: kept
        ("Old title", Result.UNCHANGED),  # changed to the same in both
        ("Third title", Result.CONFLICT),  # changed in both
    ],
)
def test_merging_three_ways(cell: str, result: Result) -> None:
    found = line(UPDATE + "|Title|Status", ("o1", "a1", cell, "In Progress"), bases=BASE)
    assert (found.result, found.step) == (result, None)
    if result is Result.CONFLICT:
        assert all(text in found.message for text in ("Exported title", "Old title", "Third title"))


def test_a_change_beside_another_ones_change_is_sent() -> None:
    """The live title is kept, though the file still has the old one."""
    found = line(UPDATE + "|Title|Status", ("o1", "a1", "Exported title", "Completed"), bases=BASE)
    assert found.result is Result.WOULD_UPDATE
    assert found.step is not None
    assert found.step.body[Field.TITLE] == "Old title"


def test_every_account_that_a_row_writes_to_is_read_once() -> None:
    """Only a deletion without its account reads none."""
    found = checked(
        "Action|Objective ID|Account ID|Title|Template",
        ("update", "o1", "a1"),
        ("delete", "o2", "a1"),
        ("delete", "o3"),
        ("create", None, "a2", "T"),
        ("run template", None, "a3", None, "t1"),
        ("upsert", None, "a4", "T"),
    )
    assert accounts_to_read(found.rows) == {"a1": [2, 3], "a2": [5], "a3": [6], "a4": [7]}


_MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1))  # noqa: DTZ001 - drawn for its digits
_DAYS = _MOMENTS.map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
_VALUES: dict[Field, st.SearchStrategy[Value]] = {
    Field.TITLE: st.text(),
    Field.DESCRIPTION: st.text(),
    Field.CATEGORY: st.sampled_from(["c1", "c2", "unheard of"]),
    Field.STATUS: st.sampled_from(["s1", "s2", "s3", "s4", "gone"]),
    Field.OWNER: st.text(),
    Field.START_DATE: _DAYS,
    Field.END_DATE: _DAYS,
    Field.SUCCESS_PLAYS: st.lists(st.text(alphabet="abc123-", min_size=1), max_size=3).map(tuple),
}


def _objective(fields: dict[Field, Value]) -> Objective:
    return Objective("o1", "a1", {name: value for name, value in fields.items() if value})


OBJECTIVES = st.fixed_dictionaries({}, optional=_VALUES).map(_objective)


@given(OBJECTIVES)
def test_what_is_written_of_an_objective_is_no_change_to_it(live: Objective) -> None:
    """Whatever the service holds, the cells that show it plan nothing."""
    cells = []
    for name, column in OF_FIELD.items():
        value = live.get(name)
        kind = {Field.STATUS: Kind.STATUS, Field.CATEGORY: Kind.CATEGORY}.get(name)
        shown_value = DIRECTORY.name(kind, str(value)) if kind and value else value
        cells.append(written(shown_value, column.kind))
    headers = "|".join([UPDATE, *(column.header for column in OF_FIELD.values())])
    for form in (cells, [shown(cell) or None for cell in cells]):
        found = line(headers, ("o1", "a1", *form), live=(live,))
        assert (found.result, found.problems) == (Result.UNCHANGED, ())


def test_what_was_seen_of_a_setting_says_nothing_of_other_fields() -> None:
    """Ids may be short, and the same for a status, a category and a title."""
    live = Objective("o1", "a1", {Field.TITLE: "s1", Field.STATUS: "s1", Field.CATEGORY: "s1"})
    exported = Exported({"o1": live.fields}, {("status", "s1"): "Open", ("category", "s1"): "Growth"})
    found = checked("Objective ID|Account ID|Title|Status|Category", ("o1", "a1", "Open", "Completed", "Growth"))
    (line,) = make_plan([found], {"a1": (live,)}, DIRECTORY, exported).lines
    assert set(line.changes) == {Field.TITLE, Field.STATUS}


def test_a_deletion_without_its_account_addresses_an_objective_too() -> None:
    """By its id it is the one that a later row means by its title."""
    plan = planned(
        "Action|Objective ID|Account ID|Title|Status",
        ("delete", "o1", None, None, None),
        ("upsert", None, "a1", "Old title", "Completed"),
    )
    assert [line.result for line in plan.lines] == [Result.WOULD_DELETE, Result.INVALID]
