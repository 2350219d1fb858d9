"""Small tables, and the road from them to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bulkobj.core.model import Field, Named, Objective
from bulkobj.planning.plan import Exported, Line, Plan
from bulkobj.planning.planner import make_plan
from bulkobj.spreadsheet.table import Record, Table
from bulkobj.validation.names import Directory, Kind, resolve
from bulkobj.validation.row_checks import check_tables
from bulkobj.validation.rows import CheckedTable, RowRules

DIRECTORY = Directory(
    {
        Kind.STATUS: (Named("s1", "In Progress"), Named("s2", "Completed"), Named("s3", "Twin"), Named("s4", "twin ")),
        Kind.CATEGORY: (Named("c1", "Adoption"), Named("c2", "Upsale")),
        Kind.TEMPLATE: (Named("t1", "90-day onboarding"),),
        Kind.ACCOUNT: (Named("a1", "Acme"), Named("a2", "Harbor"), Named("a3", "Harbor")),
    }
)

LIVE = Objective(
    "o1",
    "a1",
    {
        Field.TITLE: "Old title",
        Field.DESCRIPTION: "<b>Old</b> text",
        Field.CATEGORY: "c1",
        Field.STATUS: "s1",
        Field.OWNER: "o@x",
        Field.START_DATE: "2024-02-08T20:10:00.000Z",
        Field.END_DATE: "2024-02-28T00:00:00.000Z",
        Field.SUCCESS_PLAYS: ("p1", "p2"),
    },
)


def table(headers: str, *rows: Sequence[Any], hidden: Sequence[int] = ()) -> Table:
    """A table whose header stands in row 1; ``headers`` are separated by ``|``."""
    names = tuple(headers.split("|"))
    records = tuple(
        Record(number, tuple(row) + (None,) * (len(names) - len(row)), hidden=number in hidden)
        for number, row in enumerate(rows, start=2)
    )
    return Table(None, 1, names, records)


def checked(headers: str, *rows: Sequence[Any], rules: RowRules | None = None) -> CheckedTable:
    """The table's rows with ids in place of names."""
    return resolve(check_tables([table(headers, *rows)], rules or RowRules())[0], DIRECTORY, {})


def planned(headers: str, *rows: Sequence[Any], live: Sequence[Objective] = (LIVE,), bases: Any = None) -> Plan:
    """The plan of the rows, against the objectives of account ``a1``."""
    return make_plan([checked(headers, *rows)], {"a1": tuple(live), "gone": None}, DIRECTORY, Exported(bases or {}))


def line(headers: str, row: Sequence[Any], **how: Any) -> Line:
    """The one line of a plan of one row."""
    return planned(headers, row, **how).lines[0]


def codes(found: CheckedTable) -> list[tuple[int | None, str | None, str]]:
    """Row, column and code of every problem."""
    problems = [*found.problems, *(problem for row in found.rows for problem in row.problems)]
    return [(problem.row, problem.column, problem.code) for problem in problems]
