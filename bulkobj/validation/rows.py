"""The records of a table as rows that ask for something, with every problem they have; pure, and never stops early.

Names are still names here: :mod:`bulkobj.validation.names` puts ids in their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, tzinfo
from typing import NamedTuple

from bulkobj.core.columns import ACCOUNT_ID, ACTION, COLUMNS, OBJECTIVE_ID, TEMPLATE, TITLE, Column, Kind, Need
from bulkobj.core.model import Action, Problem, severity_of
from bulkobj.core.text import counted
from bulkobj.spreadsheet.table import Cell, Record, Table
from bulkobj.validation.cells import CellReader, Given
from bulkobj.validation.dates import DateRules, Order, needs_order, rules_of_column
from bulkobj.validation.headers import ACCOUNT_COLUMNS, Headers, match_headers


class Demand(NamedTuple):
    """The demand of an action on one of these columns, of which the first is the usual one."""

    need: Need
    columns: tuple[Column, ...]


def _stand_ins(column: Column, action: Action) -> tuple[Column, ...]:
    if column is OBJECTIVE_ID and action is Action.UPDATE:
        return OBJECTIVE_ID, TITLE
    return ACCOUNT_COLUMNS if column is ACCOUNT_ID else (column,)


#: What a row with each action must have, must not have, and should have.
DEMANDS: Mapping[Action, tuple[Demand, ...]] = {
    action: tuple(
        Demand(need, _stand_ins(column, action))
        for need in (Need.REQUIRED, Need.EMPTY, Need.WANTED)
        for column in COLUMNS
        if column.need(action) is need
    )
    for action in Action
}
_IGNORED: Mapping[Action | None, frozenset[str]] = {
    action: frozenset(column.header for column in COLUMNS if column.need(action) is Need.IGNORED) for action in Action
}

#: A row's sheet (None for CSV) and its number.
Place = tuple[str | None, int]


@dataclass(frozen=True, slots=True)
class RowRules:
    """The user's own rules for a file: headers by their meaning, the order and the zone of dates.

    ``default_order`` is the order of columns that leave it open. Years are unusual as seen from ``today``.
    """

    maps: Mapping[str, Column] = field(default_factory=dict)
    date_order: Order | None = None
    zone: tzinfo = UTC
    default_order: Order | None = None
    today: date | None = None


class Row(NamedTuple):
    """One row of the file: the action that it asks for, its cells by their column, and what is wrong with it.

    ``action`` is None where it could not be understood. ``givens`` is keyed by :attr:`Column.header`; blank cells, and
    those that the action ignores, are not there.
    """

    number: int
    sheet: str | None
    action: Action | None
    givens: Mapping[str, Given]
    headers: Headers
    problems: tuple[Problem, ...] = ()

    @property
    def place(self) -> Place:
        """Its sheet, None for CSV, and its number."""
        return self.sheet, self.number

    def given(self, column: Column) -> Given | None:
        """Return the row's cell in that column; None where it is blank, or there is none."""
        return self.givens.get(column.header)

    def value(self, column: Column) -> str:
        """Return the text that a cell means; ``""`` where it is blank or can't be used."""
        given = self.givens.get(column.header)
        return given.value if given is not None and isinstance(given.value, str) else ""

    def problem(self, code: str, message: str, column: Column | None = None) -> Problem:
        """Return a problem with the row, or with its cell in a column."""
        return self.headers.problem(self.number, code, message, column)

    def with_problems(self, more: Iterable[Problem]) -> Row:
        """Return the row with more problems."""
        return self._replace(problems=(*self.problems, *more))


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """A table that was checked: its rows, and what is wrong with the table as a whole.

    ``missing`` are the columns that some row needs and the file doesn't have.
    """

    source: Table
    headers: Headers
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    missing: tuple[Column, ...] = ()

    def only(self, places: Collection[Place]) -> CheckedTable:
        """Return the table as if it had only the rows at these places."""
        pairs = [
            (record, row) for record, row in zip(self.source.records, self.rows, strict=True) if row.place in places
        ]
        records, rows = tuple(record for record, _ in pairs), tuple(row for _, row in pairs)
        return replace(self, source=replace(self.source, records=records), rows=rows)

    def settled(self) -> Table:
        """Return the table with each date that other rows make clear written so that it is clear by itself."""
        dates = {place: column.header for place, column in self.headers.columns.items() if column.kind is Kind.DATE}
        records = []
        for record, row in zip(self.source.records, self.rows, strict=True):
            cells = list(record.cells)
            for place, header in dates.items():
                cells[place] = _settled(cells[place], row.givens.get(header))
            records.append(record._replace(cells=tuple(cells)))
        return replace(self.source, records=tuple(records))


