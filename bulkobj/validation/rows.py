"""A table's records as rows that ask for something, with every problem they have; pure, and never stops at the first.

Names are still names here: :mod:`bulkobj.validation.names` puts ids in their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from itertools import repeat
from types import NoneType
from typing import Any, NamedTuple

from bulkobj.core.columns import ACTION, COLUMNS, OBJECTIVE_ID, TEMPLATE, Column, Need
from bulkobj.core.columns import Kind as ColumnKind
from bulkobj.core.model import NOTHING, Action, Problem
from bulkobj.core.text import counted
from bulkobj.spreadsheet.table import Cell, Table
from bulkobj.validation.cells import Given, read_cells
from bulkobj.validation.dates import DateRules, Order, decided_order, needs_order, year_may_lead
from bulkobj.validation.headers import Headers, match_headers
from bulkobj.validation.row_checks import Earlier, Givens, Place, ReadTable, problems_of


@dataclass(frozen=True, slots=True)
class RowRules:
    """What the user said of how the file is to be read: headers by their meaning, the order and the zone of dates."""

    maps: Mapping[str, Column] = field(default_factory=dict)
    date_order: Order | None = None
    zone: tzinfo = UTC


class Row(NamedTuple):
    """One row of the file: what it asks for, cell by cell, and what is wrong with it.

    ``action`` is None where it could not be understood. ``givens`` are the cells, blank ones and those that the action
    ignores as None; ``places`` says which is which, and is one for all rows of a table. A tuple, as a long file has
    very many, and they are made twice as fast.
    """

    number: int
    sheet: str | None
    action: Action | None
    givens: tuple[Given | None, ...] = ()
    places: Mapping[str, int] = NOTHING
    problems: tuple[Problem, ...] = ()

    @property
    def place(self) -> Place:
        """Its sheet, None for CSV, and its number."""
        return self.sheet, self.number

    def given(self, column: Column) -> Given | None:
        """What the row's cell in that column says; None where it is blank, or there is none."""
        place = self.places.get(column.header)
        return None if place is None else self.givens[place]

    def value(self, column: Column) -> str:
        """The text that a cell means; ``""`` where it is blank or can't be used."""
        place = self.places.get(column.header)
        given = None if place is None else self.givens[place]
        return given.value if given is not None and isinstance(given.value, str) else ""


@dataclass(frozen=True, slots=True)
class CheckedTable(ReadTable):
    """A table that was checked: the problems of the rows that have any, by the row's index, and those of the table."""

    found: Mapping[int, tuple[Problem, ...]]
    problems: tuple[Problem, ...]

    def rows(self) -> Iterator[Row]:
        """The rows of the table in its order."""
        numbers = (record.number for record in self.source.records)
        places = {header: place for place, header in enumerate(self.columns)}
        givens = zip(*self.columns.values(), strict=True) if self.columns else repeat(())
        for index, (number, action, cells) in enumerate(zip(numbers, self.actions, givens, strict=False)):
            yield Row(number, self.source.sheet, action, cells, places, self.found.get(index, ()))

    def only(self, places: Collection[Place]) -> CheckedTable:
        """Return the table as if it had only the rows at these places."""
        kept = [i for i, record in enumerate(self.source.records) if (self.source.sheet, record.number) in places]
        records = tuple(self.source.records[i] for i in kept)
        return replace(
            self,
            source=replace(self.source, records=records),
            actions=[self.actions[i] for i in kept],
            columns={header: [givens[i] for i in kept] for header, givens in self.columns.items()},
            found={place: self.found[i] for place, i in enumerate(kept) if i in self.found},
        )

    def settled(self) -> Table:
        """The table with each date that other rows of its column make clear written so that it is clear by itself."""
        dates = {
            place: self.columns[column.header]
            for place, column in self.headers.columns.items()
            if column.kind is ColumnKind.DATE
        }
        records = (
            record._replace(
                cells=tuple(_settled(cell, dates.get(place), index) for place, cell in enumerate(record.cells))
            )
            for index, record in enumerate(self.source.records)
        )
        return replace(self.source, records=tuple(records)) if dates else self.source


def _settled(cell: Cell, givens: Givens | None, index: int) -> Cell:
    given = givens[index] if givens is not None else None
    if given is None or not isinstance(cell, str) or not isinstance(given.value, str) or not needs_order(cell):
        return cell
    return given.value.removesuffix("T00:00:00.000Z")


def check_tables(tables: Iterable[Table], rules: RowRules) -> tuple[CheckedTable, ...]:
    """Read every row of the tables of a file; nothing is looked up."""
    tables = tuple(tables)
    checked, earlier = [], Earlier(alone=len(tables) == 1)
    for table in tables:
        checked.append(_check_table(table, rules, earlier))
    return tuple(checked)


