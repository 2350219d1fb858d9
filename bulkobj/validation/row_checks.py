"""Checks of rows, by their actions and by earlier rows; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bulkobj.core.columns import (
    ACCOUNT_ID,
    ACTION,
    END_DATE,
    OBJECTIVE_ID,
    START_DATE,
    TEMPLATE,
    TITLE,
    Need,
    by_header,
)
from bulkobj.core.model import Action, Problem
from bulkobj.core.text import counted, quoted
from bulkobj.spreadsheet.table import Record, Stray, Table, column_letters
from bulkobj.validation.headers import ACCOUNT_COLUMNS, Headers
from bulkobj.validation.rows import DEMANDS, CheckedTable, Demand, Place, Row, RowRules, read_rows

DUPLICATE_ID = "duplicate-objective-id"
#: The columns of which a row has at least one.
_IDENTIFYING = (*ACCOUNT_COLUMNS, OBJECTIVE_ID, TITLE, TEMPLATE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """The rows of a file that were checked so far: objectives by id, and whole rows."""

    objectives: dict[str, Place] = field(default_factory=dict)
    rows: dict[object, Place] = field(default_factory=dict)


def check_tables(tables: Iterable[Table], rules: RowRules) -> tuple[CheckedTable, ...]:
    """Read and check every row of the tables of a file; nothing is looked up."""
    earlier = Earlier()
    return tuple(_check_table(read_rows(table, rules), earlier) for table in tables)


def _check_table(table: CheckedTable, earlier: Earlier) -> CheckedTable:
    if not table.headers.columns:
        return table
    pairs = zip(table.rows, table.source.records, strict=True)
    rows = tuple(row.with_problems(_problems(row, record, earlier)) for row, record in pairs)
    return replace(table, rows=rows, problems=(*table.problems, *_of_table(table.source, table.headers)))


def _problems(row: Row, record: Record, earlier: Earlier) -> Iterator[Problem]:
    """Yield all that is wrong with a row, in the order in which people read it."""
    yield from _of_record(row, record)
    if _is_nobodys(row):
        yield row.problem("missing-value", "the row has no account, Objective ID or Title. Enter them or clear the row")
        return
    for header, given in row.givens.items():
        # Of a row that asks for nothing known, only the action is of interest.
        if given.code and (row.action is not None or header == ACTION.header):
            yield row.problem(given.code, given.message, by_header(header))
    if row.action is None:
        return
    start, end = row.given(START_DATE), row.given(END_DATE)
    if start is not None and end is not None and is_backwards(start.value, end.value):
        yield row.problem("end-before-start", ends_early(end.text, start.text), END_DATE)
    for demand in DEMANDS[row.action]:
        if any(one.header in row.givens for one in demand.columns) is (demand.need is Need.EMPTY):
            yield from _unmet(row, demand)
    yield from _repeated(row, earlier)


def _of_record(row: Row, record: Record) -> Iterator[Problem]:
    if record.extra:
        cells = counted(record.extra, "more cell")
        message = f"this row has {cells} than the header. Clear them, or put quotes around text with the delimiter"
        yield row.problem("ragged-row", message)
    if record.hidden:
        yield row.problem("hidden-row", "this row is hidden in the sheet but will be imported")
    if record.struck:
        yield row.problem("struck-row", "this row is struck out but will be imported. Delete it if it is not wanted")


def _is_nobodys(row: Row) -> bool:
    """Return whether the row names nothing, though the file has columns to name it."""
    return not any(column.header in row.givens for column in _IDENTIFYING) and any(
        row.headers.place(column) is not None for column in _IDENTIFYING
    )


def _unmet(row: Row, demand: Demand) -> Iterator[Problem]:
    """Yield the problem of a cell that is needed and blank, or that must be empty and isn't."""
    column = demand.columns[0]
    names = " or ".join(one.header for one in demand.columns if row.headers.place(one) is not None)
    if demand.need is Need.EMPTY:
        message = f"{names} must be empty in a row with Action {row.action}. Clear the cell or change the Action"
        yield row.problem("unexpected-value", message, column)
    elif demand.need is Need.REQUIRED and names:
        yield row.problem("missing-value", f"{names} is missing. Enter it", column)
    elif demand.need is Need.WANTED and column is ACCOUNT_ID:
        yield row.problem("no-undo", "without an Account ID, the deletion can't be undone. Add it", column)
    elif demand.need is Need.WANTED:
        yield row.problem("missing-date", f"{column.header} is missing. Enter it if the objective has one", column)


def _repeated(row: Row, earlier: Earlier) -> Iterator[Problem]:
    """Yield a problem where an earlier row has the same objective, or asks for the same new one."""
    if row.action in (Action.UPDATE, Action.DELETE):
        objective = row.value(OBJECTIVE_ID)
        first = earlier.objectives.setdefault(objective, row.place) if objective else row.place
        if first != row.place:
            yield row.problem(DUPLICATE_ID, same_objective(first, row.sheet), OBJECTIVE_ID)
        return
    asked = frozenset((header, given.value or given.text) for header, given in row.givens.items())
    first = earlier.rows.setdefault((row.action, asked), row.place)
    if first != row.place:
        message = f"duplicate of {at(first, row.sheet)}. Importing both creates the objective twice"
        yield row.problem("duplicate-row", message)


def at(place: Place, sheet: str | None) -> str:
    """Return how to name a row to somebody who is looking at that sheet."""
    return f"row {place[1]}" if place[0] == sheet else f'row {place[1]} of sheet "{place[0]}"'


def same_objective(first: Place, sheet: str | None) -> str:
    """Return the message for a second row of one objective."""
    return f"{at(first, sheet)} has the same objective. Delete one of the two rows"


def _of_table(table: Table, headers: Headers) -> Iterator[Problem]:
    """Yield warnings of what a person sees and the table doesn't hold, and the other way round."""
    for place in table.hidden_columns:
        message = f"column {column_letters(place)} is hidden but will be imported. Check its cells"
        yield headers.problem_at(None, "hidden-column", message, place)
    if table.outside:
        yield headers.problem(table.outside[0].number, "outside-table", _stray(table.outside))
    for record in table.footer:
        message = "this row is below the table and has no account, Objective ID or Title, so it is ignored"
        yield headers.problem(record.number, "footer-row", message)


def _stray(cells: tuple[Stray, ...], most: int = 5) -> str:
    named = ", ".join(f"{column_letters(cell.column)}{cell.number} ({quoted(cell.text, 20)})" for cell in cells[:most])
    more = f" and {len(cells) - most} more" if len(cells) > most else ""
    return f"cells outside the table are ignored: {named}{more}. Move them into the table if they belong to it"


def is_backwards(start: object, end: object) -> bool:
    """Return whether both are dates in the service's spelling (which sort as text) and the end comes first."""
    return isinstance(start, str) and isinstance(end, str) and bool(start and end) and end < start


def ends_early(end: str, start: str) -> str:
    """Return the message for an end before its start."""
    end, start = (date.removesuffix("T00:00:00.000Z") for date in (end, start))
    return f"End Date {end} is before Start Date {start}. Change one of the two"
