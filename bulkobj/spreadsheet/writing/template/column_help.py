"""Help on each column for a person who fills in a workbook (README, "The columns")."""

from __future__ import annotations

from collections.abc import Mapping

from bulkobj.core.columns import Column, Need
from bulkobj.core.model import Action

_WORDS = {
    Need.REQUIRED: "required",
    Need.WANTED: "recommended",
    Need.OPTIONAL: "optional",
    Need.IGNORED: "not used",
    Need.EMPTY: "leave empty",
}

MEANINGS: Mapping[str, str] = {
    "Action": "What to do with the row. Blank: update where there is an Objective ID, else run template where there "
    "is a Template, else create. A delete is always spelled out.",
    "Objective ID": "Which objective to update or delete. An export has the ids.",
    "Account ID": "The account that the objective belongs to.",
    "Account Name": "May stand in for the Account ID, where only one account has that name.",
    "Title": "Plain text, without HTML.",
    "Description": "Plain text, without HTML. Line breaks are fine (Alt+Enter).",
    "Category": "A category's name as it stands in Totango, or its id.",
    "Status": "A status's name as it stands in Totango, or its id.",
    "Owner": "As a rule an e-mail address.",
    "Start Date": "A date, such as 2025-02-08.",
    "End Date": "A date, such as 2025-02-08, not before the Start Date.",
    "SuccessPlays": "Ids of SuccessPlays, separated by ; or line breaks. A play's id is in its address in Totango.",
    "Template": "The name or id of an objective template to run.",
}

#: A row that creates an objective, and one that updates one; a header that is missing has a blank cell.
EXAMPLES: tuple[Mapping[str, str], Mapping[str, str]] = (
    {
        "Action": "create",
        "Account ID": "acme-001",
        "Title": "Roll out to the sales team",
        "Description": "All 40 seats in use by the summer.",
        "Category": "Adoption",
        "Status": "In Progress",
        "Owner": "ann@example.com",
        "Start Date": "2025-02-01",
        "End Date": "2025-06-30",
    },
    {"Action": "update", "Objective ID": "7ee010f0-1228", "Account ID": "acme-001", "Status": "Completed"},
)

INTRODUCTION = (
    'Fill in the sheet "Objectives": one row for each objective. Point at a header to see what belongs there.',
    "A dark header is of a column that every new objective needs.",
    "A blank cell never changes anything. To empty a field in an update, write (clear).",
    "Columns that you don't need may be deleted, and columns of your own may be added: begin their header with _.",
    "Check the file with:  bulkobj validate FILE      See what would be done with:  bulkobj import FILE --dry-run",
)


def needs(column: Column) -> dict[str, str]:
    """Return what a row of each action asks of the column, in a word or two."""
    return {action.value: _WORDS[column.need(action)] for action in Action}


def need_lines(column: Column) -> str:
    """Return the same, a line for each action."""
    return "\n".join(f"{action}: {word}" for action, word in needs(column).items())