def _check_table(table: Table, rules: RowRules, earlier: Earlier) -> CheckedTable:
    headers = match_headers(table, rules.maps)
    if not headers.columns:
        return _unknown_table(table, headers)
    cells = list(zip(*(record.cells for record in table.records), strict=True)) or [()] * len(table.headers)
    read = {column: _read(cells[index], column, rules) for index, column in headers.columns.items()}
    actions = _actions({column.header: one.givens for column, one in read.items()}, len(table.records))
    columns = {column.header: _heeded(one.givens, column, actions) for column, one in read.items()}
    faulty = frozenset(column.header for column, one in read.items() if one.faulty)
    distinct = any(one.distinct for one in read.values())
    missing = _missing_columns(actions, headers, table)
    found = problems_of(ReadTable(table, headers, actions, columns, faulty, distinct), earlier)
    return CheckedTable(table, headers, actions, columns, faulty, distinct, found, (*headers.problems, *missing))


def _unknown_table(table: Table, headers: Headers) -> CheckedTable:
    """A table of something else: what else is wrong with it is of no interest."""
    message = (
        'no row has headers that bulkobj knows, such as "Account ID" and "Title": is it the right file? '
        "If it is, add a header row, or say what a column means with --map 'Header=Title'"
    )
    problem = Problem("missing-column", message, sheet=table.sheet)
    return CheckedTable(
        table, headers, (None,) * len(table.records), {}, frozenset(), distinct=False, found={}, problems=(problem,)
    )


class _Column(NamedTuple):
    """What the cells of a column say, whether any of them is wrong, and whether none is there twice."""

    givens: Givens
    faulty: bool
    distinct: bool = False


def _read(cells: Sequence[Cell], column: Column, rules: RowRules) -> _Column:
    """Read the cells of a column, each distinct one once."""
    dates = _date_rules(cells, rules) if column.kind is ColumnKind.DATE else DateRules(None)
    # Cells of unlike types may be equal (1 and True), so that the type belongs to the key where they are mixed.
    mixed = len(set(map(type, cells)) - {NoneType}) > 1
    keys: Sequence[Any] = list(zip(map(type, cells), cells, strict=True)) if mixed else cells
    first = dict(zip(keys, cells, strict=True))
    if len(first) == len(cells):
        givens = read_cells(cells, column, dates)
        return _Column(givens, _any_wrong(givens), distinct=True)
    read = dict(zip(first, read_cells(first.values(), column, dates), strict=True))
    return _Column(list(map(read.__getitem__, keys)), _any_wrong(read.values()))


def _date_rules(cells: Iterable[Cell], rules: RowRules) -> DateRules:
    if rules.date_order is not None:
        return DateRules(rules.date_order, rules.zone)
    texts = {cell for cell in cells if isinstance(cell, str)}
    if year_may_lead(texts):
        return DateRules(None, rules.zone, year_may_lead=True)
    return DateRules(decided_order(texts), rules.zone)


def _any_wrong(givens: Iterable[Given | None]) -> bool:
    return any(given.code for given in givens if given is not None)


def _actions(columns: Mapping[str, Givens], rows: int) -> Sequence[Action | None]:
    """What each row asks for: what it says, or what follows from the ids that it has."""
    blank: Givens = (None,) * rows
    spoken, objectives, templates = (columns.get(c.header, blank) for c in (ACTION, OBJECTIVE_ID, TEMPLATE))
    return list(map(_action, spoken, objectives, templates))


def _action(spoken: Given | None, objective: Given | None, template: Given | None) -> Action | None:
    if spoken is not None:
        return _BY_WORD.get(spoken.value)
    if objective is not None:
        return Action.UPDATE
    return Action.CREATE if template is None else Action.RUN_TEMPLATE


_BY_WORD: Mapping[object, Action] = {action.value: action for action in Action}


def _heeded(givens: Givens, column: Column, actions: Sequence[Action | None]) -> Givens:
    """The column without the cells of rows whose action ignores it."""
    ignoring = {action for action in Action if column.need(action) is Need.IGNORED}
    if ignoring.isdisjoint(actions):
        return givens
    return [None if action in ignoring else given for given, action in zip(givens, actions, strict=True)]


def _missing_columns(actions: Iterable[Action | None], headers: Headers, table: Table) -> Iterator[Problem]:
    counts = {action: number for action, number in Counter(actions).items() if action is not None}
    for column in COLUMNS:
        asking = {a: n for a, n in counts.items() if column.need(a) is Need.REQUIRED}
        if asking and not headers.has(column):
            rows = counted(sum(asking.values()), f"{' and '.join(action.value for action in asking)} row")
            message = f"column \"{column.header}\" is missing ({rows}). Add it, or use --map 'Header={column.header}'"
            yield Problem("missing-column", message, column=column.header, sheet=table.sheet)