def _settled(cell: Cell, given: Given | None) -> Cell:
    if given is None or not isinstance(cell, str) or not isinstance(given.value, str) or not needs_order(cell):
        return cell
    return given.value.removesuffix("T00:00:00.000Z")


def read_rows(table: Table, rules: RowRules) -> CheckedTable:
    """Read the records of a table as rows; what is wrong with single cells is a problem already, and no more."""
    headers = match_headers(table, rules.maps)
    if not headers.columns:
        rows = tuple(Row(record.number, table.sheet, None, {}, headers) for record in table.records)
        return CheckedTable(table, headers, rows, (_unknown_table(table),))
    readers = {}
    dates: dict[str, DateRules] = {}
    for place, column in headers.columns.items():
        if column.kind is Kind.DATE:
            cells = [record.cells[place] for record in table.records]
            given = DateRules(rules.date_order, rules.zone, today=rules.today)
            dates[table.headers[place]] = rules_of_column(cells, given, rules.default_order)
        of_dates = dates.get(table.headers[place], DateRules())
        readers[place] = column, CellReader(column, of_dates, is_csv=table.sheet is None)
    rows = tuple(_row(record, readers, headers) for record in table.records)
    missing = dict(_missing(rows, headers))
    problems = [
        *headers.problems,
        *(
            Problem("missing-column", message, column=column.header, sheet=table.sheet)
            for column, message in missing.items()
        ),
        *_mixed_orders(dates, table),
    ]
    return CheckedTable(table, headers, rows, tuple(problems), tuple(missing))


def _row(record: Record, readers: Mapping[int, tuple[Column, CellReader]], headers: Headers) -> Row:
    given = {}
    for place, (column, reader) in readers.items():
        cell = record.cells[place]
        read = reader.read(cell) if cell is not None else None
        if read is not None:
            given[column.header] = read
    action = _action(given)
    for header in _IGNORED.get(action, ()):
        given.pop(header, None)
    return Row(record.number, headers.table.sheet, action, given, headers)


def _action(given: Mapping[str, Given]) -> Action | None:
    """Return what a row asks for: what it says, or what follows from the ids that it has."""
    named = given.get(ACTION.header)
    if named is not None:
        return Action(named.value) if isinstance(named.value, str) else None
    if OBJECTIVE_ID.header in given:
        return Action.UPDATE
    return Action.RUN_TEMPLATE if TEMPLATE.header in given else Action.CREATE


def _unknown_table(table: Table) -> Problem:
    """Return the problem of a table of something else; what else is wrong with it is of no interest."""
    message = (
        'no known column headers found (for example "Account ID", "Title"). Check that this is the right file, '
        "add a header row, or use --map 'Header=Title'"
    )
    return Problem("missing-column", message, sheet=table.sheet)


def _missing(rows: Iterable[Row], headers: Headers) -> Iterator[tuple[Column, str]]:
    asking: dict[Column, Counter[Action]] = {}
    for action, number in Counter(row.action for row in rows if row.action is not None).items():
        for demand in DEMANDS[action]:
            if demand.need is Need.REQUIRED and all(headers.place(one) is None for one in demand.columns):
                asking.setdefault(demand.columns[0], Counter())[action] = number
    for column in filter(asking.__contains__, COLUMNS):
        asked = counted(asking[column].total(), f"{' and '.join(action.value for action in asking[column])} row")
        name = column.header
        yield column, f"column \"{name}\" is missing ({asked}). Add it, or use --map 'Header={name}'"


def _mixed_orders(dates: Mapping[str, DateRules], table: Table) -> Iterator[Problem]:
    """Warn of two columns whose dates have contrary orders."""
    orders = {rules.decided: header for header, rules in dates.items() if rules.decided is not None}
    if len(orders) > 1:
        texts = " and ".join(f'"{header}" {order.value}' for order, header in orders.items())
        message = f"the date columns have contrary orders: {texts}. Check the dates"
        yield Problem("mixed-date-order", message, severity=severity_of("mixed-date-order"), sheet=table.sheet)
