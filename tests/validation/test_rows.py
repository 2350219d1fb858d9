"""Records to rows, with every problem they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bulkobj.core.columns import ACCOUNT, ACCOUNT_ID, START_DATE, TITLE, Column
from bulkobj.core.model import Action, Severity
from bulkobj.validation.dates import Order
from bulkobj.validation.names import resolve
from bulkobj.validation.row_checks import check_tables
from bulkobj.validation.rows import RowRules
from tests.validation.rows_kit import DIRECTORY, checked, codes, table

FULL = "Account ID|Title|Category|Status|Start Date|End Date"
GOOD = ("a1", "T", "Adoption", "In Progress", date(2024, 2, 1), date(2024, 3, 1))


@pytest.mark.parametrize(
    ("headers", "row", "action"),
    [
        ("Action|Title", ("Delete", "x"), Action.DELETE),
        ("Objective ID|Title", ("o1", "x"), Action.UPDATE),
        ("Template|Title", ("t1", "x"), Action.RUN_TEMPLATE),
        ("Objective ID|Template", ("o1", "t1"), Action.UPDATE),
        ("Title|Template", ("x",), Action.CREATE),
        ("Action|Title", ("crate", "x"), None),
    ],
)
def test_what_a_row_asks_for(headers: str, row: tuple[str, ...], action: Action | None) -> None:
    assert checked(headers, row).rows[0].action is action


def test_a_good_row_has_no_problem() -> None:
    assert codes(checked(FULL, GOOD)) == []


def test_all_problems_of_a_row_come_at_once() -> None:
    row = ("1.2E+15", "<b>x</b>", "Adoptoin", "Nope", date(2024, 3, 1), date(2024, 2, 1))
    assert codes(checked(FULL, row)) == [
        (2, "Account ID", "mangled-number"),
        (2, "Title", "html-markup"),
        (2, "End Date", "end-before-start"),
        (2, "Status", "unknown-status"),
        (2, "Category", "unknown-category"),
    ]


def test_missing_columns_are_said_once() -> None:
    """A column that rows need and the file hasn't is one problem of the file, not one of each row."""
    found = checked("Title", ("x",), ("y",))
    assert [code for _, _, code in codes(found) if code != "missing-date"] == ["missing-column"] * 3
    assert "(2 create rows). Add it" in found.problems[0].message


def test_columns_that_an_action_ignores_are_ignored() -> None:
    """A deletion may stand in an export whose other cells are wrong."""
    headers = "Action|Objective ID|Account ID|Title|Status|End Date"
    assert codes(checked(headers, ("delete", "o1", "a1", "<b>x</b>", "Nope", "soon"))) == []


def test_duplicates_mark_the_later_row() -> None:
    found = checked(FULL, GOOD, GOOD, (*GOOD[:1], "Other", *GOOD[2:]))
    assert codes(found) == [(3, None, "duplicate-row")]
    headers = "Objective ID|Account ID|Status"
    twice = checked(headers, ("o1", "a1", "Completed"), ("o2", "a1", "Completed"), ("o1", "a1", "In Progress"))
    assert codes(twice) == [(4, "Objective ID", "duplicate-objective-id")]


@pytest.mark.parametrize(
    ("headers", "row", "expected"),
    [
        ("Account ID|Title|Category|Status", GOOD[:4], ["missing-date", "missing-date"]),
        ("Action|Objective ID", ("delete", "o1"), ["no-undo"]),
        (FULL + "|Colour", (*GOOD, "red"), ["unknown-column"]),
        (FULL + "|_Colour", (*GOOD, "red"), []),
    ],
)
def test_warnings_keep_no_row_back(headers: str, row: tuple[object, ...], expected: list[str]) -> None:
    found = checked(headers, row)
    assert [code for _, _, code in codes(found)] == expected
    assert all(problem.severity is Severity.WARNING for problem in found.rows[0].problems)
    assert all(problem.severity is Severity.WARNING for problem in found.problems)


def test_a_hidden_row_is_warned_of() -> None:
    found = check_tables([table(FULL, GOOD, hidden=[2])], RowRules())[0]
    assert codes(found) == [(2, None, "hidden-row")]


@pytest.mark.parametrize(
    ("headers", "account"),
    [
        ("account_id|TITLE|category|STATUS|start|due date", ACCOUNT_ID),
        ("Client|Objective|Category|State|Begin|Deadline", ACCOUNT),
        ("accountid|objective title|objective category|status name|start_date|END-DATE", ACCOUNT_ID),
    ],
)
def test_other_names_of_columns(headers: str, account: Column) -> None:
    found = checked(headers, GOOD)
    assert codes(found) == []
    assert found.headers.called(TITLE) == headers.split("|")[1]
    assert found.headers.place(account) == 0


