"""A table's records as rows that ask for something, with every problem they have; pure, and never stops at the first.

Names are still names here: :mod:`bulkobj.names` puts ids in their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from bulkobj.cells import Given, read_cell
from bulkobj.columns import (
    ACTION,
    COLUMNS,
    OBJECTIVE_ID,
    TEMPLATE,
    Column,
    Kind,
    Need,
)
from bulkobj.dates import DateRules, Order, decided_order
from bulkobj.headers import Headers, match_headers
from bulkobj.model import NOTHING, Action, Problem
from bulkobj.row_checks import Demands, Draft, Duplicates, Row, RowChecker
from bulkobj.spreadsheet.table import Cell, Table
from bulkobj.texts import counted


@dataclass(frozen=True, slots=True)
class RowRules:
    """What the user said of how the file is to be read: headers by their meaning, the order and the zone of dates."""

    maps: Mapping[str, Column] = field(default_factory=dict)
    date_order: Order | None = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """The rows of a table in its order, the problems of the table as a whole, and what its columns are called there."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    headers: Headers


def check_table(table: Table, rules: RowRules) -> CheckedTable:
    """Read every row of the table; nothing is looked up."""
    headers = match_headers(table, rules.maps)
    if not headers.columns:
        return _unknown_table(table, headers)
    columns = list(zip(*(record.cells for record in table.records), strict=True)) or [()] * len(table.headers)
    readers = {column.header: _Reader(columns[index], column, rules) for index, column in headers.columns.items()}
    drafts = _drafts(readers)
    faulty = tuple(header for header, reader in readers.items() if reader.faulty)
    missing = _missing_columns(drafts, headers, table)
    demands = {action: Demands.of(action, headers) for action in Action}
    checker = RowChecker(table, headers, demands, faulty, Duplicates.of(headers))
    rows = tuple(checker.check(record, draft) for record, draft in zip(table.records, drafts, strict=True))
    return CheckedTable(rows, (*headers.problems, *missing), headers)


def _unknown_table(table: Table, headers: Headers) -> CheckedTable:
    """A table of something else: what else is wrong with it is of no interest."""
    message = (
        'no row has headers that bulkobj knows, such as "Account ID" and "Title": is it the right file? '
        "If it is, add a header row, or say what a column means with --map 'Header=Title'"
    )
    rows = tuple(Row(record.number, table.sheet, None, NOTHING) for record in table.records)
    return CheckedTable(rows, (Problem("missing-column", message, sheet=table.sheet),), headers)


class _Reader(dict[Hashable, Given | None]):
    """Reads the cells of one column, each distinct cell once: what was read before is looked up as in any dict."""

    def __init__(self, cells: Sequence[Cell], column: Column, rules: RowRules) -> None:
        super().__init__()
        # Cells of unlike types may be equal (1 and True), so that the type belongs to the key where they are mixed.
        self._texts = set(map(type, cells)) <= {str, type(None)}
        self._keys: Sequence[Any] = cells if self._texts else [(cell.__class__, cell) for cell in cells]
        order = rules.date_order
        if column.kind is Kind.DATE and order is None:
            order = decided_order(cell for cell in cells if isinstance(cell, str))
        self._column, self._dates = column, DateRules(order, rules.zone)

    def __missing__(self, key: Any) -> Given | None:
        cell = key if self._texts else key[1]
        self[key] = given = read_cell(cell, self._column, self._dates)
        return given

    @property
    def faulty(self) -> bool:
        """Whether any cell of the column is wrong."""
        return any(given is not None and given.code for given in self.values())

    def givens(self) -> list[Given | None]:
        """What each cell of the column says."""
        return [self[key] for key in self._keys]


def _drafts(readers: Mapping[str, _Reader]) -> list[Draft]:
    """The rows as they were read, column by column."""
    headers = tuple(readers)
    columns = [reader.givens() for reader in readers.values()]
    rows = [
        {header: given for header, given in zip(headers, row, strict=True) if given is not None}
        for row in zip(*columns, strict=True)
    ]
    return [(_action(cells), cells) for cells in rows]


def _action(cells: Mapping[str, Given]) -> Action | None:
    spoken = cells.get(ACTION.header)
    if spoken is not None:
        return Action(spoken.value) if isinstance(spoken.value, str) else None
    if OBJECTIVE_ID.header in cells:
        return Action.UPDATE
    return Action.RUN_TEMPLATE if TEMPLATE.header in cells else Action.CREATE


def _missing_columns(drafts: Iterable[Draft], headers: Headers, table: Table) -> Iterator[Problem]:
    counts = Counter(action for action, _ in drafts if action is not None)
    for column in COLUMNS:
        asking = {a: n for a, n in counts.items() if column.need(a) is Need.REQUIRED}
        if asking and not headers.has(column):
            number = sum(asking.values())
            actions = " and ".join(action.value for action in asking)
            message = (
                f'no column "{column.header}", which {counted(number, f"{actions} row")} need{"s" * (number == 1)}: '
                f"add it, or say which column it is with --map 'Header={column.header}'"
            )
            yield Problem("missing-column", message, sheet=table.sheet)
