"""A table's records as rows that ask for something, with every problem they have; pure, and never stops at the first.

Names are still names here: :mod:`bulkobj.names` puts ids in their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from operator import itemgetter
from typing import Any

from bulkobj.cells import Given, read_cell
from bulkobj.columns import (
    ACCOUNT_ID,
    ACCOUNT_NAME,
    ACTION,
    COLUMNS,
    END_DATE,
    OBJECTIVE_ID,
    START_DATE,
    TEMPLATE,
    Column,
    Kind,
    Need,
)
from bulkobj.dates import DateRules, Order, decided_order
from bulkobj.headers import Headers, match_headers
from bulkobj.model import NOTHING, Action, Problem, Severity
from bulkobj.spreadsheet.table import Cell, Record, Table
from bulkobj.texts import counted


@dataclass(frozen=True, slots=True)
class RowRules:
    """What the user said of how the file is to be read: headers by their meaning, the order and the zone of dates."""

    maps: Mapping[str, Column] = field(default_factory=dict)
    date_order: Order | None = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: what it asks for, cell by cell, and what is wrong with it.

    ``cells`` is keyed by the column's own header (``"Title"``), whatever it is called in the file; a column that the
    action ignores is left out. ``action`` is None where it could not be understood.
    """

    number: int
    sheet: str | None
    action: Action | None
    cells: Mapping[str, Given]
    problems: tuple[Problem, ...] = ()

    @property
    def faulty(self) -> bool:
        """Whether a problem keeps the row from being sent."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def value(self, column: Column) -> str:
        """The text that a cell means; ``""`` where it is blank or can't be used."""
        given = self.cells.get(column.header)
        return given.value if given is not None and isinstance(given.value, str) else ""


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
    demands = {action: _Demands.of(action, headers) for action in Action}
    checker = _RowChecker(table, headers, demands, faulty, _Duplicates.of(headers))
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


#: A row as it was read: what it asks for, and its cells that aren't blank.
_Draft = tuple[Action | None, dict[str, Given]]


def _drafts(readers: Mapping[str, _Reader]) -> list[_Draft]:
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


def _missing_columns(drafts: Iterable[_Draft], headers: Headers, table: Table) -> Iterator[Problem]:
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


@dataclass(frozen=True, slots=True)
class _Demands:
    """What an action asks of the columns that the file has."""

    required: tuple[Column, ...]
    empty: tuple[Column, ...]
    wanted: tuple[Column, ...]
    ignored: frozenset[str]
    there: frozenset[str]
    absent: frozenset[str]

    @classmethod
    def of(cls, action: Action, headers: Headers) -> _Demands:
        def with_need(need: Need) -> tuple[Column, ...]:
            return tuple(column for column in COLUMNS if column.need(action) is need)

        required = tuple(column for column in with_need(Need.REQUIRED) if headers.has(column))
        wanted = with_need(Need.WANTED)
        return cls(
            required,
            with_need(Need.EMPTY),
            wanted,
            frozenset(column.header for column in with_need(Need.IGNORED)),
            frozenset(column.header for column in (*required, *wanted)),
            frozenset(column.header for column in with_need(Need.EMPTY)),
        )

    def met_by(self, cells: Mapping[str, Given]) -> bool:
        """Whether all is there that should be, and nothing that shouldn't: so it is with most rows."""
        return self.there <= cells.keys() and self.absent.isdisjoint(cells)


@dataclass(slots=True)
class _Duplicates:
    """What earlier rows already asked for."""

    whole: Callable[[tuple[Cell, ...]], Any]
    rows: dict[Any, int] = field(default_factory=dict)
    objectives: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, headers: Headers) -> _Duplicates:
        return cls(itemgetter(*headers.columns) if headers.columns else tuple)


