"""Export, read, plan: whatever the service holds, an untouched file changes nothing, an edit just what it says."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.core.model import Field, Named, Objective, Result, Value
from bulkobj.planning.comparison import same
from bulkobj.planning.plan import Plan
from bulkobj.planning.planner import make_plan
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.checked_file import FileRequest, check_file
from bulkobj.workflows.export.content import HEADERS, Account, Export, Layout
from bulkobj.workflows.export.files import write_export

DIRECTORY = Directory(
    {
        Kind.STATUS: (Named("s1", "In Progress"), Named("s2", "Twin"), Named("s3", "twin"), Named("s4", "(clear)")),
        Kind.CATEGORY: (Named("c1", "Adoption"), Named("c2", "=1+1"), Named("c3", "'quoted")),
    }
)
TEXTS = st.one_of(
    st.text(),
    st.text("=+-@'\t\r\n ab"),
    st.sampled_from(["(clear)", "'(clear)", "<b>x</b>", "=1+1", "'=1", "#N/A", "1.2E+15", "TRUE", "_x0041_", "007"]),
)
DAYS = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)).map(  # noqa: DTZ001 - drawn for its digits
    lambda moment: moment.isoformat(timespec="milliseconds") + "Z"
)
VALUES: dict[Field, st.SearchStrategy[Value]] = {
    Field.TITLE: TEXTS,
    Field.DESCRIPTION: TEXTS,
    Field.CATEGORY: st.sampled_from(["c1", "c2", "c3", "unheard of"]),
    Field.STATUS: st.sampled_from(["s1", "s2", "s3", "s4", "gone"]),
    Field.OWNER: TEXTS,
    Field.START_DATE: DAYS | DAYS.map(lambda day: day[:10] + "T00:00:00.000Z"),
    Field.END_DATE: DAYS,
    Field.SUCCESS_PLAYS: st.lists(st.text("abc123-=", min_size=1), max_size=3, unique=True).map(tuple),
}
FIELDS = st.fixed_dictionaries({}, optional=VALUES).map(lambda fields: {k: v for k, v in fields.items() if v})
OBJECTIVES = st.lists(FIELDS, min_size=1, max_size=5)
KINDS = [(Layout.ONE_SHEET, "xlsx"), (Layout.SHEET_PER_ACCOUNT, "xlsx"), (Layout.ONE_SHEET, "csv")]


def accounts_of(found: Sequence[dict[Field, Value]]) -> tuple[Account, ...]:
    objectives = [Objective(f"o{n}", f"a{n % 2}", fields) for n, fields in enumerate(found)]
    return tuple(
        Account(Named(f"a{n}", f"Name: {n}/[x]"), tuple(one for one in objectives if one.account_id == f"a{n}"))
        for n in range(2)
    )


def planned(content: bytes, name: str, accounts: Sequence[Account]) -> Plan:
    file = check_file(FileRequest(name, content)).resolved(DIRECTORY, {})
    assert not [problem for problem in file.source.problems if problem.severity == "error"], file.source.problems
    live = {account.about.id: account.objectives for account in accounts}
    return make_plan(file.tables, live, DIRECTORY, file.exported)


def written(accounts: tuple[Account, ...], layout: Layout, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"plan.{ending}"
        write_export(Export(accounts, DIRECTORY, "host:443", "2026-01-01", date(2026, 1, 1), layout), path)
        return path.read_bytes()


@pytest.mark.parametrize(("layout", "ending"), KINDS, ids=str)
@settings(max_examples=40, deadline=None)
@given(found=OBJECTIVES)
def test_an_untouched_export_plans_nothing(layout: Layout, ending: str, found: list[dict[Field, Value]]) -> None:
    accounts = accounts_of(found)
    plan = planned(written(accounts, layout, ending), f"plan.{ending}", accounts)
    assert [line.result for line in plan.lines] == [Result.UNCHANGED] * len(found), [
        line.problems for line in plan.lines
    ]


@settings(max_examples=15, deadline=None)
@given(found=OBJECTIVES)
def test_an_untouched_file_of_one_account_plans_nothing(found: list[dict[Field, Value]]) -> None:
    accounts = accounts_of(found)
    with tempfile.TemporaryDirectory() as folder:
        export = Export(accounts, DIRECTORY, "host:443", "2026-01-01", date(2026, 1, 1), Layout.FILE_PER_ACCOUNT)
        paths = write_export(export, Path(folder) / "plan.xlsx")
        assert len(paths) == len(accounts)
        for account, path in zip(accounts, paths, strict=True):
            if account.objectives:
                plan = planned(path.read_bytes(), path.name, accounts)
                assert {line.result for line in plan.lines} == {Result.UNCHANGED}


EDITS: dict[Field, tuple[str, Value]] = {
    Field.TITLE: ("Edited title", "Edited title"),
    Field.DESCRIPTION: ("(clear)", ""),
    Field.STATUS: ("in progress", "s1"),
    Field.OWNER: ("edited@example.demo", "edited@example.demo"),
    Field.END_DATE: ("2199-12-31", "2199-12-31T00:00:00.000Z"),
    Field.SUCCESS_PLAYS: ("edited-1; edited-2", ("edited-1", "edited-2")),
}
COLUMN = dict(zip(Field, HEADERS[4:], strict=True))


@settings(max_examples=60, deadline=None)
@given(found=OBJECTIVES, data=st.data())
def test_an_edit_plans_just_what_was_edited(found: list[dict[Field, Value]], data: st.DataObject) -> None:
    """The edited rows, the edited fields, and in the body everything else as it is live."""
    accounts = accounts_of(found)
    content = written(accounts, Layout.ONE_SHEET, "csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content, newline="")))
    edited: dict[str, set[Field]] = {}
    for row in rows[1:]:
        for name in data.draw(st.sets(st.sampled_from(list(EDITS)))):
            row[rows[0].index(COLUMN[name])] = EDITS[name][0]
            edited.setdefault(row[rows[0].index("Objective ID")], set()).add(name)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    live = {one.id: one for account in accounts for one in account.objectives}
    for line in planned(text.getvalue().encode(), "plan.csv", accounts).lines:
        before = live[line.objective_id]
        wanted = {n: EDITS[n][1] for n in edited.get(before.id, ()) if not same(before.get(n), EDITS[n][1])}
        assert set(line.changes) == set(wanted)
        if wanted:
            assert line.step is not None
            kept = {name: value for name, value in before.fields.items() if name is not Field.SUCCESS_PLAYS}
            assert dict(line.step.body) == kept | wanted
        else:
            assert line.result is Result.UNCHANGED