def test_a_columns_own_name_goes_before_its_other_names() -> None:
    """Beside "Title", a column "Objective" is somebody else's."""
    found = checked(FULL + "|Objective", (*GOOD, "unrelated"))
    assert codes(found) == [(None, "Objective", "unknown-column")]
    assert found.rows[0].value(TITLE) == "T"


def test_two_columns_of_one_name_are_refused() -> None:
    assert (1, "title", "duplicate-header") in codes(checked(FULL + "|title", (*GOOD, "x")))


def test_a_misspelt_column_gets_a_suggestion() -> None:
    (problem,) = checked(FULL + "|Descripton", (*GOOD, "x")).problems
    assert 'Did you mean "Description"?' in problem.message


def test_a_mapped_column() -> None:
    rules = RowRules({"Ziel": TITLE})
    found = checked(FULL.replace("Title", "ZIEL"), GOOD, rules=rules)
    assert codes(found) == []
    assert found.rows[0].value(TITLE) == "T"


def test_one_cell_decides_the_order_for_its_column() -> None:
    rows = [(*GOOD[:4], "02/01/2024", "2024-12-31"), (*GOOD[:1], "U", *GOOD[2:4], "13/01/2024", "2024-12-31")]
    found = checked(FULL, *rows)
    assert codes(found) == []
    assert found.rows[0].value(START_DATE) == "2024-01-02T00:00:00.000Z"


def test_a_column_that_nothing_decides_is_ambiguous_until_the_user_says() -> None:
    row = (*GOOD[:4], "02/01/2024", "03/01/2024")
    assert [code for *_, code in codes(checked(FULL, row))] == ["ambiguous-date"] * 2
    assert codes(checked(FULL, row, rules=RowRules(date_order=Order.DMY, zone=ZoneInfo("Asia/Tokyo")))) == []


def test_an_account_name_stands_in_for_the_id() -> None:
    headers = FULL.replace("Account ID", "Account Name")
    assert codes(checked(headers, ("acme", *GOOD[1:]))) == []
    assert codes(checked(headers, ("Harbor", *GOOD[1:]))) == [(2, "Account Name", "ambiguous-name")]
    assert codes(checked(headers, ("Acmee", *GOOD[1:]))) == [(2, "Account Name", "unknown-account")]


def test_an_ambiguous_name_shows_its_ids_and_an_id_is_accepted() -> None:
    found = checked(FULL, (*GOOD[:3], "TWIN", *GOOD[4:]))
    assert "s3, s4" in found.rows[0].problems[0].message
    assert codes(checked(FULL, (*GOOD[:3], "s4", *GOOD[4:]))) == []


def test_a_table_without_rows_has_no_problem() -> None:
    """An account without objectives has a sheet of headers alone in an export."""
    assert codes(checked(FULL)) == []


def test_the_mapping_names_each_header_its_column_and_why() -> None:
    """For people to see what was understood, before anything is sent."""
    rules = RowRules({"Ziel": TITLE})
    found = checked("Customer|Ziel|category|ARR|_note|Status", rules=rules).headers.mapping
    assert [(one.header, one.column and one.column.header, one.how) for one in found] == [
        ("Customer", "Account", "alias"),
        ("Ziel", "Title", "map"),
        ("category", "Category", "name"),
        ("ARR", None, "ignored"),
        ("_note", None, "ignored"),
        ("Status", "Status", "name"),
    ]


def test_a_problem_in_a_workbook_names_its_cell() -> None:
    source = replace(table(FULL, GOOD, (*GOOD[:3], "Nope", *GOOD[4:])), sheet="Plan")
    found = resolve(check_tables([source], RowRules())[0], DIRECTORY, {})
    (problem,) = found.rows[1].problems
    assert problem.cell == "D3"
    assert problem.message.startswith('D3: unknown status "Nope"')
    assert problem.wording.startswith('unknown status "Nope"')


@pytest.mark.parametrize(("cell", "account"), [("a1", "a1"), ("Acme", "a1"), ("ACME ", "a1")])
def test_an_account_column_holds_ids_or_names(cell: str, account: str) -> None:
    found = checked(FULL.replace("Account ID", "Customer"), (cell, *GOOD[1:]))
    assert codes(found) == []
    assert found.rows[0].value(ACCOUNT_ID) == account


def test_an_account_that_is_neither_an_id_nor_a_name() -> None:
    found = checked(FULL.replace("Account ID", "Customer"), ("Acmee", *GOOD[1:]))
    assert codes(found) == [(2, "Customer", "unknown-account")]