@dataclass(frozen=True, slots=True)
class _RowChecker:
    """Checks rows one after the other; ``faulty`` are the columns in which any cell at all is wrong."""

    table: Table
    headers: Headers
    demands: Mapping[Action, _Demands]
    faulty: tuple[str, ...]
    duplicates: _Duplicates

    def check(self, record: Record, draft: _Draft) -> Row:
        """The row with its problems; what most rows have none of is passed over quickly."""
        action, all_cells = draft
        cells: Mapping[str, Given] = all_cells
        problems = list(self._of_record(record)) if record.beyond or record.hidden else []
        if action is None:
            problems += self._of_cells(record, {ACTION.header: cells[ACTION.header]})
            return Row(record.number, self.table.sheet, None, cells, tuple(problems))
        demands = self.demands[action]
        if not demands.ignored.isdisjoint(cells):
            cells = {header: given for header, given in cells.items() if header not in demands.ignored}
        if self.faulty:
            problems += self._of_cells(record, cells)
        problems += self._of_dates(record, cells)
        if not demands.met_by(cells):
            problems += self._of_demands(record, action, demands, cells)
        problems += self._of_duplicates(record, action, cells)
        return Row(record.number, self.table.sheet, action, cells or NOTHING, tuple(problems))

    def _problem(self, record: Record, code: str, message: str, column: Column | None = None) -> Problem:
        header = self.headers.called(column) if column is not None else None
        return Problem(code, message, record.number, header, _SEVERITY.get(code, Severity.ERROR), self.table.sheet)

    def _of_record(self, record: Record) -> Iterator[Problem]:
        if record.extra:
            message = (
                f"the row has {counted(record.extra, 'cell')} beyond the last header: clear what stands there, or, in "
                "a CSV file, put each text that holds a delimiter into quotation marks"
            )
            yield self._problem(record, "ragged-row", message)
        if record.hidden:
            yield self._problem(
                record, "hidden-row", "the row is hidden or filtered out in the sheet, and counts all the same"
            )

    def _of_cells(self, record: Record, cells: Mapping[str, Given]) -> Iterator[Problem]:
        for header in self.faulty:
            given = cells.get(header)
            if given is not None and given.code:
                yield self._problem(record, given.code, given.message, BY_HEADER[header])

    def _of_dates(self, record: Record, cells: Mapping[str, Given]) -> tuple[Problem, ...]:
        start, end = cells.get(START_DATE.header), cells.get(END_DATE.header)
        if start is None or end is None or not is_backwards(start.value, end.value):
            return ()
        message = ends_early(end.text, start.text)
        return (self._problem(record, "end-before-start", message, END_DATE),)

    def _of_demands(
        self, record: Record, action: Action, demands: _Demands, cells: Mapping[str, Given]
    ) -> Iterator[Problem]:
        for column in demands.required:
            if column.header not in cells and not (column is ACCOUNT_ID and ACCOUNT_NAME.header in cells):
                yield self._problem(record, "missing-value", f"{_a(action)} row needs {_a(column.header)}", column)
        for column in demands.empty:
            if column.header in cells:
                message = f"{_a(action)} row must leave {column.header} empty: clear the cell, or change the action"
                yield self._problem(record, "unexpected-value", message, column)
        for column in demands.wanted:
            if column.header not in cells and not (column is ACCOUNT_ID and ACCOUNT_NAME.header in cells):
                code = "no-undo" if column is ACCOUNT_ID else "missing-date"
                yield self._problem(record, code, _WANTED[code].format(column.header), column)

    def _of_duplicates(self, record: Record, action: Action, cells: Mapping[str, Given]) -> tuple[Problem, ...]:
        seen = self.duplicates
        if action is Action.UPDATE or action is Action.DELETE:
            given = cells.get(OBJECTIVE_ID.header)
            if given is None or not isinstance(given.value, str):
                return ()
            earlier = seen.objectives.setdefault(given.value, record.number)
            message, code, column = _SAME_OBJECTIVE, "duplicate-objective-id", OBJECTIVE_ID
        else:
            earlier = seen.rows.setdefault(seen.whole(record.cells), record.number)
            message, code, column = _SAME_ROW, "duplicate-row", None
        if earlier == record.number:
            return ()
        return (self._problem(record, code, message.format(earlier), column),)


_SAME_OBJECTIVE = "row {} already has this objective: keep one of the two"
_SAME_ROW = "the same as row {}: if it is imported, the account has it twice"

BY_HEADER: Mapping[str, Column] = {column.header: column for column in COLUMNS}

_SEVERITY = dict.fromkeys(("missing-date", "duplicate-row", "hidden-row", "no-undo"), Severity.WARNING)

_WANTED = {
    "no-undo": "without an {}, the deletion can't be undone",
    "missing-date": "no {}: the objective is created without one",
}


def is_backwards(start: object, end: object) -> bool:
    """Whether both are dates in the service's spelling (which sort as text) and the end comes first."""
    return isinstance(start, str) and isinstance(end, str) and bool(start and end) and end < start


def ends_early(end: str, start: str) -> str:
    """The message for an end before its start."""
    end, start = (date.removesuffix("T00:00:00.000Z") for date in (end, start))
    return f"the end ({end}) is before the start ({start}): correct one of the two"


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"
